// attributes-table - the tables: job template attributes, what a device may report, members of
// collections.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "attributes-table.h"
#include "base/text.h"
#include "strings.h"
#include <limits.h>
#include <string.h>

#define INT PB_SYNTAX_INTEGER
#define BOOL PB_SYNTAX_BOOLEAN
#define ENUM PB_SYNTAX_ENUM
#define RANGE PB_SYNTAX_RANGE
#define RES PB_SYNTAX_RESOLUTION
#define DATE PB_SYNTAX_DATE
#define KEY PB_SYNTAX_KEYWORD
#define NAME PB_SYNTAX_NAME
#define TEXT PB_SYNTAX_TEXT
#define URI PB_SYNTAX_URI
#define MIME PB_SYNTAX_MIME
#define CHARSET PB_SYNTAX_CHARSET
#define LANG PB_SYNTAX_LANGUAGE
#define OCTETS PB_SYNTAX_OCTETS
#define COL PB_SYNTAX_COLLECTION
#define NONE PB_SYNTAX_VALUELESS

#define MAX INT_MAX
#define LIST 512   // keywords, sizes ... of one attribute
#define TRAYS 100  // supplies, trays, alerts
#define VENDOR_NAME_MAX 127
#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

// Which xxx-... attributes of a device go with a job template attribute.
enum companion
{
  D = 1,  // xxx-default
  R = 2,  // xxx-ready
  B = 4   // xxx-database
};

// Job template attributes.  `supported` is the syntax of xxx-supported.
static const struct template_row
{
  const char *name;
  unsigned    syntaxes;
  int         max_count, min, max;
  unsigned    supported;
  int         companions;
} template_rows[] = {
  {"copies",                           INT,        1,    1,    9999, INT | RANGE, D        },
  {"feed-orientation",                 KEY,        1,    0,    0,    KEY,         D        },
  {"finishings",                       ENUM,       32,   3,    4095, ENUM,        D | R    },
  {"finishings-col",                   COL,        32,   0,    0,    KEY,         D | R | B},
  {"imposition-template",              KEY | NAME, 1,    0,    0,    KEY | NAME,  D        },
  {"job-account-id",                   NAME,       1,    0,    0,    BOOL,        D        },
  {"job-accounting-user-id",           NAME,       1,    0,    0,    BOOL,        D        },
  {"job-hold-until",                   KEY | NAME, 1,    0,    0,    KEY | NAME,  D        },
  {"job-hold-until-time",              DATE,       1,    0,    0,    BOOL,        0        },
  {"job-pages-per-set",                INT,        1,    1,    MAX,  BOOL,        0        },
  {"job-priority",                     INT,        1,    1,    100,  INT,         D        },
  {"job-release-action",               KEY,        1,    0,    0,    KEY,         D        },
  {"job-sheets",                       KEY | NAME, 2,    0,    0,    KEY | NAME,  D        },
  {"media",                            KEY | NAME, 1,    0,    0,    KEY | NAME,  D | R    },
  {"media-col",                        COL,        1,    0,    0,    KEY,         D | R | B},
  {"multiple-document-handling",       KEY,        1,    0,    0,    KEY,         D        },
  {"number-up",                        INT,        1,    1,    1000, INT | RANGE, D        },
  {"orientation-requested",            ENUM,       1,    3,    7,    ENUM,        D        },
  {"output-bin",                       KEY | NAME, 1,    0,    0,    KEY | NAME,  D        },
  {"overrides",                        COL,        64,   0,    0,    KEY,         0        },
  {"page-delivery",                    KEY,        1,    0,    0,    KEY,         D        },
  {"page-ranges",                      RANGE,      1000, 1,    MAX,  BOOL,        D        },
  {"presentation-direction-number-up", KEY,        1,    0,    0,    KEY,         D        },
  {"print-color-mode",                 KEY,        1,    0,    0,    KEY,         D        },
  {"print-content-optimize",           KEY,        1,    0,    0,    KEY,         D        },
  {"print-darkness",                   INT,        1,    -100, 100,  INT,         D        },
  {"print-quality",                    ENUM,       1,    3,    5,    ENUM,        D        },
  {"print-rendering-intent",           KEY,        1,    0,    0,    KEY,         D        },
  {"print-scaling",                    KEY,        1,    0,    0,    KEY,         D        },
  {"printer-resolution",               RES,        1,    1,    MAX,  RES,         D        },
  {"proof-copies",                     INT,        1,    1,    9999, INT | RANGE, D        },
  {"sides",                            KEY,        1,    0,    0,    KEY,         D        },
};

