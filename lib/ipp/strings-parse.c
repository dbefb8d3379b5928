// strings-parse - .strings files: "key" = "text"; with comments and escapes, in UTF-8 or UTF-16.
// What is not understood is passed over to the next ';' or line.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "strings.h"

#include "base/text.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define REPLACEMENT 0xfffdU

// --- UTF-16

static bool
append_character(pb_buffer_t *to, uint32_t code, pb_error_t *err)
{
  char   bytes[4];
  size_t size = 0;

  if (code < 0x80)
    bytes[size++] = (char)code;
  else if (code < 0x800)
  {
    bytes[size++] = (char)(0xc0 | code >> 6);
    bytes[size++] = (char)(0x80 | (code & 0x3f));
  }
  else if (code < 0x10000)
  {
    bytes[size++] = (char)(0xe0 | code >> 12);
    bytes[size++] = (char)(0x80 | (code >> 6 & 0x3f));
    bytes[size++] = (char)(0x80 | (code & 0x3f));
  }
  else
  {
    bytes[size++] = (char)(0xf0 | code >> 18);
    bytes[size++] = (char)(0x80 | (code >> 12 & 0x3f));
    bytes[size++] = (char)(0x80 | (code >> 6 & 0x3f));
    bytes[size++] = (char)(0x80 | (code & 0x3f));
  }
  return pb_buffer_append(to, bytes, size, err);
}

static uint32_t
get_unit(const uint8_t *bytes, bool is_big)
{
  return is_big ? (uint32_t)bytes[0] << 8 | bytes[1] : (uint32_t)bytes[1] << 8 | bytes[0];
}

static bool
decode_utf16(const uint8_t *bytes, size_t size, bool is_big, pb_buffer_t *to, pb_error_t *err)
{
  for (size_t i = 0; i + 1 < size; i += 2)
  {
    uint32_t code = get_unit(bytes + i, is_big);
    uint32_t next = i + 3 < size ? get_unit(bytes + i + 2, is_big) : 0;

    if (code >= 0xd800 && code < 0xdc00 && next >= 0xdc00 && next < 0xe000)
    {
      code = 0x10000 + ((code - 0xd800) << 10) + (next - 0xdc00);
      i += 2;
    }
    else if (code == 0 || (code >= 0xd800 && code < 0xe000))
      code = REPLACEMENT;
    if (!append_character(to, code, err))
      return false;
  }
  return true;
}

// The file as UTF-8 without its mark.
static bool
decode(const uint8_t *bytes, size_t size, pb_buffer_t *to, pb_error_t *err)
{
  bool is_big = size >= 2 && bytes[0] == 0xfe && bytes[1] == 0xff;

  pb_buffer_init(to, (size_t)PB_STRINGS_FILE_MAX * 2);  // two bytes become three at most
  if (is_big || (size >= 2 && bytes[0] == 0xff && bytes[1] == 0xfe))
    return decode_utf16(bytes + 2, size - 2, is_big, to, err);
  if (size >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0)
    return pb_buffer_append(to, bytes + 3, size - 3, err);
  return pb_buffer_append(to, bytes, size, err);
}

// --- the text

struct reader
{
  const char *at, *end;
};

static bool
is_at(const struct reader *reader, const char *text)
{
  size_t size = strlen(text);

  return (size_t)(reader->end - reader->at) >= size && memcmp(reader->at, text, size) == 0;
}

static void
skip_to(struct reader *reader, const char *text)
{
  while (reader->at < reader->end && !is_at(reader, text))
    reader->at++;
  if (reader->at < reader->end)
    reader->at += strlen(text);
}

static void
skip_blanks(struct reader *reader)
{
  while (reader->at < reader->end)
  {
    if (strchr(" \t\r\n", *reader->at) != NULL && *reader->at != '\0')
      reader->at++;
    else if (is_at(reader, "/*"))
    {
      reader->at += 2;
      skip_to(reader, "*/");
    }
    else if (is_at(reader, "//"))
      skip_to(reader, "\n");
    else
      return;
  }
}

// "U00e9", behind the backslash; 0: not one.
static uint32_t
take_code(struct reader *reader)
{
  uint32_t code = 0;

  for (int i = 1; i <= 4; i++)
  {
    const char *digits = "0123456789abcdefABCDEF";
    const char *digit =
      reader->at + i < reader->end && reader->at[i] != '\0' ? strchr(digits, reader->at[i]) : NULL;

    if (digit == NULL)
      return 0;
    code = code << 4 | (uint32_t)(digit - digits > 15 ? digit - digits - 6 : digit - digits);
  }
  reader->at += 5;
  return code >= 0xd800 && code < 0xe000 ? REPLACEMENT : code;
}

