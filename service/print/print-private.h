// print-private - what pb_print_t holds, for the files of this folder.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_PRINT_PRINT_PRIVATE_H
#define PB_PRINT_PRINT_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "print/print.h"
#include "print/seen.h"
#include "print/unfinished.h"

#define PB_LANGUAGE "en"

struct pb_print
{
  pb_edge_t     *edge;  // NULL: requests are handed over directly (tests)
  pb_db_t       *db;
  pb_identity_t *identity;
  pb_spool_t    *spool;
  pb_events_t   *events;
  struct  // struct pb_print_options, changed while requests are served
  {
    atomic_int_least64_t job_history_ms, multiple_operation_ms, cut_off_ms, held_ms;
    atomic_int_least64_t lease_ms;
    atomic_int           jobs_per_printer;
    atomic_bool          has_cut_through;
  } options;
  atomic_bool     is_ending;  // nobody is kept waiting any more
  char           *authority;
  int64_t         started_ms;  // wall clock
  int64_t         started_mono_ms;
  int64_t         tick_ms, tick_mono_ms;  // of the last one, by both clocks; the tick's own
  pb_seen_t       seen;
  pb_unfinished_t unfinished;
  bool (*has_tunnel)(void *user, const char *client_id);  // NULL: nobody has one
  void *has_tunnel_user;
};

int pb_print_up_time(const pb_print_t *print);  // printer-up-time of now
int pb_print_up_time_at(const pb_print_t *print,
                        int64_t at_ms);  // of a moment; may be negative (RFC 8011 s5.3.14)

bool pb_print_add_routes(pb_print_t *print, pb_error_t *err) PB_MUST_USE;  // exchange.c

#endif