// What else a proxy may report (PWG 5100.18 s4.2.10, and what real ones send).  Not here: what is
// the service's own, such as printer-uuid, printer-uri-supported and notify-...
static const struct device_row
{
  const char *name;
  unsigned    syntaxes;
  int         max_count, min, max;
  bool        is_whole;
} device_rows[] = {
  {"charset-configured",                        CHARSET,     1,     0,  0,    false},
  {"charset-supported",                         CHARSET,     32,    0,  0,    false},
  {"color-supported",                           BOOL,        1,     0,  0,    false},
  {"compression-default",                       KEY,         1,     0,  0,    false},
  {"compression-supported",                     KEY,         16,    0,  0,    false},
  {"document-format-default",                   MIME,        1,     0,  0,    false},
  {"document-format-preferred",                 MIME,        1,     0,  0,    false},
  {"document-format-supported",                 MIME,        128,   0,  0,    false},
  {"document-password-supported",               INT,         1,     0,  1023, false},
  {"finishing-template-supported",              KEY | NAME,  LIST,  0,  0,    false},
  {"generated-natural-language-supported",      LANG,        128,   0,  0,    false},
  {"identify-actions-default",                  KEY,         8,     0,  0,    false},
  {"identify-actions-supported",                KEY,         8,     0,  0,    false},
  {"ipp-features-supported",                    KEY,         64,    0,  0,    false},
  {"ipp-versions-supported",                    KEY,         16,    0,  0,    false},
  {"job-constraints-supported",                 COL,         256,   0,  0,    false},
  {"job-creation-attributes-supported",         KEY,         LIST,  0,  0,    false},
  {"job-password-encryption-supported",         KEY,         32,    0,  0,    false},
  {"job-password-length-supported",             RANGE,       1,     0,  255,  false},
  {"job-password-repertoire-configured",        KEY,         1,     0,  0,    false},
  {"job-password-repertoire-supported",         KEY,         32,    0,  0,    false},
  {"job-password-supported",                    INT,         1,     0,  255,  false},
  {"job-resolvers-supported",                   COL,         256,   0,  0,    false},
  {"jpeg-features-supported",                   KEY,         16,    0,  0,    false},
  {"jpeg-k-octets-supported",                   RANGE,       1,     0,  MAX,  false},
  {"jpeg-x-dimension-supported",                RANGE,       1,     0,  MAX,  false},
  {"jpeg-y-dimension-supported",                RANGE,       1,     1,  MAX,  false},
  {"landscape-orientation-requested-preferred", ENUM,        1,     3,  7,    false},
  {"marker-change-time",                        INT,         1,     0,  MAX,  false},
  {"marker-colors",                             NAME,        TRAYS, 0,  0,    true },
  {"marker-high-levels",                        INT,         TRAYS, -3, 100,  true },
  {"marker-levels",                             INT,         TRAYS, -3, 100,  true },
  {"marker-low-levels",                         INT,         TRAYS, -3, 100,  true },
  {"marker-message",                            TEXT,        1,     0,  0,    false},
  {"marker-names",                              NAME,        TRAYS, 0,  0,    true },
  {"marker-types",                              KEY,         TRAYS, 0,  0,    true },
  {"media-bottom-margin-supported",             INT,         256,   0,  MAX,  false},
  {"media-color-supported",                     KEY | NAME,  LIST,  0,  0,    false},
  {"media-left-margin-supported",               INT,         256,   0,  MAX,  false},
  {"media-right-margin-supported",              INT,         256,   0,  MAX,  false},
  {"media-size-supported",                      COL,         2000,  0,  0,    false},
  {"media-source-supported",                    KEY | NAME,  LIST,  0,  0,    false},
  {"media-top-margin-supported",                INT,         256,   0,  MAX,  false},
  {"media-type-supported",                      KEY | NAME,  LIST,  0,  0,    false},
  {"mopria-certified",                          TEXT,        1,     0,  0,    false},
  {"natural-language-configured",               LANG,        1,     0,  0,    false},
  {"pages-per-minute",                          INT,         1,     0,  MAX,  false},
  {"pages-per-minute-color",                    INT,         1,     0,  MAX,  false},
  {"pdf-k-octets-supported",                    RANGE,       1,     0,  MAX,  false},
  {"pdf-versions-supported",                    KEY,         64,    0,  0,    false},
  {"pdl-override-supported",                    KEY,         1,     0,  0,    false},
  {"printer-alert",                             OCTETS,      TRAYS, 0,  0,    true },
  {"printer-alert-description",                 TEXT,        TRAYS, 0,  0,    true },
  {"printer-config-change-date-time",           DATE | NONE, 1,     0,  0,    false},
  {"printer-config-change-time",                INT,         1,     0,  MAX,  false},
  {"printer-current-time",                      DATE | NONE, 1,     0,  0,    false},
  {"printer-darkness-configured",               INT,         1,     0,  100,  false},
  {"printer-darkness-supported",                INT,         1,     0,  MAX,  false},
  {"printer-device-id",                         TEXT,        1,     0,  0,    false},
  {"printer-finisher",                          OCTETS,      TRAYS, 0,  0,    true },
  {"printer-finisher-description",              TEXT,        TRAYS, 0,  0,    true },
  {"printer-firmware-name",                     NAME,        16,    0,  0,    true },
  {"printer-firmware-string-version",           TEXT,        16,    0,  0,    true },
  {"printer-geo-location",                      URI | NONE,  1,     0,  0,    false},
  {"printer-icc-profiles",                      COL,         64,    0,  0,    false},
  {"printer-icons",                             URI,         16,    0,  0,    false},
  {"printer-info",                              TEXT,        1,     0,  0,    false},
  {"printer-input-tray",                        OCTETS,      TRAYS, 0,  0,    true },
  {"printer-is-accepting-jobs",                 BOOL,        1,     0,  0,    false},
  {"printer-kind",                              KEY,         16,    0,  0,    false},
  {"printer-location",                          TEXT,        1,     0,  0,    false},
  {"printer-make-and-model",                    TEXT,        1,     0,  0,    false},
  {"printer-mandatory-job-attributes",          KEY,         LIST,  0,  0,    false},
  {"printer-more-info-manufacturer",            URI,         1,     0,  0,    false},
  {"printer-name",                              NAME,        1,     0,  0,    false},
  {"printer-organization",                      TEXT,        8,     0,  0,    false},
  {"printer-organizational-unit",               TEXT,        8,     0,  0,    false},
  {"printer-output-tray",                       OCTETS,      TRAYS, 0,  0,    true },
  {"printer-requested-client-type",             KEY,         16,    0,  0,    false},
  {"printer-state",                             ENUM,        1,     3,  5,    false},
  {"printer-state-change-date-time",            DATE | NONE, 1,     0,  0,    false},
  {"printer-state-change-time",                 INT,         1,     0,  MAX,  false},
  {"printer-state-message",                     TEXT,        1,     0,  0,    false},
  {"printer-state-reasons",                     KEY,         64,    0,  0,    false},
  {"printer-strings-languages-supported",       LANG,        128,   0,  0,    false},
  {"printer-strings-uri",                       URI | NONE,  1,     0,  0,    false},
  {"printer-supply",                            OCTETS,      TRAYS, 0,  0,    true },
  {"printer-supply-description",                TEXT,        TRAYS, 0,  0,    true },
  {"printer-up-time",                           INT,         1,     1,  MAX,  false},
  {"pwg-raster-document-resolution-supported",  RES,         32,    1,  MAX,  false},
  {"pwg-raster-document-sheet-back",            KEY,         1,     0,  0,    false},
  {"pwg-raster-document-type-supported",        KEY,         64,    0,  0,    false},
  {"queued-job-count",                          INT,         1,     0,  MAX,  false},
  {"urf-supported",                             KEY,         64,    0,  0,    false},
};

