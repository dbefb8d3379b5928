// cups-queue - the local queues: their names, what they can do, and their state.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"
#include "base/text.h"
#include "cups-private.h"
#include "ppd-strings.h"
#include "ppd-vendor.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define QUEUES_MAX 10000
#define CHECK_MS 60000
#define PPD_MAX (4 * 1024 * 1024)  // the largest have 1 MB

struct names
{
  char **list;
  size_t count;
};

static void
free_names(struct names *names)
{
  for (size_t i = 0; i < names->count; i++)
    free(names->list[i]);
  free(names->list);
  *names = (struct names){0};
}

static bool
add_name(struct names *names, const char *name)
{
  char **bigger = realloc(names->list, (names->count + 1) * sizeof(*bigger));

  if (bigger == NULL)
    return false;
  names->list          = bigger;
  bigger[names->count] = pb_text_dup(name);
  if (bigger[names->count] == NULL)
    return false;
  names->count++;
  return true;
}

// Queues of others' printers: those that cups-browsed makes, and a cloud service's, which would
// come back to it.
static bool
is_of_others(const char *device)
{
  static const char *const schemes[] = {"implicitclass:", "printbridge:"};

  for (size_t i = 0; device != NULL && i < sizeof(schemes) / sizeof(schemes[0]); i++)
  {
    if (pb_text_has_prefix(device, schemes[i]))
      return true;
  }
  return false;
}

// One printer's attributes of the reply have been seen; keep its name when it is one of ours.
static bool
end_printer(struct names *names, const char *name, const char *device)
{
  if (name == NULL || is_of_others(device) || names->count >= QUEUES_MAX)
    return true;
  return add_name(names, name);
}

static bool
collect_names(ipp_t *response, struct names *names)
{
  const char *name = NULL, *device = NULL;

  for (ipp_attribute_t *at = ippFirstAttribute(response); at != NULL;
       at                  = ippNextAttribute(response))
  {
    const char *is = ippGetGroupTag(at) == IPP_TAG_PRINTER ? ippGetName(at) : NULL;

    if (is == NULL)
    {
      if (!end_printer(names, name, device))
        return false;
      name = device = NULL;
    }
    else if (strcmp(is, "printer-name") == 0)
      name = ippGetString(at, 0, NULL);
    else if (strcmp(is, "device-uri") == 0)
      device = ippGetString(at, 0, NULL);
  }
  return end_printer(names, name, device);
}

bool
pb_cups_copy_queues(pb_cups_t *cups, char ***names_out, size_t *count_out, pb_error_t *err)
{
  static const char *const wanted[] = {"printer-name", "device-uri"};
  struct names             names    = {0};
  pb_error_t               why      = {0};
  ipp_t                   *response = NULL;
  ipp_t                   *request  = pb_cups_new_request(IPP_OP_CUPS_GET_PRINTERS, NULL, NULL);

  *names_out = NULL;
  *count_out = 0;
  if (request != NULL)
  {
    ippAddInteger(request, IPP_TAG_OPERATION, IPP_TAG_ENUM, "printer-type", 0);
    ippAddInteger(request, IPP_TAG_OPERATION, IPP_TAG_ENUM, "printer-type-mask",
                  CUPS_PRINTER_CLASS | CUPS_PRINTER_DISCOVERED);
    pb_cups_want(request, wanted, 2);
  }
  if (!pb_cups_perform(cups, request, NULL, 0, "list of queues", &response, &why))
    return why.kind == PB_GONE || pb_error_set(err, why.kind, "%s", why.message);  // gone: none
  bool ok = collect_names(response, &names);
  ippDelete(response);
  if (!ok)
  {
    free_names(&names);
    return pb_error_set(err, PB_RETRY, "out of memory for the names of queues");
  }
  *names_out = names.list;
  *count_out = names.count;
  return true;
}

static bool
copy_attributes(pb_cups_t *cups, const char *queue, const char *const *wanted, size_t count,
                ipp_t **attributes_out, pb_error_t *err)
{
  ipp_t *request = pb_cups_new_request(IPP_OP_GET_PRINTER_ATTRIBUTES, queue, NULL);

  *attributes_out = NULL;
  pb_cups_want(request, wanted, count);
  return pb_cups_perform(cups, request, NULL, 0, queue, attributes_out, err);
}

static bool
read_whole(FILE *file, pb_buffer_t *text)
{
  char   piece[8192];
  size_t size = 0;

  pb_buffer_init(text, PPD_MAX);
  rewind(file);
  while ((size = fread(piece, 1, sizeof(piece), file)) > 0)
  {
    if (!pb_buffer_append(text, piece, size, /*err*/ NULL))
      return false;
  }
  return text->size > 0;
}

