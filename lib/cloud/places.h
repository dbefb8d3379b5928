// places - the folders where the desktop's half keeps things, from the environment that cupsd
// (SetEnv) or a test gives. Plain values; touches no disk but for a user's home.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_CLOUD_PLACES_H
#define PB_CLOUD_PLACES_H

#include "base/error.h"

#define PB_PLACE_SIZE 1024

struct pb_places
{
  char config[PB_PLACE_SIZE];            // PRINTBRIDGE_CONFIG, /etc/printbridge: services.conf
  char machine_sign_ins[PB_PLACE_SIZE];  // below PRINTBRIDGE_STATE, /var/lib/printbridge:
                                         // sign-ins/machine
  char cache[PB_PLACE_SIZE];             // PRINTBRIDGE_CACHE, /var/cache/printbridge
  char user_sign_ins[PB_PLACE_SIZE];     // of the user; "" when there is none
  char user_cache[PB_PLACE_SIZE];        // of the user; "" likewise
};

// user NULL: who runs this process ($XDG_CONFIG_HOME, $XDG_CACHE_HOME, $HOME count); else that
// account's home folder. PRINTBRIDGE_USERS=DIR: DIR/USER/sign-ins and DIR/USER/cache instead.  A
// name that is no account, or no file name, has no folders of its own.  PB_CONFIG: a path is too
// long or not absolute.
bool pb_places_get(const char *user, struct pb_places *places_out, pb_error_t *err) PB_MUST_USE;

// The folder; made if it is not there, and then readable by all whatever the umask (cupsd's
// programs have 077).  Its parent is made likewise.
bool pb_place_make_shared(const char *path, pb_error_t *err) PB_MUST_USE;

#endif
