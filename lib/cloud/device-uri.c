// device-uri - the address of a cloud printer as CUPS keeps it.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "cloud/device-uri.h"

#include "base/text.h"
#include "cloud/authority.h"
#include "cloud/protocol.h"

#include <string.h>

#define SCHEME PB_DEVICE_URI_SCHEME "://"
#define IPPS "ipps://"
#define IPPS_PORT 631
#define ID_LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"

static const struct
{
  const char      *name;
  enum pb_wait_for wait_for;
} waits[] = {
  {"printer", PB_WAIT_PRINTER},
  {"service", PB_WAIT_SERVICE},
};

bool
pb_device_uri_is_id(const char *id)
{
  size_t size = strlen(id);

  return size > 0 && size < sizeof(((struct pb_device_uri *)NULL)->id) && id[0] != '.' &&
         strspn(id, ID_LETTERS) == size;
}

static bool
copy_id(struct pb_device_uri *uri, const char *text, size_t size)
{
  if (size >= sizeof(uri->id))
    return false;
  memcpy(uri->id, text, size);
  uri->id[size] = '\0';
  return pb_device_uri_is_id(uri->id);
}

// "wait-for=printer": the only option, once.
static bool
parse_option(struct pb_device_uri *uri, const char *option, pb_error_t *err)
{
  static const char name[] = "wait-for=";

  if (!pb_text_has_prefix(option, name))
    return pb_error_set(err, PB_CONFIG, "device URI: the only option is wait-for=printer|service");
  for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++)
  {
    if (strcmp(option + sizeof(name) - 1, waits[i].name) != 0)
      continue;
    uri->wait_for = waits[i].wait_for;
    return true;
  }
  return pb_error_set(err, PB_CONFIG, "device URI: wait-for is printer or service");
}

bool
pb_device_uri_parse(const char *text, struct pb_device_uri *uri_out, pb_error_t *err)
{
  struct pb_device_uri uri   = {0};
  const char          *host  = text + sizeof(SCHEME) - 1;
  const char          *query = strchr(text, '?');
  size_t               id_size;

  *uri_out = uri;
  if (strncasecmp(text, SCHEME, sizeof(SCHEME) - 1) != 0 || strlen(text) >= PB_DEVICE_URI_SIZE)
    return pb_error_set(err, PB_CONFIG, "device URI: not of the form " SCHEME "HOST:PORT/ID");

  size_t      host_size = strcspn(host, "/?");
  const char *id        = host + host_size;
  if (!pb_authority_parse(host, host_size, PB_SERVICE_PORT, uri.host, &uri.port))
    return pb_error_set(err, PB_CONFIG, "device URI: bad host or port");
  id_size = *id == '/' ? strcspn(++id, "?") : 0;
  if (!copy_id(&uri, id, id_size))
    return pb_error_set(err, PB_CONFIG, "device URI: no printer's id behind the host");
  if (query && !parse_option(&uri, query + 1, err))
    return false;
  *uri_out = uri;
  return true;
}

// The parts may come from elsewhere than from parse.
static bool
is_good(const struct pb_device_uri *uri)
{
  char authority[PB_AUTHORITY_SIZE], host[PB_HOST_SIZE];
  int  port = 0;

  if (uri->port < 1 || !pb_device_uri_is_id(uri->id))
    return false;
  pb_authority_format(uri->host, uri->port, authority);
  return pb_authority_parse(authority, strlen(authority), 0, host, &port) && port == uri->port;
}

bool
pb_device_uri_format(const struct pb_device_uri *uri, char *dst, size_t dst_size)
{
  char authority[PB_AUTHORITY_SIZE];

  dst[0] = '\0';
  if (!is_good(uri))
    return false;
  pb_authority_format(uri->host, uri->port == PB_SERVICE_PORT ? 0 : uri->port, authority);
  return pb_text_format(dst, dst_size, SCHEME "%s/%s%s", authority, uri->id,
                        uri->wait_for == PB_WAIT_SERVICE ? "?wait-for=service" : "");
}

bool
pb_device_uri_get_printer_uri(const struct pb_device_uri *uri, char *dst, size_t dst_size)
{
  char authority[PB_AUTHORITY_SIZE];

  pb_authority_format(uri->host, uri->port, authority);
  return pb_text_format(dst, dst_size, IPPS "%s" PB_PATH_PRINT "%s", authority, uri->id);
}

bool
pb_device_uri_get_service(const struct pb_device_uri *uri, char *dst, size_t dst_size)
{
  char authority[PB_AUTHORITY_SIZE];

  pb_authority_format(uri->host, uri->port, authority);
  return pb_text_format(dst, dst_size, "https://%s", authority);
}

bool
pb_device_uri_from_printer(const char *printer_uri, struct pb_device_uri *uri_out, pb_error_t *err)
{
  struct pb_device_uri uri  = {0};
  const char          *host = printer_uri + sizeof(IPPS) - 1;

  *uri_out = uri;
  if (!pb_text_has_prefix(printer_uri, IPPS))
    return pb_error_set(err, PB_REJECT, "printer's URI: not ipps://");

  size_t      host_size = strcspn(host, "/");
  const char *path      = host + host_size;
  if (!pb_authority_parse(host, host_size, IPPS_PORT, uri.host, &uri.port))
    return pb_error_set(err, PB_REJECT, "printer's URI: bad host or port");
  if (!pb_text_has_prefix(path, PB_PATH_PRINT) ||
      !copy_id(&uri, path + sizeof(PB_PATH_PRINT) - 1, strlen(path + sizeof(PB_PATH_PRINT) - 1)))
    return pb_error_set(err, PB_REJECT, "printer's URI: its path is not " PB_PATH_PRINT "ID");
  *uri_out = uri;
  return true;
}
