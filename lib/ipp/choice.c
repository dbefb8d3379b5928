// choice - the options of our PPDs, and the names and texts of their choices.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "choice.h"

#include "base/text.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))
#define HASH_SIZE 9       // "_" and 32 bits as hex
#define SIZE_NAME_MAX 24  // room for "_99.Fullbleed"

// docs/OPTIONS.md is compared with this table by a test.
static const struct pb_choice_option options[] = {
  {"PageSize",                   "media-size",                       "Media Size",         true,  false},
  {"InputSlot",                  "media-source",                     "Media Source",       true,  false},
  {"MediaType",                  "media-type",                       "Media Type",         true,  false},
  {"Duplex",                     "sides",                            "2-Sided Printing",   false, false},
  {"ColorModel",                 "print-color-mode",                 "Color Mode",         false, false},
  {"cupsPrintQuality",           "print-quality",                    "Print Quality",      false, false},
  {"Resolution",                 "printer-resolution",               "Resolution",         false, true },
  {"OutputBin",                  "output-bin",                       "Output Bin",         false, false},
  {"StapleLocation",             "finishings",                       "Staple",             false, true },
  {"PunchMedia",                 "finishings",                       "Punch",              false, true },
  {"FoldType",                   "finishings",                       "Fold",               false, true },
  {"Booklet",                    "finishings",                       "Booklet",            false, true },
  {"BindEdge",                   "finishings",                       "Bind",               false, true },
  {"CutMedia",                   "finishings",                       "Cut",                false, true },
  {"OtherFinishing",             "finishings",                       "Other Finishing",    false, true },
  {"cupsFinishingTemplate",      "finishing-template",               "Finishing Template", false, true },
  {"pbPrintScaling",             "print-scaling",                    "Scaling",            false, true },
  {"pbPrintContentOptimize",     "print-content-optimize",           "Optimize For",       false, true },
  {"pbPrintRenderingIntent",     "print-rendering-intent",           "Rendering Intent",   false, true },
  {"pbPrintDarkness",            "print-darkness",                   "Darkness",           false, true },
  {"pbMultipleDocumentHandling", "multiple-document-handling",       "Collation",          false, true },
  {"pbPageDelivery",             "page-delivery",                    "Page Delivery",      false, true },
  {"pbFeedOrientation",          "feed-orientation",                 "Feed Orientation",   false, true },
  {"pbImpositionTemplate",       "imposition-template",              "Imposition",         false, true },
  {"pbPresentationDirection",    "presentation-direction-number-up", "N-Up Layout",        false, true },
  {"pbJobReleaseAction",         "job-release-action",               "Release",            false, true },
};

// Names that every program knows.
static const struct name_row
{
  const char *attribute;
  const char *keyword;
  const char *name;
} name_rows[] = {
  {"sides",            "one-sided",            "None"          },
  {"sides",            "two-sided-long-edge",  "DuplexNoTumble"},
  {"sides",            "two-sided-short-edge", "DuplexTumble"  },
  {"print-color-mode", "monochrome",           "Gray"          },
  {"print-color-mode", "color",                "RGB"           },
  {"print-quality",    "draft",                "Draft"         },
  {"print-quality",    "normal",               "Normal"        },
  {"print-quality",    "high",                 "High"          },
};

