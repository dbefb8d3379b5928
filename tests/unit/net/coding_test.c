// coding_test - gzip and deflate: round trips in pieces of any size, others' streams, damage,
// bombs.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "check.h"

#include "base/buffer.h"
#include "net/coding.h"

#define TEXT_SIZE 300000

struct given
{
  const uint8_t *data;
  size_t         size, at;
  size_t         piece;  // at most so much at a time
};

static bool
give(void *user, void *data, size_t room, size_t *got_out, pb_error_t *err)
{
  struct given *given = user;
  size_t        left  = given->size - given->at;

  (void)err;
  *got_out = left < given->piece ? left : given->piece;
  if (*got_out > room)
    *got_out = room;
  memcpy(data, given->data + given->at, *got_out);
  given->at += *got_out;
  return true;
}

static bool
take(void *user, const void *data, size_t size, pb_error_t *err)
{
  return pb_buffer_append(user, data, size, err);
}

// Compressible, and not the same everywhere.
static uint8_t *
make_text(void)
{
  uint8_t *text = malloc(TEXT_SIZE);
  uint32_t seed = 1;

  for (size_t i = 0; i < TEXT_SIZE; i++)
  {
    seed    = seed * 1664525 + 1013904223;
    text[i] = (uint8_t)('a' + (seed >> 28));
  }
  return text;
}

static void
encode(enum pb_coding coding, const void *data, size_t size, size_t piece, size_t room,
       pb_buffer_t *coded)
{
  struct given  given   = {data, size, 0, piece};
  pb_encoder_t *encoder = NULL;
  uint8_t       out[70000];
  size_t        got = 1;
  pb_error_t    err = {0};

  check_ok(pb_encoder_new(coding, &encoder, &err), err);
  while (got > 0)
  {
    check_ok(pb_encoder_read(encoder, give, &given, out, room, &got, &err), err);
    check_ok(pb_buffer_append(coded, out, got, &err), err);
  }
  pb_encoder_free(encoder);
}

static bool
decode(enum pb_coding coding, const void *data, size_t size, size_t piece, pb_buffer_t *plain,
       pb_error_t *err)
{
  pb_decoder_t *decoder = NULL;
  bool          ok      = true;

  check_ok(pb_decoder_new(coding, &decoder, err), *err);
  for (size_t at = 0; ok && at < size; at += piece)
    ok = pb_decoder_add(decoder, (const uint8_t *)data + at, size - at < piece ? size - at : piece,
                        take, plain, err);
  ok = ok && pb_decoder_end(decoder, err);
  pb_decoder_free(decoder);
  return ok;
}

static void
test_round_trips(void **state)
{
  static const struct
  {
    const char *name;
    size_t      size, given, room, piece;
  } rows[] = {
    {"nothing",          0,         65536,   65536, 65536  },
    {"a byte",           1,         65536,   65536, 65536  },
    {"a byte at a time", 3000,      1,       16,    1      },
    {"little room",      TEXT_SIZE, 200000,  16,    5      },
    {"a pipe's pieces",  TEXT_SIZE, 4096,    16384, 1460   },
    {"all at once",      TEXT_SIZE, 1 << 20, 70000, 1 << 20},
  };
  uint8_t *text = make_text();

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
    for (enum pb_coding coding = PB_CODING_GZIP; coding < PB_CODINGS; coding++)
    {
      pb_buffer_t coded, plain;
      pb_error_t  err = {0};

      pb_buffer_init(&coded, 2 * TEXT_SIZE);
      pb_buffer_init(&plain, 2 * TEXT_SIZE);
      encode(coding, text, rows[i].size, rows[i].given, rows[i].room, &coded);
      if (!decode(coding, coded.data, coded.size, rows[i].piece, &plain, &err))
        fail_msg("%s, %s: %s", rows[i].name, pb_coding_name(coding), err.message);
      if (plain.size != rows[i].size ||
          (plain.size > 0 && memcmp(plain.data, text, plain.size) != 0))
        fail_msg("%s, %s: %zu of %zu bytes", rows[i].name, pb_coding_name(coding), plain.size,
                 rows[i].size);
      pb_buffer_clear(&coded);
      pb_buffer_clear(&plain);
    }
  free(text);
}

