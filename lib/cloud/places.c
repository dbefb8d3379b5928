// places - the folders where the desktop's half keeps things.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "cloud/places.h"

#include "base/file.h"
#include "base/text.h"

#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ACCOUNT_BUFFER 16384
#define USER_MAX 255
#define SHARED_MODE 0755

// The folder that an environment variable names, or the one that it stands for otherwise; a
// relative one would depend on where somebody stands.
static bool
set_place(char dst[PB_PLACE_SIZE], const char *variable, const char *otherwise, const char *below,
          pb_error_t *err)
{
  const char *value = getenv(variable);

  if (!value || !*value)
    value = otherwise;
  if (value[0] != '/')
    return pb_error_set(err, PB_CONFIG, "%s is not an absolute path", variable);
  if (pb_text_format(dst, PB_PLACE_SIZE, "%s%s", value, below))
    return true;
  return pb_error_set(err, PB_CONFIG, "%s is too long", variable);
}

// A name that is one component of a path, and no other folder.
static bool
is_file_name(const char *user)
{
  return user[0] && user[0] != '.' && strlen(user) <= USER_MAX && !strchr(user, '/') &&
         pb_text_is_printable(user);
}

static bool
find_account(const char *user, struct passwd *account, char buffer[ACCOUNT_BUFFER])
{
  struct passwd *found = NULL;

  if (user)
    return is_file_name(user) && getpwnam_r(user, account, buffer, ACCOUNT_BUFFER, &found) == 0 &&
           found;
  return getpwuid_r(geteuid(), account, buffer, ACCOUNT_BUFFER, &found) == 0 && found;
}

// $XDG_x_HOME of this process's user, else a folder of the home; "" when there is neither.
static bool
set_home_place(char dst[PB_PLACE_SIZE], const char *variable, const char *home, const char *folder,
               const char *below, pb_error_t *err)
{
  const char *value = variable ? getenv(variable) : NULL;

  dst[0] = '\0';
  if (value && value[0] == '/')
  {
    if (pb_text_format(dst, PB_PLACE_SIZE, "%s/%s", value, below))
      return true;
  }
  else if (home[0] != '/' || pb_text_format(dst, PB_PLACE_SIZE, "%s/%s/%s", home, folder, below))
    return true;
  dst[0] = '\0';
  return pb_error_set(err, PB_CONFIG, "the home folder's path is too long");
}

// PRINTBRIDGE_USERS: below one folder, whether the name is an account's or not.
static bool
set_test_places(const char *name, const char *users, struct pb_places *places, pb_error_t *err)
{
  char below[USER_MAX + 16];

  if (!name || !is_file_name(name))
    return true;
  pb_text_format(below, sizeof(below), "/%s/sign-ins", name);
  if (!set_place(places->user_sign_ins, "PRINTBRIDGE_USERS", users, below, err))
    return false;
  pb_text_format(below, sizeof(below), "/%s/cache", name);
  return set_place(places->user_cache, "PRINTBRIDGE_USERS", users, below, err);
}

static bool
set_user_places(const char *user, struct pb_places *places, pb_error_t *err)
{
  char          buffer[ACCOUNT_BUFFER];
  struct passwd account  = {0};
  bool          is_self  = user == NULL;
  bool          is_found = find_account(user, &account, buffer);
  const char   *home     = is_self ? getenv("HOME") : NULL;
  const char   *users    = getenv("PRINTBRIDGE_USERS");

  if (users && *users)
    return set_test_places(is_self ? account.pw_name : user, users, places, err);
  if (!home || home[0] != '/')
    home = is_found ? account.pw_dir : "";
  return set_home_place(places->user_sign_ins, is_self ? "XDG_CONFIG_HOME" : NULL, home, ".config",
                        "printbridge/sign-ins", err) &&
         set_home_place(places->user_cache, is_self ? "XDG_CACHE_HOME" : NULL, home, ".cache",
                        "printbridge", err);
}

bool
pb_places_get(const char *user, struct pb_places *places_out, pb_error_t *err)
{
  *places_out = (struct pb_places){0};
  return set_place(places_out->config, "PRINTBRIDGE_CONFIG", "/etc/printbridge", "", err) &&
         set_place(places_out->machine_sign_ins, "PRINTBRIDGE_STATE", "/var/lib/printbridge",
                   "/sign-ins/machine", err) &&
         set_place(places_out->cache, "PRINTBRIDGE_CACHE", "/var/cache/printbridge", "", err) &&
         set_user_places(user, places_out, err);
}

// Only what is made here is opened to all: an administrator may have closed it.
static bool
make_shared(const char *path, pb_error_t *err)
{
  bool is_there = access(path, F_OK) == 0;

  if (!pb_file_make_folder(path, SHARED_MODE, err))
    return false;
  return is_there || chmod(path, SHARED_MODE) == 0 ||
         pb_error_set_errno(err, PB_CONFIG, "%s", path);
}

bool
pb_place_make_shared(const char *path, pb_error_t *err)
{
  char  parent[PB_PLACE_SIZE * 2];
  char *end;

  if (!pb_text_copy(parent, sizeof(parent), path))
    return pb_error_set(err, PB_CONFIG, "the path is too long");
  end = strrchr(parent, '/');
  if (end && end != parent)
  {
    *end = '\0';
    if (!make_shared(parent, err))
      return false;
  }
  return make_shared(path, err);
}
