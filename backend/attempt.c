// attempt - which cloud job belongs to this run of a local job.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "backend/attempt.h"

#include "base/clock.h"
#include "base/file.h"
#include "net/digest.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MARK_MAX 32
#define USER_SIZE 1024  // of a name that counts
#define UUID_PREFIX "urn:uuid:"

static char *
make_path(const char *folder, const char *job_uuid)
{
  return pb_file_join(folder, job_uuid + strlen(UUID_PREFIX));
}

// None, or a damaged one: 0.  One that cannot be read now must not pass for none: the job would
// find the cloud job of an earlier run, and not be printed.
static bool
read_mark(const char *folder, const char *job_uuid, int64_t *number_out, pb_error_t *err)
{
  pb_buffer_t text    = {0};
  pb_error_t  why     = {0};
  char       *path    = make_path(folder, job_uuid);
  bool        is_read = false;

  *number_out = 0;
  if (path == NULL)
    return pb_error_set(err, PB_RETRY, "out of memory");
  is_read = pb_file_read(path, MARK_MAX, &text, &why);
  if (is_read && !pb_text_parse_int(pb_text_trim(text.data), 0, INT32_MAX, number_out))
    *number_out = 0;
  pb_buffer_clear(&text);
  free(path);
  return is_read || why.kind == PB_GONE || why.kind == PB_REJECT ||
         pb_error_set(err, why.kind, "%s", why.message);
}

// RFC 9562 s5.8: bits of a hash, version 8.
static void
derive(const char *job_uuid, int job_id, const char *user, int64_t number,
       char uuid_out[PB_UUID_SIZE])
{
  char    text[PB_UUID_SIZE + USER_SIZE + 64];
  char    hex[2 * 16 + 1];
  uint8_t digest[PB_SHA256_SIZE];

  pb_text_format(text, sizeof(text), "%s/%d/%lld/%.*s", job_uuid, job_id, (long long)number,
                 USER_SIZE, user);
  pb_sha256(text, strlen(text), digest);
  digest[6] = (uint8_t)((digest[6] & 0x0f) | 0x80);
  digest[8] = (uint8_t)((digest[8] & 0x3f) | 0x80);
  pb_text_format_hex(hex, digest, 16);
  pb_text_format(uuid_out, PB_UUID_SIZE, UUID_PREFIX "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8,
                 hex + 12, hex + 16, hex + 20);
}

bool
pb_attempt_get(const char *folder, const char *job_uuid, int job_id, const char *user,
               char uuid_out[PB_UUID_SIZE], pb_error_t *err)
{
  int64_t number = 0;

  if (!pb_text_is_uuid(job_uuid))
  {
    pb_text_make_uuid(uuid_out);
    return true;
  }
  if (!read_mark(folder, job_uuid, &number, err))
    return false;
  derive(job_uuid, job_id, user, number, uuid_out);
  return true;
}

static void
remove_old(const char *folder)
{
  DIR           *dir = opendir(folder);
  struct dirent *entry;
  struct stat    status;

  while (dir != NULL && (entry = readdir(dir)) != NULL)
    if (fstatat(dirfd(dir), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
        S_ISREG(status.st_mode) &&
        (int64_t)status.st_mtime * 1000 + PB_ATTEMPT_KEPT_MS < pb_clock_now_ms())
      (void)unlinkat(dirfd(dir), entry->d_name, 0);
  if (dir != NULL)
    closedir(dir);
}

bool
pb_attempt_end(const char *folder, const char *job_uuid, pb_error_t *err)
{
  char    text[MARK_MAX];
  char   *path   = NULL;
  int64_t number = 0;
  bool    ok     = false;

  if (!pb_text_is_uuid(job_uuid))
    return true;
  if (!pb_file_make_folder(folder, 0700, err) || !read_mark(folder, job_uuid, &number, err))
    return false;
  path = make_path(folder, job_uuid);
  if (path == NULL)
    return pb_error_set(err, PB_RETRY, "out of memory");
  pb_text_format(text, sizeof(text), "%lld\n", (long long)number + 1);
  ok = pb_file_replace(path, 0600, text, strlen(text), err);
  remove_old(folder);
  free(path);
  return ok;
}
