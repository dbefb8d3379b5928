// setup - folders, keys and certificates of a new service.
// Files are made in an order that lets an interrupted init be run again.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "setup.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "net/key.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CA_DAYS 3650
#define SERVER_DAYS 365
#define RENEW_AHEAD_MS (30LL * 24 * 3600 * 1000)
#define CA_RENEW_AHEAD_MS ((SERVER_DAYS + 40LL) * 24 * 3600 * 1000)  // no server's outlives it
#define FORMER_CAS_MAX (4 * PB_PEM_MAX)

// The data folder's files.
struct files
{
  char *ca_key, *ca, *former_cas, *server_key, *server, *hosts, *spool_key, *spool;
};

static void
clear_files(struct files *files)
{
  free(files->ca_key);
  free(files->ca);
  free(files->former_cas);
  free(files->server_key);
  free(files->server);
  free(files->hosts);
  free(files->spool_key);
  free(files->spool);
}

static bool
name_files(const pb_settings_t *settings, struct files *files, pb_error_t *err)
{
  *files = (struct files){
    .ca_key     = pb_settings_path(settings, "ca-key.pem"),
    .ca         = pb_settings_path(settings, "ca.pem"),
    .former_cas = pb_settings_path(settings, "ca-former.pem"),
    .server_key = pb_settings_path(settings, "server-key.pem"),
    .server     = pb_settings_path(settings, "server.pem"),
    .hosts      = pb_settings_path(settings, "server.hosts"),
    .spool_key  = pb_settings_path(settings, "spool.key"),
    .spool      = pb_settings_path(settings, "spool"),
  };
  if (files->ca_key != NULL && files->ca != NULL && files->former_cas != NULL &&
      files->server_key != NULL && files->server != NULL && files->hosts != NULL &&
      files->spool_key != NULL && files->spool != NULL)
    return true;
  clear_files(files);
  pb_error_set(err, PB_RETRY, "out of memory");
  return false;
}

char **
pb_setup_copy_hosts(const pb_settings_t *settings)
{
  size_t room = strlen(settings->host) +
                (settings->other_hosts != NULL ? strlen(settings->other_hosts) : 0) + 2;
  size_t most  = room / 2 + 2;
  char **hosts = calloc(1, most * sizeof(char *) + room);
  char  *text, *rest;
  size_t count = 0;

  if (hosts == NULL)
    return NULL;
  text = (char *)(hosts + most);
  snprintf(text, room, "%s %s", settings->host,
           settings->other_hosts != NULL ? settings->other_hosts : "");
  rest = text;
  for (char *name = strtok_r(text, " \t", &rest); name != NULL && count + 1 < most;
       name       = strtok_r(NULL, " \t", &rest))
    hosts[count++] = name;
  return hosts;
}

static bool
load_or_make_key(const char *path, pb_key_t **key_out, pb_error_t *err)
{
  pb_error_t why = {0};

  if (pb_key_load(path, key_out, &why))
    return true;
  if (why.kind != PB_GONE)
  {
    if (err != NULL)
      *err = why;
    return false;
  }
  if (!pb_key_make(key_out, err))
    return false;
  if (pb_key_save(*key_out, path, err))
    return true;
  pb_key_free(*key_out);
  *key_out = NULL;
  return false;
}

static bool
make_ca(const struct files *files, const pb_settings_t *settings, pb_key_t **key_out,
        pb_error_t *err)
{
  char  name[300];
  char *pem = NULL;
  bool  ok;

  if (!load_or_make_key(files->ca_key, key_out, err))
    return false;
  if (access(files->ca, F_OK) == 0)
    return true;
  pb_text_format(name, sizeof(name), "Printbridge CA of %s", settings->host);
  name[63] = '\0';  // X.520 ub-common-name
  ok       = pb_cert_make_ca(*key_out, name, CA_DAYS, &pem, err) &&
       pb_file_replace(files->ca, 0644, pem, strlen(pem), err);
  free(pem);
  return ok;
}

// The certificates that the CA's key had before, newest first; none: "".
static bool
read_former(const struct files *files, pb_buffer_t *former, pb_error_t *err)
{
  pb_error_t why = {0};

  return pb_file_read(files->former_cas, FORMER_CAS_MAX, former, &why) || why.kind == PB_GONE ||
         pb_error_set(err, why.kind, "%s", why.message);
}

