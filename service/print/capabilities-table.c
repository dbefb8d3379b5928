// capabilities-table - printer attributes whose values do not depend on the printer.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "print/capabilities-table.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cloud/protocol.h"
#include "print/hold-time.h"

// clang-format off
const struct pb_capability pb_capabilities_of_service[] = {
  {"charset-configured",                    IPP_TAG_CHARSET,  "utf-8"},
  {"charset-supported",                     IPP_TAG_CHARSET,  "utf-8 us-ascii"},
  {"natural-language-configured",           IPP_TAG_LANGUAGE, "en"},
  {"generated-natural-language-supported",  IPP_TAG_LANGUAGE, "en"},
  {"ipp-versions-supported",                IPP_TAG_KEYWORD,  "1.1 2.0 2.1 2.2"},
  {"ipp-features-supported",                IPP_TAG_KEYWORD,
   "ipp-everywhere ipp-everywhere-server infrastructure-printer document-object "
   PB_FEATURE_CLIENT_JOB_UUID},
  {"job-ids-supported",                     IPP_TAG_BOOLEAN,  "true"},
  {"multiple-document-jobs-supported",      IPP_TAG_BOOLEAN,  "true"},
  {"multiple-operation-time-out-action",    IPP_TAG_KEYWORD,  "abort-job"},
  {"printer-get-attributes-supported",      IPP_TAG_KEYWORD,  "document-format"},
  {"uri-security-supported",                IPP_TAG_KEYWORD,  "tls"},
  {"uri-authentication-supported",          IPP_TAG_KEYWORD,  "basic"},
  {"which-jobs-supported",                  IPP_TAG_KEYWORD,  "completed not-completed all fetchable"},
  {"fetch-document-attributes-supported",   IPP_TAG_KEYWORD,  "document-format-accepted compression-accepted"},
  {"compression-supported",                 IPP_TAG_KEYWORD,  "none gzip deflate"},
  {"document-format-default",               IPP_TAG_MIMETYPE, "application/octet-stream"},
  {"job-hold-until-default",                IPP_TAG_KEYWORD,  "no-hold"},
  {"job-hold-until-supported",              IPP_TAG_KEYWORD,  PB_HOLD_KEYWORDS},
  {"job-hold-until-time-supported",         IPP_TAG_BOOLEAN,  "true"},
  {"job-priority-default",                  IPP_TAG_INTEGER,  "50"},
  {"job-priority-supported",                IPP_TAG_INTEGER,  "100"},
  {"printer-mode-configured",               IPP_TAG_KEYWORD,  "passthrough"},
  {"printer-mode-supported",                IPP_TAG_KEYWORD,  "passthrough"},
  {"printer-is-shared",                     IPP_TAG_BOOLEAN,  "true"},
  {"job-settable-attributes-supported",     IPP_TAG_KEYWORD,  "job-hold-until job-hold-until-time job-name job-priority"},
  {"preferred-attributes-supported",        IPP_TAG_BOOLEAN,  "false"},
};
const size_t pb_capabilities_of_service_count =
  sizeof(pb_capabilities_of_service) / sizeof(pb_capabilities_of_service[0]);

