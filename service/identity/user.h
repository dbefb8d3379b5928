// user - people: their roles, passwords and app passwords, as the portal and the command line see
// them.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_IDENTITY_USER_H
#define PB_IDENTITY_USER_H

#include "identity/identity.h"
#include "net/digest.h"

#define PB_PASSWORD_MIN 8  // bytes
#define PB_PASSWORD_MAX 512
#define PB_APP_PASSWORDS_MAX 50  // per user

struct pb_user
{
  int64_t      id;
  char         email[PB_NAME_SIZE];
  enum pb_role role;
  int64_t      created_ms;
};

struct pb_app_password
{
  int64_t id;
  char    name[128];
  int64_t created_ms;
  int64_t used_ms;  // to the hour; 0: never
};

const char *pb_role_name(enum pb_role role);  // "user", "operator", "administrator" ...
bool pb_role_parse(const char *name, enum pb_role *role_out);  // those that a person may have

// "": nobody has that id.
bool pb_user_get_name(pb_identity_t *identity, int64_t id, char name_out[PB_NAME_SIZE],
                      pb_error_t *err) PB_MUST_USE;
// PB_GONE: there is none.
bool pb_user_find(pb_identity_t *identity, const char *email, struct pb_user *user_out,
                  pb_error_t *err) PB_MUST_USE;
// By e-mail address.  fn must not call identity.
bool pb_user_each(pb_identity_t *identity, void (*fn)(void *user, const struct pb_user *),
                  void *user, pb_error_t *err) PB_MUST_USE;
// PB_REJECT for the last administrator, here and in pb_identity_remove_user.
bool pb_user_set_role(pb_identity_t *identity, const char *email, enum pb_role role,
                      pb_error_t *err) PB_MUST_USE;
// The password with scrypt, behind the lock-outs.  PB_AUTH, PB_RETRY.  Takes 50 ms.
bool pb_user_check_password(pb_identity_t *identity, const char *email, const char *password,
                            const char *peer, struct pb_user *user_out,
                            pb_error_t *err) PB_MUST_USE;

bool pb_app_password_each(pb_identity_t *identity, int64_t                              user_id,
                          void (*fn)(void *user, const struct pb_app_password *), void *user,
                          pb_error_t *err) PB_MUST_USE;
bool pb_app_password_remove(pb_identity_t *identity, int64_t user_id, int64_t id,
                            pb_error_t *err) PB_MUST_USE;
// PB_AUTH: it is none of that user's.
bool pb_app_password_check(pb_identity_t *identity, const char *email, const char *password,
                           struct pb_user *user_out, pb_error_t *err) PB_MUST_USE;

// For the other files of identity: pb_user_find with what is stored of the password (hash_out NULL:
// not wanted).
bool pb_user_find_stored(pb_identity_t *identity, const char *email, struct pb_user *user_out,
                         char hash_out[PB_PASSWORD_HASH_SIZE], pb_error_t *err) PB_MUST_USE;
// For the other files of identity: E-mail addresses in the one form that the tables have; false
// when it is none.
bool pb_user_normalize(char dst[PB_NAME_SIZE], const char *email);

#endif
