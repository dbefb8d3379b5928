// alloc_test - lib/net when memory runs out.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "alloc.h"

#include "base/text.h"
#include "net/coding.h"
#include "net/digest.h"
#include "net/form.h"
#include "net/http-reader.h"
#include "net/http.h"
#include "net/json.h"
#include "net/jwt.h"
#include "net/seal.h"
#include "net/tunnel.h"
#include <unistd.h>

struct world
{
  char      folder[64], path[96];
  pb_key_t *key;
};

static bool
read_form(void *world, pb_error_t *err)
{
  static const char text[] = "a=1&b=%20two&c=3&d=4&e=5&f=6&g=7&h=8&i=9&j=10&a=again";
  pb_form_t        *form   = NULL;
  bool              ok     = pb_form_parse(text, strlen(text), &form, err);

  (void)world;
  assert_true(!ok || (pb_form_count(form) == 11 && strcmp(pb_form_get(form, "b"), " two") == 0 &&
                      pb_form_is_repeated(form, "a")));
  pb_form_free(form);
  return ok;
}

static bool
write_form(void *world, pb_error_t *err)
{
  pb_buffer_t buffer = {0};
  bool        ok;

  (void)world;
  pb_buffer_init(&buffer, 10000);
  ok = pb_form_append(&buffer, "name", "a value", err) &&
       pb_form_append(&buffer, "other", "&", err) && pb_form_escape(&buffer, "/", err);
  assert_true(!ok || strcmp(buffer.data, "name=a%20value&other=%26%2F") == 0 ||
              strcmp(buffer.data, "name=a+value&other=%26%2F") == 0);
  pb_buffer_clear(&buffer);
  return ok;
}

static bool
write_json(void *world, pb_error_t *err)
{
  json_object *object = json_object_new_object();
  bool         ok     = object && pb_json_add_text(object, "a", "text") &&
            pb_json_add_text(object, "none", NULL) && pb_json_add_int(object, "b", 7) &&
            pb_json_add_bool(object, "c", true);

  (void)world;
  (void)err;
  assert_true(!ok || strcmp(json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN),
                            "{\"a\":\"text\",\"b\":7,\"c\":true}") == 0);
  json_object_put(object);
  return ok;
}

static bool
sign_jwt(void *user, pb_error_t *err)
{
  struct world             *world  = user;
  pb_secret_t               jwt    = {0};
  struct pb_assertion       back   = {0};
  const struct pb_assertion claims = {.issuer     = "c",
                                      .subject    = "c",
                                      .audience   = "https://cloud.test",
                                      .id         = "1",
                                      .issued_ms  = 1000,
                                      .expires_ms = 2000};
  bool ok = pb_jwt_sign(world->key, &claims, &jwt, err) && pb_jwt_peek(jwt.text, &back, err) &&
            pb_jwt_verify(world->key, jwt.text, &back, err);

  assert_true(!ok || (strcmp(back.subject, "c") == 0 && back.expires_ms == 2000));
  pb_secret_clear(&jwt);
  return ok;
}

static bool
keep_key(void *user, pb_error_t *err)
{
  struct world *world = user;
  pb_key_t     *made = NULL, *loaded = NULL, *parsed = NULL;
  pb_secret_t   pem        = {0};
  char         *public_pem = NULL;
  bool          ok         = pb_key_make(&made, err) && pb_key_save(made, world->path, err) &&
            pb_key_load(world->path, &loaded, err) && pb_key_format_private(made, &pem, err) &&
            pb_key_format_public(made, &public_pem, err) &&
            pb_key_parse_pem(public_pem, &parsed, err);

  pb_key_free(made);
  pb_key_free(loaded);
  pb_key_free(parsed);
  pb_secret_clear(&pem);
  free(public_pem);
  return ok;
}

