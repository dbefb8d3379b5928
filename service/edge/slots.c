// slots - numbers for exchanges and streams, that outlive them: a number is found only while its
// owner lives. A number is generation << 32 | index + 1; the generation makes a reused slot another
// number.  One worker's.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "edge/parts.h"

#include <stdlib.h>

struct pb_slot
{
  void             *thing;
  enum pb_slot_kind kind;
  uint32_t          generation;
  uint32_t          next_free;
};

static bool
grow(struct pb_slots *slots)
{
  uint32_t        count = slots->count > 0 ? slots->count * 2 : 16;
  struct pb_slot *more  = realloc(slots->slots, count * sizeof(*more));

  if (more == NULL)
    return false;
  for (uint32_t i = slots->count; i < count; i++)
    more[i] = (struct pb_slot){.next_free = i + 1 < count ? i + 2 : 0};
  slots->free_first = slots->count + 1;
  slots->slots      = more;
  slots->count      = count;
  return true;
}

uint64_t
pb_slots_add(struct pb_slots *slots, enum pb_slot_kind kind, void *thing)
{
  struct pb_slot *slot;
  uint32_t        index;

  if (slots->free_first == 0 && !grow(slots))
    return 0;
  index             = slots->free_first;
  slot              = &slots->slots[index - 1];
  slots->free_first = slot->next_free;
  slot->thing       = thing;
  slot->kind        = kind;
  slot->generation++;
  return (uint64_t)slot->generation << 32 | index;
}

static struct pb_slot *
find_slot(const struct pb_slots *slots, uint64_t number)
{
  uint32_t        index = (uint32_t)number;
  struct pb_slot *slot;

  if (index == 0 || index > slots->count)
    return NULL;
  slot = &slots->slots[index - 1];
  return slot->kind != PB_SLOT_FREE && slot->generation == (uint32_t)(number >> 32) ? slot : NULL;
}

void *
pb_slots_find(const struct pb_slots *slots, enum pb_slot_kind kind, uint64_t number)
{
  struct pb_slot *slot = find_slot(slots, number);

  return slot != NULL && slot->kind == kind ? slot->thing : NULL;
}

void
pb_slots_remove(struct pb_slots *slots, uint64_t number)
{
  struct pb_slot *slot = find_slot(slots, number);

  if (slot == NULL)
    return;
  slot->kind        = PB_SLOT_FREE;
  slot->thing       = NULL;
  slot->next_free   = slots->free_first;
  slots->free_first = (uint32_t)number;
}

void
pb_slots_clear(struct pb_slots *slots)
{
  free(slots->slots);
  *slots = (struct pb_slots){0};
}
