// validate - is a message a proper IPP request, and whom is it for?
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "print/validate.h"

#include <string.h>

#include "base/text.h"
#include "cloud/protocol.h"

static const struct version
{
  int major, minor;
} versions[] = {
  {1, 1},
  {2, 0},
  {2, 1},
  {2, 2},
};

static bool
is_version(ipp_t *request)
{
  int minor = 0;
  int major = ippGetVersion(request, &minor);

  for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++)
  {
    if (versions[i].major == major && versions[i].minor == minor)
      return true;
  }
  return false;
}

// Operation attributes first, and no group after one that belongs behind it.
static bool
has_groups_in_order(ipp_t *request)
{
  ipp_tag_t last = IPP_TAG_OPERATION;

  for (ipp_attribute_t *at = ippFirstAttribute(request); at; at = ippNextAttribute(request))
  {
    ipp_tag_t group = ippGetGroupTag(at);

    if (group == IPP_TAG_ZERO)
      continue;  // between two groups of the same kind
    if (group < last)
      return false;
    last = group;
  }
  return true;
}

static bool
is_syntax(ipp_tag_t syntax)
{
  static const ipp_tag_t known[] = {
    IPP_TAG_INTEGER,  IPP_TAG_BOOLEAN,    IPP_TAG_ENUM,      IPP_TAG_STRING,
    IPP_TAG_DATE,     IPP_TAG_RESOLUTION, IPP_TAG_RANGE,     IPP_TAG_BEGIN_COLLECTION,
    IPP_TAG_TEXTLANG, IPP_TAG_NAMELANG,   IPP_TAG_TEXT,      IPP_TAG_NAME,
    IPP_TAG_KEYWORD,  IPP_TAG_URI,        IPP_TAG_URISCHEME, IPP_TAG_CHARSET,
    IPP_TAG_LANGUAGE, IPP_TAG_MIMETYPE};

  if (syntax >= IPP_TAG_UNSUPPORTED_VALUE && (int)syntax <= 0x1f)
    return true;  // out of band
  for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
  {
    if (known[i] == syntax)
      return true;
  }
  return false;
}

// Only syntaxes that exist (RFC 8010 s3.5.2).  libcups keeps values of others as bytes of its own:
// nobody who copies or compares values expects such.
static bool
has_known_syntaxes(ipp_t *message, int depth)
{
  if (depth > PB_IPP_DEPTH_MAX)
    return false;
  for (ipp_attribute_t *at = ippFirstAttribute(message); at; at = ippNextAttribute(message))
  {
    ipp_tag_t syntax = ippGetValueTag(at);

    if (!ippGetName(at))
      continue;  // between two groups
    if (!is_syntax(syntax))
      return false;
    for (int i = 0; syntax == IPP_TAG_BEGIN_COLLECTION && i < ippGetCount(at); i++)
    {
      if (!has_known_syntaxes(ippGetCollection(at, i), depth + 1))
        return false;
    }
  }
  return true;
}

static bool
is_first(ipp_attribute_t *attribute, const char *name, ipp_tag_t syntax)
{
  return attribute && ippGetGroupTag(attribute) == IPP_TAG_OPERATION &&
         pb_text_is_equal(ippGetName(attribute), name) && ippGetValueTag(attribute) == syntax &&
         ippGetCount(attribute) == 1;
}

static ipp_status_t
bad(const char **why_out, const char *why)
{
  *why_out = why;
  return IPP_STATUS_ERROR_BAD_REQUEST;
}

ipp_status_t
pb_validate_form(ipp_t *request, const char **why_out)
{
  ipp_attribute_t *charset  = ippFirstAttribute(request);
  ipp_attribute_t *language = ippNextAttribute(request);
  const char      *name     = NULL;

  if (!is_version(request))
  {
    *why_out = "IPP versions 1.1, 2.0, 2.1 and 2.2 are supported";
    return IPP_STATUS_ERROR_VERSION_NOT_SUPPORTED;
  }
  if (ippGetRequestId(request) <= 0)
    return bad(why_out, "request-id must be positive");
  if (!charset)
    return bad(why_out, "there are no attributes");
  if (!is_first(charset, "attributes-charset", IPP_TAG_CHARSET))
    return bad(why_out, "attributes-charset must come first");
  if (!is_first(language, "attributes-natural-language", IPP_TAG_LANGUAGE))
    return bad(why_out, "attributes-natural-language must come second");
  name = ippGetString(charset, 0, /*language*/ NULL);
  if (!pb_text_is_equal_nocase(name, "utf-8") && !pb_text_is_equal_nocase(name, "us-ascii"))
  {
    *why_out = "the charset must be utf-8";
    return IPP_STATUS_ERROR_CHARSET;
  }
  if (!has_groups_in_order(request))
    return bad(why_out, "attribute groups are out of order");
  if (!has_known_syntaxes(request, /*depth*/ 0))
    return bad(why_out, "an attribute has a syntax that does not exist");
  return IPP_STATUS_OK;
}

