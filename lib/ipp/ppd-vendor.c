// ppd-vendor - reads the UI options of a PPD, line by line; all else in it is passed over.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "ppd-vendor.h"

#include "attributes.h"
#include "base/text.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define OPTIONS_MAX 64
#define CHOICES_MAX 64
#define NAME_SIZE 64
#define LINE_SIZE 512
#define OPEN "*OpenUI *"
#define DEFAULT "*Default"

// Those that cupsd itself tells by IPP attributes.
static const char *const standard[] = {
  "PageSize",   "PageRegion",       "InputSlot",  "MediaType",         "OutputBin",    "Duplex",
  "ColorModel", "cupsPrintQuality", "Resolution", "cupsIPPFinishings", "PrintoutMode",
};

struct reader
{
  ipp_t           *attributes;
  ipp_attribute_t *choices;            // of the option that is open
  char             option[NAME_SIZE];  // "": none is open
  char             attribute[128];     // "x-ppd-option"
  char             first[NAME_SIZE];   // its default
  bool is_installable;  // inside of InstallableOptions: what is there, not what is wanted
  int  count;
};

static bool
is_standard(const char *text, const char *option)
{
  char finishing[NAME_SIZE + 8];

  for (size_t i = 0; i < sizeof(standard) / sizeof(standard[0]); i++)
  {
    if (strcasecmp(standard[i], option) == 0)
      return true;
  }
  // *cupsIPPFinishings 4/staple: "*StapleLocation SinglePortrait"
  pb_text_format(finishing, sizeof(finishing), "\"*%s ", option);
  for (const char *at = strstr(text, "*cupsIPPFinishings"); at != NULL;
       at             = strstr(at + 1, "*cupsIPPFinishings"))
  {
    size_t      size  = strcspn(at, "\n");
    const char *found = memmem(at, size, finishing, strlen(finishing));

    if (found != NULL)
      return true;
  }
  return false;
}

// "*Option Choice/Text: ..." -> the word behind the blank.
static bool
copy_word(const char *text, char word[NAME_SIZE])
{
  size_t size = strcspn(text, "/: \t\r");

  return size > 0 && size < NAME_SIZE && pb_text_format(word, NAME_SIZE, "%.*s", (int)size, text);
}

static void
open_option(struct reader *reader, const char *text, const char *line)
{
  size_t used = strlen(PB_ATTRIBUTES_PPD_PREFIX);

  reader->option[0] = '\0';
  reader->first[0]  = '\0';
  reader->choices   = NULL;
  if (reader->is_installable || reader->count >= OPTIONS_MAX ||
      !copy_word(line + strlen(OPEN), reader->option))
    return;
  pb_text_format(reader->attribute, sizeof(reader->attribute), PB_ATTRIBUTES_PPD_PREFIX "%s",
                 reader->option);
  for (char *at = reader->attribute + used; *at != '\0'; at++)
    *at = (char)tolower((unsigned char)*at);
  if (is_standard(text, reader->option) || !pb_attributes_is_vendor(reader->attribute))
    reader->option[0] = '\0';
}

static bool
add_choice(struct reader *reader, const char *choice)
{
  char name[160];

  if (!pb_text_is_printable(choice) ||
      (reader->choices != NULL && ippGetCount(reader->choices) >= CHOICES_MAX))
    return true;
  if (reader->choices != NULL)
    return ippSetString(reader->attributes, &reader->choices, ippGetCount(reader->choices),
                        choice) != 0;
  pb_text_format(name, sizeof(name), "%s-supported", reader->attribute);
  if (ippFindAttribute(reader->attributes, name, IPP_TAG_ZERO) != NULL)
    return true;
  reader->choices = ippAddString(reader->attributes, IPP_TAG_PRINTER, IPP_TAG_NAME, name,
                                 /*language*/ NULL, choice);
  return reader->choices != NULL;
}

static bool
close_option(struct reader *reader)
{
  char name[160];
  bool ok = true;

  if (reader->choices != NULL && ippGetCount(reader->choices) < 2)
    ippDeleteAttribute(reader->attributes, reader->choices);
  else if (reader->choices != NULL)
  {
    pb_text_format(name, sizeof(name), "%s-default", reader->attribute);
    reader->count++;
    if (ippContainsString(reader->choices, reader->first))
      ok = ippAddString(reader->attributes, IPP_TAG_PRINTER, IPP_TAG_NAME, name, /*language*/ NULL,
                        reader->first) != NULL;
  }
  reader->choices   = NULL;
  reader->option[0] = '\0';
  return ok;
}

static bool
read_line(struct reader *reader, const char *text, const char *line)
{
  char   word[NAME_SIZE];
  size_t size = strlen(reader->option);

  if (pb_text_has_prefix(line, "*OpenGroup: InstallableOptions"))
    reader->is_installable = true;
  else if (pb_text_has_prefix(line, "*CloseGroup: InstallableOptions"))
    reader->is_installable = false;
  else if (pb_text_has_prefix(line, OPEN))
    open_option(reader, text, line);
  else if (pb_text_has_prefix(line, "*CloseUI"))
    return close_option(reader);
  else if (reader->option[0] == '\0' || line[0] != '*')
    return true;
  else if (strncasecmp(line + 1, reader->option, size) == 0 && line[1 + size] == ' ' &&
           copy_word(line + 2 + size, word))
    return add_choice(reader, word);
  else if (pb_text_has_prefix(line, DEFAULT) &&
           strncasecmp(line + strlen(DEFAULT), reader->option, size) == 0 &&
           line[strlen(DEFAULT) + size] == ':')
    copy_word(line + strlen(DEFAULT) + size + 1 + strspn(line + strlen(DEFAULT) + size + 1, " \t"),
              reader->first);
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
pb_ppd_vendor_add(const char *text, size_t size, ipp_t *attributes)
{
  struct reader reader = {.attributes = attributes};
  const char   *end    = text + size;
  char         *copy   = pb_text_dup_size(text, size);
  bool          ok     = copy != NULL;
  bool          is_in  = false;  // a quoted value

  for (const char *at = text; ok && at < end;)
  {
    const char *stop = memchr(at, '\n', (size_t)(end - at));
    char        line[LINE_SIZE];

    if (stop == NULL)
      stop = end;
    if (!is_in && pb_text_format(line, sizeof(line), "%.*s",
                                 (int)(stop - at < LINE_SIZE ? stop - at : LINE_SIZE - 1), at))
      ok = read_line(&reader, copy, line);
    is_in = is_in != has_open_quote(at, stop);
    at    = stop + 1;
  }
  // Without its end an option is none.
  ippDeleteAttribute(attributes, reader.choices);
  free(copy);
  return ok;
}

bool
pb_ppd_vendor_rename(ipp_t *request)
{
  ipp_attribute_t *at = ippFirstAttribute(request);

  while (at != NULL)
  {
    const char *name = ippGetName(at);

    if (name != NULL && pb_text_has_prefix(name, PB_ATTRIBUTES_PPD_PREFIX))
    {
      char plain[128];

      pb_text_copy(plain, sizeof(plain), name + strlen(PB_ATTRIBUTES_PPD_PREFIX));
      if (!ippSetName(request, &at, plain))
        return false;
    }
    at = ippNextAttribute(request);
  }
  return true;
}
