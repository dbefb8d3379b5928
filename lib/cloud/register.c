// register - Register-Output-Device (see register.h).
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "cloud/register.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "cloud/protocol.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TIMEOUT_MS 30000
#define PIECE_SIZE 1023  // octets of a text value
#define PIECES_MAX 64

// "https://host:8631" -> "ipps://host:8631/ipp/system"; the port is named, as ipps has another
// default.
static bool
format_system_uri(char *dst, size_t dst_size, const char *url, pb_error_t *err)
{
  const char *host     = url + strlen("https://");
  size_t      size     = strcspn(host, "/?#");
  const char *bracket  = memchr(host, ']', size);
  const char *port_at  = bracket ? bracket : host;
  bool        has_port = memchr(port_at, ':', size - (size_t)(port_at - host)) != NULL;

  if (pb_text_format(dst, dst_size, "ipps://%.*s%s%s", (int)size, host, has_port ? "" : ":443",
                     PB_PATH_SYSTEM))
    return true;
  return pb_error_set(err, PB_CONFIG, "%s: too long", url);
}

// PEM as a 1setOf text, cut as PWG 5100.22 wants it.
static bool
add_pem(ipp_t *request, const char *name, const char *pem, pb_error_t *err)
{
  char             pieces[PIECES_MAX][PIECE_SIZE + 1];
  const char      *values[PIECES_MAX];
  size_t           size  = strlen(pem);
  int              count = 0;
  ipp_attribute_t *added;

  for (size_t at = 0; at < size; at += PIECE_SIZE)
  {
    if (count == PIECES_MAX)
      return pb_error_set(err, PB_BUG, "%s: too long", name);
    snprintf(pieces[count], sizeof(pieces[count]), "%.*s", PIECE_SIZE, pem + at);
    values[count] = pieces[count];
    count++;
  }
  added =
    ippAddStrings(request, IPP_TAG_OPERATION, IPP_TAG_TEXT, name, count, /*language*/ NULL, values);
  return added || pb_error_set(err, PB_RETRY, "out of memory");
}

// The pieces put together again; NULL with an error when there are none.
static char *
copy_pem(ipp_t *response, const char *name, pb_error_t *err)
{
  ipp_attribute_t *attribute = pb_ipp_find(response, IPP_TAG_OPERATION, name, IPP_TAG_TEXT);
  pb_buffer_t      pem       = {0};

  pb_buffer_init(&pem, PB_PEM_MAX);
  for (int i = 0; i < ippGetCount(attribute); i++)
  {
    const char *piece = ippGetString(attribute, i, /*language*/ NULL);
    if (piece && !pb_buffer_append_text(&pem, piece, err))
    {
      pb_buffer_clear(&pem);
      return NULL;
    }
  }
  if (!pem.size)
    pb_error_set(err, PB_REJECT, "no %s", name);
  return pb_buffer_take(&pem, /*size*/ NULL);
}

// An address that jobs may be asked from: encrypted, printable, without a user name in it.
static bool
is_good_uri(const char *uri)
{
  if (!uri || !pb_text_has_prefix(uri, "ipps://") || !pb_text_is_printable(uri))
    return false;

  const char *host = uri + strlen("ipps://");
  return !memchr(host, '@', strcspn(host, "/"));
}

// printer-xri-supported: the first address that is any good.
static const char *
find_printer_uri(ipp_t *response)
{
  ipp_attribute_t *xris =
    pb_ipp_find(response, IPP_TAG_PRINTER, "printer-xri-supported", IPP_TAG_BEGIN_COLLECTION);

  for (int i = 0; i < ippGetCount(xris); i++)
  {
    ipp_attribute_t *uri  = ippFindAttribute(ippGetCollection(xris, i), "xri-uri", IPP_TAG_URI);
    const char      *text = uri ? ippGetString(uri, 0, /*language*/ NULL) : NULL;

    if (is_good_uri(text))
      return text;
  }
  return NULL;
}

// The certificate is for services that ask for it; a bad one is dropped, and named.
static char *
copy_certificate(ipp_t *response, const char *queue)
{
  pb_log_ctx_t ctx       = {.printer = queue};
  pb_error_t   err       = {0};
  char        *pem       = copy_pem(response, "output-device-x509-certificate", &err);
  int64_t      expiry_ms = 0;

  if (pem && pb_cert_get_expiry(pem, &expiry_ms, &err))
    return pem;
  pb_log(&ctx, PB_LOG_WARN, "the service gave no good certificate: %s", err.message);
  free(pem);
  return NULL;
}

static bool
parse_registered(ipp_t *response, const struct pb_registrant *who, pb_registered_queue_t *queue,
                 pb_error_t *err)
{
  const char *uri  = find_printer_uri(response);
  const char *uuid = pb_ipp_text(response, IPP_TAG_PRINTER, "printer-uuid");

  if (!uri || !pb_text_copy(queue->printer_uri, sizeof(queue->printer_uri), uri))
    return pb_error_set(err, PB_REJECT, "Register-Output-Device: no good printer-xri-supported");
  if (!uuid || !pb_text_is_uuid(uuid) ||
      !pb_text_copy(queue->printer_uuid, sizeof(queue->printer_uuid), uuid))
    return pb_error_set(err, PB_REJECT, "Register-Output-Device: no good printer-uuid");
  pb_text_copy(queue->uuid, sizeof(queue->uuid), who->uuid);
  pb_text_copy(queue->queue, sizeof(queue->queue), who->queue);
  queue->certificate  = copy_certificate(response, who->queue);
  queue->certified_ms = pb_clock_now_ms();
  return true;
}

static bool
format_request(const struct pb_registrant *who, const char *uri, ipp_t **request_out,
               pb_error_t *err)
{
  char  *csr     = NULL;
  ipp_t *request = pb_ipp_new_request(IPP_OP_REGISTER_OUTPUT_DEVICE, uri, who->user);
  bool   ok      = false;

  if (!request ||
      !ippAddString(request, IPP_TAG_OPERATION, IPP_TAG_URI, "output-device-uuid",
                    /*language*/ NULL, who->uuid) ||
      !ippAddString(request, IPP_TAG_OPERATION, IPP_TAG_KEYWORD, "printer-service-type",
                    /*language*/ NULL, "print"))
    pb_error_set(err, PB_RETRY, "out of memory");
  else
    ok = pb_csr_make(who->key, who->uuid, &csr, err) &&
         add_pem(request, "output-device-x509-request", csr, err);
  free(csr);
  if (!ok)
  {
    ippDelete(request);
    request = NULL;
  }
  *request_out = request;
  return ok;
}

bool
pb_register_device(pb_cloud_t *cloud, const char *url, const struct pb_registrant *who,
                   pb_registered_queue_t *queue_out, pb_error_t *err)
{
  ipp_t *request  = NULL;
  ipp_t *response = NULL;
  char   uri[1024];
  bool   ok = false;

  *queue_out = (pb_registered_queue_t){0};
  if (!format_system_uri(uri, sizeof(uri), url, err) || !format_request(who, uri, &request, err))
    goto done;
  if (!pb_cloud_request(cloud, uri, request, TIMEOUT_MS, who->stop, &response, err))
    goto done;
  ok = pb_cloud_check_status(/*request*/ NULL, response, "Register-Output-Device", err) &&
       parse_registered(response, who, queue_out, err);

done:
  ippDelete(response);
  return ok;
}
