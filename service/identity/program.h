// program - what a person has allowed to print with his name (scope print.user), for the portal.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_IDENTITY_PROGRAM_H
#define PB_IDENTITY_PROGRAM_H

#include "identity/token.h"

struct pb_program
{
  char    family[PB_FAMILY_SIZE];  // names it
  char    client_id[PB_CLIENT_ID_SIZE];
  char    label[PB_NAME_SIZE];  // as it called itself when it was allowed
  int64_t used_ms;              // when it last got a token
};

bool pb_program_each(pb_identity_t *identity, int64_t                         user_id,
                     void (*fn)(void *user, const struct pb_program *), void *user,
                     pb_error_t *err) PB_MUST_USE;
// One of that user's: all its tokens end.
bool pb_program_remove(pb_identity_t *identity, int64_t user_id, const char *family,
                       pb_error_t *err) PB_MUST_USE;

#endif
