// http-reader-target - what a request asks for: the target's path and query, and the Host.
// The path is decoded once, here; who compares paths compares decoded ones.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "net/http-reader-parts.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

// '|', '{' and the like are refused by RFC 3986, but browsers send them in queries.
static bool
is_target_text(const char *target)
{
  for (const char *at = target; *at != '\0'; at++)
  {
    if (*at <= ' ' || *at > '~' || strchr("\"<>#\\", *at) != NULL)
      return false;
  }
  return true;
}

// Every "%" in the query is followed by two hex digits.
static bool
is_query_text(const char *query)
{
  for (const char *at = strchr(query, '%'); at != NULL; at = strchr(at + 1, '%'))
  {
    if (pb_http_hex_digit(at[1]) < 0 || pb_http_hex_digit(at[2]) < 0)
      return false;
  }
  return true;
}

// Decodes in place.  An encoded slash or backslash would mean something else before and after
// decoding.
static bool
decode_path(char *path)
{
  char *to = path;

  for (const char *from = path; *from != '\0'; from++)
  {
    int high, low;

    if (*from != '%')
    {
      *to++ = *from;
      continue;
    }
    high = pb_http_hex_digit(from[1]);
    low  = high >= 0 ? pb_http_hex_digit(from[2]) : -1;
    if (low < 0)
      return false;
    *to = (char)(high * 16 + low);
    if ((unsigned char)*to < 0x20 || *to == 0x7f || *to == '/' || *to == '\\')
      return false;
    to++;
    from += 2;
  }
  *to = '\0';
  return pb_text_is_utf8(path, (size_t)(to - path));
}

static bool
has_dot_segment(const char *path)
{
  while (*path == '/')
  {
    size_t size = strcspn(path + 1, "/");

    if ((size == 1 && path[1] == '.') || (size == 2 && path[1] == '.' && path[2] == '.'))
      return true;
    path += 1 + size;
  }
  return false;
}

// target is "/path?query".
static bool
parse_origin(pb_http_reader_t *reader, const char *target)
{
  struct pb_http_head *head = reader->head;
  size_t               size = strcspn(target, "?");

  head->path = size > 0 ? pb_text_dup_size(target, size) : pb_text_dup("/");
  if (target[size] == '?')
    head->query = pb_text_dup(target + size + 1);
  if (head->path == NULL || (target[size] == '?' && head->query == NULL))
    return pb_http_refuse(reader, 500, "out of memory");
  if (!decode_path(head->path))
    return pb_http_refuse(reader, 400, "the path is encoded badly");
  if (has_dot_segment(head->path))
    return pb_http_refuse(reader, 400, "the path has a dot segment");
  if (head->query != NULL && !is_query_text(head->query))
    return pb_http_refuse(reader, 400, "the query is encoded badly");
  return true;
}

bool
pb_http_parse_target(pb_http_reader_t *reader, const char *target)
{
  size_t size;

  if (strcmp(target, "*") == 0)
    return pb_http_refuse(reader, 405, "a target for the whole server");
  if (!is_target_text(target))
    return pb_http_refuse(reader, 400, "the target has characters that must be encoded");
  if (*target == '/')
    return parse_origin(reader, target);
  if (strncasecmp(target, "https://", 8) != 0)
    return pb_http_refuse(reader, 400, "the target is neither a path nor an https URL");

  // Absolute form: the same host as the Host header, which pb_http_check_host sees to.
  target += 8;
  size                    = strcspn(target, "/?");
  reader->head->authority = pb_text_dup_size(target, size);
  if (reader->head->authority == NULL)
    return pb_http_refuse(reader, 500, "out of memory");
  return parse_origin(reader, target + size);
}

// name[:port], 1.2.3.4[:port] or [v6][:port]: no user, no blanks, no lists.
static bool
is_host(const char *host)
{
  size_t size;

  if (*host == '[')
  {
    size = 1 + strspn(host + 1, "0123456789abcdefABCDEF:.");
    if (host[size] != ']' || size == 1)
      return false;
    size++;
  }
  else
  {
    size = strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~");
    if (size == 0)
      return false;
  }
  if (size > 255)
    return false;
  if (host[size] == '\0')
    return true;
  if (host[size] != ':')
    return false;
  host += size + 1;
  size = strspn(host, "0123456789");
  return size > 0 && size <= 5 && host[size] == '\0';
}

// RFC 9112 s3.2: exactly one in HTTP/1.1 (two were refused when the fields were joined).
bool
pb_http_check_host(pb_http_reader_t *reader)
{
  const char *host      = pb_http_reader_header(reader, "Host");
  const char *authority = reader->head->authority;

  if (host == NULL && reader->minor == 1)
    return pb_http_refuse(reader, 400, "no Host");
  if (host != NULL && !is_host(host))
    return pb_http_refuse(reader, 400, "Host is no host");
  if (authority != NULL && !is_host(authority))
    return pb_http_refuse(reader, 400, "the target's host is no host");
  if (authority != NULL && host != NULL && !pb_text_is_equal_nocase(authority, host))
    return pb_http_refuse(reader, 400, "the target names another host than Host");
  return true;
}
