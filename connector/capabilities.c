// capabilities - what a device report says of a local queue.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "connector/capabilities.h"

#include "base/log.h"
#include "base/text.h"
#include "ipp/attributes.h"
#include "ipp/ticket.h"
#include <string.h>

#define SUPPLIES_MAX 32

static void
on_refused(void *user, ipp_attribute_t *attribute, const char *why)
{
  pb_log_ctx_t ctx = {.printer = user};

  // CUPS says much that is nobody's business; only a bad value of what may cross is worth a line.
  if (pb_attributes_has(PB_ATTRIBUTES_DEVICE, ippGetName(attribute)))
    pb_log(&ctx, PB_LOG_DEBUG, "%s is not reported: %s", ippGetName(attribute), why);
}

// --- formats: CUPS lists whatever it can convert, and our own ticket types

static int
collect_formats(ipp_t *local, const char **formats, int room)
{
  size_t             known_count = 0;
  const char *const *known       = pb_ticket_formats(&known_count);
  int                count       = 0;

  for (size_t i = 0; i < known_count && count < room; i++)
  {
    if (pb_ipp_has_keyword(local, IPP_TAG_PRINTER, "document-format-supported", known[i]))
      formats[count++] = known[i];
  }
  return count;
}

static void
replace_formats(ipp_t *report, ipp_t *local)
{
  const char *formats[64];
  int         count = collect_formats(local, formats, 64);
  const char *first = count > 0 ? formats[0] : NULL;

  ippDeleteAttribute(
    report, pb_ipp_find(report, IPP_TAG_PRINTER, "document-format-supported", IPP_TAG_ZERO));
  ippDeleteAttribute(report,
                     pb_ipp_find(report, IPP_TAG_PRINTER, "document-format-default", IPP_TAG_ZERO));
  if (count == 0)
    return;
  for (int i = 0; i < count; i++)
  {
    if (strcmp(formats[i], "application/pdf") == 0)
      first = formats[i];
  }
  ippAddStrings(report, IPP_TAG_PRINTER, IPP_CONST_TAG(IPP_TAG_MIMETYPE),
                "document-format-supported", count,
                /*language*/ NULL, formats);
  ippAddString(report, IPP_TAG_PRINTER, IPP_CONST_TAG(IPP_TAG_MIMETYPE), "document-format-default",
               /*language*/ NULL, first);
}

// --- supplies: marker-* of CUPS as printer-supply (PWG 5100.13)

// CUPS's words are the standard's where it has one (RFC 3805 PrtMarkerSuppliesTypeTC); others are
// told as "other".
static const char *
name_supply_type(const char *marker_type)
{
  static const char *const types[] = {
    "toner",          "wasteToner", "ink",         "inkCartridge", "inkRibbon",
    "wasteInk",       "opc",        "developer",   "fuserOil",     "fuser",
    "tonerCartridge", "staples",    "cleanerUnit", "transferUnit"};

  for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
  {
    if (pb_text_is_equal_nocase(types[i], marker_type))
      return types[i];
  }
  return "other";
}

static const char *
text_at(ipp_attribute_t *at, int i, const char *otherwise)
{
  const char *text =
    at != NULL && i < ippGetCount(at) ? ippGetString(at, i, /*language*/ NULL) : NULL;

  return text != NULL && text[0] != '\0' && pb_text_is_printable(text) ? text : otherwise;
}

// ';' and '=' would end a field.
static void
copy_plain(char *dst, size_t size, const char *src)
{
  pb_text_copy(dst, size, src);
  for (char *at = dst; *at != '\0'; at++)
  {
    if (*at == ';' || *at == '=' || *at == '#')
      *at = '_';
  }
}

static void
format_supply(char *dst, size_t size, int i, ipp_attribute_t *types, ipp_attribute_t *colors,
              int level)
{
  char        color[64];
  const char *type = name_supply_type(text_at(types, i, "other"));

  copy_plain(color, sizeof(color), text_at(colors, i, "none"));
  pb_text_format(
    dst, size, "index=%d;class=%s;type=%s;unit=percent;maxcapacity=100;level=%d;colorantname=%s;",
    i + 1, strncmp(type, "waste", 5) == 0 ? "receptacleThatIsFilled" : "supplyThatIsConsumed", type,
    level > 100 ? 100 : level, color);
}