// What has come so far can be known at the other end: nothing waits for the next piece.
static void
test_flushed(void **state)
{
  static const char text[]  = "%!PS-Adobe-3.0\n";
  struct given      given   = {(const uint8_t *)text, strlen(text), 0, strlen(text)};
  pb_encoder_t     *encoder = NULL;
  pb_decoder_t     *decoder = NULL;
  pb_buffer_t       plain;
  uint8_t           out[1000];
  size_t            got = 0;
  pb_error_t        err = {0};

  (void)state;
  pb_buffer_init(&plain, 1000);
  check_ok(pb_encoder_new(PB_CODING_GZIP, &encoder, &err), err);
  check_ok(pb_decoder_new(PB_CODING_GZIP, &decoder, &err), err);
  while (plain.size < strlen(text))
  {
    check_ok(pb_encoder_read(encoder, give, &given, out, sizeof(out), &got, &err), err);
    assert_int_not_equal(got, 0);
    check_ok(pb_decoder_add(decoder, out, got, take, &plain, &err), err);
    assert_int_equal(given.at, given.size);
  }
  assert_memory_equal(plain.data, text, strlen(text));
  assert_false(pb_decoder_end(decoder, &err));
  pb_encoder_free(encoder);
  pb_decoder_free(decoder);
  pb_buffer_clear(&plain);
}

// printf 'Hello, paper\n' | gzip -n
#define HELLO                                                                                      \
  "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xf3\x48\xcd\xc9\xc9\xd7\x51\x28\x48\x2c\x48\x2d\xe2"   \
  "\x02\x00"
#define HELLO_END "\xac\xf7\x2f\x5c\x0d\x00\x00\x00"

#define ROW(text) text, sizeof(text) - 1

static void
test_others(void **state)
{
  // clang-format off
  static const struct
  {
    const char    *name;
    enum pb_coding coding;
    const char    *data;
    size_t         size;
    const char    *want;  // NULL: refused
  } rows[] = {
    {"gzip",                PB_CODING_GZIP,    ROW(HELLO HELLO_END),                  "Hello, paper\n"              },
    {"two members",         PB_CODING_GZIP,    ROW(HELLO HELLO_END HELLO HELLO_END),  "Hello, paper\nHello, paper\n"},
    {"deflate",             PB_CODING_DEFLATE, HELLO + 10, sizeof(HELLO) - 11,        "Hello, paper\n"              },
    {"a wrong sum",         PB_CODING_GZIP,    ROW(HELLO "\xac\xf7\x2f\x5d\x0d\x00\x00\x00"), NULL                  },
    {"no end",              PB_CODING_GZIP,    ROW(HELLO),                            NULL                          },
    {"half an end",         PB_CODING_GZIP,    ROW(HELLO "\xac\xf7"),                 NULL                          },
    {"half of another",     PB_CODING_GZIP,    ROW(HELLO HELLO_END "\x1f\x8b"),       NULL                          },
    {"rubbish behind it",   PB_CODING_GZIP,    ROW(HELLO HELLO_END "\n\n\n"),         NULL                          },
    {"not at all",          PB_CODING_GZIP,    ROW("%PDF-1.7 and so on and so on"),   NULL                          },
    {"nothing",             PB_CODING_GZIP,    ROW(""),                               NULL                          },
    {"gzip as deflate",     PB_CODING_DEFLATE, ROW(HELLO HELLO_END),                  NULL                          },
    {"behind the deflate",  PB_CODING_DEFLATE, HELLO "x" + 10, sizeof(HELLO "x") - 11, NULL                         },
  };
  // clang-format on

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
    for (size_t piece = 1; piece <= rows[i].size + 1; piece += rows[i].size)
    {
      pb_buffer_t plain;
      pb_error_t  err = {0};
      bool        ok;

      pb_buffer_init(&plain, 1000);
      ok = decode(rows[i].coding, rows[i].data, rows[i].size, piece, &plain, &err);
      if (ok != (rows[i].want != NULL))
        fail_msg("%s: %s", rows[i].name, ok ? "taken" : err.message);
      if (ok)
        assert_string_equal(plain.data, rows[i].want);
      else
        assert_int_equal(err.kind, PB_REJECT);
      pb_buffer_clear(&plain);
      if (rows[i].size == 0)
        break;
    }
}

