// job-options-named - options by the names that IPP and CUPS give them.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "job-options-private.h"

#include "attributes.h"
#include "base/text.h"
#include "cups-printing.h"
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define RANGES_MAX 1000

enum syntax
{
  WORD,  // keyword or name, as the printer lists it
  NAME,
  NUMBER,
  ENUM,    // as a number or by its keyword
  ENUMS,   // finishings: several
  RES,     // 600dpi, 600x1200dpi
  RANGES,  // 1-4,7
  MEDIA,   // size, tray, type
  COLLECTION
};

// What may have been done on the way here, by the queue's filters.
enum done
{
  NEVER,
  BY_PAGES,  // pdftopdf has chosen and arranged the pages
  BY_LAYOUT  // so has a filter that makes PDF of text or pictures
};

// docs/OPTIONS.md is compared with these tables by a test.
static const struct named_row
{
  const char *name;  // of the option and the attribute
  enum syntax syntax;
  enum done   done;
} named_rows[] = {
  {"sides",                            WORD,   NEVER    },
  {"print-color-mode",                 WORD,   NEVER    },
  {"print-quality",                    ENUM,   NEVER    },
  {"printer-resolution",               RES,    NEVER    },
  {"output-bin",                       WORD,   NEVER    },
  {"finishings",                       ENUMS,  NEVER    },
  {"media",                            MEDIA,  NEVER    },
  {"media-source",                     WORD,   NEVER    },
  {"media-type",                       WORD,   NEVER    },
  {"print-content-optimize",           WORD,   NEVER    },
  {"print-rendering-intent",           WORD,   NEVER    },
  {"print-darkness",                   NUMBER, NEVER    },
  {"print-scaling",                    WORD,   BY_LAYOUT},
  {"orientation-requested",            ENUM,   BY_LAYOUT},
  {"page-ranges",                      RANGES, BY_PAGES },
  {"number-up",                        NUMBER, BY_PAGES },
  {"presentation-direction-number-up", WORD,   BY_PAGES },
  {"multiple-document-handling",       WORD,   BY_PAGES },
  {"page-delivery",                    WORD,   BY_PAGES },
  {"imposition-template",              WORD,   NEVER    },
  {"feed-orientation",                 WORD,   NEVER    },
  {"job-pages-per-set",                NUMBER, NEVER    },
  {"job-priority",                     NUMBER, NEVER    },
  {"job-account-id",                   NAME,   NEVER    },
  {"job-accounting-user-id",           NAME,   NEVER    },
  {"job-hold-until",                   WORD,   NEVER    },
  {"job-release-action",               WORD,   NEVER    },
};

// CUPS's older words; "" is any value but "false" and "no".
static const struct old_row
{
  const char *name, *value;
  const char *attribute;
  const char *word;  // NULL: the attribute is not sent, and nothing is missing
} old_rows[] = {
  {"landscape",        "",        "orientation-requested",            "landscape"                           },
  {"fit-to-page",      "",        "print-scaling",                    "fit"                                 },
  {"fitplot",          "",        "print-scaling",                    "fit"                                 },
  {"fill",             "",        "print-scaling",                    "fill"                                },
  {"Collate",          "true",    "multiple-document-handling",       "separate-documents-collated-copies"  },
  {"Collate",          "false",   "multiple-document-handling",       "separate-documents-uncollated-copies"},
  {"outputorder",      "normal",  "page-delivery",                    NULL                                  },
  {"outputorder",      "reverse", "page-delivery",                    "reverse-order-face-up"               },
  {"number-up-layout", "lrtb",    "presentation-direction-number-up", "toright-tobottom"                    },
  {"number-up-layout", "rltb",    "presentation-direction-number-up", "toleft-tobottom"                     },
  {"number-up-layout", "tblr",    "presentation-direction-number-up", "tobottom-toright"                    },
  {"number-up-layout", "tbrl",    "presentation-direction-number-up", "tobottom-toleft"                     },
  {"number-up-layout", "lrbt",    "presentation-direction-number-up", "toright-totop"                       },
  {"number-up-layout", "rlbt",    "presentation-direction-number-up", "toleft-totop"                        },
  {"number-up-layout", "btlr",    "presentation-direction-number-up", "totop-toright"                       },
  {"number-up-layout", "btrl",    "presentation-direction-number-up", "totop-toleft"                        },
};

