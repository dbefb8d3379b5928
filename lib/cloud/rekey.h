// rekey - the key of a registration and the certificates of its queues are renewed, without a
// moment at which neither key is good: the next key is on disk, then it is registered for each
// queue with a token that the key before it has asked for by name, then it is used, then it
// replaces the other. It may die at any of these: the next call goes on there.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_CLOUD_REKEY_H
#define PB_CLOUD_REKEY_H

#include "cloud/client.h"

struct pb_rekey_options
{
  // Both keys are good from now on, and the former one no more as soon as the next one is used: for
  // whoever else uses the identity.  May be NULL.
  bool (*on_registered)(void *user, const pb_key_t *next, const pb_key_t *former, pb_error_t *err);
  void              *user;
  const atomic_bool *stop;  // may be NULL
};

// The caller has the lock (pb_registration_lock) and the registration as it is on disk; what has
// changed is on disk and in it.  A service that replaces no keys certifies the same one again.
// PB_RETRY: the network; PB_AUTH: the service does not know the identity any more.  A queue that it
// refuses is named in the log, and does not stop the others.  Blocks.
bool pb_rekey(pb_registration_t *registration, const struct pb_rekey_options *options,
              pb_error_t *err) PB_MUST_USE;

#endif
