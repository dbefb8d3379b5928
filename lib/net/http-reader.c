// http-reader - a strict HTTP/1.1 reader: bytes in, events out, no I/O.
// Every decision is made on whole lines or single bytes, never on how the input was cut: fed byte
// by byte it tells the same as fed at once.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "net/http-reader.h"
#include "net/http-reader-parts.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define MAX_TRAILER_BYTES (8 * 1024)
#define MAX_CHUNK_LINE 256  // digits and extensions

static void
free_head(pb_http_reader_t *reader)
{
  if (reader->head == NULL)
    return;
  pb_buffer_wipe(&reader->head->text);  // it may have carried an Authorization
  pb_buffer_wipe(&reader->head->joined);
  free(reader->head->path);
  free(reader->head->query);
  free(reader->head->authority);
  free(reader->head);
  reader->head = NULL;
}

bool
pb_http_refuse(pb_http_reader_t *reader, int status, const char *reason)
{
  reader->state  = PB_HTTP_AT_BAD;
  reader->status = status;
  reader->reason = reason;
  return false;
}

static bool
start_message(pb_http_reader_t *reader)
{
  pb_http_reader_reset(reader);
  reader->head = calloc(1, sizeof(*reader->head));
  if (reader->head == NULL)
    return pb_http_refuse(reader, 500, "out of memory");
  // The head, and behind it one line of the chunked coding at a time.
  pb_buffer_init(&reader->head->text, PB_HTTP_HEAD_MAX + MAX_TRAILER_BYTES + 16);
  pb_buffer_init(&reader->head->joined, 2 * PB_HTTP_HEAD_MAX);
  reader->state = PB_HTTP_AT_FIRST_LINE;
  return true;
}

// How many bytes from the front may stand in a line: no control character but HT.
static size_t
count_plain(const unsigned char *data, size_t size)
{
  size_t count = 0;

  while (count < size && (data[count] == '\t' || (data[count] >= 0x20 && data[count] != 0x7f)))
    count++;
  return count;
}

// The line that is being read may grow to this; larger is refused with the status and the reason.
struct line_limit
{
  size_t      size;
  int         status;
  const char *reason;
};

static struct line_limit
get_line_limit(const pb_http_reader_t *reader)
{
  size_t head_left = PB_HTTP_HEAD_MAX - reader->line_start;  // never negative: see add_to_line

  switch (reader->state)
  {
    case PB_HTTP_AT_FIRST_LINE:
      return (struct line_limit){PB_HTTP_REQUEST_LINE_MAX, 414, "the request line is too long"};
    case PB_HTTP_AT_CHUNK_SIZE:
      return (struct line_limit){MAX_CHUNK_LINE, 400, "a chunk's size line is too long"};
    case PB_HTTP_AT_CHUNK_DATA_END:
      return (struct line_limit){0, 400, "a chunk is longer than it said"};
    case PB_HTTP_AT_TRAILERS:
      return (struct line_limit){MAX_TRAILER_BYTES - reader->trailer_bytes, 431,
                                 "the trailers are too long"};
    default:
      return (struct line_limit){head_left, 431, "the headers are too long"};
  }
}

static bool
add_to_line(pb_http_reader_t *reader, const char *data, size_t size)
{
  struct line_limit limit = get_line_limit(reader);

  if (reader->head->text.size - reader->line_start + size > limit.size)
    return pb_http_refuse(reader, limit.status, limit.reason);
  if (!pb_buffer_append(&reader->head->text, data, size, /*err*/ NULL))
    return pb_http_refuse(reader, 500, "out of memory");
  return true;
}

// Reads up to and with the next CRLF.  *line_out is the line when it is whole, NULL when more input
// is needed; false after a refusal.
static bool
read_line(pb_http_reader_t *reader, const char *data, size_t size, size_t *used, char **line_out)
{
  *line_out = NULL;
  if (!reader->has_cr)
  {
    size_t plain = count_plain((const unsigned char *)data + *used, size - *used);

    if (plain > 0 && !add_to_line(reader, data + *used, plain))
      return false;
    *used += plain;
    if (*used == size)
      return true;
    if (data[*used] != '\r')
      return pb_http_refuse(reader, 400,
                            data[*used] == '\n' ? "a line ends without CR" : "a control character");
    reader->has_cr = true;
    *used += 1;
  }
  if (*used == size)
    return true;
  if (data[*used] != '\n')
    return pb_http_refuse(reader, 400, "CR without LF");
  *used += 1;
  reader->has_cr = false;
  if (reader->state == PB_HTTP_AT_FIELDS && reader->head->text.size >= PB_HTTP_HEAD_MAX)
    return pb_http_refuse(reader, 431, "the headers are too long");
  if (!pb_buffer_append(&reader->head->text, "", 1, /*err*/ NULL))
    return pb_http_refuse(reader, 500, "out of memory");
  *line_out = reader->head->text.data + reader->line_start;
  return true;
}

// The line was used and is not needed any more.
static void
drop_line(pb_http_reader_t *reader)
{
  reader->head->text.size = reader->line_start;
}

