// message-find - attributes of a message by group, and what a status is called.
// libcups walks a message with a cursor inside it: a message belongs to one thread, and these
// calls move the cursor.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"
#include "message.h"
#include <stdio.h>
#include <string.h>

#define STATUS_MESSAGE_SIZE 256  // text(255), RFC 8011 s4.1.6.2

// What ippErrorString of libcups 2.4.2 prints as a number.
static const struct status_name
{
  int         status;
  const char *name;
} status_names[] = {
  {IPP_STATUS_ERROR_NOT_FETCHABLE, "client-error-not-fetchable"    },
  {0x050d,                         "server-error-too-many-printers"},
};

static bool
is_syntax(ipp_tag_t is, ipp_tag_t wanted)
{
  return wanted == IPP_TAG_ZERO || is == wanted ||
         (wanted == IPP_TAG_TEXT && is == IPP_TAG_TEXTLANG) ||
         (wanted == IPP_TAG_NAME && is == IPP_TAG_NAMELANG);
}

ipp_attribute_t *
pb_ipp_find(ipp_t *message, ipp_tag_t group, const char *name, ipp_tag_t syntax)
{
  for (ipp_attribute_t *at = ippFirstAttribute(message); at != NULL; at = ippNextAttribute(message))
  {
    const char *is = ippGetName(at);

    if (is != NULL && ippGetGroupTag(at) == group && strcmp(is, name) == 0)
      return is_syntax(ippGetValueTag(at), syntax) ? at : NULL;
  }
  return NULL;
}

int
pb_ipp_int(ipp_t *message, ipp_tag_t group, const char *name, int otherwise)
{
  ipp_attribute_t *at  = pb_ipp_find(message, group, name, IPP_TAG_ZERO);
  ipp_tag_t        tag = ippGetValueTag(at);

  if (at == NULL || (tag != IPP_TAG_INTEGER && tag != IPP_TAG_ENUM))
    return otherwise;
  return ippGetInteger(at, 0);
}

bool
pb_ipp_bool(ipp_t *message, ipp_tag_t group, const char *name, bool otherwise)
{
  ipp_attribute_t *at = pb_ipp_find(message, group, name, IPP_TAG_BOOLEAN);

  return at != NULL ? ippGetBoolean(at, 0) != 0 : otherwise;
}

static bool
is_string(ipp_tag_t tag)
{
  return tag == IPP_TAG_TEXTLANG || tag == IPP_TAG_NAMELANG ||
         (tag >= IPP_TAG_TEXT && tag <= IPP_TAG_MIMETYPE);
}

const char *
pb_ipp_text(ipp_t *message, ipp_tag_t group, const char *name)
{
  ipp_attribute_t *at = pb_ipp_find(message, group, name, IPP_TAG_ZERO);

  return at != NULL && is_string(ippGetValueTag(at)) ? ippGetString(at, 0, NULL) : NULL;
}

bool
pb_ipp_has_keyword(ipp_t *message, ipp_tag_t group, const char *name, const char *keyword)
{
  ipp_attribute_t *at = pb_ipp_find(message, group, name, IPP_TAG_ZERO);

  if (at == NULL || !is_string(ippGetValueTag(at)))
    return false;
  for (int i = 0; i < ippGetCount(at); i++)
  {
    const char *is = ippGetString(at, i, NULL);

    if (is != NULL && strcmp(is, keyword) == 0)
      return true;
  }
  return false;
}

const char *
pb_ipp_status_name(ipp_status_t status)
{
  for (size_t i = 0; i < sizeof(status_names) / sizeof(status_names[0]); i++)
  {
    if (status_names[i].status == (int)status)
      return status_names[i].name;
  }
  return ippErrorString(status);
}

// Operation attributes come first; one that is added behind another group would make the message
// unreadable.
static bool
has_only_operation_group(ipp_t *message)
{
  for (ipp_attribute_t *at = ippFirstAttribute(message); at != NULL; at = ippNextAttribute(message))
  {
    if (ippGetGroupTag(at) != IPP_TAG_OPERATION)
      return false;
  }
  return true;
}

void
pb_ipp_set_status(ipp_t *response, ipp_status_t status, const char *format, ...)
{
  ipp_attribute_t *at = pb_ipp_find(response, IPP_TAG_OPERATION, "status-message", IPP_TAG_ZERO);
  char             text[1024];
  char             message[STATUS_MESSAGE_SIZE];
  va_list          args;

  va_start(args, format);
  int size = vsnprintf(text, sizeof(text), format, args);
  va_end(args);
  if (size < 0)
    text[0] = '\0';
  pb_text_escape(message, sizeof(message), text, strlen(text));
  ippSetStatusCode(response, status);
  if (at != NULL)
    ippSetString(response, &at, 0, message);
  else if (has_only_operation_group(response))
    ippAddString(response, IPP_TAG_OPERATION, IPP_TAG_TEXT, "status-message", NULL, message);
}
