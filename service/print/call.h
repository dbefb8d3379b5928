// call - one IPP request on its way through an exchange; for exchange.c and call*.c only.
// A call belongs to its exchange's worker thread.  What blocks on the disk runs as work; meanwhile
// the worker only notes what happens (more data, end, peer gone) and acts when the work is done.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_PRINT_CALL_H
#define PB_PRINT_CALL_H

#include "print/print-private.h"
#include "print/request.h"

enum pb_call_stage
{
  PB_CALL_MESSAGE,   // the attributes are arriving
  PB_CALL_WORKING,   // a disk thread has the request
  PB_CALL_DOCUMENT,  // the document is arriving
  PB_CALL_WAITING,   // Get-Notifications
  PB_CALL_FETCHING,  // the document goes out
  PB_CALL_ANSWERED
};

struct pb_call
{
  pb_print_t        *print;
  pb_exchange_id_t   id;
  enum pb_call_stage stage;
  char              *authorization, *path;
  char               peer[64];
  pb_ipp_scan_t      scan;
  pb_buffer_t        message, pending;
  struct pb_request  request;
  pb_error_t         auth;      // why the credentials were refused
  bool               may_wait;  // the long poll may go on
  bool               has_ended, is_gone, is_woken;
  pb_spool_reader_t *reader;
};

void pb_call_free(struct pb_call *call);

// Replies; the call is answered with them.
void pb_call_reply_text(pb_exchange_t *exchange, int status, const char *text);
void pb_call_reply_unauthorized(pb_exchange_t *exchange, const char *why);
void pb_call_reply(pb_exchange_t *exchange, struct pb_call *call);  // the request's response

// The operation runs as work.
void pb_call_perform(struct pb_call *call);
void pb_call_performed(pb_exchange_t *exchange, void *call);  // exchange is NULL: the peer has gone

// Fetch-Document: what the spool has goes out, as there is room.
void pb_call_start_fetch(pb_exchange_t *exchange, struct pb_call *call);
void pb_call_pump(pb_exchange_t *exchange, struct pb_call *call);

// A document comes in.
void pb_call_start_document(pb_exchange_t *exchange, struct pb_call *call);
void pb_call_take_document(struct pb_call *call, const void *data, size_t size);
void pb_call_finish_upload(struct pb_call *call);
void
pb_call_break_off(struct pb_call *call);  // the peer has gone in the middle of it; frees the call

#endif