// Behind a backslash.
static bool
append_escaped(struct reader *reader, pb_buffer_t *to, pb_error_t *err)
{
  uint32_t code = *reader->at == 'U' || *reader->at == 'u' ? take_code(reader) : 0;
  char     c    = ' ';

  if (code != 0)
    return append_character(to, code, err);
  if (strchr("ntr", *reader->at) == NULL)
    c = *reader->at;
  reader->at++;
  return pb_buffer_append(to, &c, 1, err);
}

// A quoted text; *is_there_out false: none begins here, or it has no end.
static bool
take_quoted(struct reader *reader, pb_buffer_t *to, bool *is_there_out, pb_error_t *err)
{
  *is_there_out = false;
  pb_buffer_reset(to);
  skip_blanks(reader);
  if (!is_at(reader, "\""))
    return true;
  reader->at++;
  while (reader->at < reader->end && *reader->at != '"')
  {
    bool is_escape = *reader->at == '\\' && reader->at + 1 < reader->end;

    if (is_escape)
      reader->at++;
    if (is_escape ? !append_escaped(reader, to, err) : !pb_buffer_append(to, reader->at++, 1, err))
      return false;
  }
  if (reader->at >= reader->end)
    return true;
  reader->at++;
  *is_there_out = pb_text_is_utf8(to->data != NULL ? to->data : "", to->size);
  return pb_buffer_append(to, "", 0, err);
}

static bool
take_sign(struct reader *reader, const char *sign)
{
  skip_blanks(reader);
  if (!is_at(reader, sign))
    return false;
  reader->at++;
  return true;
}

static void
skip_entry(struct reader *reader)
{
  while (reader->at < reader->end && *reader->at != ';' && *reader->at != '\n')
    reader->at++;
  if (reader->at < reader->end)
    reader->at++;
}

static bool
read_entries(struct reader *reader, pb_strings_t *strings, pb_buffer_t *key, pb_buffer_t *text,
             pb_error_t *err)
{
  for (skip_blanks(reader); reader->at < reader->end; skip_blanks(reader))
  {
    bool has_key = false, has_text = false;

    if (!take_quoted(reader, key, &has_key, err))
      return false;
    if (has_key && take_sign(reader, "=") && !take_quoted(reader, text, &has_text, err))
      return false;
    if (!has_text || !take_sign(reader, ";"))
      skip_entry(reader);
    else if (key->size > 0 && text->size > 0 &&
             !pb_strings_add(strings, key->data, /*value*/ NULL, text->data))
      return pb_error_set(err, PB_RETRY, "out of memory");
  }
  return true;
}

bool
pb_strings_parse(const void *bytes, size_t size, pb_strings_t **strings_out, pb_error_t *err)
{
  pb_buffer_t   file = {0}, key = {0}, text = {0};
  pb_strings_t *strings = NULL;
  bool          ok      = false;

  *strings_out = NULL;
  if (size > PB_STRINGS_FILE_MAX)
    return pb_error_set(err, PB_REJECT, "a message catalog of more than %d bytes",
                        PB_STRINGS_FILE_MAX);
  pb_buffer_init(&key, (size_t)PB_STRINGS_FILE_MAX * 2);
  pb_buffer_init(&text, (size_t)PB_STRINGS_FILE_MAX * 2);
  if (!decode(bytes, size, &file, err) || !pb_buffer_append(&file, "", 0, err))
    goto done;
  strings = pb_strings_new();
  if (strings == NULL)
  {
    pb_error_set(err, PB_RETRY, "out of memory");
    goto done;
  }
  struct reader reader = {.at = file.data, .end = file.data + file.size};
  ok                   = file.size == 0 || read_entries(&reader, strings, &key, &text, err);
  if (ok && strings != NULL && pb_strings_count(strings) == 0)
    ok = pb_error_set(err, PB_REJECT, "it is no message catalog");

done:
  if (!ok)
  {
    pb_strings_free(strings);
    strings = NULL;
  }
  *strings_out = strings;
  pb_buffer_clear(&file);
  pb_buffer_clear(&key);
  pb_buffer_clear(&text);
  return ok;
}