// Members of collections, whichever; job template attributes are members of overrides, constraints
// and resolvers too.
static const struct member_row
{
  const char *name;
  unsigned    syntaxes;
  int         max_count, min, max;
} member_rows[] = {
  {"baling",                        COL,         1,    0,         0       },
  {"baling-type",                   KEY | NAME,  1,    0,         0       },
  {"baling-when",                   KEY,         1,    0,         0       },
  {"binding",                       COL,         1,    0,         0       },
  {"binding-reference-edge",        KEY,         1,    0,         0       },
  {"binding-type",                  KEY | NAME,  1,    0,         0       },
  {"coating",                       COL,         1,    0,         0       },
  {"coating-sides",                 KEY,         1,    0,         0       },
  {"coating-type",                  KEY | NAME,  1,    0,         0       },
  {"covering",                      COL,         1,    0,         0       },
  {"covering-name",                 KEY | NAME,  1,    0,         0       },
  {"document-copies",               RANGE,       64,   1,         MAX     },
  {"document-numbers",              RANGE,       64,   1,         MAX     },
  {"finishing-template",            KEY | NAME,  1,    0,         0       },
  {"folding",                       COL,         32,   0,         0       },
  {"folding-direction",             KEY,         1,    0,         0       },
  {"folding-offset",                INT,         1,    0,         MAX     },
  {"folding-reference-edge",        KEY,         1,    0,         0       },
  {"laminating",                    COL,         1,    0,         0       },
  {"laminating-sides",              KEY,         1,    0,         0       },
  {"laminating-type",               KEY | NAME,  1,    0,         0       },
  {"media-back-coating",            KEY | NAME,  1,    0,         0       },
  {"media-bottom-margin",           INT,         64,   0,         MAX     },
  {"media-color",                   KEY | NAME,  64,   0,         0       },
  {"media-front-coating",           KEY | NAME,  1,    0,         0       },
  {"media-grain",                   KEY | NAME,  1,    0,         0       },
  {"media-hole-count",              INT,         1,    0,         MAX     },
  {"media-info",                    TEXT,        1,    0,         0       },
  {"media-key",                     KEY | NAME,  1,    0,         0       },
  {"media-left-margin",             INT,         64,   0,         MAX     },
  {"media-order-count",             INT,         1,    1,         MAX     },
  {"media-pre-printed",             KEY | NAME,  1,    0,         0       },
  {"media-recycled",                KEY | NAME,  1,    0,         0       },
  {"media-right-margin",            INT,         64,   0,         MAX     },
  {"media-size",                    COL,         64,   0,         0       },
  {"media-size-name",               KEY | NAME,  1,    0,         0       },
  {"media-source",                  KEY | NAME,  64,   0,         0       },
  {"media-source-feed-direction",   KEY,         1,    0,         0       },
  {"media-source-feed-orientation", ENUM,        1,    3,         7       },
  {"media-source-properties",       COL,         1,    0,         0       },
  {"media-thickness",               INT,         1,    1,         MAX     },
  {"media-tooth",                   KEY | NAME,  1,    0,         0       },
  {"media-top-margin",              INT,         64,   0,         MAX     },
  {"media-top-offset",              INT | RANGE, 1,    -10000000, 10000000},
  {"media-tracking",                KEY,         1,    0,         0       },
  {"media-type",                    KEY | NAME,  64,   0,         0       },
  {"media-weight-metric",           INT | RANGE, 1,    0,         MAX     },
  {"pages",                         RANGE,       1000, 1,         MAX     },
  {"profile-name",                  NAME,        1,    0,         0       },
  {"profile-uri",                   URI,         1,    0,         0       },
  {"punching",                      COL,         1,    0,         0       },
  {"punching-locations",            INT,         32,   0,         MAX     },
  {"punching-offset",               INT,         1,    0,         MAX     },
  {"punching-reference-edge",       KEY,         1,    0,         0       },
  {"resolver-name",                 NAME,        1,    0,         0       },
  {"stitching",                     COL,         1,    0,         0       },
  {"stitching-angle",               INT,         1,    0,         359     },
  {"stitching-locations",           INT,         32,   0,         MAX     },
  {"stitching-method",              KEY,         1,    0,         0       },
  {"stitching-offset",              INT,         1,    0,         MAX     },
  {"stitching-reference-edge",      KEY,         1,    0,         0       },
  {"trimming",                      COL,         32,   0,         0       },
  {"trimming-offset",               INT,         1,    0,         MAX     },
  {"trimming-reference-edge",       KEY,         1,    0,         0       },
  {"trimming-type",                 KEY | NAME,  1,    0,         0       },
  {"trimming-when",                 KEY,         1,    0,         0       },
  {"x-dimension",                   INT | RANGE, 1,    0,         MAX     },
  {"y-dimension",                   INT | RANGE, 1,    0,         MAX     },
};