// The same key and name, so that what it has signed stays good; who pins the certificate of before
// finds that in the chain still.  It is kept before the new one replaces it.
static bool
renew_ca(const struct files *files, const pb_key_t *ca_key, pb_error_t *err)
{
  pb_buffer_t ca = {0}, former = {0}, kept;
  char       *pem = NULL;
  char        name[PB_CERT_NAME_SIZE];
  bool        ok = false;

  pb_buffer_init(&kept, FORMER_CAS_MAX);
  if (!pb_file_read(files->ca, PB_PEM_MAX, &ca, err) || !read_former(files, &former, err) ||
      !pb_cert_get_name(ca.data, name, err))
    goto done;
  // An interrupted call has kept it already.
  ok = (former.size >= ca.size && memcmp(former.data, ca.data, ca.size) == 0) ||
       (pb_buffer_append(&kept, ca.data, ca.size, err) &&
        pb_buffer_append(&kept, former.data, former.size, err) &&
        pb_file_replace(files->former_cas, 0644, kept.data, kept.size, err));
  ok = ok && pb_cert_make_ca(ca_key, name, CA_DAYS, &pem, err) &&
       pb_file_replace(files->ca, 0644, pem, strlen(pem), err);
  if (ok)
    pb_log(NULL, PB_LOG_INFO, "the CA's certificate is renewed, with the same key");

done:
  free(pem);
  pb_buffer_clear(&kept);
  pb_buffer_clear(&former);
  pb_buffer_clear(&ca);
  return ok;
}

// server.pem: the server's certificate, then the CA's, and those that it had before, for clients
// that pin it.  server.hosts says what it was made for.
static bool
make_server(const struct files *files, const pb_settings_t *settings, const pb_key_t *ca_key,
            pb_error_t *err)
{
  bool        ok    = false;
  pb_key_t   *key   = NULL;
  char       *pem   = NULL;
  char      **hosts = pb_setup_copy_hosts(settings);
  size_t      count = 0;
  pb_buffer_t ca = {0}, former = {0}, chain, names;

  pb_buffer_init(&chain, 2 * PB_PEM_MAX + FORMER_CAS_MAX);
  pb_buffer_init(&names, PB_PEM_MAX);
  if (hosts == NULL)
  {
    pb_error_set(err, PB_RETRY, "out of memory");
    goto done;
  }
  for (; hosts[count] != NULL; count++)
    if (!pb_buffer_appendf(&names, err, "%s\n", hosts[count]))
      goto done;
  ok = load_or_make_key(files->server_key, &key, err) &&
       pb_file_read(files->ca, PB_PEM_MAX, &ca, err) && read_former(files, &former, err) &&
       pb_cert_make_server(ca_key, ca.data, key, (const char *const *)hosts, count, SERVER_DAYS,
                           &pem, err) &&
       pb_buffer_append_text(&chain, pem, err) && pb_buffer_append(&chain, ca.data, ca.size, err) &&
       pb_buffer_append(&chain, former.data, former.size, err) &&
       pb_file_replace(files->server, 0644, chain.data, chain.size, err) &&
       pb_file_replace(files->hosts, 0644, names.data, names.size, err);

done:
  pb_buffer_clear(&names);
  pb_buffer_clear(&chain);
  pb_buffer_clear(&former);
  pb_buffer_clear(&ca);
  free(hosts);
  free(pem);
  pb_key_free(key);
  return ok;
}

static bool
make_spool_key(const struct files *files, pb_error_t *err)
{
  uint8_t key[PB_SPOOL_KEY_BYTES];
  char    text[2 * PB_SPOOL_KEY_BYTES + 1];
  bool    ok;

  if (access(files->spool_key, F_OK) == 0)
    return true;
  pb_random_bytes(key, sizeof(key));
  pb_text_format_hex(text, key, sizeof(key));
  ok = pb_file_replace(files->spool_key, 0600, text, strlen(text), err);
  pb_wipe(key, sizeof(key));
  pb_wipe(text, sizeof(text));
  return ok;
}

