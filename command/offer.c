// offer - a local queue that is offered to a service (see offer.h).
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "offer.h"

#include "base/text.h"
#include "cloud/protocol.h"

#include <unistd.h>

static void
copy_attribute(char *dst, size_t dst_size, ipp_t *attributes, const char *name)
{
  const char *text = pb_ipp_text(attributes, IPP_TAG_PRINTER, name);

  if (text && pb_text_is_printable(text))
    pb_text_copy(dst, dst_size, text);
}

bool
offer_describe(pb_cups_t *cups, const char *queue, struct offer *offer_out, pb_error_t *err)
{
  ipp_t       *attributes = NULL;
  struct offer offer      = {0};

  if (!pb_text_copy(offer.queue, sizeof(offer.queue), queue))
    return pb_error_set(err, PB_GONE, "no queue has so long a name: %.40s...", queue);
  if (!pb_cups_copy_queue(cups, queue, &attributes, err))
    return false;
  // CUPS does not tell upper from lower case: keep its own spelling.
  copy_attribute(offer.queue, sizeof(offer.queue), attributes, "printer-name");
  copy_attribute(offer.model, sizeof(offer.model), attributes, "printer-make-and-model");
  copy_attribute(offer.location, sizeof(offer.location), attributes, "printer-location");
  ippDelete(attributes);
  *offer_out = offer;
  return true;
}

static json_object *
format_detail(const struct offer *offer, const char *host, const char *join, bool is_adopting)
{
  json_object *detail = json_object_new_object();

  if (detail && pb_json_add_text(detail, "type", PB_DETAILS_TYPE) &&
      pb_json_add_text(detail, PB_DETAIL_UUID, offer->uuid) &&
      pb_json_add_text(detail, PB_DETAIL_QUEUE, offer->queue) &&
      pb_json_add_text(detail, PB_DETAIL_MODEL, offer->model) &&
      pb_json_add_text(detail, PB_DETAIL_LOCATION, offer->location) &&
      pb_json_add_text(detail, PB_DETAIL_HOST, host) &&
      (!join || pb_json_add_text(detail, PB_DETAIL_JOIN, join)) &&
      (!is_adopting || pb_json_add_text(detail, PB_DETAIL_ADOPT, "former")))
    return detail;
  json_object_put(detail);
  return NULL;
}

bool
offers_format_details(const struct offer *offers, size_t count, const char *join, bool is_adopting,
                      char **json_out, pb_error_t *err)
{
  json_object *details = json_object_new_array();
  char         host[256];
  bool         ok = details != NULL;

  *json_out = NULL;
  if (gethostname(host, sizeof(host)))
    host[0] = '\0';
  host[sizeof(host) - 1] = '\0';
  for (size_t i = 0; ok && i < count; i++)
  {
    json_object *detail = format_detail(&offers[i], host, join, is_adopting);

    ok = detail && !json_object_array_add(details, detail);
    if (!ok)
      json_object_put(detail);
  }
  if (ok)
    *json_out = pb_text_dup(json_object_to_json_string_ext(
      details, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
  json_object_put(details);
  return *json_out || pb_error_set(err, PB_RETRY, "out of memory");
}

static json_object *
find_granted(json_object *details, const char *uuid)
{
  for (size_t i = 0; i < json_object_array_length(details); i++)
  {
    json_object *detail  = json_object_array_get_idx(details, i);
    const char  *granted = pb_json_text(detail, PB_DETAIL_UUID);

    if (granted && pb_text_is_equal_nocase(granted, uuid))
      return detail;
  }
  return NULL;
}

void
offers_mark_granted(struct offer *offers, size_t count, json_object *details)
{
  for (size_t i = 0; i < count; i++)
  {
    json_object *detail = details ? find_granted(details, offers[i].uuid) : NULL;

    offers[i].is_granted = !details || detail;
    offers[i].is_adopted = detail && pb_json_text(detail, PB_DETAIL_ADOPT);
  }
}
