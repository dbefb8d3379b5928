// line - lines of a PPD, checked and escaped.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "line.h"

#include "base/text.h"
#include <ctype.h>
#include <string.h>

#define NAME_MAX_SIZE 40  // PPD_MAX_NAME - 1
#define TEXT_MAX_SIZE 80  // PPD_MAX_TEXT - 1, as written
#define KEYWORD_SIZE 42

static bool
is_of(const char *text, const char *punctuation)
{
  for (; *text != '\0'; text++)
  {
    bool is_word = (unsigned char)*text < 0x80 && isalnum((unsigned char)*text);

    if (!is_word && strchr(punctuation, *text) == NULL)
      return false;
  }
  return true;
}

bool
pb_ppd_is_name(const char *text)
{
  return text != NULL && text[0] != '\0' && strlen(text) <= NAME_MAX_SIZE && is_of(text, "._-");
}

static bool
is_keyword(const char *text)
{
  return text != NULL && strlen(text) < KEYWORD_SIZE && text[0] != '\0' && is_of(text, "-");
}

bool
pb_ppd_is_language(const char *text)
{
  size_t letters = strspn(text, "abcdefghijklmnopqrstuvwxyz");
  bool   is_bare = text[letters] == '\0';

  if (letters == 3)
    return is_bare;
  return letters == 2 && (is_bare || (text[2] == '_' && strlen(text) == 5 &&
                                      strspn(text + 3, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 2));
}

static bool
is_code(const char *text)
{
  for (; *text != '\0'; text++)
  {
    if (*text < ' ' || *text > '~' || *text == '"')
      return false;
  }
  return true;
}

static size_t
count_utf8(const char *text)
{
  unsigned char first = (unsigned char)text[0];
  size_t        size  = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;

  return strnlen(text, size) == size && pb_text_is_utf8(text, size) ? size : 0;
}

static bool
is_control(const char *text)
{
  unsigned char first = (unsigned char)text[0];

  // C0, DEL, C1; and the separators U+2028, U+2029 that some readers take for the end of a line.
  return first < ' ' || first == 0x7f || (first == 0xc2 && (unsigned char)text[1] < 0xa0) ||
         (first == 0xe2 && (unsigned char)text[1] == 0x80 &&
          ((unsigned char)text[2] & 0xfe) == 0xa8);
}

enum letters
{
  UTF8,
  LATIN1,
  ASCII
};

// U+00A0 to U+00FF are two bytes of UTF-8, 0xC2 or 0xC3 first.
static void
narrow(const char *from, size_t size, enum letters letters, char to[8])
{
  unsigned char first = (unsigned char)from[0];

  if (letters == LATIN1 && size == 2 && first < 0xc4)
  {
    to[0] = (char)((first & 3) << 6 | ((unsigned char)from[1] & 0x3f));
    to[1] = '\0';
  }
  else
    pb_text_copy(to, 8, "?");
}

// What a character becomes: in translations what has a meaning is written as <hex>, which readers
// turn back; quoted text has no such way.
static void
escape_one(const char *from, size_t size, bool is_translation, enum letters letters, char to[8])
{
  to[0] = '\0';
  if (size == 0)
    pb_text_copy(to, 8, "?");
  else if (is_control(from))
    pb_text_copy(to, 8, " ");
  else if (is_translation && strchr(":<>\"/", from[0]) != NULL)
    pb_text_format(to, 8, "<%02X>", (unsigned char)from[0]);
  else if (from[0] == '"')
    pb_text_copy(to, 8, "'");
  else if (from[0] == '<' || from[0] == '>')
    pb_text_copy(to, 8, from[0] == '<' ? "(" : ")");
  else if (size > 1 && letters != UTF8)
    narrow(from, size, letters, to);
  else
  {
    memcpy(to, from, size);
    to[size] = '\0';
  }
}

static void
escape(const char *text, bool is_translation, enum letters letters, size_t max_size, char *escaped)
{
  size_t used = 0;

  while (*text == ' ')
    text++;
  while (*text != '\0')
  {
    size_t size = count_utf8(text);
    char   one[8];

    escape_one(text, size, is_translation, letters, one);
    if (used + strlen(one) > max_size)
      break;
    memcpy(escaped + used, one, strlen(one));
    used += strlen(one);
    text += size > 0 ? size : 1;
  }
  while (used > 0 && escaped[used - 1] == ' ')
    used--;
  escaped[used] = '\0';
}

static void
fail(pb_ppd_out_t *out, const struct pb_ppd_line *line, const char *what)
{
  pb_error_set(out->err, PB_BUG, "a PPD line of %s has a bad %s", line->keyword, what);
  out->has_failed = true;
}

static const char *
find_fault(const struct pb_ppd_line *line)
{
  if (!is_keyword(line->keyword))
    return "keyword";
  // "*OpenUI *PageSize": the option is a keyword.
  if (line->option != NULL && !pb_ppd_is_name(line->option + (line->option[0] == '*')))
    return "option";
  if (line->language != NULL && (!pb_ppd_is_language(line->language) ||
                                 strlen(line->language) + strlen(line->keyword) >= NAME_MAX_SIZE))
    return "language";
  if (line->value == NULL)
    return "value";
  if (line->kind == PB_PPD_NAME && !pb_ppd_is_name(line->value))
    return "name";
  if (line->kind == PB_PPD_LIST && (line->value[0] == '\0' || !is_of(line->value, "._-* ")))
    return "list";
  if (line->kind == PB_PPD_CODE && !is_code(line->value))
    return "code";
  return NULL;
}

static bool
append_value(char *text, size_t size, const struct pb_ppd_line *line, enum letters letters)
{
  char   escaped[PB_PPD_LINE_MAX + 1];
  size_t used = strlen(text);

  if (line->kind == PB_PPD_NAME || line->kind == PB_PPD_LIST)
    return pb_text_format(text + used, size - used, ": %s", line->value);
  if (line->kind == PB_PPD_CODE)
    return pb_text_format(text + used, size - used, ": \"%s\"", line->value);
  escape(line->value, /*is_translation*/ false, letters, PB_PPD_LINE_MAX - used - strlen(": \"\""),
         escaped);
  return pb_text_format(text + used, size - used, ": \"%s\"", escaped);
}

static bool
is_ascii(const char *text)
{
  while (*text != '\0' && (unsigned char)*text < 0x80)
    text++;
  return *text == '\0';
}

static void
copy_translation(pb_ppd_out_t *out, const struct pb_ppd_line *line, char text[TEXT_MAX_SIZE + 1])
{
  bool is_own = out->is_multilingual && line->language == NULL;

  text[0] = '\0';
  if (line->option == NULL || line->text == NULL)
    return;
  escape(line->text, /*is_translation*/ true, is_own ? ASCII : UTF8, TEXT_MAX_SIZE, text);
  out->has_lost = out->has_lost || (is_own && !is_ascii(line->text));
}

void
pb_ppd_put(pb_ppd_out_t *out, const struct pb_ppd_line *line)
{
  char        text[PB_PPD_LINE_MAX + 1];
  char        translation[TEXT_MAX_SIZE + 1];
  const char *fault = find_fault(line);

  if (out->has_failed)
    return;
  if (fault != NULL)
  {
    fail(out, line, fault);
    return;
  }
  copy_translation(out, line, translation);
  pb_text_format(
    text, sizeof(text), "*%s%s%s%s%s%s%s", line->language != NULL ? line->language : "",
    line->language != NULL ? "." : "", line->keyword, line->option != NULL ? " " : "",
    line->option != NULL ? line->option : "", translation[0] != '\0' ? "/" : "", translation);
  if (!append_value(text, sizeof(text), line, out->is_multilingual ? LATIN1 : UTF8))
    fail(out, line, "length");
  else if (!pb_buffer_appendf(out->buffer, out->err, "%s\n", text))
    out->has_failed = true;
}

void
pb_ppd_put_name(pb_ppd_out_t *out, const char *keyword, const char *name)
{
  pb_ppd_put(out, &(struct pb_ppd_line){.keyword = keyword, .kind = PB_PPD_NAME, .value = name});
}

void
pb_ppd_put_text(pb_ppd_out_t *out, const char *keyword, const char *text)
{
  pb_ppd_put(out, &(struct pb_ppd_line){.keyword = keyword, .kind = PB_PPD_TEXT, .value = text});
}

void
pb_ppd_put_code(pb_ppd_out_t *out, const char *keyword, const char *code)
{
  pb_ppd_put(out, &(struct pb_ppd_line){.keyword = keyword, .kind = PB_PPD_CODE, .value = code});
}

void
pb_ppd_put_list(pb_ppd_out_t *out, const char *keyword, const char *option, const char *list)
{
  pb_ppd_put(out, &(struct pb_ppd_line){
                    .keyword = keyword, .option = option, .kind = PB_PPD_LIST, .value = list});
}
