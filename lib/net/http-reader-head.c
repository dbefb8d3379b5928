// http-reader-head - the first line and the header fields of a message.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "net/http-reader-parts.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

#define MAX_EXTENSION_BYTES (16 * 1024)  // chunk extensions of a whole message

// Fields that may stand once only: two of them are two opinions about one message.
static const char *const singletons[] = {"Host",          "Content-Length", "Transfer-Encoding",
                                         "Authorization", "Content-Type",   "Expect",
                                         "Cookie",        "Location"};

static bool
is_token_char(unsigned char c)
{
  if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'))
    return true;
  return c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL;
}

bool
pb_http_is_token(const char *text, size_t size)
{
  for (size_t i = 0; i < size; i++)
  {
    if (!is_token_char((unsigned char)text[i]))
      return false;
  }
  return size > 0;
}

static bool
is_digit(char c)
{
  return c >= '0' && c <= '9';
}

// "HTTP/1.1" or "HTTP/1.0", exactly.
static bool
parse_version(pb_http_reader_t *reader, const char *text, size_t size)
{
  if (size != 8 || memcmp(text, "HTTP/", 5) != 0 || !is_digit(text[5]) || text[6] != '.' ||
      !is_digit(text[7]))
    return pb_http_refuse(reader, 400, "no HTTP version");
  if (text[5] != '1' || text[7] > '1')
    return pb_http_refuse(reader, 505, "an HTTP version other than 1.0 and 1.1");
  reader->minor = text[7] - '0';
  return true;
}

static bool
check_method(pb_http_reader_t *reader, const char *method)
{
  if (!pb_http_is_token(method, strlen(method)))
    return pb_http_refuse(reader, 400, "the method is no token");
  if (strlen(method) > PB_HTTP_METHOD_MAX)
    return pb_http_refuse(reader, 501, "an unknown method");
  if (strcmp(method, "CONNECT") == 0 || strcmp(method, "TRACE") == 0)
    return pb_http_refuse(reader, 405, "a method for proxies");
  return true;
}

// method SP target SP version, with single spaces.
static bool
parse_request_line(pb_http_reader_t *reader, char *line)
{
  char *target  = strchr(line, ' ');
  char *version = target != NULL ? strchr(target + 1, ' ') : NULL;

  if (version == NULL)
    return pb_http_refuse(reader, 400, "no request line");
  *target++  = '\0';
  *version++ = '\0';
  if (!parse_version(reader, version, strlen(version)) || !check_method(reader, line))
    return false;
  reader->head->method = (uint32_t)(line - reader->head->text.data);
  return pb_http_parse_target(reader, target);
}

// version SP status SP [reason]
static bool
parse_status_line(pb_http_reader_t *reader, const char *line)
{
  if (!parse_version(reader, line, strcspn(line, " ")))
    return false;
  if (line[8] != ' ' || !is_digit(line[9]) || !is_digit(line[10]) || !is_digit(line[11]) ||
      (line[12] != ' ' && line[12] != '\0') || line[9] < '1' || line[9] > '5')
    return pb_http_refuse(reader, 400, "no status line");
  reader->status = (line[9] - '0') * 100 + (line[10] - '0') * 10 + (line[11] - '0');
  return true;
}

bool
pb_http_parse_first_line(pb_http_reader_t *reader, char *line)
{
  return reader->kind == PB_HTTP_REQUESTS ? parse_request_line(reader, line)
                                          : parse_status_line(reader, line);
}

// name ":" OWS value OWS; refuses obs-fold, since a fold begins with a blank and a name does not.
bool
pb_http_check_field(pb_http_reader_t *reader, char *line, char **name_out, char **value_out)
{
  char  *colon = strchr(line, ':');
  char  *value = colon != NULL ? colon + 1 : NULL;
  size_t size;

  if (*line == ' ' || *line == '\t')
    return pb_http_refuse(reader, 400, "a folded header");
  if (colon == NULL || !pb_http_is_token(line, (size_t)(colon - line)))
    return pb_http_refuse(reader, 400, "a header's name is no token");
  *colon = '\0';
  value += strspn(value, " \t");
  size = strlen(value);
  while (size > 0 && (value[size - 1] == ' ' || value[size - 1] == '\t'))
    size--;
  value[size] = '\0';
  *name_out   = line;
  *value_out  = value;
  return true;
}

bool
pb_http_parse_field(pb_http_reader_t *reader, char *line)
{
  struct pb_http_head  *head = reader->head;
  struct pb_http_field *field;
  char                 *name = NULL, *value = NULL;

  if (head->fields_count == PB_HTTP_HEADERS_MAX)
    return pb_http_refuse(reader, 431, "too many headers");
  if (!pb_http_check_field(reader, line, &name, &value))
    return false;
  field        = &head->fields[head->fields_count++];
  field->name  = (uint32_t)(name - head->text.data);
  field->value = (uint32_t)(value - head->text.data);
  return true;
}

