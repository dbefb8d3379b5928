// adoption - a queue asks to take over a former printer.
// What the other side says of itself only orders the list: nothing is chosen by it.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "portal/adoption.h"

#include "base/text.h"
#include <stdlib.h>
#include <string.h>

#define FIELD "adopt-"
#define OTHER_FIELD "other-"
#define LIST "formers"

enum
{
  OPTIONS_MAX = 50,    // of a group: a page may have hundreds of queues ...
  FORMERS_MAX = 10000  // ... and this list once
};

// A printer, and the print server that would go.
struct pb_former
{
  int  id;
  char name[PB_NAME_SIZE];
  char uuid[PB_UUID_SIZE];  // ""; of one without a print server
  char host[PB_NAME_SIZE];
  bool is_up;
};

static void
add_former(struct pb_adoption *adoption, const struct pb_printer_view *view,
           const struct pb_device_view *device)
{
  struct pb_former *more, *former;

  if (adoption->count == FORMERS_MAX)
    return;
  more = realloc(adoption->formers, (adoption->count + 1) * sizeof(*more));
  if (more == NULL)
    return;
  adoption->formers = more;
  former            = &more[adoption->count++];
  *former           = (struct pb_former){.id = view->id};
  pb_text_copy(former->name, sizeof(former->name), view->name);
  if (device == NULL)
    return;
  pb_text_copy(former->uuid, sizeof(former->uuid), device->uuid);
  pb_text_copy(former->host, sizeof(former->host), device->host);
  former->is_up = pb_tunnels_up_since_ms(adoption->visit->portal->tunnels, device->client_id) > 0;
}

static void
add_printer(void *user, const struct pb_printer_view *view)
{
  if (view->devices_count == 0)
    add_former(user, view, /*device*/ NULL);
  for (size_t i = 0; i < view->devices_count; i++)
    add_former(user, view, &view->devices[i]);
}

static void
add_option(const struct pb_adoption *adoption, const struct pb_former *former)
{
  pb_html_t *html = &adoption->visit->html;

  pb_html_add(html, "<option value=\"%d %s\">%s (%d)", former->id, former->uuid, former->name,
              former->id);
  if (former->uuid[0] == '\0')
    pb_html_add(html, ", without a print server");
  else
    pb_html_add(html, ", on %s, %s", former->host[0] != '\0' ? former->host : "a print server",
                former->is_up ? "CONNECTED NOW" : "not connected");
  pb_html_add(html, "</option>");
}

static bool
has_asked(const struct pb_approval *approval)
{
  for (size_t i = 0; i < approval->queues_count; i++)
    if (approval->queues[i].adopt[0] != '\0')
      return true;
  return false;
}

void
pb_adoption_open(pb_visit_t *visit, const struct pb_approval *approval,
                 struct pb_adoption *adoption_out)
{
  *adoption_out = (struct pb_adoption){.visit = visit};
  if (!has_asked(approval))
    return;
  // A list that cannot be read offers nothing.
  (void)!pb_print_each_printer(visit->portal->print, add_printer, adoption_out, /*err*/ NULL);
  if (adoption_out->count <= OPTIONS_MAX)
    return;
  pb_html_add(&visit->html, "<datalist id=\"" LIST "\">");
  for (size_t i = 0; i < adoption_out->count; i++)
    add_option(adoption_out, &adoption_out->formers[i]);
  pb_html_add(&visit->html, "</datalist>");
}

void
pb_adoption_close(struct pb_adoption *adoption)
{
  free(adoption->formers);
  *adoption = (struct pb_adoption){0};
}

static bool
is_alike(const struct pb_former *former, const struct pb_approved_queue *queue)
{
  return pb_text_is_equal_nocase(former->name, queue->queue) &&
         (former->host[0] == '\0' || pb_text_is_equal_nocase(former->host, queue->host));
}

static void
add_group(const struct pb_adoption *adoption, const struct pb_approved_queue *queue, bool alike)
{
  pb_html_t *html  = &adoption->visit->html;
  int        count = 0;

  for (size_t i = 0; i < adoption->count && count < OPTIONS_MAX; i++)
  {
    if (is_alike(&adoption->formers[i], queue) != alike)
      continue;
    if (count++ == 0)
      pb_html_add(html, "<optgroup label=\"%s\">", alike ? "Same name and host" : "Other printers");
    add_option(adoption, &adoption->formers[i]);
  }
  if (count > 0)
    pb_html_add(html, "</optgroup>");
}

void
pb_adoption_add(const struct pb_adoption *adoption, const struct pb_approved_queue *queue)
{
  pb_html_t *html = &adoption->visit->html;

  if (queue->adopt[0] == '\0')
    return;
  pb_html_add(html,
              "<label class=\"adopt\"><small><b>asks to take over a former printer</b>, which keeps"
              " its address, its jobs and who may print to it. Its former print server is locked"
              " out.</small><select name=\"" FIELD "%s\"><option value=\"\" selected>a new printer"
              "</option>",
              queue->uuid);
  add_group(adoption, queue, /*alike*/ true);
  if (adoption->count <= OPTIONS_MAX)
    add_group(adoption, queue, /*alike*/ false);
  pb_html_add(html, "</select></label>");
  if (adoption->count > OPTIONS_MAX)
    pb_html_add(html,
                "<label class=\"adopt\"><input name=\"" OTHER_FIELD "%s\" list=\"" LIST
                "\" placeholder=\"or another one: type its name\" autocomplete=\"off\"></label>",
                queue->uuid);
}

// What was chosen of the few, or else of all.
static bool
find_choice(const pb_visit_t *visit, const char *uuid, const char **text_out, pb_error_t *err)
{
  static const char *const fields[] = {FIELD, OTHER_FIELD};

  *text_out = "";
  for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
  {
    char        name[sizeof(FIELD) + PB_UUID_SIZE];
    const char *text;

    if (!pb_text_format(name, sizeof(name), "%s%s", fields[i], uuid))
      return pb_error_set(err, PB_REJECT, "a printer was chosen that nobody asked for");
    text = pb_visit_field(visit, name);
    if (text[0] == '\0')
      continue;
    if ((*text_out)[0] != '\0')
      return pb_error_set(err, PB_REJECT, "two printers were chosen for one queue");
    *text_out = text;
  }
  return true;
}

// "ID DEVICE", "ID " or "".
bool
pb_adoption_read(const pb_visit_t *visit, const char *uuid, struct pb_approval_choice *choice_out,
                 pb_error_t *err)
{
  char        number[16];
  const char *text, *space;
  int64_t     id = 0;

  *choice_out = (struct pb_approval_choice){.uuid = uuid, .device = ""};
  if (!find_choice(visit, uuid, &text, err))
    return false;
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