// Where the keyword's words alone would not do.
static const struct text_row
{
  const char *attribute;
  const char *keyword;
  const char *text;
} text_rows[] = {
  {"sides",                            "one-sided",                            "Off (1-Sided)"             },
  {"sides",                            "two-sided-long-edge",                  "Long-Edge (Portrait)"      },
  {"sides",                            "two-sided-short-edge",                 "Short-Edge (Landscape)"    },
  {"media-source",                     "auto",                                 "Automatic"                 },
  {"media-type",                       "auto",                                 "Automatic"                 },
  {"print-color-mode",                 "auto",                                 "Automatic"                 },
  {"print-color-mode",                 "monochrome",                           "Grayscale"                 },
  {"print-color-mode",                 "bi-level",                             "Black and White"           },
  {"print-color-mode",                 "process-monochrome",                   "Grayscale (All Inks)"      },
  {"print-color-mode",                 "auto-monochrome",                      "Automatic Grayscale"       },
  {"media-source",                     "by-pass-tray",                         "Bypass Tray"               },
  {"media-source",                     "large-capacity",                       "Large Capacity Tray"       },
  {"media-source",                     "manual",                               "Manual Feed"               },
  {"media-type",                       "stationery",                           "Plain Paper"               },
  {"media-type",                       "stationery-letterhead",                "Letterhead"                },
  {"media-type",                       "stationery-heavyweight",               "Heavyweight Paper"         },
  {"media-type",                       "stationery-lightweight",               "Lightweight Paper"         },
  {"media-type",                       "photographic",                         "Photo Paper"               },
  {"media-type",                       "photographic-glossy",                  "Glossy Photo Paper"        },
  {"media-type",                       "photographic-high-gloss",              "High Gloss Photo Paper"    },
  {"media-type",                       "photographic-matte",                   "Matte Photo Paper"         },
  {"media-type",                       "photographic-satin",                   "Satin Photo Paper"         },
  {"media-type",                       "photographic-semi-gloss",              "Semi-Gloss Photo Paper"    },
  {"output-bin",                       "auto",                                 "Automatic"                 },
  {"print-scaling",                    "auto",                                 "Automatic"                 },
  {"print-scaling",                    "auto-fit",                             "Shrink to Fit"             },
  {"print-scaling",                    "fill",                                 "Fill Page"                 },
  {"print-scaling",                    "fit",                                  "Fit to Page"               },
  {"multiple-document-handling",       "separate-documents-collated-copies",   "Collated"                  },
  {"multiple-document-handling",       "separate-documents-uncollated-copies", "Uncollated"                },
  {"multiple-document-handling",       "single-document",                      "Single Document"           },
  {"multiple-document-handling",       "single-document-new-sheet",            "Single Document, New Sheet"},
  {"presentation-direction-number-up", "toright-tobottom",                     "Right, then Down"          },
  {"presentation-direction-number-up", "toleft-tobottom",                      "Left, then Down"           },
  {"presentation-direction-number-up", "tobottom-toright",                     "Down, then Right"          },
  {"presentation-direction-number-up", "tobottom-toleft",                      "Down, then Left"           },
  {"presentation-direction-number-up", "toright-totop",                        "Right, then Up"            },
  {"presentation-direction-number-up", "toleft-totop",                         "Left, then Up"             },
  {"presentation-direction-number-up", "totop-toright",                        "Up, then Right"            },
  {"presentation-direction-number-up", "totop-toleft",                         "Up, then Left"             },
};

// IPP's registry of finishings in ranges (PWG 5100.1).
static const struct finishing_row
{
  int         from, to;
  const char *option;
} finishing_rows[] = {
  {4,  4,   "StapleLocation"},
  {5,  5,   "PunchMedia"    },
  {7,  7,   "BindEdge"      },
  {8,  8,   "Booklet"       },
  {9,  9,   "StapleLocation"},
  {10, 10,  "FoldType"      },
  {11, 11,  "CutMedia"      },
  {13, 13,  "Booklet"       },
  {20, 39,  "StapleLocation"},
  {50, 53,  "BindEdge"      },
  {60, 63,  "CutMedia"      },
  {70, 89,  "PunchMedia"    },
  {90, 101, "FoldType"      },
};

const struct pb_choice_option *
pb_choice_options(size_t *count_out)
{
  *count_out = ROWS(options);
  return options;
}

const struct pb_choice_option *
pb_choice_find_option(const char *option)
{
  for (size_t i = 0; i < ROWS(options); i++)
  {
    if (strcmp(options[i].option, option) == 0)
      return &options[i];
  }
  return NULL;
}

const char *
pb_choice_option_for_finishing(int finishing)
{
  for (size_t i = 0; i < ROWS(finishing_rows); i++)
  {
    if (finishing >= finishing_rows[i].from && finishing <= finishing_rows[i].to)
      return finishing_rows[i].option;
  }
  return "OtherFinishing";
}

// The word that names come from: an enum's as in the registry ("staple-top-left").
static void
copy_word(const char *attribute, const struct pb_choice_value *value, char *word, size_t size)
{
  const char *text = value->text;

  switch (value->tag)
  {
    case IPP_TAG_ENUM:
      text = ippEnumString(attribute, value->number);
      if (text == NULL || !isalpha((unsigned char)text[0]))
        pb_text_format(word, size, "%s-%d", attribute, value->number);
      else
        pb_text_copy(word, size, text);
      return;
    case IPP_TAG_INTEGER:
      pb_text_format(word, size, "%s%u", value->number < 0 ? "minus" : "",
                     value->number < 0 ? 0U - (unsigned)value->number : (unsigned)value->number);
      return;
    default:
      pb_text_copy(word, size, text);
  }
}

