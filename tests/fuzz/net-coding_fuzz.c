// net-coding_fuzz - compressed documents of a hostile client, in pieces of any size; and whatever
// we compress ourselves comes out again as it was.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "net/coding.h"

#include <stdlib.h>
#include <string.h>

#define PLAIN_MAX (1024 * 1024)  // more of a bomb is not looked at

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct sum
{
  int64_t  size;
  uint32_t hash;
};

struct given
{
  const uint8_t *data;
  size_t         left, piece;
};

static void
must(bool holds)
{
  if (!holds)
    abort();
}

static bool
take(void *user, const void *data, size_t size, pb_error_t *err)
{
  struct sum *sum = user;

  must(size > 0);
  for (size_t i = 0; i < size; i++)
    sum->hash = (sum->hash ^ ((const uint8_t *)data)[i]) * 16777619;
  sum->size += (int64_t)size;
  return sum->size < PLAIN_MAX || pb_error_set(err, PB_REJECT, "enough");
}

static bool
give(void *user, void *data, size_t room, size_t *got_out, pb_error_t *err)
{
  struct given *given = user;

  (void)err;
  *got_out = given->left < given->piece ? given->left : given->piece;
  must(*got_out <= room);
  if (*got_out > 0)
    memcpy(data, given->data, *got_out);
  given->data += *got_out;
  given->left -= *got_out;
  return true;
}

// The same, however it is cut into pieces.
static bool
decode(enum pb_coding coding, const uint8_t *data, size_t size, size_t piece, struct sum *sum)
{
  pb_decoder_t *decoder = NULL;
  pb_error_t    err     = {0};
  bool          ok      = true;

  *sum = (struct sum){0};
  must(pb_decoder_new(coding, &decoder, &err));
  for (size_t at = 0; ok && at < size; at += piece)
    ok = pb_decoder_add(decoder, data + at, size - at < piece ? size - at : piece, take, sum, &err);
  ok = ok && pb_decoder_end(decoder, &err);
  must(ok || (err.kind == PB_REJECT && err.message[0] != '\0'));
  pb_decoder_free(decoder);
  return ok;
}

static void
round_trip(enum pb_coding coding, const uint8_t *data, size_t size, size_t piece)
{
  struct given  given = {data, size, piece};
  struct sum    sum = {0}, want = {0};
  pb_encoder_t *encoder = NULL;
  pb_decoder_t *decoder = NULL;
  uint8_t       coded[64];
  size_t        got = 1;
  pb_error_t    err = {0};

  must(size == 0 || take(&want, data, size, &err));
  must(pb_encoder_new(coding, &encoder, &err) && pb_decoder_new(coding, &decoder, &err));
  while (got > 0)
  {
    must(pb_encoder_read(encoder, give, &given, coded, sizeof(coded), &got, &err));
    must(pb_decoder_add(decoder, coded, got, take, &sum, &err));
    // What came in a piece of its own has come out.
    must(got == sizeof(coded) || sum.size == (int64_t)(size - given.left));
  }
  must(pb_decoder_end(decoder, &err) && sum.size == want.size && sum.hash == want.hash);
  pb_encoder_free(encoder);
  pb_decoder_free(decoder);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  size_t piece = size > 0 ? (size_t)data[0] % 97 + 1 : 1;

  if (size > PLAIN_MAX / 2)
    return 0;
  for (enum pb_coding coding = PB_CODING_GZIP; coding < PB_CODINGS; coding++)
  {
    struct sum whole, pieces;
    bool       ok = decode(coding, data, size, size + 1, &whole);

    must(decode(coding, data, size, piece, &pieces) == ok);
    must(!ok || (whole.size == pieces.size && whole.hash == pieces.hash));
    round_trip(coding, data, size, piece);
  }
  return 0;
}