// The local queue's own business; and what is added elsewhere.
static const char *const local_prefixes[] = {
  "job-uuid",
  "job-sheets",
  "job-originating-",
  "job-name",
  "job-impressions",
  "job-k-octets",
  "job-media-",
  "job-billing",
  "job-cancel-",
  "job-password",
  "job-state",
  "job-id",
  "job-printer-",
  "job-page",
  "job-more-",
  "document-",
  "time-at-",
  "date-time-at-",
  "printer-uri",
  "requesting-user-",
  "attributes-",
  "compression",
  "copies",
  "printbridge-",
  "wait-for",
  "finishings-col",
  "cups-",
  "CUPS_",
  "ipp-attribute-",
  "APPrinterPreset",
  "com.apple.print.",
  "collate",
  "nopdfAutoRotate",
  "pdfAutoRotate",
  "number-of-",
  "job-detailed-",
  "job-collation-",
  "job-saved-",
  "raw",
  "output-format",
};

bool
pb_wanted_has_filtered_pages(const struct pb_wanted *wanted)
{
  const char *format = wanted->in->final_format;

  return wanted->in->is_filtered && format != NULL && strcmp(format, "application/pdf") != 0;
}

bool
pb_wanted_has_filtered_layout(const struct pb_wanted *wanted)
{
  return wanted->in->is_filtered;
}

static bool
is_done(const struct pb_wanted *wanted, enum done done)
{
  return (done == BY_PAGES && pb_wanted_has_filtered_pages(wanted)) ||
         (done == BY_LAYOUT && pb_wanted_has_filtered_layout(wanted));
}

// --- values

void
pb_wanted_make_word(const struct pb_wanted *wanted, const char *attribute, const char *word,
                    struct pb_choice_value *value_out)
{
  char             name[128];
  ipp_attribute_t *at = NULL;

  *value_out = (struct pb_choice_value){.tag = IPP_TAG_KEYWORD};
  pb_text_copy(value_out->text, sizeof(value_out->text), word);
  pb_text_format(name, sizeof(name), "%s-supported", attribute);
  if (wanted->in->printer != NULL)
    at = pb_ipp_find(wanted->in->printer, IPP_TAG_PRINTER, name, IPP_TAG_ZERO);
  if (at != NULL &&
      (ippGetValueTag(at) == IPP_TAG_NAME || ippGetValueTag(at) == IPP_TAG_NAMELANG) &&
      ippContainsString(at, word))
    value_out->tag = IPP_TAG_NAME;
}

static bool
parse_enum(const char *attribute, const char *text, struct pb_choice_value *value)
{
  int64_t number = 0;

  value->tag = IPP_TAG_ENUM;
  if (!pb_text_parse_int(text, 1, INT_MAX, &number))
    number = ippEnumValue(attribute, text);
  value->number = (int)number;
  return number > 0;
}

static bool
parse_resolution(const char *text, struct pb_choice_value *value)
{
  int  used = 0;
  char units[5];

  value->tag   = IPP_TAG_RESOLUTION;
  value->units = IPP_RES_PER_INCH;
  if (sscanf(text, "%6dx%6d%n", &value->x, &value->y, &used) != 2)
  {
    used = 0;
    if (sscanf(text, "%6d%n", &value->x, &used) != 1)
      return false;
    value->y = value->x;
  }
  if (!pb_text_copy(units, sizeof(units), text + used))
    return false;
  if (strcmp(units, "dpcm") == 0 || strcmp(units, "dpc") == 0)
    value->units = IPP_RES_PER_CM;
  return value->x > 0 && value->y > 0 &&
         (value->units == IPP_RES_PER_CM || strcmp(units, "dpi") == 0);
}

static bool
add_finishings(struct pb_wanted *wanted, const char *list)
{
  bool ok = true;

  while (ok && *list != '\0')
  {
    char                   word[64];
    size_t                 size = strcspn(list, ",");
    struct pb_choice_value value;

    pb_text_format(word, sizeof(word), "%.*s", (int)(size < 63 ? size : 63), list);
    ok = parse_enum("finishings", word, &value);
    if (ok)
      pb_wanted_add_finishing(wanted, value.number);
    list += size + (list[size] == ',');
  }
  return ok;
}

