// identity - as whom a job is printed: its user's own sign-in at the service, else the machine's.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_BACKEND_IDENTITY_H
#define PB_BACKEND_IDENTITY_H

#include "backend/arguments.h"
#include "backend/privilege.h"
#include "cloud/sign-in.h"

struct pb_identity
{
  struct pb_places      places;   // the user's
  struct pb_account_ids ids;      // who reads and writes there
  struct pb_service     service;  // of the device URI
  char folder[PB_PLACE_SIZE];     // of the user's sign-ins, where one may be kept; "": nowhere
  pb_sign_in_t *sign_in;          // NULL: nobody has signed in
  bool          is_machine;
};

// Whose job it is and what is known of the service; no network.  A job that came from another
// machine is not its namesake's here: it gets the machine's sign-in only.  True also when nobody
// has signed in.
bool pb_identity_find(const struct pb_arguments *arguments, struct pb_identity *identity_out,
                      pb_error_t *err) PB_MUST_USE;

// Where a sign-in of the job's user can be kept: his own folder, or where this process may not
// write there (lp, and users without an account) one below the cache.  Sets identity->folder and
// makes it.  Call it when rights are dropped. PB_CONFIG: nowhere.
bool pb_identity_choose_folder(const struct pb_arguments *arguments, struct pb_identity *identity,
                               pb_error_t *err) PB_MUST_USE;

void pb_identity_clear(struct pb_identity *identity);

#endif