static void
add_supplies(ipp_t *report, ipp_t *local)
{
  ipp_attribute_t *levels = pb_ipp_find(local, IPP_TAG_PRINTER, "marker-levels", IPP_TAG_INTEGER);
  ipp_attribute_t *names  = pb_ipp_find(local, IPP_TAG_PRINTER, "marker-names", IPP_TAG_ZERO);
  ipp_attribute_t *types  = pb_ipp_find(local, IPP_TAG_PRINTER, "marker-types", IPP_TAG_ZERO);
  ipp_attribute_t *colors = pb_ipp_find(local, IPP_TAG_PRINTER, "marker-colors", IPP_TAG_ZERO);
  ipp_attribute_t *supply = NULL;
  const char      *words[SUPPLIES_MAX];
  int              count = levels != NULL ? ippGetCount(levels) : 0;

  if (count == 0 || pb_ipp_find(report, IPP_TAG_PRINTER, "printer-supply", IPP_TAG_ZERO) != NULL)
    return;
  if (count > SUPPLIES_MAX)
    count = SUPPLIES_MAX;
  for (int i = 0; i < count; i++)
  {
    char text[256];

    format_supply(text, sizeof(text), i, types, colors, ippGetInteger(levels, i));
    if (supply == NULL)
      supply =
        ippAddOctetString(report, IPP_TAG_PRINTER, "printer-supply", text, (int)strlen(text));
    else
      ippSetOctetString(report, &supply, i, text, (int)strlen(text));
    words[i] = text_at(names, i, "supply");
  }
  ippAddStrings(report, IPP_TAG_PRINTER, IPP_TAG_TEXT, "printer-supply-description", count,
                /*language*/ NULL, words);
}

ipp_t *
pb_capabilities_new(ipp_t *local)
{
  ipp_t *report = ippNew();
  char   name[128];

  pb_text_copy(name, sizeof(name), pb_ipp_text(local, IPP_TAG_PRINTER, "printer-name"));
  if (report == NULL)
    return NULL;
  if (pb_attributes_copy(PB_ATTRIBUTES_DEVICE, local, IPP_TAG_PRINTER, report, IPP_TAG_PRINTER,
                         on_refused, name) < 0)
  {
    ippDelete(report);
    return NULL;
  }
  // cupsd's own file, which nobody there can reach: its names are reported one by one
  // (ipp/ppd-strings.h).
  ippDeleteAttribute(report,
                     pb_ipp_find(report, IPP_TAG_PRINTER, "printer-strings-uri", IPP_TAG_ZERO));
  if (pb_ipp_find(local, IPP_TAG_PRINTER, "document-format-supported", IPP_TAG_ZERO) != NULL)
    replace_formats(report, local);
  add_supplies(report, local);
  return report;
}

ipp_t *
pb_capabilities_new_missing(const char *queue)
{
  ipp_t *report = ippNew();
  char   message[256];

  if (report == NULL)
    return NULL;
  pb_text_format(message, sizeof(message),
                 "The queue %s does not exist on the print server any more", queue);
  ippAddInteger(report, IPP_TAG_PRINTER, IPP_TAG_ENUM, "printer-state", IPP_PSTATE_STOPPED);
  // RFC 8011 s5.4.12: somebody has removed the printer from service.
  ippAddString(report, IPP_TAG_PRINTER, IPP_CONST_TAG(IPP_TAG_KEYWORD), "printer-state-reasons",
               /*language*/ NULL, "shutdown");
  ippAddString(report, IPP_TAG_PRINTER, IPP_TAG_TEXT, "printer-state-message", /*language*/ NULL,
               message);
  return report;
}

// --- changes

static ipp_attribute_t *
find(ipp_t *message, const char *name)
{
  return message != NULL ? pb_ipp_find(message, IPP_TAG_PRINTER, name, IPP_TAG_ZERO) : NULL;
}

static bool
is_refused(ipp_t *refused, const char *name)
{
  return refused != NULL && ippFindAttribute(refused, name, IPP_TAG_ZERO) != NULL;
}

// Finding an attribute moves an ipp_t's cursor, so the loops below never look into the message they
// walk.
int
pb_capabilities_add_changes(ipp_t *request, ipp_t *now, ipp_t *sent, bool is_whole, ipp_t *refused)
{
  int count = 0;

  for (ipp_attribute_t *at = ippFirstAttribute(now); at != NULL; at = ippNextAttribute(now))
  {
    const char      *name   = ippGetName(at);
    ipp_attribute_t *before = name != NULL ? find(sent, name) : NULL;

    if (name == NULL || is_refused(refused, name) ||
        (before != NULL && pb_attributes_is_equal(before, at)))
      continue;
    if (pb_attributes_copy_one(at, request, IPP_TAG_PRINTER))
      count++;
  }
  if (sent == NULL || !is_whole)
    return count;
  for (ipp_attribute_t *at = ippFirstAttribute(sent); at != NULL; at = ippNextAttribute(sent))
  {
    const char *name = ippGetName(at);

    if (name == NULL || is_refused(refused, name) || find(now, name) != NULL)
      continue;
    ippAddOutOfBand(request, IPP_TAG_PRINTER, IPP_TAG_DELETEATTR, name);
    count++;
  }
  return count;
}

int
pb_capabilities_merge(ipp_t *sent, ipp_t *now)
{
  for (ipp_attribute_t *at = ippFirstAttribute(now); at != NULL; at = ippNextAttribute(now))
  {
    const char *name = ippGetName(at);

    if (name == NULL)
      continue;
    ippDeleteAttribute(sent, find(sent, name));
    if (!pb_attributes_copy_one(at, sent, IPP_TAG_PRINTER))
      return -1;
  }
  return 0;
}