// One number of the path: digits, no sign, no leading zero.
static const char *
parse_number(const char *text, int *number_out)
{
  char    digits[11];
  size_t  size = strspn(text, "0123456789");
  int64_t value;

  if (size == 0 || size >= sizeof(digits) || text[0] == '0')
    return NULL;
  memcpy(digits, text, size);
  digits[size] = '\0';
  if (!pb_text_parse_int(digits, 1, INT32_MAX, &value))
    return NULL;
  *number_out = (int)value;
  return text + size;
}

bool
pb_address_parse(const char *path, struct pb_address *address_out)
{
  const char *at;

  *address_out = (struct pb_address){0};
  if (strcmp(path, PB_PATH_SYSTEM) == 0)
    return address_out->is_system = true;
  if (!pb_text_has_prefix(path, PB_PATH_PRINT))
    return false;
  at = parse_number(path + strlen(PB_PATH_PRINT), &address_out->printer_id);
  if (at && *at == '/')
    at = parse_number(at + 1, &address_out->job_id);
  return at && *at == '\0';
}

bool
pb_address_parse_uri(const char *uri, struct pb_address *address_out)
{
  char scheme[32], user[256], host[256], path[1024];
  int  port;

  *address_out = (struct pb_address){0};
  if (httpSeparateURI(HTTP_URI_CODING_ALL, uri, scheme, sizeof(scheme), user, sizeof(user), host,
                      sizeof(host), &port, path, sizeof(path)) < HTTP_URI_STATUS_OK)
    return false;
  return pb_address_parse(path, address_out);
}

int
pb_address_parse_printer(const char *text)
{
  struct pb_address address;
  int64_t           id = 0;

  if (pb_text_parse_int(text, 1, INT32_MAX, &id))
    return (int)id;
  return pb_address_parse_uri(text, &address) && address.job_id == 0 ? address.printer_id : 0;
}

static ipp_attribute_t *
find_target(ipp_t *request)
{
  static const char *const names[] = {"printer-uri", "job-uri", "system-uri"};

  for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
  {
    ipp_attribute_t *target = pb_ipp_find(request, IPP_TAG_OPERATION, names[i], IPP_TAG_URI);

    if (target)
      return target;
  }
  return NULL;
}

ipp_status_t
pb_validate_target(ipp_t *request, const char *path, struct pb_address *address_out,
                   const char **uri_out, const char **why_out)
{
  struct pb_address sent_to;
  ipp_attribute_t  *target = find_target(request);
  int               job_id;

  if (!target || ippGetCount(target) != 1)
    return bad(why_out, "there must be one printer-uri, job-uri or system-uri");
  *uri_out = ippGetString(target, 0, /*language*/ NULL);
  *why_out = "there is no such object";
  if (!pb_address_parse_uri(*uri_out, address_out) || !pb_address_parse(path, &sent_to))
    return IPP_STATUS_ERROR_NOT_FOUND;
  *why_out = "the request came to the path of something else";
  if (address_out->is_system != sent_to.is_system ||
      address_out->printer_id != sent_to.printer_id ||
      (sent_to.job_id != 0 && address_out->job_id != sent_to.job_id))
    return IPP_STATUS_ERROR_NOT_FOUND;
  if (address_out->is_system != (strcmp(ippGetName(target), "system-uri") == 0))
    return bad(why_out,
               "system-uri names the system, printer-uri and job-uri name printers and jobs");
  if (strcmp(ippGetName(target), "job-uri") == 0)
    return address_out->job_id != 0 ? IPP_STATUS_OK : bad(why_out, "job-uri must name a job");
  if (address_out->job_id != 0)
    return bad(why_out, "printer-uri must name a printer");
  job_id = pb_ipp_int(request, IPP_TAG_OPERATION, "job-id", 0);
  if (job_id > 0)
    address_out->job_id = job_id;
  return IPP_STATUS_OK;
}