static bool
take_first_line(pb_http_reader_t *reader, char *line)
{
  // RFC 9112 s2.2: one empty line before a request is forgiven.
  if (*line == '\0' && reader->kind == PB_HTTP_REQUESTS && !reader->has_skipped)
  {
    reader->has_skipped = true;
    drop_line(reader);
    return true;
  }
  if (!pb_http_parse_first_line(reader, line))
    return false;
  reader->line_start = reader->head->text.size;
  reader->state      = PB_HTTP_AT_FIELDS;
  return true;
}

static bool
take_field(pb_http_reader_t *reader, char *line)
{
  if (*line == '\0')
  {
    if (!pb_http_finish_head(reader))
      return false;
    reader->state = PB_HTTP_AT_HEAD_END;
    return true;
  }
  if (!pb_http_parse_field(reader, line))
    return false;
  reader->line_start = reader->head->text.size;
  return true;
}

static bool
take_trailer(pb_http_reader_t *reader, char *line)
{
  char *name, *value;

  if (*line == '\0')
  {
    reader->state = PB_HTTP_AT_END;
    drop_line(reader);
    return true;
  }
  reader->trailer_bytes += reader->head->text.size - reader->line_start - 1;
  if (++reader->trailers_count > PB_HTTP_HEADERS_MAX)
    return pb_http_refuse(reader, 431, "too many trailers");
  if (!pb_http_check_field(reader, line, &name, &value))
    return false;
  drop_line(reader);
  return true;
}

static bool
take_chunk_size(pb_http_reader_t *reader, char *line)
{
  if (!pb_http_parse_chunk_size(reader, line))
    return false;
  drop_line(reader);
  reader->state = reader->body_left > 0 ? PB_HTTP_AT_CHUNK_DATA : PB_HTTP_AT_TRAILERS;
  return true;
}

static bool
take_chunk_data_end(pb_http_reader_t *reader, char *line)
{
  if (*line != '\0')
    return pb_http_refuse(reader, 400, "a chunk is longer than it said");
  drop_line(reader);
  reader->state = PB_HTTP_AT_CHUNK_SIZE;
  return true;
}

static bool
take_line(pb_http_reader_t *reader, char *line)
{
  switch (reader->state)
  {
    case PB_HTTP_AT_FIRST_LINE:
      return take_first_line(reader, line);
    case PB_HTTP_AT_FIELDS:
      return take_field(reader, line);
    case PB_HTTP_AT_CHUNK_SIZE:
      return take_chunk_size(reader, line);
    case PB_HTTP_AT_CHUNK_DATA_END:
      return take_chunk_data_end(reader, line);
    default:
      return take_trailer(reader, line);
  }
}

static bool
is_line_state(enum pb_http_state state)
{
  return state == PB_HTTP_AT_FIRST_LINE || state == PB_HTTP_AT_FIELDS ||
         state == PB_HTTP_AT_CHUNK_SIZE || state == PB_HTTP_AT_CHUNK_DATA_END ||
         state == PB_HTTP_AT_TRAILERS;
}

// From the end of the head to where the body is read.
static void
start_body(pb_http_reader_t *reader)
{
  reader->line_start = reader->head->text.size;
  if (reader->is_chunked)
    reader->state = PB_HTTP_AT_CHUNK_SIZE;
  else if (!pb_http_reader_has_body(reader))
    reader->state = PB_HTTP_AT_END;
  else if (reader->has_length)
    reader->state = PB_HTTP_AT_FIXED;
  else
    reader->state = PB_HTTP_AT_UNTIL_CLOSE;
  reader->body_left = reader->is_chunked ? 0 : reader->length;
}

// A piece of the body, at most what is left of it.
static size_t
take_body(pb_http_reader_t *reader, size_t size)
{
  if (reader->state == PB_HTTP_AT_UNTIL_CLOSE)
    return size;
  if ((int64_t)size > reader->body_left)
    size = (size_t)reader->body_left;
  reader->body_left -= (int64_t)size;
  if (reader->body_left == 0)
    reader->state = reader->state == PB_HTTP_AT_FIXED ? PB_HTTP_AT_END : PB_HTTP_AT_CHUNK_DATA_END;
  return size;
}

// Reads lines until something is to be told.
static enum pb_http_event
read_lines(pb_http_reader_t *reader, const char *data, size_t size, size_t *used)
{
  while (is_line_state(reader->state))
  {
    char *line;

    if (!read_line(reader, data, size, used, &line))
      return PB_HTTP_BAD;
    if (line == NULL)
      return PB_HTTP_NEED_MORE;
    if (!take_line(reader, line))
      return PB_HTTP_BAD;
  }
  if (reader->state == PB_HTTP_AT_HEAD_END)
  {
    start_body(reader);
    return PB_HTTP_HEAD;
  }
  return PB_HTTP_NEED_MORE;
}

pb_http_reader_t *
pb_http_reader_new(enum pb_http_kind kind)
{
  pb_http_reader_t *reader = calloc(1, sizeof(*reader));

  if (reader != NULL)
    reader->kind = kind;
  return reader;
}

