// call - a request of modest size as one value, and its answer as another.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "identity/call.h"

#include "base/secret.h"
#include "base/text.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define FORM_TYPE "application/x-www-form-urlencoded"

static bool
copy_text(char **dst, const char *src)
{
  *dst = pb_text_dup(src);
  return *dst != NULL || src == NULL;
}

bool
pb_call_init(struct pb_call *call, const char *method, const char *path, const char *query,
             const char *peer, size_t max_body, pb_error_t *err)
{
  *call = (struct pb_call){0};
  pb_buffer_init(&call->body, max_body);
  pb_buffer_init(&call->reply, PB_CALL_REPLY_MAX);
  pb_text_copy(call->peer, sizeof(call->peer), peer);
  if (copy_text(&call->method, method) && copy_text(&call->path, path) &&
      copy_text(&call->query, query))
    return true;
  pb_call_clear(call);
  return pb_error_set(err, PB_RETRY, "out of memory");
}

void
pb_call_add_header(struct pb_call *call, const char *name, const char *value)
{
  char *copy = call->headers_count < PB_CALL_HEADERS_MAX ? pb_text_dup(value) : NULL;

  if (copy == NULL)
    return;
  call->headers[call->headers_count].name  = name;
  call->headers[call->headers_count].value = copy;
  call->headers_count++;
}

static void
free_wiped(char *text)
{
  if (text != NULL)
    pb_wipe(text, strlen(text));
  free(text);
}

void
pb_call_clear(struct pb_call *call)
{
  free(call->method);
  free(call->path);
  free_wiped(call->query);
  free_wiped(call->cookie);
  free(call->type);
  free(call->fetch_site);
  pb_buffer_wipe(&call->body);
  pb_buffer_wipe(&call->reply);
  for (size_t i = 0; i < call->headers_count; i++)
    free_wiped(call->headers[i].value);
  *call = (struct pb_call){0};
}

bool
pb_call_is_form(const struct pb_call *call)
{
  size_t size = strlen(FORM_TYPE);

  return call->type != NULL && strncasecmp(call->type, FORM_TYPE, size) == 0 &&
         (call->type[size] == '\0' || call->type[size] == ';' || call->type[size] == ' ');
}
