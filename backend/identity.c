// identity - as whom a job is printed.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "backend/identity.h"

#include "base/file.h"
#include "base/log.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

// What could not be read for want of memory must not pass for nothing.
static bool
is_known(const pb_error_t *why, pb_error_t *err)
{
  return why->kind != PB_RETRY || pb_error_set(err, PB_RETRY, "%s", why->message);
}

// What the queue's URI names, as an administrator knows it; where nobody has said whom to trust,
// the system's CAs decide.
static bool
find_service(const struct pb_arguments *arguments, struct pb_identity *identity, pb_error_t *err)
{
  char             url[320];
  pb_error_t       why    = {0};
  struct pb_places places = identity->places;

  places.user_sign_ins[0] = '\0';
  if (pb_services_find(&places, arguments->uri.host, arguments->uri.port, &identity->service, &why))
    return true;
  return is_known(&why, err) &&
         (pb_device_uri_get_service(&arguments->uri, url, sizeof(url)) ||
          pb_error_set(err, PB_CONFIG, "the device URI is too long")) &&
         pb_service_parse(url, &identity->service, err);
}

// As the user knows it: whom he trusts is nothing to the machine's sign-in.  Rights are put aside.
static bool
find_users_service(const struct pb_arguments *arguments, struct pb_identity *identity,
                   pb_error_t *err)
{
  struct pb_service service;
  pb_error_t        why = {0};

  if (!pb_services_find(&identity->places, arguments->uri.host, arguments->uri.port, &service,
                        &why))
    return is_known(&why, err);
  identity->service = service;
  return true;
}

static bool
is_file_name(const char *name)
{
  return name[0] != '\0' && name[0] != '.' && strlen(name) < 256 && strchr(name, '/') == NULL &&
         pb_text_is_printable(name);
}

static bool
format_own_folder(const struct pb_arguments *arguments, const struct pb_identity *identity,
                  char dst[PB_PLACE_SIZE])
{
  return is_file_name(arguments->user) && pb_text_format(dst, PB_PLACE_SIZE, "%s/sign-ins/%s",
                                                         identity->places.cache, arguments->user);
}

static bool
is_writable(const char *folder)
{
  pb_error_t err = {0};

  return folder[0] != '\0' && pb_file_make_folder(folder, 0700, &err) &&
         faccessat(AT_FDCWD, folder, W_OK, AT_EACCESS) == 0;
}

bool
pb_identity_choose_folder(const struct pb_arguments *arguments, struct pb_identity *identity,
                          pb_error_t *err)
{
  char own[PB_PLACE_SIZE];

  if (is_writable(identity->places.user_sign_ins))
    return pb_text_copy(identity->folder, sizeof(identity->folder), identity->places.user_sign_ins);
  if (format_own_folder(arguments, identity, own) && is_writable(own))
    return pb_text_copy(identity->folder, sizeof(identity->folder), own);
  return pb_error_set(err, PB_CONFIG, "there is no folder for a sign-in of \"%.100s\"",
                      arguments->user);
}

// Sets identity->sign_in where there is one.  None and one that is no good are the same here: go on
// with the next one.
static bool
open_sign_in(const char *folder, enum pb_sign_in_kind kind, struct pb_identity *identity,
             pb_error_t *err)
{
  pb_error_t why = {0};

  if (folder[0] == '\0')
    return true;
  if (!pb_sign_in_open(folder, kind, &identity->service, &identity->sign_in, &why))
  {
    if (why.kind != PB_GONE)
      pb_log(/*ctx*/ NULL, PB_LOG_WARN, "%s: %s", folder, why.message);
    return is_known(&why, err);
  }
  pb_text_copy(identity->folder, sizeof(identity->folder), folder);
  identity->is_machine = kind == PB_SIGN_IN_MACHINE;
  return true;
}

static bool
open_users(const struct pb_arguments *arguments, struct pb_identity *identity, pb_error_t *err)
{
  char own[PB_PLACE_SIZE];

  if (!find_users_service(arguments, identity, err) ||
      !open_sign_in(identity->places.user_sign_ins, PB_SIGN_IN_USER, identity, err))
    return false;
  return identity->sign_in != NULL || !format_own_folder(arguments, identity, own) ||
         open_sign_in(own, PB_SIGN_IN_USER, identity, err);
}

static bool
find_users(const struct pb_arguments *arguments, struct pb_identity *identity, pb_error_t *err)
{
  bool ok = pb_privilege_enter(&identity->ids, err) &&
            (!arguments->is_local || open_users(arguments, identity, err));

  return pb_privilege_leave(ok ? err : NULL) && ok;
}

// The machine's key is root's: who uses it stays root, as CUPS's own network backends do, so that
// neither the user nor lp could look into the process.
static bool
find_machines(const struct pb_service *service, struct pb_identity *identity, pb_error_t *err)
{
  struct pb_service users = identity->service;

  identity->service = *service;
  if (!open_sign_in(identity->places.machine_sign_ins, PB_SIGN_IN_MACHINE, identity, err))
    return false;
  if (identity->sign_in != NULL)
    identity->ids = (struct pb_account_ids){.uid = geteuid(), .gid = getegid()};
  else
    identity->service = users;
  return true;
}

bool
pb_identity_find(const struct pb_arguments *arguments, struct pb_identity *identity_out,
                 pb_error_t *err)
{
  struct pb_service service;

  memset(identity_out, 0, sizeof(*identity_out));
  if (!pb_places_get(arguments->user, &identity_out->places, err) ||
      !pb_privilege_find(arguments->user, &identity_out->ids, err) ||
      !find_service(arguments, identity_out, err))
    return false;
  service = identity_out->service;
  return find_users(arguments, identity_out, err) &&
         (identity_out->sign_in != NULL || find_machines(&service, identity_out, err));
}

void
pb_identity_clear(struct pb_identity *identity)
{
  pb_sign_in_close(identity->sign_in);
  identity->sign_in = NULL;
}
