// world - what the tests of identity share: a fresh database with an administrator and a user, and
// calls to endpoints.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_TESTS_IDENTITY_WORLD_H
#define PB_TESTS_IDENTITY_WORLD_H

#include "check.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "cloud/protocol.h"
#include "identity/approval.h"
#include "identity/internal.h"
#include "identity/oauth-endpoints.h"
#include "net/form.h"
#include "net/json.h"
#include "net/jwt.h"
#include <unistd.h>

#define ISSUER "https://cloud.test:8631"
#define ADMIN "admin@cloud.test"
#define USER "user@cloud.test"
#define PASSWORD "correct horse"
#define PEER "192.0.2.7"
#define UUID_1 "urn:uuid:00000000-0000-4000-8000-000000000001"
#define UUID_2 "urn:uuid:00000000-0000-4000-8000-000000000002"
#define DETAILS                                                                                    \
  "[{\"type\":\"printbridge-share\",\"output-device-uuid\":\"" UUID_1                              \
  "\",\"printer-name\":\"Laser\","                                                                 \
  "\"printer-make-and-model\":\"Acme 1\",\"printer-location\":\"Hall\",\"host\":\"ps1\"},"         \
  "{\"type\":\"printbridge-share\",\"output-device-uuid\":\"" UUID_2                               \
  "\",\"printer-name\":\"Raster\"}]"

struct world
{
  char           folder[64];
  char           path[96];
  pb_db_t       *db;
  pb_identity_t *identity;
  pb_key_t      *key;  // of the connector
  char           client_id[PB_KEY_ID_SIZE];
};

struct reply
{
  int          status;
  json_object *json;  // NULL: none
};

static inline void
world_drop_log(enum pb_log_level level, const char *line, void *user)
{
  (void)level;
  (void)line;
  (void)user;
}

static inline void
world_write_ca(struct world *w, char *key_file, char *ca_file, size_t size)
{
  pb_error_t err = {0};
  pb_key_t  *key = NULL;
  char      *pem = NULL;

  snprintf(key_file, size, "%s/ca.key", w->folder);
  snprintf(ca_file, size, "%s/ca.pem", w->folder);
  check_ok(pb_key_make(&key, &err), err);
  check_ok(pb_cert_make_ca(key, "test CA", 10, &pem, &err), err);
  check_ok(pb_key_save(key, key_file, &err), err);
  FILE *file = fopen(ca_file, "w");
  assert_non_null(file);
  fputs(pem, file);
  fclose(file);
  free(pem);
  pb_key_free(key);
}

static inline int
world_setup(void **state)
{
  struct world *w   = calloc(1, sizeof(*w));
  pb_error_t    err = {0};
  char          key_file[96], ca_file[96];

  pb_log_set_sink(world_drop_log, NULL);
  strcpy(w->folder, "/tmp/pb-identity-XXXXXX");
  assert_non_null(mkdtemp(w->folder));
  snprintf(w->path, sizeof(w->path), "%s/db", w->folder);
  world_write_ca(w, key_file, ca_file, sizeof(key_file));
  check_ok(pb_db_open(w->path, &w->db, &err), err);
  struct pb_identity_options options = {
    .issuer = ISSUER, .ca_key_file = key_file, .ca_file = ca_file};
  check_ok(pb_identity_new(w->db, &options, &w->identity, &err), err);
  check_ok(pb_identity_add_user(w->identity, ADMIN, PB_ROLE_ADMIN, PASSWORD, &err), err);
  check_ok(pb_identity_add_user(w->identity, USER, PB_ROLE_USER, PASSWORD, &err), err);
  check_ok(pb_key_make(&w->key, &err), err);
  pb_key_get_id(w->key, w->client_id);
  *state = w;
  return 0;
}

static inline int
world_teardown(void **state)
{
  static const char *const files[] = {"db", "db-wal", "db-shm", "ca.key", "ca.pem"};
  struct world            *w       = *state;

  pb_identity_free(w->identity);
  pb_db_close(w->db);
  pb_key_free(w->key);
  for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
  {
    char path[128];

    snprintf(path, sizeof(path), "%s/%s", w->folder, files[i]);
    unlink(path);
  }
  rmdir(w->folder);
  free(w);
  return 0;
}

// fields: name, value, ... NULL
static inline struct reply
world_post(struct world *w, pb_call_fn_t endpoint, ...)
{
  struct pb_call call;
  struct reply   reply = {0};
  pb_error_t     err   = {0};
  va_list        args;

  check_ok(pb_call_init(&call, "POST", "/test", NULL, PEER, 1 << 20, &err), err);
  call.type = pb_text_dup("application/x-www-form-urlencoded");
  va_start(args, endpoint);
  for (const char *name = va_arg(args, const char *); name != NULL;
       name             = va_arg(args, const char *))
  {
    const char *value = va_arg(args, const char *);

    if (value != NULL)
      check_ok(pb_form_append(&call.body, name, value, &err), err);
  }
  va_end(args);
  endpoint(w->identity, &call);
  reply.status = call.status;
  if (call.reply.size > 0)
    check_ok(pb_json_parse(call.reply.data, call.reply.size, &reply.json, &err), err);
  bool is_no_store = false;
  for (size_t i = 0; i < call.headers_count; i++)
    is_no_store |= strcmp(call.headers[i].name, "Cache-Control") == 0 &&
                   strcmp(call.headers[i].value, "no-store") == 0;
  assert_true(is_no_store);
  pb_call_clear(&call);
  return reply;
}

// The error code, and end of the reply.
static inline void
check_error(struct reply reply, const char *want)
{
  assert_non_null(reply.json);
  assert_string_equal(
    pb_json_text(reply.json, "error") != NULL ? pb_json_text(reply.json, "error") : "none", want);
  assert_true(reply.status >= 400);
  json_object_put(reply.json);
}

static inline struct reply
world_ask(struct world *w, const char *scope, const char *details)
{
  return world_post(w, pb_oauth_device_authorization, "client_id", w->client_id, "scope", scope,
                    "authorization_details", details, PB_PARAM_REQUESTER,
                    details != NULL ? ADMIN : NULL, NULL);
}

static inline struct reply
world_poll(struct world *w, const char *device_code)
{
  return world_post(w, pb_oauth_token, "grant_type", PB_GRANT_DEVICE_CODE, "device_code",
                    device_code, "client_id", w->client_id, NULL);
}

static inline struct pb_user
world_user(struct world *w, const char *email)
{
  struct pb_user user;
  pb_error_t     err = {0};

  check_ok(pb_user_find(w->identity, email, &user, &err), err);
  return user;
}

#endif