bool
pb_setup_make(const pb_settings_t *settings, pb_error_t *err)
{
  struct files files  = {0};
  pb_key_t    *ca_key = NULL;
  bool         ok;

  if (!name_files(settings, &files, err))
    return false;
  ok = pb_file_make_folder(settings->data_folder, 0700, err) &&
       pb_file_make_folder(files.spool, 0700, err) && make_spool_key(&files, err) &&
       make_ca(&files, settings, &ca_key, err);
  if (ok && access(files.server, F_OK) != 0)
    ok = make_server(&files, settings, ca_key, err);
  pb_key_free(ca_key);
  clear_files(&files);
  return ok;
}

// Does server.hosts name exactly the hosts of the settings?
static bool
is_for_hosts(const struct files *files, const pb_settings_t *settings)
{
  char      **hosts = pb_setup_copy_hosts(settings);
  pb_buffer_t was   = {0};
  size_t      at    = 0;
  bool        same  = hosts != NULL && pb_file_read(files->hosts, PB_PEM_MAX, &was, NULL);

  for (size_t i = 0; same && hosts[i] != NULL; i++)
  {
    size_t size = strlen(hosts[i]);

    same = at + size < was.size && memcmp(was.data + at, hosts[i], size) == 0 &&
           was.data[at + size] == '\n';
    at += size + 1;
  }
  same = same && at == was.size;
  pb_buffer_clear(&was);
  free(hosts);
  return same;
}

static bool
is_ending(const char *path, int64_t ahead_ms)
{
  pb_buffer_t pem     = {0};
  int64_t     expires = 0;
  bool        known   = pb_file_read(path, 2 * PB_PEM_MAX + FORMER_CAS_MAX, &pem, NULL) &&
               pb_cert_get_expiry(pem.data, &expires, NULL);

  pb_buffer_clear(&pem);
  return !known || expires - pb_clock_now_ms() < ahead_ms;
}

bool
pb_setup_renew(const pb_settings_t *settings, pb_error_t *err)
{
  struct files files  = {0};
  pb_key_t    *ca_key = NULL;
  bool         ok     = true;
  bool         is_ca_ending;

  if (settings->certificate_file != NULL)
    return true;
  if (!name_files(settings, &files, err))
    return false;
  is_ca_ending = is_ending(files.ca, CA_RENEW_AHEAD_MS);
  if (is_ca_ending || !is_for_hosts(&files, settings) || is_ending(files.server, RENEW_AHEAD_MS))
    ok = make_ca(&files, settings, &ca_key, err) &&
         (!is_ca_ending || renew_ca(&files, ca_key, err)) &&
         make_server(&files, settings, ca_key, err);
  pb_key_free(ca_key);
  clear_files(&files);
  return ok;
}

bool
pb_setup_load_spool_key(const pb_settings_t *settings, uint8_t key_out[PB_SPOOL_KEY_BYTES],
                        pb_error_t *err)
{
  bool        ok   = false;
  char       *path = pb_settings_path(settings, "spool.key");
  pb_buffer_t text = {0};

  if (path == NULL)
    return pb_error_set(err, PB_RETRY, "out of memory");
  if (pb_file_read(path, 256, &text, err))
  {
    ok = pb_text_parse_hex(pb_text_trim(text.data), key_out, PB_SPOOL_KEY_BYTES);
    if (!ok)
      pb_error_set(err, PB_CONFIG, "%s: is not a key of %d hex digits", path,
                   2 * PB_SPOOL_KEY_BYTES);
  }
  pb_buffer_wipe(&text);
  free(path);
  return ok;
}

bool
pb_setup_get_fingerprint(const pb_settings_t *settings, char *fingerprint_out, size_t size,
                         pb_error_t *err)
{
  char        fingerprint[PB_FINGERPRINT_SIZE];
  pb_buffer_t pem  = {0};
  char       *path = pb_settings_path(settings, "ca.pem");
  bool        ok   = path != NULL && settings->certificate_file == NULL &&
            pb_file_read(path, PB_PEM_MAX, &pem, err) &&
            pb_cert_get_fingerprint(pem.data, fingerprint, err) &&
            pb_text_copy(fingerprint_out, size, fingerprint);

  pb_buffer_clear(&pem);
  free(path);
  return ok;
}