#define SUFFIXES 4
_Static_assert(ROWS(template_rows) * SUFFIXES + ROWS(device_rows) <= PB_ATTRIBUTE_SLOTS, "slots");

// xxx-supported and its companions, with how many values each may have.
static const struct suffix
{
  const char *text;
  int         companion;  // 0: every row has it
  int         max_count;
} suffixes[SUFFIXES] = {
  {"-supported", 0, 2000},
  {"-default",   D, 32  },
  {"-ready",     R, 256 },
  {"-database",  B, 2000},
};

static bool
find_template_rule(const char *name, struct pb_attribute_rule *rule_out)
{
  for (size_t i = 0; i < ROWS(template_rows); i++)
  {
    const struct template_row *row = &template_rows[i];

    if (strcmp(row->name, name) != 0)
      continue;
    *rule_out = (struct pb_attribute_rule){.syntaxes  = row->syntaxes,
                                           .max_count = row->max_count,
                                           .min       = row->min,
                                           .max       = row->max,
                                           .is_whole  = true,
                                           .slot      = (int)i};
    return true;
  }
  return false;
}

// The rule of row `i` with that suffix; bounds of xxx-supported are those of any value of xxx, but
// counts of steps (print-darkness-supported) and zero are usual.
static void
fill_companion(size_t i, size_t suffix, struct pb_attribute_rule *rule_out)
{
  const struct template_row *row          = &template_rows[i];
  bool                       is_supported = suffixes[suffix].companion == 0;

  *rule_out = (struct pb_attribute_rule){
    .syntaxes  = is_supported ? row->supported : row->syntaxes | PB_SYNTAX_VALUELESS,
    .max_count = suffixes[suffix].max_count,
    .min       = is_supported && row->min > 0 && (row->supported & ENUM) == 0 ? 0 : row->min,
    .max       = is_supported && (row->supported & ENUM) == 0 ? MAX : row->max,
    .slot      = (int)(i * SUFFIXES + suffix)};
}

