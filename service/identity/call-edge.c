// call-edge - brings calls from the edge to their functions, and the answers back.
// A job belongs to its exchange while the body comes, then to the work, which gives it back with
// the answer; whoever has it frees it.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "identity/call.h"

#include "base/text.h"
#include <stdlib.h>
#include <string.h>

// A call on its way through the edge.
struct job
{
  const struct pb_call_route *route;
  struct pb_call              call;
};

static bool
copy_text(char **dst, const char *src)
{
  *dst = pb_text_dup(src);
  return *dst != NULL || src == NULL;
}

static void
free_job(struct job *job)
{
  if (job == NULL)
    return;
  pb_call_clear(&job->call);
  free(job);
}

// What went wrong before a function was asked.
static void
refuse(pb_exchange_t *exchange, int status, const char *text)
{
  (void)pb_exchange_add_header(exchange, "Cache-Control", "no-store");
  pb_exchange_reply(exchange, status, "text/plain; charset=utf-8", text, strlen(text));
}

static struct job *
make_job(pb_exchange_t *exchange, const struct pb_call_route *route)
{
  struct job *job = calloc(1, sizeof(*job));

  if (job == NULL)
    return NULL;
  job->route = route;
  if (pb_call_init(&job->call, pb_exchange_method(exchange), pb_exchange_path(exchange),
                   pb_exchange_query(exchange), pb_exchange_peer(exchange), route->max_body,
                   /*err*/ NULL) &&
      copy_text(&job->call.cookie, pb_exchange_header(exchange, "Cookie")) &&
      copy_text(&job->call.type, pb_exchange_header(exchange, "Content-Type")) &&
      copy_text(&job->call.fetch_site, pb_exchange_header(exchange, "Sec-Fetch-Site")))
    return job;
  free_job(job);
  return NULL;
}

static void
on_head(pb_exchange_t *exchange, void *context)
{
  const struct pb_call_route *route = context;

  if (pb_exchange_body_size(exchange) > (int64_t)route->max_body)
  {
    refuse(exchange, 413, "This is too large.\n");
    return;
  }
  struct job *job = make_job(exchange, route);
  if (job == NULL)
    refuse(exchange, 503, "The service is out of memory.\n");
  pb_exchange_set_user(exchange, job);
}

static void
on_body(pb_exchange_t *exchange, const void *data, size_t size)
{
  struct job *job = pb_exchange_user(exchange);

  if (job == NULL || pb_exchange_is_answered(exchange))
    return;
  if (!pb_buffer_append(&job->call.body, data, size, /*err*/ NULL))
    refuse(exchange, 413, "This is too large.\n");
}

static void
send_answer(pb_exchange_t *exchange, const struct pb_call *call)
{
  for (size_t i = 0; i < call->headers_count; i++)
    (void)pb_exchange_add_header(exchange, call->headers[i].name, call->headers[i].value);
  if (call->status == 0)
    refuse(exchange, 500, "The service has failed to answer.\n");
  else
    pb_exchange_reply(exchange, call->status, call->content_type, call->reply.data,
                      call->reply.size);
}

static void
do_work(void *arg)
{
  struct job *job = arg;

  job->route->answer(job->route->context, &job->call);
}

static void
on_done(pb_exchange_t *exchange, void *arg)
{
  struct job *job = arg;

  if (exchange != NULL)
    send_answer(exchange, &job->call);
  free_job(job);
}

static void
on_end(pb_exchange_t *exchange)
{
  struct job *job = pb_exchange_user(exchange);

  if (job == NULL || pb_exchange_is_answered(exchange))
    return;
  pb_exchange_set_user(exchange, NULL);
  pb_edge_work(job->route->edge, pb_exchange_get_id(exchange), do_work, on_done, job);
}

static void
on_gone(pb_exchange_t *exchange)
{
  free_job(pb_exchange_user(exchange));
  pb_exchange_set_user(exchange, NULL);
}

bool
pb_call_add_route(pb_edge_t *edge, struct pb_call_route *route, pb_error_t *err)
{
  static const struct pb_handler handler = {
    .on_head = on_head, .on_body = on_body, .on_end = on_end, .on_gone = on_gone};

  route->edge = edge;
  return pb_edge_add_route(
    edge,
    &(struct pb_route){
      .prefix = route->path, .methods = route->methods, .handler = &handler, .context = route},
    err);
}
