// form - application/x-www-form-urlencoded, both ways, and percent encoding for paths and queries.
// A form owns one copy of its text, decoded in place; names and values point into it.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "net/form.h"

#include "base/secret.h"
#include "base/text.h"
#include <stdlib.h>
#include <string.h>

struct field
{
  const char *name;
  const char *value;
};

struct pb_form
{
  char        *text;
  size_t       text_size;
  struct field fields[PB_FORM_FIELDS_MAX];
  size_t       count;
};

static int
hex_digit(char c)
{
  if (c >= '0' && c <= '9')
    return c - '0';
  if (c >= 'a' && c <= 'f')
    return c - 'a' + 10;
  if (c >= 'A' && c <= 'F')
    return c - 'A' + 10;
  return -1;
}

// Decode [text, end) in place and terminate it; the byte at end may be overwritten.
static bool
decode(char *text, char *end)
{
  char *to = text;

  for (const char *from = text; from < end; from++)
  {
    if (*from == '+')
      *to++ = ' ';
    else if (*from != '%')
      *to++ = *from;
    else
    {
      int high = end - from > 2 ? hex_digit(from[1]) : -1;
      int low  = high >= 0 ? hex_digit(from[2]) : -1;

      if (low < 0)
        return false;
      *to++ = (char)(high * 16 + low);
      from += 2;
    }
  }
  *to = '\0';
  return pb_text_is_utf8(text, (size_t)(to - text));
}

static bool
parse_field(pb_form_t *form, char *text, char *end, pb_error_t *err)
{
  char *equals = memchr(text, '=', (size_t)(end - text));
  char *value  = equals != NULL ? equals + 1 : end;

  if (form->count == PB_FORM_FIELDS_MAX)
    return pb_error_set(err, PB_REJECT, "form with more than %d fields", PB_FORM_FIELDS_MAX);
  if (!decode(text, equals != NULL ? equals : end) || !decode(value, end))
    return pb_error_set(err, PB_REJECT, "form field %zu is badly encoded", form->count + 1);
  form->fields[form->count++] = (struct field){text, value};
  return true;
}

bool
pb_form_parse(const char *text, size_t size, pb_form_t **form_out, pb_error_t *err)
{
  pb_form_t *form = calloc(1, sizeof(*form));
  bool       ok   = false;

  *form_out = NULL;
  if (form == NULL)
    return pb_error_set(err, PB_RETRY, "out of memory for a form");
  form->text      = pb_text_dup_size(size > 0 ? text : "", size);
  form->text_size = size;
  if (form->text == NULL)
  {
    pb_error_set(err, PB_RETRY, "out of memory for a form of %zu bytes", size);
    goto done;
  }

  char *last = form->text + size;
  char *end  = NULL;
  for (char *field = form->text; field < last; field = end + 1)
  {
    end = memchr(field, '&', (size_t)(last - field));
    if (end == NULL)
      end = last;
    if (end > field && !parse_field(form, field, end, err))
      goto done;
  }
  *form_out = form;
  form      = NULL;
  ok        = true;

done:
  pb_form_free(form);
  return ok;
}

void
pb_form_free(pb_form_t *form)
{
  if (form == NULL)
    return;
  if (form->text != NULL)
    pb_wipe(form->text, form->text_size);
  free(form->text);
  free(form);
}

const char *
pb_form_get(const pb_form_t *form, const char *name)
{
  for (size_t i = 0; i < form->count; i++)
    if (strcmp(form->fields[i].name, name) == 0)
      return form->fields[i].value;
  return NULL;
}

bool
pb_form_is_repeated(const pb_form_t *form, const char *name)
{
  size_t times = 0;

  for (size_t i = 0; i < form->count; i++)
    if (strcmp(form->fields[i].name, name) == 0)
      times++;
  return times > 1;
}

size_t
pb_form_count(const pb_form_t *form)
{
  return form->count;
}

const char *
pb_form_name(const pb_form_t *form, size_t index)
{
  return index < form->count ? form->fields[index].name : NULL;
}

const char *
pb_form_value(const pb_form_t *form, size_t index)
{
  return index < form->count ? form->fields[index].value : NULL;
}

// RFC 3986 s2.3
static bool
is_unreserved(char c)
{
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         (c != '\0' && strchr("-._~", c) != NULL);
}

bool
pb_form_escape(pb_buffer_t *buffer, const char *text, pb_error_t *err)
{
  static const char digits[] = "0123456789ABCDEF";

  for (const char *c = text; *c != '\0'; c++)
  {
    unsigned char byte       = (unsigned char)*c;
    char          escaped[3] = {'%', digits[byte >> 4], digits[byte & 15]};

    if (is_unreserved(*c) ? !pb_buffer_append(buffer, c, 1, err)
                          : !pb_buffer_append(buffer, escaped, sizeof(escaped), err))
      return false;
  }
  return true;
}

bool
pb_form_append(pb_buffer_t *buffer, const char *name, const char *value, pb_error_t *err)
{
  if (buffer->size > 0 && !pb_buffer_append_text(buffer, "&", err))
    return false;
  return pb_form_escape(buffer, name, err) && pb_buffer_append_text(buffer, "=", err) &&
         pb_form_escape(buffer, value, err);
}