const struct pb_capability pb_capabilities_otherwise[] = {
  {"color-supported",                       IPP_TAG_BOOLEAN,    "false"},
  {"copies-default",                        IPP_TAG_INTEGER,    "1"},
  {"copies-supported",                      IPP_TAG_RANGE,      "1-999"},
  {"document-password-supported",           IPP_TAG_INTEGER,    "0"},
  {"finishings-default",                    IPP_TAG_ENUM,       "3"},
  {"finishings-ready",                      IPP_TAG_ENUM,       "3"},
  {"finishings-supported",                  IPP_TAG_ENUM,       "3"},
  {"identify-actions-default",              IPP_TAG_KEYWORD,    "display"},
  {"identify-actions-supported",            IPP_TAG_KEYWORD,    "display"},
  {"media-bottom-margin-supported",         IPP_TAG_INTEGER,    "423"},
  {"media-left-margin-supported",           IPP_TAG_INTEGER,    "423"},
  {"media-right-margin-supported",          IPP_TAG_INTEGER,    "423"},
  {"media-top-margin-supported",            IPP_TAG_INTEGER,    "423"},
  {"media-col-supported",                   IPP_TAG_KEYWORD,
   "media-bottom-margin media-left-margin media-right-margin media-size media-top-margin"},
  {"media-default",                         IPP_TAG_KEYWORD,    "iso_a4_210x297mm"},
  {"media-ready",                           IPP_TAG_KEYWORD,    "iso_a4_210x297mm"},
  {"media-supported",                       IPP_TAG_KEYWORD,    "iso_a4_210x297mm na_letter_8.5x11in"},
  {"multiple-document-handling-default",    IPP_TAG_KEYWORD,    "separate-documents-collated-copies"},
  {"multiple-document-handling-supported",  IPP_TAG_KEYWORD,
   "separate-documents-collated-copies separate-documents-uncollated-copies"},
  {"orientation-requested-default",         IPP_TAG_NOVALUE,    NULL},
  {"orientation-requested-supported",       IPP_TAG_ENUM,       "3 4 5 6"},
  {"output-bin-default",                    IPP_TAG_KEYWORD,    "face-down"},
  {"output-bin-supported",                  IPP_TAG_KEYWORD,    "face-down"},
  {"overrides-supported",                   IPP_TAG_KEYWORD,    "document-numbers pages"},
  {"page-ranges-supported",                 IPP_TAG_BOOLEAN,    "true"},
  {"pages-per-minute",                      IPP_TAG_INTEGER,    "1"},
  {"pdl-override-supported",                IPP_TAG_KEYWORD,    "attempted"},
  {"print-color-mode-default",              IPP_TAG_KEYWORD,    "auto"},
  {"print-color-mode-supported",            IPP_TAG_KEYWORD,    "auto monochrome"},
  {"print-content-optimize-default",        IPP_TAG_KEYWORD,    "auto"},
  {"print-content-optimize-supported",      IPP_TAG_KEYWORD,    "auto"},
  {"print-quality-default",                 IPP_TAG_ENUM,       "4"},
  {"print-quality-supported",               IPP_TAG_ENUM,       "3 4 5"},
  {"print-rendering-intent-default",        IPP_TAG_KEYWORD,    "auto"},
  {"print-rendering-intent-supported",      IPP_TAG_KEYWORD,    "auto"},
  {"printer-geo-location",                  IPP_TAG_UNKNOWN,    NULL},
  {"printer-organization",                  IPP_TAG_TEXT,       ""},
  {"printer-organizational-unit",           IPP_TAG_TEXT,       ""},
  {"printer-resolution-default",            IPP_TAG_RESOLUTION, "600dpi"},
  {"printer-resolution-supported",          IPP_TAG_RESOLUTION, "300dpi 600dpi"},
  {"sides-default",                         IPP_TAG_KEYWORD,    "one-sided"},
  {"sides-supported",                       IPP_TAG_KEYWORD,    "one-sided"},
};
const size_t pb_capabilities_otherwise_count =
  sizeof(pb_capabilities_otherwise) / sizeof(pb_capabilities_otherwise[0]);
// clang-format on

static void
add_value(ipp_t *bag, ipp_tag_t group, const struct pb_capability *capability, ipp_attribute_t **at,
          const char *value)
{
  int         next  = *at ? ippGetCount(*at) : 0;
  int         first = atoi(value);
  const char *dash  = strchr(value, '-');

  switch (capability->syntax)
  {
    case IPP_TAG_INTEGER:
    case IPP_TAG_ENUM:
      if (*at)
        ippSetInteger(bag, at, next, first);
      else
        *at = ippAddInteger(bag, group, capability->syntax, capability->name, first);
      return;
    case IPP_TAG_BOOLEAN:
      *at = ippAddBoolean(bag, group, capability->name, strcmp(value, "true") == 0);
      return;
    case IPP_TAG_RANGE:
      *at = ippAddRange(bag, group, capability->name, first, dash ? atoi(dash + 1) : first);
      return;
    case IPP_TAG_RESOLUTION:
      if (*at)
        ippSetResolution(bag, at, next, IPP_RES_PER_INCH, first, first);
      else
        *at = ippAddResolution(bag, group, capability->name, IPP_RES_PER_INCH, first, first);
      return;
    default:
      if (*at)
        ippSetString(bag, at, next, value);
      else
        *at =
          ippAddString(bag, group, capability->syntax, capability->name, /*language*/ NULL, value);
  }
}

void
pb_capability_add(ipp_t *bag, ipp_tag_t group, const struct pb_capability *capability)
{
  char             copy[512];
  char            *rest = copy;
  ipp_attribute_t *at   = NULL;

  if (!capability->values)
  {
    ippAddOutOfBand(bag, group, capability->syntax, capability->name);
    return;
  }
  pb_text_copy(copy, sizeof(copy), capability->values);
  do
  {
    char  *value = rest;
    size_t size  = strcspn(rest, " ");

    rest += size;
    if (*rest)
      *rest++ = '\0';
    add_value(bag, group, capability, &at, value);
  } while (*rest);
}
