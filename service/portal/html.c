// html - writes HTML.
// Texts come from strangers: markup is escaped; control characters, bad UTF-8 and marks that turn
// the reading direction (they could make one name look like another) become U+FFFD.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "portal/html.h"

#include "base/text.h"
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define REPLACEMENT "\xEF\xBF\xBD"

static void
add(pb_html_t *html, const char *text, size_t size)
{
  if (!pb_buffer_append(html->out, text, size, /*err*/ NULL))
    html->is_failed = true;
}

static const char *
entity_of(char c)
{
  switch (c)
  {
    case '&':
      return "&amp;";
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    case '"':
      return "&quot;";
    case '\'':
      return "&#39;";
    default:
      return NULL;
  }
}

// Size of the character at text if it is whole and right, else 0.
static size_t
character_size(const char *text)
{
  unsigned char first = (unsigned char)text[0];
  size_t        size  = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;

  return strnlen(text, size) == size && pb_text_is_utf8(text, size) ? size : 0;
}

// U+202A-E and U+2066-9 embed and override, U+200E-F, U+061C mark; U+2028-9 end lines.
static bool
is_invisible(const char *text, size_t size)
{
  uint32_t code = 0;

  if (size == 2)
    code = (uint32_t)(text[0] & 0x1F) << 6 | (uint32_t)(text[1] & 0x3F);
  else if (size == 3)
    code = (uint32_t)(text[0] & 0x0F) << 12 | (uint32_t)(text[1] & 0x3F) << 6 |
           (uint32_t)(text[2] & 0x3F);
  else
    return size == 1 && ((unsigned char)text[0] < ' ' || text[0] == 0x7F);
  return code < 0xA0 || code == 0x061C || (code >= 0x200B && code <= 0x200F) ||
         (code >= 0x2028 && code <= 0x202E) || (code >= 0x2060 && code <= 0x206F) || code == 0xFEFF;
}

static void
add_text(pb_html_t *html, const char *text)
{
  while (text != NULL && *text != '\0')
  {
    const char *entity = entity_of(*text);
    size_t      size   = character_size(text);

    if (entity != NULL)
      add(html, entity, strlen(entity));
    else if (size == 0 || is_invisible(text, size))
      add(html, REPLACEMENT, strlen(REPLACEMENT));
    else
      add(html, text, size);
    text += size > 0 ? size : 1;
  }
}

void
pb_html_add(pb_html_t *html, const char *format, ...)
{
  va_list args;
  char    number[16];

  va_start(args, format);
  for (const char *percent = strchr(format, '%'); percent != NULL; percent = strchr(format, '%'))
  {
    add(html, format, (size_t)(percent - format));
    if (percent[1] == 's')
      add_text(html, va_arg(args, const char *));
    else if (percent[1] == 'd')
      add(html, number, (size_t)snprintf(number, sizeof(number), "%d", va_arg(args, int)));
    else if (percent[1] == '%')
      add(html, "%", 1);
    else
    {
      html->is_failed = true;  // our mistake
      break;
    }
    format = percent + 2;
  }
  va_end(args);
  add(html, format, strlen(format));
}
