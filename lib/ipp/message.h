// message - IPP messages as bytes: where one ends in a stream, reading it with caps, writing it.
// This folder is the only one that speaks to libcups; ipp_t and the ippXxx functions are libcups's.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_IPP_MESSAGE_H
#define PB_IPP_MESSAGE_H

#include "base/buffer.h"
#include <cups/cups.h>

#define PB_IPP_MESSAGE_MAX                                                                         \
  (1024 * 1024)  // attributes of one message; media-col-database of large printers is 300 KB
#define PB_IPP_ATTRIBUTES_MAX 20000  // with groups; a Get-Jobs of 1000 jobs fits
#define PB_IPP_DEPTH_MAX 8           // nested collections

// Finds the end of the attributes in a stream, without building anything.  Bytes in, decision out.
typedef struct pb_ipp_scan
{
  uint32_t state[12];  // private
} pb_ipp_scan_t;
enum pb_ipp_scan_got
{
  PB_IPP_SCAN_MORE,  // all bytes belong to the message, and it goes on
  PB_IPP_SCAN_DONE,  // *used_out bytes end it; document data follows
  PB_IPP_SCAN_BAD    // malformed, or over a cap
};
// Refuses more than RFC 8010 does, and nothing that peers were seen to send: out-of-band values
// with bytes, extension tags, NUL in names, members without a value, further values of
// xxxWithLanguage, nesting and sizes over the caps.
void                 pb_ipp_scan_init(pb_ipp_scan_t *scan);
enum pb_ipp_scan_got pb_ipp_scan_feed(pb_ipp_scan_t *scan, const void *data, size_t size,
                                      size_t *used_out);

// The bytes of exactly one message (document data behind it is an error).  ippDelete it.  PB_REJECT
// when malformed.
bool pb_ipp_parse(const void *data, size_t size, ipp_t **message_out, pb_error_t *err) PB_MUST_USE;
bool pb_ipp_format(ipp_t *message, pb_buffer_t *buffer_out,
                   pb_error_t *err) PB_MUST_USE;  // initializes the buffer

// A response to `request` with charset and language, and the request's version and id; NULL: out of
// memory.
ipp_t *pb_ipp_new_response(ipp_t *request, ipp_status_t status);
// A request with charset, language, printer-uri (or system-uri for system operations) and
// requesting-user-name.
ipp_t *pb_ipp_new_request(ipp_op_t operation, const char *target_uri, const char *user);

// The attribute in that group only (ippFindAttribute ignores groups); zero tag: any syntax.  Like
// all of libcups these move the cursor that ippFirstAttribute and ippNextAttribute use: do not call
// them on the message that you walk.
ipp_attribute_t *pb_ipp_find(ipp_t *message, ipp_tag_t group, const char *name, ipp_tag_t syntax);
int              pb_ipp_int(ipp_t *message, ipp_tag_t group, const char *name,
                            int otherwise);  // integer or enum
bool             pb_ipp_bool(ipp_t *message, ipp_tag_t group, const char *name, bool otherwise);
const char      *pb_ipp_text(ipp_t *message, ipp_tag_t group,
                             const char *name);  // any string syntax; NULL
bool pb_ipp_has_keyword(ipp_t *message, ipp_tag_t group, const char *name, const char *keyword);

const char *
pb_ipp_status_name(ipp_status_t status);  // knows what libcups 2.4.2 does not print right
// status-message and status code; the message is cut to 255 octets.  Before other groups are added,
// else the code only.
void pb_ipp_set_status(ipp_t *response, ipp_status_t status, const char *format, ...)
  PB_PRINTF(3, 4);

#endif
