// identity - who is asking.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "identity/identity.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "cloud/protocol.h"
#include "identity/internal.h"
#include "identity/schema.h"
#include "identity/token.h"
#include "identity/user.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CODE_INTERVAL_MS (5 * 1000)
#define CODE_LIFE_MS (10 * 60 * 1000)
#define CERTIFICATE_MS (90 * 24 * 3600 * INT64_C(1000))
#define AUTHORIZATION_MAX 4096  // of the header; a token has 43 characters

static bool
load_ca(pb_identity_t *identity, const struct pb_identity_options *options, pb_error_t *err)
{
  pb_buffer_t pem = {0};

  if (options->ca_key_file == NULL || options->ca_file == NULL)
    return true;
  if (!pb_key_load(options->ca_key_file, &identity->ca_key, err) ||
      !pb_file_read(options->ca_file, PB_PEM_MAX, &pem, err))
    return false;
  identity->ca_pem = pb_buffer_take(&pem, /*size_out*/ NULL);
  return identity->ca_pem != NULL || pb_error_set(err, PB_CONFIG, "%s is empty", options->ca_file);
}

void
pb_identity_set_code_life(pb_identity_t *identity, int64_t life_ms)
{
  atomic_store(&identity->code_life_ms, life_ms > 0 ? life_ms : CODE_LIFE_MS);
}

void
pb_identity_set_certificate_life(pb_identity_t *identity, int64_t life_ms)
{
  atomic_store(&identity->certificate_ms, life_ms > 0 ? life_ms : CERTIFICATE_MS);
}

static bool
set_up(pb_identity_t *identity, const struct pb_identity_options *options, pb_error_t *err)
{
  identity->started_ms = pb_clock_now_ms();
  identity->code_interval_ms =
    options->code_interval_ms > 0 ? options->code_interval_ms : CODE_INTERVAL_MS;
  pb_identity_set_code_life(identity, options->code_life_ms);
  pb_identity_set_certificate_life(identity, options->certificate_ms);
  if (!pb_text_copy(identity->issuer, sizeof(identity->issuer), options->issuer) ||
      !pb_text_format(identity->token_endpoint, sizeof(identity->token_endpoint), "%s%s",
                      identity->issuer, PB_PATH_TOKEN))
    return pb_error_set(err, PB_CONFIG, "the issuer's address is too long");
  identity->lockout = pb_lockout_new();
  identity->recall  = pb_recall_new();
  identity->replay  = pb_replay_new();
  if (identity->lockout == NULL || identity->recall == NULL || identity->replay == NULL)
    return pb_error_set(err, PB_RETRY, "out of memory");
  return load_ca(identity, options, err) && pb_identity_make_tables(identity->db, err);
}

bool
pb_identity_new(pb_db_t *db, const struct pb_identity_options *options,
                pb_identity_t **identity_out, pb_error_t *err)
{
  pb_identity_t *identity = calloc(1, sizeof(*identity));

  if (identity == NULL)
    return pb_error_set(err, PB_RETRY, "out of memory");
  identity->db = db;
  if (!set_up(identity, options, err))
  {
    pb_identity_free(identity);
    return false;
  }
  *identity_out = identity;
  return true;
}

void
pb_identity_free(pb_identity_t *identity)
{
  if (identity == NULL)
    return;
  pb_key_free(identity->ca_key);
  free(identity->ca_pem);
  pb_lockout_free(identity->lockout);
  pb_recall_free(identity->recall);
  pb_replay_free(identity->replay);
  free(identity->oauth_routes);
  free(identity);
}

// App passwords and what scrypt has confirmed lately come first: nobody's guessing locks their
// owner out of printing.
static bool
check_password(pb_identity_t *identity, const char *email, const char *password, const char *peer,
               struct pb_user *user, pb_error_t *err)
{
  char       stored[PB_PASSWORD_HASH_SIZE] = "";
  pb_error_t why                           = {0};

  if (pb_app_password_check(identity, email, password, user, &why))
    return true;
  if (why.kind != PB_AUTH)
    return pb_error_set(err, why.kind, "%s", why.message);
  pb_error_clear(&why);
  if (!pb_user_find_stored(identity, email, user, stored, &why) && why.kind != PB_GONE)
    return pb_error_set(err, why.kind, "%s", why.message);
  if (stored[0] != '\0' && pb_recall_has(identity->recall, user->email, password, stored))
    return true;
  if (!pb_user_check_password(identity, email, password, peer, user, err))
    return false;
  pb_recall_add(identity->recall, user->email, password, stored);
  return true;
}

// base64(user ":" password), RFC 7617.
static bool
check_basic(pb_identity_t *identity, const char *credentials, const char *peer,
            pb_principal_t *principal, pb_error_t *err)
{
  struct pb_user user;
  size_t         size = 0;
  char          *text = NULL;
  bool           ok   = false;
  uint8_t *bytes = pb_text_parse_base64(credentials, strlen(credentials), /*url*/ false, &size);

  if (bytes != NULL)
    text = pb_text_dup_size((const char *)bytes, size);
  if (text == NULL && errno == ENOMEM)
  {
    pb_error_set(err, PB_RETRY, "out of memory");
    goto done;
  }
  char *colon = text != NULL && strlen(text) == size ? strchr(text, ':') : NULL;
  if (colon == NULL)
  {
    pb_error_set(err, PB_AUTH, "the Authorization header is malformed");
    goto done;
  }
  *colon = '\0';
  if (!check_password(identity, text, colon + 1, peer, &user, err))
    goto done;
  principal->role = user.role;
  pb_text_copy(principal->name, sizeof(principal->name), user.email);
  ok = true;

done:
  pb_wipe(bytes, size);
  free(bytes);
  if (text != NULL)
    pb_wipe(text, size);
  free(text);
  return ok;
}

// The credentials behind a scheme's name (RFC 9110 s11.4); NULL: another scheme.
static const char *
after_scheme(const char *authorization, const char *scheme)
{
  size_t size = strlen(scheme);

  if (strncasecmp(authorization, scheme, size) != 0 || authorization[size] != ' ')
    return NULL;
  authorization += size;
  return authorization + strspn(authorization, " ");
}

bool
pb_identity_authenticate(pb_identity_t *identity, const char *authorization, const char *peer,
                         pb_principal_t *principal_out, pb_error_t *err)
{
  *principal_out = (pb_principal_t){0};
  if (authorization == NULL)
    return true;
  if (strlen(authorization) > AUTHORIZATION_MAX)
    return pb_error_set(err, PB_AUTH, "the Authorization header is too long");
  const char *bearer = after_scheme(authorization, "Bearer");
  if (bearer != NULL)
    return pb_token_check(identity, bearer, principal_out, err);
  const char *basic = after_scheme(authorization, "Basic");
  if (basic != NULL)
    return check_basic(identity, basic, peer, principal_out, err);
  return pb_error_set(err, PB_AUTH, "the Authorization header is neither Basic nor Bearer");
}
