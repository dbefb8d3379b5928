// ppd-lines - the lines of a PPD.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "ppd-lines.h"

#include "base/text.h"
#include <string.h>

#define LINE_SIZE 1024
#define BLANKS " \t"

// Up to one of `ends`; behind it.
static const char *
take(const char *at, const char *ends, char *dst, size_t dst_size)
{
  size_t size = strcspn(at, ends);

  if (!pb_text_format(dst, dst_size, "%.*s", (int)size, at))
    dst[0] = '\0';
  return at + size;
}

// "de", "fil", "pt_BR" before a dot, which no other keyword has.
static const char *
take_language(const char *at, char language[8])
{
  size_t size = strcspn(at, ". :");

  language[0] = '\0';
  if (at[size] != '.' || size < 2 || size > 6)
    return at;
  pb_text_format(language, 8, "%.*s", (int)size, at);
  return at + size + 1;
}

static void
take_value(const char *at, struct pb_ppd_line_parts *parts)
{
  at += strspn(at, BLANKS);
  if (*at == '"')
    take(at + 1, "\"\r", parts->value, sizeof(parts->value));
  else
    take(at, "\r", parts->value, sizeof(parts->value));
}

static bool
parse_line(const char *line, struct pb_ppd_line_parts *parts)
{
  const char *at = line + 1;

  *parts = (struct pb_ppd_line_parts){.language = ""};
  if (line[0] != '*' || line[1] == '%')
    return false;
  at = take_language(at, parts->language);
  at = take(at, BLANKS ":\r", parts->keyword, sizeof(parts->keyword));
  at += strspn(at, BLANKS);
  if (*at != ':')
    at = take(at, "/:\r", parts->name, sizeof(parts->name));
  if (*at == '/')
    at = take(at + 1, ":\r", parts->text, sizeof(parts->text));
  if (*at != ':' || parts->keyword[0] == '\0')
    return false;
  take_value(at + 1, parts);
  return true;
}

// Lines of a value that goes on are not looked at.
static bool
has_open_quote(const char *line, const char *end)
{
  bool is_open = false;

  for (; line < end; line++)
    is_open = is_open != (*line == '"');
  return is_open;
}

bool
pb_ppd_each_line(const char *text, size_t                                               size,
                 bool (*visit)(void *user, const struct pb_ppd_line_parts *line), void *user)
{
  const char *end   = text + size;
  bool        ok    = true;
  bool        is_in = false;  // a quoted value

  for (const char *at = text; ok && at < end;)
  {
    const char *stop = memchr(at, '\n', (size_t)(end - at));
    char        line[LINE_SIZE];

    if (stop == NULL)
      stop = end;
    if (!is_in && stop - at < LINE_SIZE &&
        pb_text_format(line, sizeof(line), "%.*s", (int)(stop - at), at))
    {
      struct pb_ppd_line_parts parts;

      if (parse_line(line, &parts))
        ok = visit(user, &parts);
    }
    is_in = is_in != has_open_quote(at, stop);
    at    = stop + 1;
  }
  return ok;
}

static bool
append(char *dst, size_t dst_size, size_t *used, unsigned char byte, bool is_utf8)
{
  if (*used + 3 > dst_size)
    return false;
  if (is_utf8 || byte < 0x80)
    dst[(*used)++] = (char)byte;
  else
  {
    dst[(*used)++] = (char)(0xc0 | byte >> 6);
    dst[(*used)++] = (char)(0x80 | (byte & 0x3f));
  }
  return true;
}

// "<C3A4 20>": bytes; how much was taken, 0: it is a '<' of the text.
static size_t
decode_hex(const char *text, bool is_utf8, char *dst, size_t dst_size, size_t *used)
{
  size_t  size = strcspn(text, ">");
  uint8_t byte;
  char    digits[3] = "";

  if (text[size] != '>' || strspn(text + 1, "0123456789abcdefABCDEF \t") != size - 1)
    return 0;
  for (size_t i = 1; i + 1 < size;)
  {
    if (strchr(BLANKS, text[i]) != NULL)
    {
      i++;
      continue;
    }
    memcpy(digits, text + i, 2);
    if (!pb_text_parse_hex(digits, &byte, 1) || !append(dst, dst_size, used, byte, is_utf8))
      return 0;
    i += 2;
  }
  return size + 1;
}

bool
pb_ppd_line_decode(const char *text, bool is_utf8, char *dst, size_t dst_size)
{
  size_t used = 0;

  while (*text != '\0')
  {
    size_t hex = *text == '<' ? decode_hex(text, is_utf8, dst, dst_size, &used) : 0;

    if (hex == 0 && !append(dst, dst_size, &used, (unsigned char)*text, is_utf8))
      return false;
    text += hex > 0 ? hex : 1;
  }
  dst[used] = '\0';
  return pb_text_is_printable(dst);
}
