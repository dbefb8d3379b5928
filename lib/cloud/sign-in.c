// sign-in - a stored authorization at one service (see sign-in.h).
// Lock files are never removed: a lock on a file that is no longer there keeps nobody out.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "cloud/sign-in.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "cloud/account.h"
#include "cloud/client-assertion.h"
#include "cloud/protocol.h"
#include "cloud/sign-in-private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#define FOLDER_MODE 0700
#define FILE_MODE 0600
#define LOCK_STEP_MS 20
#define LOCK_WAIT_MS 90000  // two requests of 30 s each and some

bool
pb_sign_in_new(const char *folder, enum pb_sign_in_kind kind, const struct pb_service *service,
               pb_sign_in_t **sign_in_out, pb_error_t *err)
{
  pb_sign_in_t *sign_in = calloc(1, sizeof(*sign_in));
  pb_error_t    why     = {0};
  char          name[PB_SERVICE_NAME_SIZE];

  *sign_in_out = NULL;
  if (!sign_in)
    return pb_error_set(err, PB_RETRY, "out of memory");
  sign_in->kind      = kind;
  sign_in->service   = *service;
  sign_in->poll_lock = -1;
  pb_service_get_name(service, name);
  if (!folder[0] ||
      !pb_text_format(sign_in->folder, sizeof(sign_in->folder), "%s/%s", folder, name))
  {
    free(sign_in);
    return pb_error_set(err, PB_CONFIG, "this user has no folder for sign-ins");
  }
  // What is there already may be damaged: signing in again mends it.
  if (pb_sign_in_load(sign_in, &why))
    pb_text_copy(sign_in->seen_id, sizeof(sign_in->seen_id), sign_in->stored.id);
  if (why.kind == PB_RETRY)  // it may be there
  {
    pb_sign_in_close(sign_in);
    return pb_error_set(err, why.kind, "%s", why.message);
  }
  *sign_in_out = sign_in;
  return true;
}

bool
pb_sign_in_open(const char *folder, enum pb_sign_in_kind kind, const struct pb_service *service,
                pb_sign_in_t **sign_in_out, pb_error_t *err)
{
  if (!pb_sign_in_new(folder, kind, service, sign_in_out, err))
    return false;
  if (pb_sign_in_load(*sign_in_out, err))
    return true;
  pb_sign_in_close(*sign_in_out);
  *sign_in_out = NULL;
  return false;
}

void
pb_sign_in_close(pb_sign_in_t *sign_in)
{
  if (!sign_in)
    return;
  pb_sign_in_unlock(&sign_in->poll_lock);
  pb_stored_sign_in_clear(&sign_in->stored);
  pb_http_free(sign_in->http);
  pb_key_free(sign_in->key);
  free(sign_in);
}

bool
pb_sign_in_load(pb_sign_in_t *sign_in, pb_error_t *err)
{
  struct pb_stored_sign_in stored  = {0};
  struct pb_service       *service = &sign_in->service;

  if (!pb_stored_sign_in_read(sign_in->folder, &stored, err))
    return false;
  if (strcmp(stored.service.url, service->url) != 0)
  {
    pb_stored_sign_in_clear(&stored);
    return pb_error_set(err, PB_CONFIG, "%s: is of another service", sign_in->folder);
  }
  // What was trusted when it was signed in to, where nothing else is said.
  if (!service->ca_fingerprint[0] && !service->ca_file[0])
    *service = stored.service;
  pb_stored_sign_in_clear(&sign_in->stored);
  sign_in->stored = stored;
  return true;
}

bool
pb_sign_in_is_stored(pb_sign_in_t *sign_in)
{
  return pb_sign_in_load(sign_in, /*err*/ NULL);
}

const struct pb_service *
pb_sign_in_get_service(const pb_sign_in_t *sign_in)
{
  return &sign_in->service;
}

const char *
pb_sign_in_get_user(const pb_sign_in_t *sign_in)
{
  return sign_in->stored.user;
}

// --- locks and files

static bool
open_lock(pb_sign_in_t *sign_in, const char *name, int *fd_out, pb_error_t *err)
{
  char *path = NULL;
  bool  ok   = false;

  if (!pb_file_make_folder(sign_in->folder, FOLDER_MODE, err))
    return false;
  path = pb_file_join(sign_in->folder, name);
  if (!path)
    return pb_error_set(err, PB_RETRY, "out of memory");
  *fd_out = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, FILE_MODE);
  ok      = *fd_out >= 0 || pb_error_set_errno(err, PB_CONFIG, "%s", path);
  free(path);
  return ok;
}

bool
pb_sign_in_lock(pb_sign_in_t *sign_in, const char *name, int64_t wait_ms, int *fd_out,
                pb_error_t *err)
{
  int64_t         until_ms = pb_clock_mono_ms() + wait_ms;
  struct timespec step     = {.tv_nsec = LOCK_STEP_MS * 1000000L};

  *fd_out = -1;
  if (!open_lock(sign_in, name, fd_out, err))
    return false;
  while (flock(*fd_out, LOCK_EX | LOCK_NB) != 0)
  {
    if (errno != EWOULDBLOCK && errno != EINTR)
    {
      pb_error_set_errno(err, PB_CONFIG, "%s/%s", sign_in->folder, name);
      pb_sign_in_unlock(fd_out);
      return false;
    }
    if (pb_clock_mono_ms() >= until_ms)
    {
      pb_sign_in_unlock(fd_out);
      return wait_ms == 0 ||
             pb_error_set(err, PB_RETRY, "%s/%s: another process holds it", sign_in->folder, name);
    }
    nanosleep(&step, NULL);
  }
  return true;
}

