// recall - remembers for some minutes which passwords scrypt has confirmed, so that an IPP client
// which sends Basic with each request does not cost 50 ms each.  Holds keyed hashes only.
// What was confirmed is good for the stored hash that it was compared with: a password that was
// changed, by the command line in another process too, is not recalled.
// Thread-safe.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_IDENTITY_RECALL_H
#define PB_IDENTITY_RECALL_H

#include "base/error.h"

typedef struct pb_recall pb_recall_t;

pb_recall_t *pb_recall_new(void);  // NULL: out of memory
void         pb_recall_free(pb_recall_t *recall);
// stored: what the database has of the password.
void pb_recall_add(pb_recall_t *recall, const char *email, const char *password,
                   const char *stored);
bool pb_recall_has(pb_recall_t *recall, const char *email, const char *password,
                   const char *stored);

#endif