static bool
certify(void *user, pb_error_t *err)
{
  static const char *const names[] = {"localhost", "127.0.0.1"};
  struct world            *world   = user;
  char                    *csr = NULL, *ca = NULL, *server = NULL, *device = NULL, name[64];
  pb_key_t                *public_key = NULL;
  char                     fingerprint[PB_FINGERPRINT_SIZE];
  int64_t                  expiry;
  bool                     ok =
    pb_csr_make(world->key, "urn:uuid:00000000-0000-4000-8000-000000000001", &csr, err) &&
    pb_csr_parse(csr, name, &public_key, err) && pb_cert_make_ca(world->key, "CA", 1, &ca, err) &&
    pb_cert_make_server(world->key, ca, world->key, names, 2, 1, &server, err) &&
    pb_cert_make_device(world->key, ca, public_key, "urn:uuid:00000000-0000-4000-8000-000000000001",
                        24LL * 3600 * 1000, &device, err) &&
    pb_cert_get_fingerprint(device, fingerprint, err) && pb_cert_get_expiry(server, &expiry, err);

  free(csr);
  free(ca);
  free(server);
  free(device);
  pb_key_free(public_key);
  return ok;
}

static bool
seal(void *world, pb_error_t *err)
{
  const uint8_t key[PB_SEAL_KEY_SIZE] = {1};
  uint8_t       sealed[3 + PB_SEAL_OVERHEAD], plain[3];
  pb_seal_t    *seal = pb_seal_new(key);
  bool          ok   = seal && pb_seal_record(seal, 0, true, "abc", 3, sealed, err) &&
            pb_seal_open(seal, 0, true, sealed, sizeof(sealed), plain, err);

  (void)world;
  assert_true(!ok || memcmp(plain, "abc", 3) == 0);
  pb_seal_free(seal);
  return ok;
}

static bool
digest(void *world, pb_error_t *err)
{
  pb_sha256_run_t *run = pb_sha256_new();
  uint8_t          digest[PB_SHA256_SIZE];
  bool             ok = run;

  (void)world;
  (void)err;
  if (run)
  {
    pb_sha256_add(run, "abc", 3);
    pb_sha256_peek(run, digest);
  }
  pb_sha256_free(run);
  return ok;
}

// Out of memory is a BAD with 500.
static bool
read_request(void *world, pb_error_t *err)
{
  static const char  text[] = "POST /a%20b?c=d HTTP/1.1\r\nHost: cloud.test\r\nAccept: a\r\n"
                              "Accept: b\r\nX: 1\r\nY: 2\r\nTransfer-Encoding: chunked\r\n\r\n"
                              "3\r\nabc\r\n0\r\nTrailer: x\r\n\r\n";
  pb_http_reader_t  *reader = pb_http_reader_new(PB_HTTP_REQUESTS);
  enum pb_http_event event  = PB_HTTP_NEED_MORE;
  size_t             body = 0, at = 0;

  (void)world;
  if (!reader)
    return pb_error_set(err, PB_RETRY, "out of memory");
  do
  {
    size_t      used = 0, size = 0, left = strlen(text) - at;
    const void *piece = NULL;

    event = pb_http_reader_feed(reader, text + at, left < 9 ? left : 9, &used, &piece, &size);
    at += used;
    body += event == PB_HTTP_BODY ? size : 0;
    if (event == PB_HTTP_HEAD)
    {
      assert_string_equal(pb_http_reader_path(reader), "/a b");
      assert_string_equal(pb_http_reader_header(reader, "Accept"), "a, b");
    }
  } while (event != PB_HTTP_END && event != PB_HTTP_BAD && at < strlen(text));
  if (event == PB_HTTP_BAD)
  {
    assert_int_equal(pb_http_reader_status(reader), 500);
    pb_error_set(err, PB_RETRY, "%s", pb_http_reader_reason(reader));
  }
  else
    assert_true(event == PB_HTTP_END && body == 3);
  pb_http_reader_free(reader);
  return event == PB_HTTP_END;
}

static bool
open_client(void *world, pb_error_t *err)
{
  pb_http_t                 *http  = NULL;
  const struct pb_http_trust trust = {
    .ca_fingerprint = "AB:CD:EF:01:23:45:67:89:AB:CD:EF:01:23:45:67:89:AB:CD:EF:01:23:45:67:89:AB:"
                      "CD:EF:01:23:45:67:89",
    .proxy          = "http://user:password@proxy.test:3128"};
  bool ok = pb_http_new(&trust, &http, err);

  (void)world;
  pb_http_free(http);
  return ok;
}

// --- both ends of a tunnel, and what goes through

static bool
count_message(void *user, const void *message, size_t size)
{
  (void)message;
  assert_int_equal(size, 5000);
  ++*(int *)user;
  return true;
}

