// http-reader-parts - what the files of the HTTP reader share; nobody else includes it.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_NET_HTTP_READER_PARTS_H
#define PB_NET_HTTP_READER_PARTS_H

#include "base/buffer.h"
#include "net/http-reader.h"

#define PB_HTTP_REQUEST_LINE_MAX (8 * 1024)  // the first line
#define PB_HTTP_METHOD_MAX 32

enum pb_http_state
{
  PB_HTTP_AT_START,  // of a message, nothing seen
  PB_HTTP_AT_FIRST_LINE,
  PB_HTTP_AT_FIELDS,
  PB_HTTP_AT_HEAD_END,     // the head is told; choose how the body goes
  PB_HTTP_AT_FIXED,        // body of body_left bytes
  PB_HTTP_AT_UNTIL_CLOSE,  // a response without a length
  PB_HTTP_AT_CHUNK_SIZE,
  PB_HTTP_AT_CHUNK_DATA,
  PB_HTTP_AT_CHUNK_DATA_END,
  PB_HTTP_AT_TRAILERS,
  PB_HTTP_AT_END,  // END was told: the next byte starts a message
  PB_HTTP_AT_BAD
};

// Offsets instead of pointers: the text moves while it grows.
struct pb_http_field
{
  uint32_t name;
  uint32_t value;
  bool     is_joined;   // value lies in `joined`
  bool     is_dropped;  // its value went into an earlier field of the same name
};

// What is kept of a head; there is one only while a message is being read, so that an idle
// connection costs little.
struct pb_http_head
{
  pb_buffer_t          text;    // the lines, each ended by NUL
  pb_buffer_t          joined;  // values of repeated fields
  struct pb_http_field fields[PB_HTTP_HEADERS_MAX];
  size_t               fields_count;
  uint32_t             method;
  char                *path;       // malloc'd
  char                *query;      // malloc'd
  char                *authority;  // malloc'd, of an absolute target
};

struct pb_http_reader
{
  enum pb_http_kind    kind;
  enum pb_http_state   state;
  struct pb_http_head *head;
  size_t               line_start;   // in head->text
  bool                 has_cr;       // the last byte was CR
  bool                 has_skipped;  // the empty line before a request
  int                  minor;        // HTTP/1.minor
  int                  status;
  const char          *reason;
  bool                 is_chunked;
  bool                 has_length;
  int64_t              length;           // of Content-Length
  int64_t              body_left;        // of the body or the chunk
  size_t               extension_bytes;  // seen in this message
  size_t               trailer_bytes;
  size_t               trailers_count;
};

// Each returns false after pb_http_refuse.  reason is static text.
bool pb_http_refuse(pb_http_reader_t *reader, int status, const char *reason);
int  pb_http_hex_digit(char c);  // -1: none
bool pb_http_is_token(const char *text, size_t size);
bool pb_http_parse_first_line(pb_http_reader_t *reader, char *line);
bool pb_http_parse_field(pb_http_reader_t *reader, char *line);
bool pb_http_check_field(pb_http_reader_t *reader, char *line, char **name_out, char **value_out);
bool pb_http_finish_head(pb_http_reader_t *reader);
bool pb_http_parse_target(pb_http_reader_t *reader, const char *target);
bool pb_http_check_host(pb_http_reader_t *reader);
bool pb_http_parse_chunk_size(pb_http_reader_t *reader, const char *line);

#endif
