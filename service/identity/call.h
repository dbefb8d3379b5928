// call - a request of modest size as one value, and its answer as another: the body is gathered,
// then a function that may take its time (scrypt, disk) runs on a work thread, and what it says is
// sent. The function sees no exchange, so tests call it with no network at all.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_IDENTITY_CALL_H
#define PB_IDENTITY_CALL_H

#include "base/buffer.h"
#include "edge/edge.h"

#define PB_CALL_HEADERS_MAX 16
#define PB_CALL_REPLY_MAX (4 * 1024 * 1024)  // a page with a thousand jobs is a third of that

struct pb_call
{
  // the request; texts are malloc'd, NULL when absent
  char       *method;
  char       *path;
  char       *query;
  char       *cookie;      // header
  char       *type;        // Content-Type
  char       *fetch_site;  // Sec-Fetch-Site
  char        peer[64];
  pb_buffer_t body;
  // the answer
  int         status;        // 0: none was given, which is sent as 500
  const char *content_type;  // a literal
  pb_buffer_t reply;
  struct
  {
    const char *name;   // a literal
    char       *value;  // malloc'd
  } headers[PB_CALL_HEADERS_MAX];
  size_t headers_count;
};

typedef void (*pb_call_fn_t)(void *context, struct pb_call *call);

// Storage of the caller's that outlives the edge.
struct pb_call_route
{
  const char  *path;  // as in pb_route
  const char  *methods;
  size_t       max_body;  // more is 413
  pb_call_fn_t answer;    // on a work thread, several at once
  void        *context;
  pb_edge_t   *edge;  // filled by add
};

bool pb_call_add_route(pb_edge_t *edge, struct pb_call_route *route, pb_error_t *err) PB_MUST_USE;

// For the function; and for tests, which make a call, run the function and clear the call.
bool pb_call_init(struct pb_call *call, const char *method, const char *path, const char *query,
                  const char *peer, size_t max_body, pb_error_t *err) PB_MUST_USE;
void pb_call_add_header(struct pb_call *call, const char *name,
                        const char *value);        // dropped when over the cap
void pb_call_clear(struct pb_call *call);          // wipes: bodies carry passwords
bool pb_call_is_form(const struct pb_call *call);  // application/x-www-form-urlencoded

#endif
