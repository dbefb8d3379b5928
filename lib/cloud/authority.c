// authority - HOST[:PORT] of an address.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "cloud/authority.h"

#include "base/text.h"

#include <string.h>

#define PORT_MAX 65535
#define NAME_LETTERS "abcdefghijklmnopqrstuvwxyz0123456789.-_"
#define IPV6_LETTERS "abcdef0123456789:."

static bool
copy_lower(char dst[PB_HOST_SIZE], const char *src, size_t size)
{
  if (size == 0 || size >= PB_HOST_SIZE)
    return false;
  for (size_t i = 0; i < size; i++)
    dst[i] = (char)(src[i] >= 'A' && src[i] <= 'Z' ? src[i] - 'A' + 'a' : src[i]);
  dst[size] = '\0';
  return true;
}

// A name that begins with '.' or '-' would be no host, and a bad file name.
static bool
is_host(const char *host, size_t size, bool is_ipv6)
{
  if (host[0] == '.' || host[0] == '-')
    return false;
  return strspn(host, is_ipv6 ? IPV6_LETTERS : NAME_LETTERS) == size;
}

static bool
parse_port(const char *text, size_t size, int *port_out)
{
  char    digits[8] = "";
  int64_t port      = 0;

  if (size == 0 || size >= sizeof(digits))
    return false;
  memcpy(digits, text, size);
  if (strspn(digits, "0123456789") != size || !pb_text_parse_int(digits, 1, PORT_MAX, &port))
    return false;
  *port_out = (int)port;
  return true;
}

bool
pb_authority_parse(const char *text, size_t size, int default_port, char host_out[PB_HOST_SIZE],
                   int *port_out)
{
  bool        is_ipv6 = size > 0 && text[0] == '[';
  const char *host    = is_ipv6 ? text + 1 : text;
  const char *end     = size > 0 ? memchr(text, is_ipv6 ? ']' : ':', size) : NULL;  // of the host
  const char *rest;

  host_out[0] = '\0';
  if (is_ipv6 && !end)
    return false;
  if (!end)
    end = text + size;
  rest      = is_ipv6 ? end + 1 : end;
  *port_out = default_port;
  if (!copy_lower(host_out, host, (size_t)(end - host)) ||
      !is_host(host_out, (size_t)(end - host), is_ipv6))
    return false;
  if (rest == text + size)
    return true;
  return *rest == ':' && parse_port(rest + 1, size - (size_t)(rest + 1 - text), port_out);
}

void
pb_authority_format(const char *host, int port, char dst[PB_AUTHORITY_SIZE])
{
  bool is_ipv6   = strchr(host, ':') != NULL;
  char ending[8] = "";

  if (port > 0)
    pb_text_format(ending, sizeof(ending), ":%d", port);
  pb_text_format(dst, PB_AUTHORITY_SIZE, "%s%s%s%s", is_ipv6 ? "[" : "", host, is_ipv6 ? "]" : "",
                 ending);
}