static void
format_resolution(const struct pb_choice_value *value, char *name, size_t size)
{
  const char *units = value->units == IPP_RES_PER_CM ? "dpcm" : "dpi";

  if (value->x == value->y)
    pb_text_format(name, size, "%d%s", value->x, units);
  else
    pb_text_format(name, size, "%dx%d%s", value->x, value->y, units);
}

static uint32_t
hash(const char *text)
{
  uint32_t sum = 2166136261U;  // FNV-1a

  for (; *text != '\0'; text++)
    sum = (sum ^ (unsigned char)*text) * 16777619U;
  return sum;
}

static bool
is_name_character(char c)
{
  return isalnum((unsigned char)c) || c == '.' || c == '_' || c == '-';
}

// "by-pass-tray" -> "ByPassTray"; a hash stands for what had to be left out.
static void
camel(const char *word, char name[PB_CHOICE_NAME_SIZE])
{
  size_t used     = 0;
  bool   is_start = true, is_lossy = false;

  for (const char *at = word; *at != '\0'; at++)
  {
    bool is_dash = (*at == '-' || *at == ' ') && isalnum((unsigned char)at[1]) && at > word;

    if (is_dash || !is_name_character(*at) || (used == 0 && !isalnum((unsigned char)*at)))
    {
      is_lossy = is_lossy || !is_dash;
      is_start = true;
      continue;
    }
    if (used >= PB_CHOICE_NAME_SIZE - HASH_SIZE - 1)
    {
      is_lossy = true;
      break;
    }
    name[used++] = is_start ? (char)toupper((unsigned char)*at) : *at;
    is_start     = false;
  }
  name[used] = '\0';
  // "Custom" begins what libcups takes for a custom value.
  is_lossy = is_lossy || strncasecmp(name, "custom", 6) == 0;
  if (strncasecmp(name, "custom", 6) == 0)
    name[0] = 'K';
  if (used == 0)
    name[used++] = 'x';
  if (is_lossy)
    pb_text_format(name + used, PB_CHOICE_NAME_SIZE - used, "_%08x", hash(word));
}

