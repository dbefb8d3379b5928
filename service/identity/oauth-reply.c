// oauth-reply - the answers of the OAuth endpoints.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "identity/oauth-reply.h"

#include "base/log.h"
#include "base/text.h"
#include <stdio.h>
#include <string.h>

#define DESCRIPTION_SIZE 256

// Error codes that are not 400.
static const struct
{
  const char *code;
  int         status;
} statuses[] = {
  {"invalid_client",          401}, // RFC 6749 s5.2
  {"temporarily_unavailable", 503},
  {"server_error",            500},
};

static int
status_of(const char *code)
{
  for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
    if (pb_text_is_equal(statuses[i].code, code))
      return statuses[i].status;
  return 400;
}

static void
send_json(struct pb_call *call, int status, json_object *object)
{
  const char *text = object != NULL
                       ? json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN |
                                                                  JSON_C_TO_STRING_NOSLASHESCAPE)
                       : NULL;

  pb_buffer_reset(&call->reply);
  call->content_type = "application/json";
  call->status       = status;
  if (text == NULL || !pb_buffer_append_text(&call->reply, text, /*err*/ NULL))
    call->status = 503;
}

void
pb_oauth_reply(struct pb_call *call, json_object *object)
{
  send_json(call, 200, object);
  json_object_put(object);
}

// error_description has no quotes, no backslashes and ASCII only (RFC 6749 s5.2).
static void
keep_allowed(char *text)
{
  for (; *text != '\0'; text++)
    if (*text < ' ' || *text > '~' || *text == '"' || *text == '\\')
      *text = '?';
}

static void
refuse_text(struct pb_call *call, const char *code, char *description)
{
  json_object *object = json_object_new_object();

  keep_allowed(description);
  if (object != NULL && (!pb_json_add_text(object, "error", code) ||
                         !pb_json_add_text(object, "error_description", description)))
  {
    json_object_put(object);
    object = NULL;
  }
  send_json(call, status_of(code), object);
  json_object_put(object);
  pb_log(&(pb_log_ctx_t){.request = call->path}, PB_LOG_DEBUG, "%s from %s: %s", code, call->peer,
         description);
}

void
pb_oauth_refuse(struct pb_call *call, const char *code, const char *format, ...)
{
  char    description[DESCRIPTION_SIZE];
  va_list args;

  va_start(args, format);
  vsnprintf(description, sizeof(description), format, args);
  va_end(args);
  refuse_text(call, code, description);
}

void
pb_oauth_refuse_error(struct pb_call *call, const char *code, const pb_error_t *err)
{
  char description[DESCRIPTION_SIZE];

  if (err->kind == PB_AUTH || err->kind == PB_REJECT || err->kind == PB_GONE)
  {
    pb_text_copy(description, sizeof(description), err->message);
    refuse_text(call, code, description);
    return;
  }
  // Ours, not the peer's: it hears no details.
  pb_log(&(pb_log_ctx_t){.request = call->path}, PB_LOG_ERROR, "%s", err->message);
  if (err->kind == PB_RETRY)
    pb_oauth_refuse(call, "temporarily_unavailable", "try again later");
  else
    pb_oauth_refuse(call, "server_error", "the service has failed");
}

pb_form_t *
pb_oauth_read_form(struct pb_call *call)
{
  pb_form_t *form = NULL;
  pb_error_t err  = {0};

  if (!pb_call_is_form(call))
  {
    pb_oauth_refuse(call, "invalid_request", "the body is not a form");
    return NULL;
  }
  if (!pb_form_parse(call->body.data != NULL ? call->body.data : "", call->body.size, &form, &err))
  {
    if (err.kind == PB_RETRY)
      pb_oauth_refuse_error(call, "invalid_request", &err);
    else
      pb_oauth_refuse(call, "invalid_request", "the form is malformed");
    return NULL;
  }
  for (size_t i = 0; i < pb_form_count(form); i++)
    if (pb_form_is_repeated(form, pb_form_name(form, i)))
    {
      pb_form_free(form);
      pb_oauth_refuse(call, "invalid_request", "a parameter is there twice");
      return NULL;
    }
  return form;
}

const char *
pb_oauth_get(const pb_form_t *form, const char *name)
{
  const char *value = pb_form_get(form, name);

  return value != NULL && value[0] != '\0' ? value : NULL;
}

const char *
pb_oauth_need(struct pb_call *call, const pb_form_t *form, const char *name)
{
  const char *value = pb_oauth_get(form, name);

  if (value == NULL)
    pb_oauth_refuse(call, "invalid_request", "%s is missing", name);
  return value;
}