// --- growth

static bool
give_zeros(void *user, void *data, size_t room, size_t *got_out, pb_error_t *err)
{
  int64_t *left = user;

  (void)err;
  *got_out = (int64_t)room < *left ? room : (size_t)*left;
  memset(data, 0, *got_out);
  *left -= (int64_t)*got_out;
  return true;
}

static bool
count(void *user, const void *data, size_t size, pb_error_t *err)
{
  int64_t *plain = user;

  (void)data;
  (void)err;
  *plain += (int64_t)size;
  return true;
}

static bool
inflate_zeros(int64_t size, int64_t *plain_out, pb_error_t *err)
{
  pb_encoder_t *encoder = NULL;
  pb_decoder_t *decoder = NULL;
  uint8_t       out[65536];
  size_t        got = 1;
  bool          ok  = true;

  *plain_out = 0;
  check_ok(pb_encoder_new(PB_CODING_GZIP, &encoder, err), *err);
  check_ok(pb_decoder_new(PB_CODING_GZIP, &decoder, err), *err);
  while (ok && got > 0)
  {
    check_ok(pb_encoder_read(encoder, give_zeros, &size, out, sizeof(out), &got, err), *err);
    ok = got == 0 || pb_decoder_add(decoder, out, got, count, plain_out, err);
  }
  pb_encoder_free(encoder);
  pb_decoder_free(decoder);
  return ok;
}

static void
test_bombs(void **state)
{
  pb_error_t err   = {0};
  int64_t    plain = 0;

  (void)state;
  check_ok(inflate_zeros(PB_DECODER_FREE_BYTES, &plain, &err), err);
  assert_int_equal(plain, PB_DECODER_FREE_BYTES);
  // It is stopped where it is seen, not at its end.
  assert_false(inflate_zeros(PB_DECODER_FREE_BYTES * 4, &plain, &err));
  assert_int_equal(err.kind, PB_REJECT);
  assert_true(plain <= PB_DECODER_FREE_BYTES + 65536);
}

static bool
refuse(void *user, const void *data, size_t size, pb_error_t *err)
{
  (void)user;
  (void)data;
  (void)size;
  return pb_error_set(err, PB_RETRY, "no room");
}

static void
test_takers_error(void **state)
{
  pb_decoder_t *decoder = NULL;
  pb_error_t    err     = {0};

  (void)state;
  check_ok(pb_decoder_new(PB_CODING_GZIP, &decoder, &err), err);
  assert_false(pb_decoder_add(decoder, ROW(HELLO), refuse, NULL, &err));
  assert_string_equal(err.message, "no room");
  pb_decoder_free(decoder);
}

static void
test_measure(void **state)
{
  uint8_t  noise[5000];
  uint8_t *text = make_text();
  uint64_t seed = 88172645463325252ULL;

  (void)state;
  for (size_t i = 0; i < sizeof(noise); i++)
  {
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    noise[i] = (uint8_t)seed;
  }
  assert_int_equal(pb_coding_measure(noise, sizeof(noise)), 0);
  assert_int_equal(pb_coding_measure("", 0), 0);
  assert_in_range(pb_coding_measure(text, TEXT_SIZE), 30, 60);
  memset(text, 0, TEXT_SIZE);
  assert_in_range(pb_coding_measure(text, TEXT_SIZE), 98, 99);
  free(text);
}

static void
test_names(void **state)
{
  enum pb_coding coding = PB_CODINGS;

  (void)state;
  for (enum pb_coding each = PB_CODING_NONE; each < PB_CODINGS; each++)
    assert_true(pb_coding_parse(pb_coding_name(each), &coding) && coding == each);
  assert_false(pb_coding_parse("compress", &coding));
  assert_false(pb_coding_parse("", &coding));
  assert_false(pb_coding_parse("GZIP", &coding));
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_round_trips),  cmocka_unit_test(test_flushed),
    cmocka_unit_test(test_others),       cmocka_unit_test(test_bombs),
    cmocka_unit_test(test_takers_error), cmocka_unit_test(test_measure),
    cmocka_unit_test(test_names),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