static bool
find_companion_rule(const char *name, struct pb_attribute_rule *rule_out)
{
  for (size_t i = 0; i < ROWS(template_rows); i++)
  {
    size_t size = strlen(template_rows[i].name);

    if (strncmp(name, template_rows[i].name, size) != 0)
      continue;
    for (size_t suffix = 0; suffix < SUFFIXES; suffix++)
    {
      int companion = suffixes[suffix].companion;

      if (strcmp(name + size, suffixes[suffix].text) != 0 ||
          (companion != 0 && (template_rows[i].companions & companion) == 0))
        continue;
      fill_companion(i, suffix, rule_out);
      return true;
    }
  }
  return false;
}

static bool
find_device_rule(const char *name, struct pb_attribute_rule *rule_out)
{
  for (size_t i = 0; i < ROWS(device_rows); i++)
  {
    const struct device_row *row = &device_rows[i];

    if (strcmp(row->name, name) != 0)
      continue;
    *rule_out = (struct pb_attribute_rule){.syntaxes  = row->syntaxes,
                                           .max_count = row->max_count,
                                           .min       = row->min,
                                           .max       = row->max,
                                           .is_whole  = row->is_whole,
                                           .slot      = (int)(ROWS(template_rows) * SUFFIXES + i)};
    return true;
  }
  return find_companion_rule(name, rule_out);
}

// Those of a vendor ("smi32473-toner-save", "com.example-mode") and those of a local queue's PPD
// that no standard names (PB_ATTRIBUTES_PPD_PREFIX): one plain value each.
bool
pb_attributes_is_vendor(const char *name)
{
  size_t word = strcspn(name, "-");
  size_t size = strlen(name);
  bool   is_smi =
    word > 3 && strncmp(name, "smi", 3) == 0 && strspn(name + 3, "0123456789") == word - 3;
  bool is_domain = memchr(name, '.', word) != NULL && name[0] != '.';
  bool is_ppd =
    size > strlen(PB_ATTRIBUTES_PPD_PREFIX) && pb_text_has_prefix(name, PB_ATTRIBUTES_PPD_PREFIX);

  return size > word + 1 && size <= VENDOR_NAME_MAX &&
         strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-_.") == size &&
         (is_smi || is_domain || is_ppd);
}