static bool
is_singleton(const char *name)
{
  for (size_t i = 0; i < sizeof(singletons) / sizeof(singletons[0]); i++)
  {
    if (pb_text_is_equal_nocase(name, singletons[i]))
      return true;
  }
  return false;
}

// Puts the values of all fields of the same name as field `first` into that one: "a, b".
static bool
join_field(pb_http_reader_t *reader, size_t first)
{
  struct pb_http_head  *head  = reader->head;
  struct pb_http_field *field = &head->fields[first];
  uint32_t              start = (uint32_t)head->joined.size;
  bool                  ok    = true;

  for (size_t i = first + 1; ok && i < head->fields_count; i++)
  {
    struct pb_http_field *other = &head->fields[i];

    if (other->is_dropped ||
        !pb_text_is_equal_nocase(head->text.data + other->name, head->text.data + field->name))
      continue;
    if (is_singleton(head->text.data + field->name))
      return pb_http_refuse(reader, 400, "a header that may stand once only is repeated");
    if (!field->is_joined)
      ok = pb_buffer_append_text(&head->joined, head->text.data + field->value, /*err*/ NULL);
    field->is_joined  = true;
    other->is_dropped = true;
    ok                = ok && pb_buffer_append_text(&head->joined, ", ", /*err*/ NULL) &&
         pb_buffer_append_text(&head->joined, head->text.data + other->value, /*err*/ NULL);
  }
  // Each value lies there once, and `joined` has room for more than a head holds.
  if (!ok || (field->is_joined && !pb_buffer_append(&head->joined, "", 1, /*err*/ NULL)))
    return pb_http_refuse(reader, 500, "out of memory");
  if (field->is_joined)
    field->value = start;
  return true;
}

static bool
join_fields(pb_http_reader_t *reader)
{
  for (size_t i = 0; i < reader->head->fields_count; i++)
  {
    if (!reader->head->fields[i].is_dropped && !join_field(reader, i))
      return false;
  }
  return true;
}

// How long the body is: RFC 9112 s6.3, with everything refused that could be read in two ways.
static bool
parse_framing(pb_http_reader_t *reader)
{
  const char *length = pb_http_reader_header(reader, "Content-Length");
  const char *coding = pb_http_reader_header(reader, "Transfer-Encoding");

  if (length != NULL && coding != NULL)
    return pb_http_refuse(reader, 400, "Content-Length with Transfer-Encoding");
  if (coding != NULL && reader->minor == 0)
    return pb_http_refuse(reader, 400, "Transfer-Encoding in HTTP/1.0");
  if (coding != NULL && !pb_text_is_equal_nocase(coding, "chunked"))
    return pb_http_refuse(reader, 501, "a transfer coding other than chunked");
  reader->is_chunked = coding != NULL;
  if (length == NULL)
    return true;
  if (*length == '\0' || strspn(length, "0123456789") != strlen(length))
    return pb_http_refuse(reader, 400, "Content-Length is no number");
  if (!pb_text_parse_int(length, 0, INT64_MAX, &reader->length))
    return pb_http_refuse(reader, 413, "Content-Length is too large");
  reader->has_length = true;
  return true;
}

bool
pb_http_finish_head(pb_http_reader_t *reader)
{
  const char *expect;

  if (!join_fields(reader) || !parse_framing(reader))
    return false;
  if (reader->kind == PB_HTTP_RESPONSES)
    return true;
  expect = pb_http_reader_header(reader, "Expect");
  if (expect != NULL && reader->minor == 1 && !pb_text_is_equal_nocase(expect, "100-continue"))
    return pb_http_refuse(reader, 417, "an expectation other than 100-continue");
  return pb_http_check_host(reader);
}

int
pb_http_hex_digit(char c)
{
  if (c >= '0' && c <= '9')
    return c - '0';
  if (c >= 'a' && c <= 'f')
    return c - 'a' + 10;
  if (c >= 'A' && c <= 'F')
    return c - 'A' + 10;
  return -1;
}

// 1*HEXDIG [";" whatever].  15 digits are more than any document has, and cannot overflow.
bool
pb_http_parse_chunk_size(pb_http_reader_t *reader, const char *line)
{
  int64_t size   = 0;
  int     digits = 0;

  for (; pb_http_hex_digit(line[digits]) >= 0; digits++)
  {
    if (digits == 15)
      return pb_http_refuse(reader, 400, "a chunk's size is too large");
    size = size * 16 + pb_http_hex_digit(line[digits]);
  }
  if (digits == 0 || (line[digits] != '\0' && line[digits] != ';'))
    return pb_http_refuse(reader, 400, "a chunk's size is no number");
  reader->extension_bytes += strlen(line + digits);
  if (reader->extension_bytes > MAX_EXTENSION_BYTES)
    return pb_http_refuse(reader, 400, "the chunk extensions are too long");
  reader->body_left = size;
  return true;
}