void
pb_sign_in_unlock(int *fd)
{
  if (*fd >= 0)
    close(*fd);
  *fd = -1;
}

bool
pb_sign_in_drop(pb_sign_in_t *sign_in, const char *name, pb_error_t *err)
{
  char *path = pb_file_join(sign_in->folder, name);
  bool  ok   = path ? pb_file_remove(path, err) : pb_error_set(err, PB_RETRY, "out of memory");

  free(path);
  return ok;
}

// --- the service, and the machine's key

bool
pb_sign_in_connect(pb_sign_in_t *sign_in, pb_error_t *err)
{
  struct pb_http_trust trust = pb_service_get_trust(&sign_in->service);

  return sign_in->http || pb_http_new(&trust, &sign_in->http, err);
}

bool
pb_sign_in_learn(pb_sign_in_t *sign_in, pb_error_t *err)
{
  return pb_sign_in_connect(sign_in, err) &&
         pb_metadata_get(sign_in->http, sign_in->service.url, &sign_in->metadata, err);
}

bool
pb_sign_in_find_key(pb_sign_in_t *sign_in, bool is_new_allowed, pb_error_t *err)
{
  pb_error_t why  = {0};
  char      *path = NULL;
  bool       ok   = true;

  if (sign_in->key)
    return true;
  path = pb_file_join(sign_in->folder, PB_SIGN_IN_KEY);
  if (!path)
    return pb_error_set(err, PB_RETRY, "out of memory");
  if (!pb_key_load(path, &sign_in->key, &why))
  {
    if (why.kind == PB_GONE && is_new_allowed)
      ok = pb_key_make(&sign_in->key, err) && pb_key_save(sign_in->key, path, err);
    else
      ok = pb_error_set(err, why.kind, "%s", why.message);
  }
  free(path);
  if (ok)
    pb_key_get_id(sign_in->key, sign_in->client_id);
  return ok;
}

// By the service's clock, which has just been learned.
bool
pb_sign_in_sign(pb_sign_in_t *sign_in, const char *audience, bool has_key, pb_secret_t *jwt_out,
                pb_error_t *err)
{
  int64_t now_ms = sign_in->metadata.date_ms > 0 ? sign_in->metadata.date_ms : pb_clock_now_ms();

  return pb_client_assertion_sign(sign_in->key, sign_in->client_id, audience, now_ms, has_key,
                                  jwt_out, err);
}

// --- tokens

// is_stale: the access token is no longer good, whatever its time.
static bool
is_usable(const struct pb_stored_sign_in *stored, const pb_secret_t *stale)
{
  static const int64_t early_ms = 30000, life_max_ms = INT64_C(24) * 60 * 60 * 1000;
  int64_t              left_ms = stored->expires_ms - pb_clock_now_ms();

  if (!stored->access_token.text || left_ms < early_ms || left_ms > life_max_ms)
    return false;
  return !stale->text || !pb_secret_is_equal(stale->text, stale->size, stored->access_token.text,
                                             stored->access_token.size);
}

// The token on the disk, or a new one there: of this process, or of the one that was quicker.
static bool
find_token(pb_sign_in_t *sign_in, const pb_secret_t *stale, pb_error_t *err)
{
  int  lock = -1;
  bool ok   = false;

  if (!pb_sign_in_load(sign_in, err))
    return false;
  if (is_usable(&sign_in->stored, stale))
    return true;
  if (!pb_sign_in_lock(sign_in, PB_SIGN_IN_LOCK, LOCK_WAIT_MS, &lock, err))
    return false;
  ok = pb_sign_in_load(sign_in, err) &&
       (is_usable(&sign_in->stored, stale) || pb_sign_in_renew_locked(sign_in, err));
  pb_sign_in_unlock(&lock);
  return ok;
}

bool
pb_sign_in_copy_token(pb_sign_in_t *sign_in, bool is_fresh, pb_secret_t *token_out, pb_error_t *err)
{
  pb_secret_t stale = {0};
  bool        ok    = false;

  if (!pb_sign_in_load(sign_in, err))
    return false;
  if (is_fresh && sign_in->stored.access_token.text &&
      !pb_secret_set(&stale, sign_in->stored.access_token.text, sign_in->stored.access_token.size,
                     err))
    return false;
  ok =
    find_token(sign_in, &stale, err) && pb_secret_set(token_out, sign_in->stored.access_token.text,
                                                      sign_in->stored.access_token.size, err);
  pb_secret_clear(&stale);
  return ok;
}

static bool
keep_token(void *user, const pb_secret_t *stale, struct pb_grant *grant_out, pb_error_t *err)
{
  pb_sign_in_t                   *sign_in = user;
  const struct pb_stored_sign_in *stored  = &sign_in->stored;

  if (!find_token(sign_in, stale, err) ||
      !pb_secret_set(&grant_out->access_token, stored->access_token.text, stored->access_token.size,
                     err))
    return false;
  grant_out->expires_mono_ms = pb_clock_mono_ms() + stored->expires_ms - pb_clock_now_ms();
  return true;
}

bool
pb_sign_in_make_account(pb_sign_in_t *sign_in, pb_cloud_account_t **account_out, pb_error_t *err)
{
  struct pb_http_trust trust = pb_service_get_trust(&sign_in->service);

  return pb_cloud_account_new_kept(&trust, keep_token, sign_in, account_out, err);
}