static bool
is_companion(const char *name)
{
  size_t size = strlen(name);

  return (size > 10 && strcmp(name + size - 10, "-supported") == 0) ||
         (size > 8 && strcmp(name + size - 8, "-default") == 0);
}

static bool
find_vendor_rule(const char *name, bool is_device, struct pb_attribute_rule *rule_out)
{
  size_t size         = strlen(name);
  bool   is_supported = is_device && size > 10 && strcmp(name + size - 10, "-supported") == 0;

  if (!pb_attributes_is_vendor(name) || is_companion(name) != is_device)
    return false;
  *rule_out = (struct pb_attribute_rule){.syntaxes  = KEY | NAME | ENUM | INT,
                                         .max_count = is_supported ? LIST : 1,
                                         .min       = INT_MIN,
                                         .max       = MAX,
                                         .is_whole  = !is_supported,
                                         .slot      = PB_ATTRIBUTE_NO_SLOT};
  return true;
}

const char *
pb_attributes_get_strings_language(const char *name)
{
  const char *language = name + strlen(PB_ATTRIBUTES_STRINGS_PREFIX);

  return pb_text_has_prefix(name, PB_ATTRIBUTES_STRINGS_PREFIX) && pb_strings_is_language(language)
           ? language
           : NULL;
}

static bool
find_strings_rule(const char *name, struct pb_attribute_rule *rule_out)
{
  if (pb_attributes_get_strings_language(name) == NULL)
    return false;
  *rule_out =
    (struct pb_attribute_rule){.syntaxes = TEXT, .max_count = LIST, .slot = PB_ATTRIBUTE_NO_SLOT};
  return true;
}

// "N" or "N-M", from 1 (PWG 5100.18 s4.2.10.1).
static bool
is_sparse_index(const char *text, int max)
{
  char    first[16];
  int64_t from = 0, to = 0;
  size_t  size = strcspn(text, "-");

  if (size >= sizeof(first))
    return false;
  memcpy(first, text, size);
  first[size] = '\0';
  if (!pb_text_parse_int(first, 1, max, &from))
    return false;
  return text[size] == '\0' || pb_text_parse_int(text + size + 1, from, max, &to);
}

static bool
find_sparse_rule(const char *name, struct pb_attribute_rule *rule_out)
{
  const char *dot = strrchr(name, '.');
  char        base[256];

  if (dot == NULL || (size_t)(dot - name) >= sizeof(base))
    return false;
  memcpy(base, name, (size_t)(dot - name));
  base[dot - name] = '\0';
  if (!find_device_rule(base, rule_out) || !is_sparse_index(dot + 1, rule_out->max_count))
    return false;
  rule_out->is_sparse = true;
  rule_out->is_whole  = true;
  return true;
}

bool
pb_attribute_find_rule(enum pb_attribute_set set, const char *name,
                       struct pb_attribute_rule *rule_out)
{
  if (set == PB_ATTRIBUTES_JOB_TEMPLATE)
    return find_template_rule(name, rule_out) ||
           find_vendor_rule(name, /*is_device*/ false, rule_out);
  if (!find_device_rule(name, rule_out) && !find_sparse_rule(name, rule_out) &&
      !find_vendor_rule(name, /*is_device*/ true, rule_out) && !find_strings_rule(name, rule_out))
    return false;
  rule_out->syntaxes |= PB_SYNTAX_DELETE;
  return true;
}

bool
pb_attribute_find_member_rule(const char *name, struct pb_attribute_rule *rule_out)
{
  for (size_t i = 0; i < ROWS(member_rows); i++)
  {
    const struct member_row *row = &member_rows[i];

    if (strcmp(row->name, name) != 0)
      continue;
    *rule_out = (struct pb_attribute_rule){.syntaxes  = row->syntaxes,
                                           .max_count = row->max_count,
                                           .min       = row->min,
                                           .max       = row->max,
                                           .is_whole  = true};
    return true;
  }
  if (!find_template_rule(name, rule_out))
    return false;
  // A constraint or resolver lists several values of what a job may have once.
  rule_out->max_count = LIST;
  return true;
}

bool
pb_attributes_has(enum pb_attribute_set set, const char *name)
{
  struct pb_attribute_rule rule;

  return pb_attribute_find_rule(set, name, &rule);
}