struct range
{
  int low, high;
};

// "1-4", "7", "9-", "-3"; an open end is the first or the last page.
static bool
parse_range(const char *text, size_t size, struct range *range)
{
  char    first[12] = "", last[12] = "";
  size_t  dash = strcspn(text, "-,");
  int64_t low = 1, high = INT_MAX;

  if (size > 23 || dash > 11 || (dash < size && size - dash - 1 > 11))
    return false;
  pb_text_format(first, sizeof(first), "%.*s", (int)dash, text);
  if (dash < size)
    pb_text_format(last, sizeof(last), "%.*s", (int)(size - dash - 1), text + dash + 1);
  if ((first[0] == '\0' && last[0] == '\0') ||
      (first[0] != '\0' && !pb_text_parse_int(first, 1, INT_MAX, &low)) ||
      (last[0] != '\0' && !pb_text_parse_int(last, low, INT_MAX, &high)))
    return false;
  *range = (struct range){(int)low, dash < size ? (int)high : (int)low};
  return true;
}

static int
compare_ranges(const void *a, const void *b)
{
  const struct range *one = a, *other = b;

  return one->low < other->low ? -1 : one->low > other->low;
}

// CUPS takes them in any order and prints each page once; IPP wants them in order (RFC 8011
// s5.2.7).
static bool
add_sorted(struct pb_wanted *wanted, struct range *ranges, size_t count)
{
  ipp_attribute_t *at   = NULL;
  size_t           used = 0;

  qsort(ranges, count, sizeof(*ranges), compare_ranges);
  for (size_t i = 1; i < count; i++)
  {
    if (ranges[i].low > ranges[used].high)
      ranges[++used] = ranges[i];
    else if (ranges[i].high > ranges[used].high)
      ranges[used].high = ranges[i].high;
  }
  for (size_t i = 0; i <= used; i++)
  {
    if (i == 0)
      at = ippAddRange(wanted->job, IPP_TAG_JOB, "page-ranges", ranges[0].low, ranges[0].high);
    else if (!ippSetRange(wanted->job, &at, (int)i, ranges[i].low, ranges[i].high))
      at = NULL;
    if (at == NULL)
      return false;
  }
  return true;
}

static bool
add_ranges(struct pb_wanted *wanted, const char *text)
{
  struct range *ranges = NULL;
  size_t        count  = 0;
  bool          ok     = true;

  if (pb_wanted_has(wanted, "page-ranges"))
    return true;
  ranges = calloc(RANGES_MAX, sizeof(*ranges));
  while (ok && ranges != NULL && *text != '\0')
  {
    size_t size = strcspn(text, ",");

    ok = count < RANGES_MAX && parse_range(text, size, &ranges[count++]);
    text += size + (text[size] == ',');
  }
  ok = ok && count > 0;
  if (ranges == NULL || (ok && !add_sorted(wanted, ranges, count)))
    wanted->has_no_memory = true;
  free(ranges);
  return ok;
}

// --- options

static bool
parse_value(const struct pb_wanted *wanted, const struct named_row *row, const char *text,
            struct pb_choice_value *value)
{
  int64_t number = 0;

  *value = (struct pb_choice_value){0};
  switch (row->syntax)
  {
    case NUMBER:
      value->tag    = IPP_TAG_INTEGER;
      bool ok       = pb_text_parse_int(text, INT_MIN, INT_MAX, &number);
      value->number = (int)number;
      return ok;
    case ENUM:
      return parse_enum(row->name, text, value);
    case RES:
      return parse_resolution(text, value);
    case NAME:
      value->tag = IPP_TAG_NAME;
      return text[0] != '\0' && pb_text_copy(value->text, sizeof(value->text), text);
    default:
      pb_wanted_make_word(wanted, row->name, text, value);
      return text[0] != '\0' && strlen(text) < sizeof(value->text);
  }
}

