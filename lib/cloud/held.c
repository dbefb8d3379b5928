// held - the local jobs that wait for a sign-in.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "cloud/held.h"

#include "base/file.h"
#include "base/log.h"
#include "ipp/cups-printing.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#define FOLDER "held"
#define FILE_MAX 4096
#define UUID_PREFIX "urn:uuid:"

static char *
make_path(const char *folder, const char *job_uuid)
{
  char name[64];

  if (!pb_text_is_uuid(job_uuid))
    return NULL;
  pb_text_format(name, sizeof(name), FOLDER "/%s", job_uuid + strlen(UUID_PREFIX));
  return pb_file_join(folder, name);
}

bool
pb_held_add(const char *folder, const struct pb_held_job *job, pb_error_t *err)
{
  pb_buffer_t text;
  bool        ok     = false;
  char       *parent = pb_file_join(folder, FOLDER);
  char       *path   = make_path(folder, job->uuid);

  pb_buffer_init(&text, FILE_MAX);
  if (parent == NULL || path == NULL)
    pb_error_set(err, PB_CONFIG, "the job has no uuid");
  else
    ok = pb_file_make_folder(parent, 0700, err) &&
         pb_buffer_appendf(&text, err, "%lld\n%s\n%s\n%s\n", (long long)job->job_id, job->server,
                           job->queue, job->owner) &&
         pb_file_replace(path, 0600, text.data, text.size, err);
  pb_buffer_clear(&text);
  free(parent);
  free(path);
  return ok;
}

void
pb_held_remove(const char *folder, const char *job_uuid)
{
  pb_error_t err  = {0};
  char      *path = make_path(folder, job_uuid);

  if (path != NULL && !pb_file_remove(path, &err))
    pb_log(/*ctx*/ NULL, PB_LOG_WARN, "%s", err.message);
  free(path);
}

static bool
take_line(char **rest, char *dst, size_t dst_size)
{
  char *line = strsep(rest, "\n");

  return line != NULL && *rest != NULL && pb_text_copy(dst, dst_size, line);
}

static bool
read_held(const char *folder, const char *name, struct pb_held_job *held)
{
  pb_buffer_t text = {0};
  char        number[24];
  bool        ok   = pb_text_format(held->uuid, sizeof(held->uuid), UUID_PREFIX "%.40s", name);
  char       *path = make_path(folder, held->uuid);
  char       *rest = NULL;

  if (ok && path != NULL && pb_file_read(path, FILE_MAX, &text, /*err*/ NULL) && text.data != NULL)
    rest = text.data;
  ok = rest != NULL && take_line(&rest, number, sizeof(number)) &&
       pb_text_parse_int(number, 1, INT32_MAX, &held->job_id) &&
       take_line(&rest, held->server, sizeof(held->server)) &&
       take_line(&rest, held->queue, sizeof(held->queue)) &&
       take_line(&rest, held->owner, sizeof(held->owner));
  pb_buffer_clear(&text);
  free(path);
  return ok;
}

bool
pb_held_list(const char *folder, pb_buffer_t *text_out, pb_error_t *err)
{
  char          *parent = pb_file_join(folder, FOLDER);
  DIR           *dir    = parent != NULL ? opendir(parent) : NULL;
  struct dirent *entry  = NULL;
  bool           ok     = parent != NULL || pb_error_set(err, PB_RETRY, "out of memory");
  size_t         count  = 0;
  char           uuid[PB_UUID_SIZE];

  pb_buffer_init(text_out, (size_t)PB_HELD_MAX * (PB_UUID_SIZE + 1));
  while (ok && dir != NULL && (entry = readdir(dir)) != NULL && count < PB_HELD_MAX)
  {
    if (!pb_text_format(uuid, sizeof(uuid), UUID_PREFIX "%s", entry->d_name) ||
        !pb_text_is_uuid(uuid))
      continue;
    count++;
    ok = pb_buffer_appendf(text_out, err, "%s\n", uuid);
  }
  if (dir != NULL)
    closedir(dir);
  free(parent);
  return ok && pb_buffer_append(text_out, "", 0, err);
}

// What becomes of a job that is held.  for_ms 0: it is released.
static bool
change(pb_cups_t *cups, const struct pb_held_job *held, int64_t for_ms, pb_error_t *err)
{
  int number = (int)held->job_id;

  return for_ms > 0 ? pb_cups_hold_job(cups, held->queue, number, held->owner, for_ms, err)
                    : pb_cups_release_job(cups, held->queue, number, held->owner, err);
}

enum outcome
{
  CHANGED,
  NOT_HELD,  // not yet, or its CUPS does not answer
  GONE       // it waits no more
};

static enum outcome
try_one(const struct pb_held_job *held, int64_t for_ms)
{
  pb_cups_t              *cups     = NULL;
  struct pb_cups_printing printing = {0};
  pb_error_t              err      = {0};
  enum outcome            outcome  = NOT_HELD;

  if (pb_cups_open(held->server, &cups, &err) &&
      pb_cups_get_printing(cups, held->queue, (int)held->job_id, &printing, &err))
  {
    bool is_it = strcmp(printing.uuid, held->uuid) == 0;

    if (!is_it || printing.state > IPP_JSTATE_STOPPED)
      outcome = GONE;
    else if (printing.state == IPP_JSTATE_HELD && change(cups, held, for_ms, &err))
      outcome = CHANGED;
  }
  if (err.kind != PB_OK)
    pb_log(/*ctx*/ NULL, PB_LOG_WARN, "job %lld: %s", (long long)held->job_id, err.message);
  pb_cups_close(cups);
  return err.kind == PB_GONE ? GONE : outcome;
}

// for_ms 0: release.  How many were not held.
static size_t
try_all(const char *folder, int64_t for_ms)
{
  char          *parent = pb_file_join(folder, FOLDER);
  DIR           *dir    = parent != NULL ? opendir(parent) : NULL;
  struct dirent *entry  = NULL;
  size_t         left = 0, seen = 0;

  while (dir != NULL && (entry = readdir(dir)) != NULL && seen < PB_HELD_MAX)
  {
    struct pb_held_job held = {0};

    if (entry->d_name[0] == '.' || !read_held(folder, entry->d_name, &held))
      continue;
    seen++;
    enum outcome outcome = try_one(&held, for_ms);
    if (outcome == NOT_HELD)
      left++;
    else if (outcome == GONE || for_ms == 0)
      pb_held_remove(folder, held.uuid);
  }
  if (dir != NULL)
    closedir(dir);
  free(parent);
  return left;
}

size_t
pb_held_keep(const char *folder, int64_t for_ms)
{
  return try_all(folder, for_ms);
}

size_t
pb_held_release(const char *folder)
{
  return try_all(folder, 0);
}
