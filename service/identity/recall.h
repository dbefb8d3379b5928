// recall - remembers for some minutes which passwords scrypt has confirmed, so that an IPP client
// which sends Basic with each request does not cost 50 ms each.  Holds keyed hashes only.
// Thread-safe.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_IDENTITY_RECALL_H
#define PB_IDENTITY_RECALL_H

#include "base/error.h"

typedef struct pb_recall pb_recall_t;

pb_recall_t *pb_recall_new(void);  // NULL: out of memory
void         pb_recall_free(pb_recall_t *recall);
void         pb_recall_add(pb_recall_t *recall, const char *email, const char *password);
bool         pb_recall_has(pb_recall_t *recall, const char *email, const char *password);
void         pb_recall_clear(pb_recall_t *recall);  // a password or a user has changed

#endif