// Options of its PPD that cupsd does not tell.  A queue without a PPD has none; and without them it
// is still shared.
static bool
add_vendor(pb_cups_t *cups, const char *queue, ipp_t *attributes)
{
  char        resource[300];
  pb_buffer_t text = {0};
  FILE       *file = tmpfile();
  bool        ok   = true;

  if (file != NULL && cups->http != NULL &&
      pb_text_format(resource, sizeof(resource), "/printers/%s.ppd", queue) &&
      cupsGetFd(cups->http, resource, fileno(file)) == HTTP_STATUS_OK && read_whole(file, &text))
    ok = pb_ppd_vendor_add(text.data, text.size, attributes) &&
         pb_ppd_strings_add(text.data, text.size, attributes);
  pb_buffer_clear(&text);
  if (file != NULL)
    fclose(file);
  return ok;
}

bool
pb_cups_copy_queue(pb_cups_t *cups, const char *queue, ipp_t **attributes_out, pb_error_t *err)
{
  static const char *const wanted[] = {"all", "media-col-database"};

  if (!copy_attributes(cups, queue, wanted, 2, attributes_out, err))
    return false;
  if (add_vendor(cups, queue, *attributes_out))
    return true;
  ippDelete(*attributes_out);
  *attributes_out = NULL;
  return pb_error_set(err, PB_RETRY, "out of memory for what %s can do", queue);
}

bool
pb_cups_find_default(pb_cups_t *cups, const char *queue, const char *name, char *value_out,
                     size_t size, pb_error_t *err)
{
  // cupsd tells the ones that it does not know itself with this group only, not with "all".
  static const char *const wanted[]   = {"printer-defaults"};
  ipp_t                   *attributes = NULL;
  char                     full[128];

  value_out[0] = '\0';
  pb_text_format(full, sizeof(full), "%s-default", name);
  if (!copy_attributes(cups, queue, wanted, 1, &attributes, err))
    return false;
  pb_text_copy(value_out, size, pb_ipp_text(attributes, IPP_TAG_PRINTER, full));
  ippDelete(attributes);
  return true;
}

bool
pb_cups_copy_queue_state(pb_cups_t *cups, const char *queue, ipp_t **attributes_out,
                         pb_error_t *err)
{
  static const char *const wanted[] = {
    "printer-state",
    "printer-state-reasons",
    "printer-state-message",
    "queued-job-count",
    "printer-is-accepting-jobs",
    "printer-state-change-time",
    "marker-change-time",
    "marker-colors",
    "marker-high-levels",
    "marker-levels",
    "marker-low-levels",
    "marker-message",
    "marker-names",
    "marker-types",
  };

  return copy_attributes(cups, queue, wanted, sizeof(wanted) / sizeof(wanted[0]), attributes_out,
                         err);
}

static bool
check_attributes(ipp_t *attributes, const char *queue, pb_error_t *err)
{
  const char *model = pb_ipp_text(attributes, IPP_TAG_PRINTER, "printer-make-and-model");

  if (pb_text_is_equal(model, "Local Raw Printer"))
    return pb_error_set(err, PB_CONFIG,
                        "queue %s has no driver (raw): it cannot print what comes from the cloud",
                        queue);
  if (!pb_ipp_has_keyword(attributes, IPP_TAG_PRINTER, "document-format-supported",
                          pb_ticket_type_for("application/pdf")))
    return pb_error_set(err, PB_CONFIG,
                        "CUPS does not know printbridgefetch for queue %s: are printbridge.types "
                        "and printbridge.convs installed, and was cupsd restarted?",
                        queue);
  return true;
}

bool
pb_cups_check_queue(pb_cups_t *cups, const char *queue, pb_error_t *err)
{
  static const char *const wanted[]   = {"printer-make-and-model", "document-format-supported"};
  ipp_t                   *attributes = NULL;

  if (strcmp(cups->checked_queue, queue) == 0 && pb_clock_mono_ms() - cups->checked_ms < CHECK_MS)
    return true;
  if (!copy_attributes(cups, queue, wanted, 2, &attributes, err))
    return false;
  bool ok = check_attributes(attributes, queue, err);
  ippDelete(attributes);
  cups->checked_queue[0] = '\0';
  if (ok && pb_text_copy(cups->checked_queue, sizeof(cups->checked_queue), queue))
    cups->checked_ms = pb_clock_mono_ms();
  return ok;
}
