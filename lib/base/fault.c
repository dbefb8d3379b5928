// fault - the environment says at which of its named points this process dies.
// It is read once, at the first point, so before threads can change it; the counters are atomic.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "base/fault.h"

#ifdef PB_FAULTS

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_SIZE 128

struct order
{
  char        name[NAME_SIZE];  // empty: none
  long        at;               // at which passing
  atomic_long passed;
};

static struct order   death;
static struct order   planted;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void
read_order(struct order *order, const char *variable)
{
  const char *text  = getenv(variable);
  const char *colon = text != NULL ? strrchr(text, ':') : NULL;
  size_t      size  = colon != NULL ? (size_t)(colon - text) : text != NULL ? strlen(text) : 0;

  if (size >= NAME_SIZE)
    return;
  if (size > 0)
    memcpy(order->name, text, size);
  order->at = colon != NULL ? strtol(colon + 1, NULL, 10) : 1;
}

static void
read_orders(void)
{
  read_order(&death, "PB_FAULT");
  read_order(&planted, "PB_PLANT");
}

static bool
is_due(struct order *order, const char *name)
{
  return strcmp(order->name, name) == 0 && atomic_fetch_add(&order->passed, 1) + 1 == order->at;
}

void
pb_fault(const char *group, const char *step, const char *side)
{
  char name[NAME_SIZE];

  (void)pthread_once(&once, read_orders);
  if (death.name[0] == '\0')
    return;
  (void)snprintf(name, sizeof(name), "%s%s%s%s%s", group, step[0] != '\0' ? "." : "", step,
                 side[0] != '\0' ? "." : "", side);
  if (is_due(&death, name))
    (void)raise(SIGKILL);
}

bool
pb_plant(const char *name)
{
  (void)pthread_once(&once, read_orders);
  return is_due(&planted, name);
}

#else

typedef int pb_fault_is_not_compiled_in_t;  // ISO C has no empty translation unit

#endif