static void
format_size_name(const struct pb_choice_value *value, char name[PB_CHOICE_NAME_SIZE])
{
  pwg_media_t *size = value->text[0] != '\0' ? pwgMediaForPWG(value->text) : NULL;
  const char  *ppd  = size != NULL ? size->ppd : NULL;

  if (ppd == NULL)
  {
    size = pwgMediaForSize(value->x, value->y);
    ppd  = size != NULL && abs(size->width - value->x) <= PB_CHOICE_SAME_SIZE &&
              abs(size->length - value->y) <= PB_CHOICE_SAME_SIZE
             ? size->ppd
             : NULL;
  }
  if (ppd != NULL && strlen(ppd) <= SIZE_NAME_MAX && isalnum((unsigned char)ppd[0]) &&
      strspn(ppd, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") ==
        strlen(ppd) &&
      strncasecmp(ppd, "custom", 6) != 0)
    pb_text_copy(name, PB_CHOICE_NAME_SIZE, ppd);
  else
    pb_text_format(name, PB_CHOICE_NAME_SIZE, "w%dh%d", (int)((int64_t)value->x * 72 / 2540),
                   (int)((int64_t)value->y * 72 / 2540));
}

void
pb_choice_format_name(const char *attribute, const struct pb_choice_value *value,
                      char name_out[PB_CHOICE_NAME_SIZE])
{
  char word[sizeof(value->text) + 16];

  if (value->tag == IPP_TAG_BEGIN_COLLECTION)
  {
    format_size_name(value, name_out);
    return;
  }
  if (value->tag == IPP_TAG_RESOLUTION)
  {
    format_resolution(value, name_out, PB_CHOICE_NAME_SIZE);
    return;
  }
  copy_word(attribute, value, word, sizeof(word));
  for (size_t i = 0; i < ROWS(name_rows); i++)
  {
    if (strcmp(name_rows[i].attribute, attribute) != 0 || strcmp(name_rows[i].keyword, word) != 0)
      continue;
    pb_text_copy(name_out, PB_CHOICE_NAME_SIZE, name_rows[i].name);
    return;
  }
  camel(word, name_out);
}

// --- texts

// "staple-top-left" -> "Staple Top Left", "tray-1" -> "Tray 1", "na_letter_..." stays.
static void
prettify(const char *word, char text[PB_CHOICE_TEXT_SIZE])
{
  bool is_start = true;

  pb_text_copy(text, PB_CHOICE_TEXT_SIZE, word);
  for (char *at = text; *at != '\0'; at++)
  {
    if (*at == '-' || *at == '_')
      *at = ' ';
    else if (is_start)
      *at = (char)toupper((unsigned char)*at);
    is_start = *at == ' ';
  }
}

// 1/100 mm with the unit that the size is known by.
static void
format_dimensions(const struct pb_choice_value *value, char *text, size_t size)
{
  size_t length  = strlen(value->text);
  bool   is_inch = length > 2 && strcmp(value->text + length - 2, "in") == 0;
  int    x       = is_inch ? (int)(((int64_t)value->x * 100 + 1270) / 2540) : value->x / 10;
  int    y       = is_inch ? (int)(((int64_t)value->y * 100 + 1270) / 2540) : value->y / 10;
  int    unit    = is_inch ? 100 : 10;
  char   ends[2][8];

  for (int i = 0; i < 2; i++)
  {
    int rest = (i == 0 ? x : y) % unit;

    if (rest == 0)
      ends[i][0] = '\0';
    else
      pb_text_format(ends[i], sizeof(ends[i]), is_inch ? ".%02d" : ".%d", rest);
  }
  pb_text_format(text, size, "%d%s x %d%s %s", x / unit, ends[0], y / unit, ends[1],
                 is_inch ? "in" : "mm");
}

static const struct text_row size_rows[] = {
  {"iso", "a3",        "A3"          },
  {"iso", "a4",        "A4"          },
  {"iso", "a5",        "A5"          },
  {"iso", "a6",        "A6"          },
  {"jis", "b4",        "JIS B4"      },
  {"jis", "b5",        "JIS B5"      },
  {"na",  "letter",    "US Letter"   },
  {"na",  "legal",     "US Legal"    },
  {"na",  "ledger",    "US Tabloid"  },
  {"na",  "executive", "Executive"   },
  {"na",  "invoice",   "Statement"   },
  {"na",  "number-10", "#10 Envelope"},
  {"iso", "dl",        "DL Envelope" },
  {"iso", "c5",        "C5 Envelope" },
  {"na",  "index-4x6", "4 x 6\""     },
  {"jpn", "hagaki",    "Postcard"    },
};

// "iso_a4_210x297mm" -> "A4"; others get their dimensions, too.
static void
format_size_text(const struct pb_choice_value *value, char text[PB_CHOICE_TEXT_SIZE])
{
  char  name[sizeof(value->text)], dimensions[40], pretty[PB_CHOICE_TEXT_SIZE];
  char *middle = NULL, *end = NULL;

  pb_text_copy(name, sizeof(name), value->text);
  format_dimensions(value, dimensions, sizeof(dimensions));
  middle = strchr(name, '_');
  end    = strrchr(name, '_');
  if (middle == NULL || end == middle)
  {
    pb_text_copy(text, PB_CHOICE_TEXT_SIZE, dimensions);
    return;
  }
  *middle++ = '\0';
  *end      = '\0';
  for (size_t i = 0; i < ROWS(size_rows); i++)
  {
    if (strcmp(size_rows[i].attribute, name) != 0 || strcmp(size_rows[i].keyword, middle) != 0)
      continue;
    pb_text_copy(text, PB_CHOICE_TEXT_SIZE, size_rows[i].text);
    return;
  }
  prettify(middle, pretty);
  pretty[40] = '\0';
  pb_text_format(text, PB_CHOICE_TEXT_SIZE, "%s (%s)", pretty, dimensions);
}

void
pb_choice_format_text(const char *attribute, const struct pb_choice_value *value,
                      char text_out[PB_CHOICE_TEXT_SIZE])
{
  char word[sizeof(value->text) + 16];

  if (value->tag == IPP_TAG_BEGIN_COLLECTION)
  {
    format_size_text(value, text_out);
    return;
  }
  if (value->tag == IPP_TAG_RESOLUTION)
  {
    format_resolution(value, text_out, PB_CHOICE_TEXT_SIZE);
    return;
  }
  if (value->tag == IPP_TAG_INTEGER)
  {
    pb_text_format(text_out, PB_CHOICE_TEXT_SIZE, "%d", value->number);
    return;
  }
  copy_word(attribute, value, word, sizeof(word));
  if (value->tag == IPP_TAG_NAME)
  {
    pb_text_copy(text_out, PB_CHOICE_TEXT_SIZE, word);
    return;
  }
  for (size_t i = 0; i < ROWS(text_rows); i++)
  {
    if (strcmp(text_rows[i].attribute, attribute) != 0 || strcmp(text_rows[i].keyword, word) != 0)
      continue;
    pb_text_copy(text_out, PB_CHOICE_TEXT_SIZE, text_rows[i].text);
    return;
  }
  prettify(word, text_out);
}