void
pb_http_reader_free(pb_http_reader_t *reader)
{
  if (reader == NULL)
    return;
  free_head(reader);
  free(reader);
}

void
pb_http_reader_reset(pb_http_reader_t *reader)
{
  enum pb_http_kind kind = reader->kind;

  free_head(reader);
  *reader = (pb_http_reader_t){.kind = kind};
}

bool
pb_http_reader_is_between(const pb_http_reader_t *reader)
{
  return reader->state == PB_HTTP_AT_START;
}

enum pb_http_event
pb_http_reader_feed(pb_http_reader_t *reader, const void *data, size_t size, size_t *used_out,
                    const void **body_out, size_t *body_size_out)
{
  size_t used = 0;

  *used_out      = 0;
  *body_out      = NULL;
  *body_size_out = 0;
  if (reader->state == PB_HTTP_AT_BAD)
    return PB_HTTP_BAD;
  if (reader->state == PB_HTTP_AT_START)
  {
    if (size == 0)
      return PB_HTTP_NEED_MORE;
    if (!start_message(reader))
      return PB_HTTP_BAD;
  }

  if (is_line_state(reader->state))
  {
    enum pb_http_event event = read_lines(reader, data, size, &used);

    *used_out = used;
    if (event != PB_HTTP_NEED_MORE || is_line_state(reader->state))
      return event;
  }
  if (reader->state == PB_HTTP_AT_END)
  {
    // The head stays until the next message: who got END may still ask for it.
    *used_out     = used;
    reader->state = PB_HTTP_AT_START;
    return PB_HTTP_END;
  }
  if (used == size)
    return PB_HTTP_NEED_MORE;
  *body_out      = (const char *)data + used;
  *body_size_out = take_body(reader, size - used);
  *used_out      = used + *body_size_out;
  return PB_HTTP_BODY;
}

const char *
pb_http_reader_method(const pb_http_reader_t *reader)
{
  return reader->head != NULL && reader->kind == PB_HTTP_REQUESTS
           ? reader->head->text.data + reader->head->method
           : "";
}

const char *
pb_http_reader_path(const pb_http_reader_t *reader)
{
  return reader->head != NULL && reader->head->path != NULL ? reader->head->path : "/";
}

const char *
pb_http_reader_query(const pb_http_reader_t *reader)
{
  return reader->head != NULL ? reader->head->query : NULL;
}

const char *
pb_http_reader_header(const pb_http_reader_t *reader, const char *name)
{
  const struct pb_http_head *head = reader->head;

  for (size_t i = 0; head != NULL && i < head->fields_count; i++)
  {
    const struct pb_http_field *field = &head->fields[i];

    if (!field->is_dropped && pb_text_is_equal_nocase(head->text.data + field->name, name))
      return (field->is_joined ? head->joined.data : head->text.data) + field->value;
  }
  return NULL;
}

int
pb_http_reader_status(const pb_http_reader_t *reader)
{
  return reader->status;
}

const char *
pb_http_reader_reason(const pb_http_reader_t *reader)
{
  return reader->reason != NULL ? reader->reason : "";
}

// A response's status that never has a body (RFC 9112 s6.3).
static bool
is_bodiless(const pb_http_reader_t *reader)
{
  return reader->kind == PB_HTTP_RESPONSES &&
         (reader->status < 200 || reader->status == 204 || reader->status == 304);
}

bool
pb_http_reader_has_body(const pb_http_reader_t *reader)
{
  if (is_bodiless(reader))
    return false;
  if (reader->is_chunked)
    return true;
  if (reader->has_length)
    return reader->length > 0;
  return reader->kind == PB_HTTP_RESPONSES;
}

int64_t
pb_http_reader_body_size(const pb_http_reader_t *reader)
{
  if (!pb_http_reader_has_body(reader))
    return 0;
  return reader->is_chunked || !reader->has_length ? -1 : reader->length;
}

// Does a comma-separated header name this token?
static bool
has_token(const char *list, const char *token)
{
  size_t size = strlen(token);

  while (list != NULL && *list != '\0')
  {
    size_t piece;

    list += strspn(list, ", \t");
    piece = strcspn(list, ",");
    while (piece > 0 && (list[piece - 1] == ' ' || list[piece - 1] == '\t'))
      piece--;
    if (piece == size && strncasecmp(list, token, size) == 0)
      return true;
    list += strcspn(list, ",");
  }
  return false;
}

bool
pb_http_reader_has_token(const pb_http_reader_t *reader, const char *name, const char *token)
{
  return has_token(pb_http_reader_header(reader, name), token);
}

bool
pb_http_reader_is_http10(const pb_http_reader_t *reader)
{
  return reader->minor == 0;
}

bool
pb_http_reader_is_keep_alive(const pb_http_reader_t *reader)
{
  return reader->minor == 1 && !pb_http_reader_has_token(reader, "Connection", "close");
}

bool
pb_http_reader_wants_continue(const pb_http_reader_t *reader)
{
  return reader->minor == 1 && pb_http_reader_has_body(reader) &&
         pb_http_reader_has_token(reader, "Expect", "100-continue");
}
