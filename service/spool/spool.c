// spool - the folder: opened, swept, and rid of documents.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "spool/spool.h"

#include "base/fault.h"
#include "base/file.h"
#include "base/log.h"
#include "base/secret.h"
#include "base/text.h"
#include "spool/document.h"
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void
pb_spool_set_limits(pb_spool_t *spool, const struct pb_spool_limits *limits)
{
  atomic_store(&spool->document_bytes, limits->document_bytes);
  atomic_store(&spool->free_bytes, limits->free_bytes);
}

bool
pb_spool_open(const char *folder, const uint8_t key[32], const struct pb_spool_limits *limits,
              pb_spool_t **spool_out, pb_error_t *err)
{
  pb_spool_t *spool = calloc(1, sizeof(*spool));
  bool        ok    = false;

  *spool_out = NULL;
  if (spool == NULL)
    return pb_error_set(err, PB_RETRY, "out of memory for the spool");
  (void)pthread_mutex_init(&spool->mutex, NULL);
  memcpy(spool->key, key, sizeof(spool->key));
  pb_spool_set_limits(spool, limits);
  spool->folder_fd = -1;
  spool->folder    = pb_text_dup(folder);
  if (spool->folder == NULL)
  {
    pb_error_set(err, PB_RETRY, "out of memory for the spool");
    goto done;
  }
  if (!pb_file_make_folder(folder, 0700, err))
    goto done;
  spool->folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (spool->folder_fd < 0)
  {
    pb_error_set_errno(err, PB_CONFIG, "%s", folder);
    goto done;
  }
  *spool_out = spool;
  spool      = NULL;
  ok         = true;

done:
  pb_spool_close(spool);
  return ok;
}

void
pb_spool_close(pb_spool_t *spool)
{
  if (spool == NULL)
    return;
  if (spool->folder_fd >= 0)
    close(spool->folder_fd);
  pb_wipe(spool->key, sizeof(spool->key));
  (void)pthread_mutex_destroy(&spool->mutex);
  free(spool->folder);
  free(spool);
}

bool
pb_spool_remove(pb_spool_t *spool, const char *id, pb_error_t *err)
{
  document_t *document = NULL;

  if (!document_is_id(id))
    return pb_error_set(err, PB_GONE, "\"%.64s\" names no document", id);
  // First the state: who is reading must hear of it before the file is gone.
  document = document_find(spool, id);
  if (document != NULL)
  {
    document_end(document, DOCUMENT_REMOVED);
    document_release(spool, document);
  }
  PB_FAULT("service.spool-remove.before");
  return document_destroy(spool, id, /*fd*/ -1, err);
}

static bool
is_in_use(pb_spool_t *spool, const char *id)
{
  document_t *document = document_find(spool, id);

  if (document == NULL)
    return false;
  document_release(spool, document);
  return true;
}

int
pb_spool_sweep(pb_spool_t *spool, bool (*is_known)(void *user, const char *id), void *user)
{
  DIR       *folder = opendir(spool->folder);
  pb_error_t err    = {0};
  int        swept  = 0;

  if (folder == NULL)
    return 0;
  for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder))
  {
    const char *id = entry->d_name;

    if (!document_is_id(id) || is_in_use(spool, id) || is_known(user, id))
      continue;
    if (document_destroy(spool, id, /*fd*/ -1, &err))
      swept++;
    else
      pb_log(NULL, PB_LOG_WARN, "sweeping the spool: %s", err.message);
  }
  closedir(folder);
  return swept;
}
