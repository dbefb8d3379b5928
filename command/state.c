// state - the folder of registrations, as the right user and by one command at a time (see
// state.h).
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "state.h"

#include "base/clock.h"
#include "base/file.h"
#include "cloud/registration.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define USER "printbridge"  // of the connector
#define FOLDER_MODE 0750
#define LOCK_PATIENCE_MS 40000  // the other may be waiting for a service that does not answer

// As root, for the connector's user if this machine has one.
static bool
make_folder(const char *state, pb_error_t *err)
{
  const struct passwd *user = geteuid() == 0 ? getpwnam(USER) : NULL;

  if (!pb_file_make_folder(state, FOLDER_MODE, err))
    return false;
  if (user && chown(state, user->pw_uid, user->pw_gid))
    return pb_error_set_errno(err, PB_CONFIG, "%s", state);
  return true;
}

static bool
become(const struct stat *owner, pb_error_t *err)
{
  const struct passwd *user   = getpwuid(owner->st_uid);
  gid_t                group  = user ? user->pw_gid : owner->st_gid;
  int                  status = user ? initgroups(user->pw_name, group) : setgroups(0, NULL);

  if (status || setgid(group) || setuid(owner->st_uid))
    return pb_error_set_errno(err, PB_CONFIG, "going on as user %u", (unsigned)owner->st_uid);
  return true;
}

bool
state_enter(const char *state, pb_error_t *err)
{
  struct stat info;

  if (stat(state, &info) && (errno != ENOENT || !make_folder(state, err) || stat(state, &info)))
    return pb_error_set_errno(err, PB_CONFIG, "%s", state);
  if (geteuid() == 0 && info.st_uid != 0 && !become(&info, err))
    return false;
  if (access(state, W_OK))
    return pb_error_set_errno(err, PB_CONFIG, "%s (run this as root or as its owner)", state);
  return true;
}

bool
state_lock(const char *state, int *lock_out, pb_error_t *err)
{
  const struct timespec pause  = {.tv_nsec = 100 * 1000 * 1000};
  int64_t               end_ms = pb_clock_mono_ms() + LOCK_PATIENCE_MS;
  pb_error_t            why    = {0};
  bool                  ok     = false;

  while (!ok)
  {
    ok = pb_registration_lock(state, lock_out, &why);
    if (ok || pb_clock_mono_ms() >= end_ms)
      break;
    nanosleep(&pause, /*left*/ NULL);
  }
  return ok || pb_error_set(err, why.kind, "is another share or unshare at work? %s", why.message);
}

void
state_unlock(int *lock)
{
  if (*lock >= 0)
    close(*lock);
  *lock = -1;
}