static bool
pump(pb_tunnel_t *from, pb_tunnel_t *to, pb_error_t *err)
{
  const void *data = NULL;
  size_t      size;

  for (size = pb_tunnel_take(from, &data); size > 0; size = pb_tunnel_take(from, &data))
  {
    if (!pb_tunnel_receive(to, data, size, 1, err))
      return false;
  }
  return true;
}

static bool
push_through_tunnel(void *world, pb_error_t *err)
{
  static const char          message[5000];
  const struct pb_tunnel_ops ops  = {.on_message = count_message};
  pb_tunnel_t               *here = NULL, *there = NULL;
  int                        seen = 0;
  bool                       ok   = pb_tunnel_new(PB_TUNNEL_SERVICE, &ops, NULL, 1, &here, err) &&
            pb_tunnel_new(PB_TUNNEL_CONNECTOR, &ops, &seen, 1, &there, err);

  (void)world;
  for (int i = 0; ok && i < 3; i++)
    ok = pb_tunnel_push(here, message, sizeof(message), err);
  for (int i = 0; ok && i < 4; i++)
    ok = pump(here, there, err) && pump(there, here, err);
  if (ok && seen < 3)  // the connector's end refused a message: 503
    ok = pb_error_set(err, PB_RETRY, "%d of 3 came", seen);
  pb_tunnel_free(here);
  pb_tunnel_free(there);
  return ok;
}

static bool
give_once(void *user, void *data, size_t room, size_t *got_out, pb_error_t *err)
{
  int *left = user;

  (void)err;
  *got_out = (*left)-- > 0 ? 1000 : 0;
  assert_true(room >= 1000);
  memset(data, 'x', *got_out);
  return true;
}

static bool
count_bytes(void *user, const void *data, size_t size, pb_error_t *err)
{
  (void)data;
  (void)err;
  *(size_t *)user += size;
  return true;
}

static bool
squeeze(void *world, pb_error_t *err)
{
  pb_encoder_t *encoder = NULL;
  pb_decoder_t *decoder = NULL;
  char          coded[4096];
  int           left = 1;
  size_t        got = 1, plain = 0;
  bool          ok =
    pb_encoder_new(PB_CODING_GZIP, &encoder, err) && pb_decoder_new(PB_CODING_GZIP, &decoder, err);

  (void)world;
  while (ok && got > 0)
    ok = pb_encoder_read(encoder, give_once, &left, coded, sizeof(coded), &got, err) &&
         pb_decoder_add(decoder, coded, got, count_bytes, &plain, err);
  ok = ok && pb_decoder_end(decoder, err);
  assert_true(!ok || plain == 1000);
  pb_encoder_free(encoder);
  pb_decoder_free(decoder);
  return ok;
}

// Nothing is worth compressing then.
static bool
measure(void *world, pb_error_t *err)
{
  static const char text[1000];
  int               saved = pb_coding_measure(text, sizeof(text));

  (void)world;
  (void)err;
  assert_true(saved == 0 || saved > 90);
  return saved > 0;
}

static const struct alloc_case cases[] = {
  {"form",         read_form,           false},
  {"form's text",  write_form,          false},
  {"json",         write_json,          true },
  {"jwt",          sign_jwt,            false},
  {"key",          keep_key,            false},
  {"certificates", certify,             false},
  {"seal",         seal,                true },
  {"digest",       digest,              true },
  {"gzip",         squeeze,             false},
  {"gzip's worth", measure,             true },
  {"http reader",  read_request,        false},
  {"http client",  open_client,         false},
  {"tunnel",       push_through_tunnel, false},
};

static void
each_allocation_may_fail(void **state)
{
  struct world world = {.folder = "/tmp/pb-alloc-XXXXXX"};
  pb_error_t   err   = {0};
  char         command[128];

  (void)state;
  assert_non_null(mkdtemp(world.folder));
  snprintf(world.path, sizeof(world.path), "%s/key.pem", world.folder);
  check_ok(pb_key_make(&world.key, &err), err);
  alloc_check(cases, sizeof(cases) / sizeof(cases[0]), &world);
  pb_key_free(world.key);
  snprintf(command, sizeof(command), "rm -r %s", world.folder);
  assert_int_equal(system(command), 0);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(each_allocation_may_fail)};

  return cmocka_run_group_tests(tests, NULL, NULL);
}
