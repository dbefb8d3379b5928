// coding - gzip and deflate streams, over zlib.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "net/coding.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define PIECE_SIZE 65536
#define MEMORY_LEVEL 8
#define WINDOW_BITS 15
// More costs several times the processor for a tenth of the bytes.
#define LEVEL 1

static const struct
{
  const char *name;
  int         window_bits;  // as zlib names the container
} codings[PB_CODINGS] = {
  [PB_CODING_NONE]    = {"none",    0               },
  [PB_CODING_GZIP]    = {"gzip",    WINDOW_BITS + 16},
  [PB_CODING_DEFLATE] = {"deflate", -WINDOW_BITS    },
};

const char *
pb_coding_name(enum pb_coding coding)
{
  return codings[coding].name;
}

bool
pb_coding_parse(const char *keyword, enum pb_coding *coding_out)
{
  for (int i = 0; i < PB_CODINGS; i++)
    if (strcmp(keyword, codings[i].name) == 0)
    {
      *coding_out = (enum pb_coding)i;
      return true;
    }
  return false;
}

static voidpf
allocate(voidpf user, uInt count, uInt size)
{
  (void)user;
  return calloc(count, size);
}

static void
release(voidpf user, voidpf data)
{
  (void)user;
  free(data);
}

static bool
begin_deflate(z_stream *stream, enum pb_coding coding)
{
  *stream = (z_stream){.zalloc = allocate, .zfree = release};
  return deflateInit2(stream, LEVEL, Z_DEFLATED, codings[coding].window_bits, MEMORY_LEVEL,
                      Z_DEFAULT_STRATEGY) == Z_OK;
}

int
pb_coding_measure(const void *data, size_t size)
{
  z_stream stream;
  uint8_t  piece[4096];
  int      status = Z_OK;

  if (size == 0 || size > UINT_MAX / 128 || !begin_deflate(&stream, PB_CODING_DEFLATE))
    return 0;
  stream.next_in  = (z_const Bytef *)data;
  stream.avail_in = (uInt)size;
  while (status == Z_OK)
  {
    stream.next_out  = piece;
    stream.avail_out = sizeof(piece);
    status           = deflate(&stream, Z_FINISH);
  }
  size_t coded = stream.total_out;
  (void)deflateEnd(&stream);
  return status == Z_STREAM_END && coded < size ? (int)((size - coded) * 100 / size) : 0;
}

// --- out of it

struct pb_decoder
{
  z_stream       stream;
  enum pb_coding coding;
  int64_t        coded, plain;
  bool           is_over;  // at the end of a member
  uint8_t        piece[PIECE_SIZE];
};

bool
pb_decoder_new(enum pb_coding coding, pb_decoder_t **decoder_out, pb_error_t *err)
{
  pb_decoder_t *decoder = malloc(sizeof(*decoder));

  *decoder_out = NULL;
  if (decoder == NULL)
    return pb_error_set(err, PB_RETRY, "out of memory");
  decoder->coding = coding;
  decoder->coded = decoder->plain = 0;
  decoder->is_over                = false;
  decoder->stream                 = (z_stream){.zalloc = allocate, .zfree = release};
  if (inflateInit2(&decoder->stream, codings[coding].window_bits) != Z_OK)
  {
    free(decoder);
    return pb_error_set(err, PB_RETRY, "out of memory");
  }
  *decoder_out = decoder;
  return true;
}

void
pb_decoder_free(pb_decoder_t *decoder)
{
  if (decoder == NULL)
    return;
  (void)inflateEnd(&decoder->stream);
  free(decoder);
}

static bool
check_growth(const pb_decoder_t *decoder, pb_error_t *err)
{
  return decoder->plain <= PB_DECODER_FREE_BYTES ||
         decoder->plain / PB_DECODER_RATIO_MAX <= decoder->coded ||
         pb_error_set(err, PB_REJECT, "compressed more than %d times: that is no document",
                      PB_DECODER_RATIO_MAX);
}

// A gzip file may have several members (RFC 1952 s2.2).
static bool
begin_member(pb_decoder_t *decoder, pb_error_t *err)
{
  if (!decoder->is_over)
    return true;
  decoder->is_over = false;
  return (decoder->coding == PB_CODING_GZIP && inflateReset(&decoder->stream) == Z_OK) ||
         pb_error_set(err, PB_REJECT, "data behind the end of the compressed document");
}

