// adoption - a queue asks to take over a former printer.
// What the other side says of itself only orders the list: nothing is chosen by it.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "portal/adoption.h"

#include "base/text.h"
#include <string.h>

#define FIELD "adopt-"

struct list
{
  pb_visit_t                     *visit;
  const struct pb_approved_queue *queue;
  bool                            is_alike;  // those that look like the queue's own, or the others
  int                             count;
};

static bool
is_alike(const struct list *list, const struct pb_printer_view *view,
         const struct pb_device_view *device)
{
  return pb_text_is_equal_nocase(view->name, list->queue->queue) &&
         (device == NULL || device->host[0] == '\0' ||
          pb_text_is_equal_nocase(device->host, list->queue->host));
}

static void
add_option(struct list *list, const struct pb_printer_view *view,
           const struct pb_device_view *device)
{
  pb_html_t  *html  = &list->visit->html;
  pb_visit_t *visit = list->visit;

  if (is_alike(list, view, device) != list->is_alike)
    return;
  if (list->count++ == 0)
    pb_html_add(html, "<optgroup label=\"%s\">",
                list->is_alike ? "Same name and host" : "Other printers");
  pb_html_add(html, "<option value=\"%d %s\">%s (%d)", view->id, device != NULL ? device->uuid : "",
              view->name, view->id);
  if (device == NULL)
    pb_html_add(html, ", without a print server");
  else
  {
    bool is_up = pb_tunnels_up_since_ms(visit->portal->tunnels, device->client_id) > 0;

    pb_html_add(html, ", on %s, %s", device->host[0] != '\0' ? device->host : "a print server",
                is_up ? "CONNECTED NOW" : "not connected");
  }
  pb_html_add(html, "</option>");
}

static void
add_printer(void *user, const struct pb_printer_view *view)
{
  if (view->devices_count == 0)
    add_option(user, view, /*device*/ NULL);
  for (size_t i = 0; i < view->devices_count; i++)
    add_option(user, view, &view->devices[i]);
}

static void
add_group(pb_visit_t *visit, const struct pb_approved_queue *queue, bool alike)
{
  struct list list = {.visit = visit, .queue = queue, .is_alike = alike};

  // A list that cannot be read offers nothing.
  (void)!pb_print_each_printer(visit->portal->print, add_printer, &list, /*err*/ NULL);
  if (list.count > 0)
    pb_html_add(&visit->html, "</optgroup>");
}

void
pb_adoption_add(pb_visit_t *visit, const struct pb_approved_queue *queue)
{
  if (queue->adopt[0] == '\0')
    return;
  pb_html_add(&visit->html,
              "<label class=\"adopt\"><small><b>asks to take over a former printer</b>, which keeps"
              " its address, its jobs and who may print to it. Its former print server is locked"
              " out.</small><select name=\"" FIELD "%s\"><option value=\"\" selected>a new printer"
              "</option>",
              queue->uuid);
  add_group(visit, queue, /*alike*/ true);
  add_group(visit, queue, /*alike*/ false);
  pb_html_add(&visit->html, "</select></label>");
}

// "ID DEVICE", "ID " or "".
bool
pb_adoption_read(const pb_visit_t *visit, const char *uuid, struct pb_approval_choice *choice_out,
                 pb_error_t *err)
{
  char        name[sizeof(FIELD) + PB_UUID_SIZE], number[16];
  const char *text, *space;
  int64_t     id = 0;

  *choice_out = (struct pb_approval_choice){.uuid = uuid, .device = ""};
  if (!pb_text_format(name, sizeof(name), FIELD "%s", uuid))
    return pb_error_set(err, PB_REJECT, "a printer was chosen that nobody asked for");
  text = pb_visit_field(visit, name);
  if (text[0] == '\0')
    return true;
  space = strchr(text, ' ');
  if (space == NULL || !pb_text_format(number, sizeof(number), "%.*s", (int)(space - text), text) ||
      !pb_text_parse_int(number, 1, INT32_MAX, &id) ||
      (space[1] != '\0' && !pb_text_is_uuid(space + 1)))
    return pb_error_set(err, PB_REJECT, "a printer was chosen that is none");
  choice_out->adopts = (int)id;
  choice_out->device = space + 1;
  return true;
}
