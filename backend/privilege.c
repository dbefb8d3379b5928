// privilege - root's rights, given away.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "backend/privilege.h"

#include "base/text.h"

#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#define ACCOUNT_BUFFER 16384

static bool
find_account(const char *name, struct pb_account_ids *ids_out)
{
  char           buffer[ACCOUNT_BUFFER];
  struct passwd  account;
  struct passwd *found = NULL;

  if (name == NULL || getpwnam_r(name, &account, buffer, sizeof(buffer), &found) != 0 || !found)
    return false;
  ids_out->uid = account.pw_uid;
  ids_out->gid = account.pw_gid;
  return pb_text_copy(ids_out->name, sizeof(ids_out->name), account.pw_name);
}

bool
pb_privilege_is_root(void)
{
  return getuid() == 0;
}

bool
pb_privilege_find(const char *user, struct pb_account_ids *ids_out, pb_error_t *err)
{
  const char *const names[] = {user, "lp", "nobody"};

  *ids_out = (struct pb_account_ids){.uid = getuid(), .gid = getgid()};
  if (!pb_privilege_is_root())
    return true;
  for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
    if (find_account(names[i], ids_out))
      return true;
  return pb_error_set(err, PB_CONFIG, "there is neither an account of the user nor lp");
}

bool
pb_privilege_enter(const struct pb_account_ids *ids, pb_error_t *err)
{
  if (!pb_privilege_is_root() || ids->uid == 0)
    return true;
  if (setegid(ids->gid) == 0 && seteuid(ids->uid) == 0)
    return true;
  return pb_error_set_errno(err, PB_CONFIG, "cannot act as %s", ids->name);
}

bool
pb_privilege_leave(pb_error_t *err)
{
  if (!pb_privilege_is_root())
    return true;
  if (seteuid(0) == 0 && setegid(0) == 0)
    return true;
  return pb_error_set_errno(err, PB_BUG, "cannot be root again");
}

bool
pb_privilege_drop(const struct pb_account_ids *ids, pb_error_t *err)
{
  if (!pb_privilege_is_root() || ids->uid == 0)
    return true;
  // Should the process that waits for this one be killed, this one goes on: to CUPS 2.4 it is no
  // failure that a backend dies of SIGKILL, it does not print the job again.  The job completes
  // when nobody holds the backend's standard error any more.
  if (initgroups(ids->name, ids->gid) == 0 && setresgid(ids->gid, ids->gid, ids->gid) == 0 &&
      setresuid(ids->uid, ids->uid, ids->uid) == 0 && setuid(0) != 0)
    return true;
  return pb_error_set_errno(err, PB_CONFIG, "cannot become %s", ids->name);
}
