// message - IPP messages from and to bytes in memory, and the first attributes of a message.
// ippReadIO and ippWriteIO want a context that is not NULL, and a caller who stops on
// IPP_STATE_ERROR.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "message.h"
#include <stdatomic.h>
#include <string.h>

// Operations of PWG 5100.22 that libcups 2.4.2 does not name.
#define GET_PRINTER_RESOURCES 0x0065
#define RESTART_ONE_PRINTER 0x0067

struct cursor
{
  const uint8_t *data;
  size_t         size;
};

struct writing
{
  pb_buffer_t *buffer;
  pb_error_t  *err;
};

static ssize_t
read_cursor(void *context, ipp_uchar_t *dst, size_t size)
{
  struct cursor *cursor = context;
  size_t         got    = size < cursor->size ? size : cursor->size;

  memcpy(dst, cursor->data, got);
  cursor->data += got;
  cursor->size -= got;
  return (ssize_t)got;
}

static ssize_t
write_buffer(void *context, ipp_uchar_t *src, size_t size)
{
  struct writing *writing = context;

  return pb_buffer_append(writing->buffer, src, size, writing->err) ? (ssize_t)size : -1;
}

// ippReadIO reads what it can get; the scanner says first that this is one whole message and no
// more.
static bool
check_whole(const void *data, size_t size, pb_error_t *err)
{
  pb_ipp_scan_t scan;
  size_t        used = 0;

  pb_ipp_scan_init(&scan);
  switch (pb_ipp_scan_feed(&scan, data, size, &used))
  {
    case PB_IPP_SCAN_MORE:
      return pb_error_set(err, PB_REJECT, "IPP message is cut short after %zu bytes", size);
    case PB_IPP_SCAN_BAD:
      return pb_error_set(err, PB_REJECT, "IPP message is malformed or over a limit at byte %zu",
                          used);
    case PB_IPP_SCAN_DONE:
      break;
  }
  if (used != size)
    return pb_error_set(err, PB_REJECT, "IPP message has %zu bytes behind its end", size - used);
  return true;
}

bool
pb_ipp_parse(const void *data, size_t size, ipp_t **message_out, pb_error_t *err)
{
  bool          ok      = false;
  struct cursor cursor  = {data, size};
  ipp_t        *message = NULL;
  ipp_state_t   state   = IPP_STATE_IDLE;

  *message_out = NULL;
  if (!check_whole(data, size, err))
    goto done;
  message = ippNew();
  if (message == NULL)
  {
    pb_error_set(err, PB_RETRY, "out of memory for an IPP message");
    goto done;
  }
  state = ippReadIO(&cursor, read_cursor, /*blocking*/ 1, /*parent*/ NULL, message);
  if (state != IPP_STATE_DATA || cursor.size != 0)
  {
    pb_error_set(err, PB_REJECT, "IPP message is malformed: %s", cupsLastErrorString());
    goto done;
  }
  *message_out = message;
  message      = NULL;
  ok           = true;

done:
  ippDelete(message);
  return ok;
}

bool
pb_ipp_format(ipp_t *message, pb_buffer_t *buffer_out, pb_error_t *err)
{
  pb_error_t     why     = {0};
  struct writing writing = {buffer_out, &why};

  pb_buffer_init(buffer_out, PB_IPP_MESSAGE_MAX);
  ippSetState(message, IPP_STATE_IDLE);
  if (ippWriteIO(&writing, write_buffer, /*blocking*/ 1, /*parent*/ NULL, message) ==
      IPP_STATE_DATA)
    return true;
  pb_buffer_clear(buffer_out);
  if (why.kind != PB_OK)
    return pb_error_set(err, why.kind, "IPP message cannot be written: %s", why.message);
  return pb_error_set(err, PB_BUG, "IPP message cannot be written: %s", cupsLastErrorString());
}

ipp_t *
pb_ipp_new_response(ipp_t *request, ipp_status_t status)
{
  ipp_t *response = request != NULL ? ippNewResponse(request) : ippNew();

  if (response == NULL)
    return NULL;
  if (request == NULL)
  {
    ippSetVersion(response, 2, 0);
    ippAddString(response, IPP_TAG_OPERATION, IPP_TAG_CHARSET, "attributes-charset", NULL, "utf-8");
    ippAddString(response, IPP_TAG_OPERATION, IPP_TAG_LANGUAGE, "attributes-natural-language", NULL,
                 "en");
  }
  ippSetStatusCode(response, status);
  return response;
}

// PWG 5100.22: operations whose target is the System.
static bool
is_system_operation(ipp_op_t operation)
{
  return ((int)operation >= (int)IPP_OP_ALLOCATE_PRINTER_RESOURCES &&
          (int)operation < GET_PRINTER_RESOURCES) ||
         (int)operation == RESTART_ONE_PRINTER;
}

ipp_t *
pb_ipp_new_request(ipp_op_t operation, const char *target_uri, const char *user)
{
  static atomic_int next_id = 1;
  ipp_t            *request = ippNew();
  const char       *target  = is_system_operation(operation) ? "system-uri" : "printer-uri";

  if (request == NULL)
    return NULL;
  ippSetVersion(request, 2, 0);
  ippSetOperation(request, operation);
  ippSetRequestId(request, (atomic_fetch_add(&next_id, 1) & 0x3fffffff) + 1);
  ippAddString(request, IPP_TAG_OPERATION, IPP_TAG_CHARSET, "attributes-charset", NULL, "utf-8");
  ippAddString(request, IPP_TAG_OPERATION, IPP_TAG_LANGUAGE, "attributes-natural-language", NULL,
               "en");
  if (target_uri != NULL)
    ippAddString(request, IPP_TAG_OPERATION, IPP_TAG_URI, target, NULL, target_uri);
  if (user != NULL)
    ippAddString(request, IPP_TAG_OPERATION, IPP_TAG_NAME, "requesting-user-name", NULL, user);
  return request;
}