// One piece out of what is there.
static bool
decode_piece(pb_decoder_t *decoder, pb_decoder_take_t take, void *user, pb_error_t *err)
{
  z_stream *stream = &decoder->stream;
  uInt      before = stream->avail_in;
  int       status;
  size_t    size;

  stream->next_out  = decoder->piece;
  stream->avail_out = PIECE_SIZE;
  status            = inflate(stream, Z_SYNC_FLUSH);
  size              = PIECE_SIZE - stream->avail_out;
  decoder->is_over  = status == Z_STREAM_END;
  decoder->coded += before - stream->avail_in;
  decoder->plain += (int64_t)size;
  if (status == Z_MEM_ERROR)
    return pb_error_set(err, PB_RETRY, "out of memory");
  if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR)
    return pb_error_set(err, PB_REJECT, "the compressed document is damaged");
  return check_growth(decoder, err) && (size == 0 || take(user, decoder->piece, size, err));
}

bool
pb_decoder_add(pb_decoder_t *decoder, const void *data, size_t size, pb_decoder_take_t take,
               void *user, pb_error_t *err)
{
  z_stream *stream = &decoder->stream;

  while (size > 0)
  {
    uInt part = size > PIECE_SIZE ? PIECE_SIZE : (uInt)size;

    stream->next_in  = (z_const Bytef *)data;
    stream->avail_in = part;
    // A full piece may have left more inside.
    do
    {
      if (stream->avail_in > 0 && !begin_member(decoder, err))
        return false;
      if (!decode_piece(decoder, take, user, err))
        return false;
    } while (stream->avail_in > 0 || (stream->avail_out == 0 && !decoder->is_over));
    data = (const uint8_t *)data + part;
    size -= part;
  }
  return true;
}

bool
pb_decoder_end(const pb_decoder_t *decoder, pb_error_t *err)
{
  return decoder->is_over ||
         pb_error_set(err, PB_REJECT, "the compressed document does not come to its end");
}

// --- into it

// More than a pipe holds: what fills it was not all that there will be.
#define GIVEN_SIZE (2 * PIECE_SIZE)

struct pb_encoder
{
  z_stream stream;
  int      flush;       // of what was given last
  bool     is_pending;  // not all of it has come out
  bool     is_over;
  uint8_t  given[GIVEN_SIZE];
};

bool
pb_encoder_new(enum pb_coding coding, pb_encoder_t **encoder_out, pb_error_t *err)
{
  pb_encoder_t *encoder = malloc(sizeof(*encoder));

  *encoder_out = NULL;
  if (encoder == NULL)
    return pb_error_set(err, PB_RETRY, "out of memory");
  encoder->is_pending = encoder->is_over = false;
  if (!begin_deflate(&encoder->stream, coding))
  {
    free(encoder);
    return pb_error_set(err, PB_RETRY, "out of memory");
  }
  *encoder_out = encoder;
  return true;
}

void
pb_encoder_free(pb_encoder_t *encoder)
{
  if (encoder == NULL)
    return;
  (void)deflateEnd(&encoder->stream);
  free(encoder);
}

static bool
fill(pb_encoder_t *encoder, pb_encoder_give_t give, void *user, pb_error_t *err)
{
  size_t got = 0;

  if (!give(user, encoder->given, GIVEN_SIZE, &got, err))
    return false;
  encoder->stream.next_in  = encoder->given;
  encoder->stream.avail_in = (uInt)got;
  encoder->flush           = Z_NO_FLUSH;
  if (got < GIVEN_SIZE)
    encoder->flush = got == 0 ? Z_FINISH : Z_SYNC_FLUSH;
  return true;
}

// Z_BUF_ERROR: there was nothing more to come out.
static bool
encode(pb_encoder_t *encoder, pb_error_t *err)
{
  z_stream *stream = &encoder->stream;
  int       status = deflate(stream, encoder->flush);

  encoder->is_over    = status == Z_STREAM_END;
  encoder->is_pending = status == Z_OK && (stream->avail_out == 0 || stream->avail_in > 0);
  return status == Z_OK || status == Z_STREAM_END || status == Z_BUF_ERROR ||
         pb_error_set(err, PB_BUG, "deflate fails with %d", status);
}

bool
pb_encoder_read(pb_encoder_t *encoder, pb_encoder_give_t give, void *user, void *data, size_t room,
                size_t *got_out, pb_error_t *err)
{
  z_stream *stream = &encoder->stream;
  uInt      size   = room > PIECE_SIZE ? PIECE_SIZE : (uInt)room;

  *got_out          = 0;
  stream->next_out  = data;
  stream->avail_out = size;
  while (stream->avail_out == size && !encoder->is_over)
  {
    if (!encoder->is_pending && !fill(encoder, give, user, err))
      return false;
    if (!encode(encoder, err))
      return false;
  }
  *got_out = size - stream->avail_out;
  return true;
}
