// coding - gzip and deflate as IPP's `compression` means them (RFC 8011 s5.4.32: RFC 1952, RFC
// 1951), in streams of any length and constant memory. No I/O: bytes in, bytes out.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_NET_CODING_H
#define PB_NET_CODING_H

#include "base/error.h"
#include <stdint.h>

enum pb_coding
{
  PB_CODING_NONE,
  PB_CODING_GZIP,
  PB_CODING_DEFLATE,
  PB_CODINGS
};

const char *pb_coding_name(enum pb_coding coding);  // the keyword of compression-supported
bool        pb_coding_parse(const char *keyword, enum pb_coding *coding_out);

// What deflate would save of the block, in per cent: 0 when it does not shrink, or when there is no
// memory to see.
int pb_coding_measure(const void *data, size_t size);

// --- out of it
// A stream may grow as it likes below PB_DECODER_FREE_BYTES, and PB_DECODER_RATIO_MAX times beyond:
// no document does that, a bomb does.
#define PB_DECODER_FREE_BYTES (64LL * 1024 * 1024)
#define PB_DECODER_RATIO_MAX 200

typedef struct pb_decoder pb_decoder_t;
typedef bool (*pb_decoder_take_t)(void *user, const void *data, size_t size, pb_error_t *err);

bool pb_decoder_new(enum pb_coding coding, pb_decoder_t **decoder_out, pb_error_t *err) PB_MUST_USE;
// Hands to `take` all that can be known from the bytes so far.  PB_REJECT: damaged, or a bomb; else
// what `take` said.  After a failure it is good for free only.
bool pb_decoder_add(pb_decoder_t *decoder, const void *data, size_t size, pb_decoder_take_t take,
                    void *user, pb_error_t *err) PB_MUST_USE;
bool pb_decoder_end(const pb_decoder_t *decoder, pb_error_t *err) PB_MUST_USE;  // PB_REJECT: cut
void pb_decoder_free(pb_decoder_t *decoder);

// --- into it
typedef struct pb_encoder pb_encoder_t;
// *got_out 0 is the end; less than `room`: nothing more is there at the moment.
typedef bool (*pb_encoder_give_t)(void *user, void *data, size_t room, size_t *got_out,
                                  pb_error_t *err);

bool pb_encoder_new(enum pb_coding coding, pb_encoder_t **encoder_out, pb_error_t *err) PB_MUST_USE;
// Up to `room` (16 at least) coded bytes of what `give` gives; *got_out 0 is the end.  What came in
// a piece that is less than `give` had room for is not kept back: the other end can know it.
bool pb_encoder_read(pb_encoder_t *encoder, pb_encoder_give_t give, void *user, void *data,
                     size_t room, size_t *got_out, pb_error_t *err) PB_MUST_USE;
void pb_encoder_free(pb_encoder_t *encoder);

#endif
