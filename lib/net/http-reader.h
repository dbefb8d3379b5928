// http-reader - a strict HTTP/1.1 reader (RFC 9112): bytes in, events out, no I/O.
// It refuses what the RFC lets it refuse: Content-Length with Transfer-Encoding, differing or
// repeated lengths, bare LF, obs-fold, space before a colon, missing or double Host, NUL and other
// control bytes, unknown transfer codings.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_NET_HTTP_READER_H
#define PB_NET_HTTP_READER_H

#include "base/error.h"
#include <stdint.h>

#define PB_HTTP_HEAD_MAX (32 * 1024)  // request line and headers together
#define PB_HTTP_HEADERS_MAX 100

enum pb_http_event
{
  PB_HTTP_NEED_MORE,  // all input was used; feed again
  PB_HTTP_HEAD,       // the head is complete: ask for method, target, headers
  PB_HTTP_BODY,       // a piece of the body: *data_out, *size_out, pointing into the input
  PB_HTTP_END,        // the message is complete; the next call starts the next message
  PB_HTTP_BAD  // refused: status says with what (400, 405, 413, 414, 417, 431, 500, 501, 505); feed
               // no more
};

enum pb_http_kind
{
  PB_HTTP_REQUESTS,
  PB_HTTP_RESPONSES
};

typedef struct pb_http_reader pb_http_reader_t;

pb_http_reader_t *pb_http_reader_new(enum pb_http_kind kind);  // NULL: out of memory
void              pb_http_reader_free(pb_http_reader_t *reader);

// Looks at data[0..size), says how much it used.  Call again with the rest until NEED_MORE or BAD.
enum pb_http_event pb_http_reader_feed(pb_http_reader_t *reader, const void *data, size_t size,
                                       size_t *used_out, const void **body_out,
                                       size_t *body_size_out);

// Forget the message and its memory; what is fed next starts a message.  After END only (or to give
// up).
void pb_http_reader_reset(pb_http_reader_t *reader);
// True when no byte of a message has been seen since the last one ended.
bool pb_http_reader_is_between(const pb_http_reader_t *reader);

// After HEAD, until something is fed after END.  Borrowed.
const char *pb_http_reader_method(const pb_http_reader_t *reader);
const char *
pb_http_reader_path(const pb_http_reader_t *reader);  // decoded, begins with '/', no "..", no NUL
const char *pb_http_reader_query(const pb_http_reader_t *reader);  // raw, without '?'; NULL: none
const char *pb_http_reader_header(const pb_http_reader_t *reader,
                                  const char             *name);                // NULL: absent; list values
                                                                    // of one name joined by ", "
int         pb_http_reader_status(const pb_http_reader_t *reader);  // of a response, or why BAD
const char *pb_http_reader_reason(const pb_http_reader_t *reader);  // why BAD, one line
bool        pb_http_reader_has_body(const pb_http_reader_t *reader);
int64_t     pb_http_reader_body_size(
      const pb_http_reader_t *reader);  // -1: chunked (or, in a response, until close)
bool pb_http_reader_has_token(const pb_http_reader_t *reader, const char *name,
                              const char *token);  // "Connection", "upgrade"
bool pb_http_reader_is_http10(const pb_http_reader_t *reader);
bool pb_http_reader_is_keep_alive(const pb_http_reader_t *reader);
bool pb_http_reader_wants_continue(const pb_http_reader_t *reader);  // Expect: 100-continue

#endif