// What the local queue has waited for already is not waited for again.
static bool
is_over(const char *name, const char *value)
{
  return strcmp(name, "job-hold-until") == 0 &&
         (strcmp(value, "no-hold") == 0 || strcmp(value, "indefinite") == 0 ||
          pb_cups_is_hold_time(value));
}

static void
add_named(struct pb_wanted *wanted, const struct named_row *row, const char *text)
{
  struct pb_choice_value value;
  bool                   ok = true;

  if (is_done(wanted, row->done) || is_over(row->name, text))
    return;
  if (row->syntax == MEDIA)
    pb_wanted_add_media(wanted, text);
  else if (row->syntax == ENUMS)
    ok = add_finishings(wanted, text);
  else if (row->syntax == RANGES)
    ok = add_ranges(wanted, text);
  else
  {
    ok = parse_value(wanted, row, text, &value);
    if (ok)
      pb_wanted_add_value(wanted, row->name, &value);
  }
  if (!ok)
    pb_wanted_drop(wanted, row->name, text, "cannot be read");
}

static const struct named_row *
find_named_row(const char *name)
{
  for (size_t i = 0; i < sizeof(named_rows) / sizeof(named_rows[0]); i++)
  {
    if (strcmp(named_rows[i].name, name) == 0)
      return &named_rows[i];
  }
  return NULL;
}

static bool
is_old(const struct old_row *row, const cups_option_t *option)
{
  if (strcasecmp(row->name, option->name) != 0)
    return false;
  if (row->value[0] != '\0')
    return strcasecmp(row->value, option->value) == 0;
  return strcasecmp(option->value, "false") != 0 && strcasecmp(option->value, "no") != 0;
}

// True: it is one of them.
static bool
add_old(struct pb_wanted *wanted, const cups_option_t *option)
{
  bool is_known = false;

  for (size_t i = 0; i < sizeof(old_rows) / sizeof(old_rows[0]); i++)
  {
    is_known = is_known || strcasecmp(old_rows[i].name, option->name) == 0;
    if (!is_old(&old_rows[i], option))
      continue;
    if (old_rows[i].word != NULL)
      add_named(wanted, find_named_row(old_rows[i].attribute), old_rows[i].word);
    return true;
  }
  return is_known;
}

static bool
is_local(const char *name)
{
  for (size_t i = 0; i < sizeof(local_prefixes) / sizeof(local_prefixes[0]); i++)
  {
    if (pb_text_has_prefix(name, local_prefixes[i]))
      return true;
  }
  return false;
}

// What the printer offers beyond the standards: in the syntax that it is offered in, and only what
// is on the list.
static bool
add_vendor(struct pb_wanted *wanted, const cups_option_t *option)
{
  char             name[256];
  ipp_attribute_t *at = NULL;
  char             value[256];

  if (!pb_attributes_is_vendor(option->name) || wanted->in->printer == NULL ||
      !pb_text_format(name, sizeof(name), "%s-supported", option->name))
    return false;
  at = pb_ipp_find(wanted->in->printer, IPP_TAG_PRINTER, name, IPP_TAG_ZERO);
  for (int i = 0; at != NULL && i < ippGetCount(at); i++)
  {
    struct pb_choice_value is;

    if (!pb_choice_value_get(at, i, &is))
      continue;
    if (is.tag == IPP_TAG_ENUM || is.tag == IPP_TAG_INTEGER)
      pb_text_format(value, sizeof(value), "%d", is.number);
    else
      pb_text_copy(value, sizeof(value), is.text);
    if (strcmp(value, option->value) != 0)
      continue;
    pb_wanted_add_value(wanted, option->name, &is);
    return true;
  }
  return false;
}

void
pb_wanted_add_named(struct pb_wanted *wanted)
{
  for (int i = 0; i < wanted->count; i++)
  {
    const cups_option_t    *option = &wanted->options[i];
    const struct named_row *row    = find_named_row(option->name);

    if (row != NULL)
      add_named(wanted, row, option->value);
    else if (!pb_wanted_is_choice_option(wanted, option->name) && !add_old(wanted, option) &&
             !add_vendor(wanted, option) && !is_local(option->name))
      pb_wanted_drop(wanted, option->name, option->value, "not an option of this printer");
  }
}
