// printers - the list of printers: what each does, whether its connector is there, what waits.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"
#include "portal/visit.h"

static const struct
{
  ipp_pstate_t state;
  const char  *word, *style;
} states[] = {
  {IPP_PSTATE_IDLE,       "Ready",    "good"},
  {IPP_PSTATE_PROCESSING, "Printing", "busy"},
  {IPP_PSTATE_STOPPED,    "Stopped",  "bad" },
};

static void
add_state(pb_visit_t *visit, const struct pb_printer_view *view)
{
  const char *word = "Unknown", *style = "bad";

  for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
    if ((int)states[i].state == view->state)
    {
      word  = states[i].word;
      style = states[i].style;
    }
  pb_html_add(&visit->html, "<span class=\"state %s\">%s</span>", style, word);
  if (view->state_reasons != NULL && !pb_text_is_equal(view->state_reasons, "none"))
    pb_html_add(&visit->html, "<small>%s</small>", view->state_reasons);
  pb_html_add(&visit->html, "<small>%s</small>", view->state_message);
}

static void
add_connector(pb_visit_t *visit, const struct pb_device_view *device)
{
  int64_t up_ms = pb_tunnels_up_since_ms(visit->portal->tunnels, device->client_id);

  if (up_ms > 0)
  {
    pb_html_add(&visit->html, "<span class=\"state good\">Connected</span><small>tunnel came up ");
    pb_page_time(visit, up_ms);
    pb_html_add(&visit->html, "</small>");
  }
  else
  {
    pb_html_add(&visit->html, "<span class=\"state %s\">%s</span><small>last word: ",
                device->is_away ? "bad" : "off", device->is_away ? "Away" : "No tunnel");
    pb_page_time(visit, device->seen_ms);
    pb_html_add(&visit->html, "</small>");
  }
  if (device->host[0] != '\0')
    pb_html_add(&visit->html, "<small>on %s</small>", device->host);
}

// With one alone the printer goes.
static void
add_device_removal(pb_visit_t *visit, const struct pb_printer_view *view,
                   const struct pb_device_view *device)
{
  pb_html_add(&visit->html,
              "<details><summary>Remove</summary><form method=\"post\""
              " action=\"/printers/devices/remove\"><p class=\"hint\">The printer stays, with its"
              " other print servers. What this one has begun is held, the rest is theirs.</p>"
              "<input type=\"hidden\" name=\"printer\" value=\"%d\">"
              "<input type=\"hidden\" name=\"device\" value=\"%s\">",
              view->id, device->uuid);
  pb_page_csrf(visit);
  pb_html_add(&visit->html, "<button class=\"danger small\">Remove this print server</button>"
                            "</form></details>");
}

static void
add_connectors(pb_visit_t *visit, const struct pb_printer_view *view)
{
  if (view->devices_count == 0)
    pb_html_add(&visit->html, "<dt>Connector</dt><dd>none</dd>");
  for (size_t i = 0; i < view->devices_count; i++)
  {
    pb_html_add(&visit->html, "<dt>Connector</dt><dd>");
    add_connector(visit, &view->devices[i]);
    if (view->devices_count > 1 && visit->user.role >= PB_ROLE_ADMIN)
      add_device_removal(visit, view, &view->devices[i]);
    pb_html_add(&visit->html, "</dd>");
  }
}

static void
add_removal(pb_visit_t *visit, const struct pb_printer_view *view)
{
  pb_html_add(&visit->html,
              "<details><summary>Remove</summary><form method=\"post\" action=\"/printers/remove\">"
              "<p class=\"hint\">Its waiting jobs are canceled. To share it again it needs a new"
              " approval.</p><input type=\"hidden\" name=\"printer\" value=\"%d\">",
              view->id);
  pb_page_csrf(visit);
  pb_html_add(&visit->html, "<button class=\"danger small\">Remove %s</button></form></details>",
              view->name);
}

struct list
{
  pb_visit_t *visit;
  int         count;
};

static void
add_printer(void *user, const struct pb_printer_view *view)
{
  struct list *list  = user;
  pb_visit_t  *visit = list->visit;

  list->count++;
  pb_html_add(&visit->html, "<li class=\"card\"><h2>%s</h2><p class=\"sub\">%s%s%s</p><dl>",
              view->name, view->make_and_model,
              view->location != NULL && view->location[0] != '\0' ? " \xC2\xB7 " : "",
              view->location);
  pb_html_add(&visit->html, "<dt>State</dt><dd>");
  add_state(visit, view);
  pb_html_add(&visit->html, "</dd>");
  add_connectors(visit, view);
  pb_html_add(&visit->html, "<dt>Waiting jobs</dt><dd>%d</dd>", view->queued_jobs);
  pb_html_add(&visit->html, "<dt>Address</dt><dd><code>%s</code></dd></dl>", view->uri);
  if (visit->user.role >= PB_ROLE_ADMIN)
    add_removal(visit, view);
  pb_html_add(&visit->html, "</li>");
}

void
pb_printers_get(pb_visit_t *visit)
{
  struct list list = {.visit = visit};
  pb_error_t  err  = {0};

  pb_page_begin(visit, 200, "Printers", "/printers");
  pb_html_add(&visit->html, "<ul class=\"cards\">");
  if (!pb_print_each_printer(visit->portal->print, add_printer, &list, &err))
  {
    pb_page_fail(visit, &err);
    return;
  }
  pb_html_add(&visit->html, "</ul>");
  if (list.count == 0)
    pb_html_add(&visit->html,
                "<p class=\"empty\">No printers yet. On a print server run <code>printbridge share"
                "</code>; it shows a code that an administrator approves under"
                " <a href=\"/device\">Enter code</a>.</p>");
  pb_page_end(visit);
}

void
pb_printers_remove_post(pb_visit_t *visit)
{
  int64_t    id  = 0;
  pb_error_t err = {0};

  if (!pb_text_parse_int(pb_visit_field(visit, "printer"), 1, INT32_MAX, &id))
    pb_page_error(visit, 400, "No such printer", "The form names no printer.");
  else if (!pb_print_remove_printer(visit->portal->print, (int)id, &err))
    pb_page_fail(visit, &err);
  else
    pb_visit_redirect(visit, "/printers");
}

void
pb_printers_device_remove_post(pb_visit_t *visit)
{
  int64_t    id  = 0;
  pb_error_t err = {0};

  if (!pb_text_parse_int(pb_visit_field(visit, "printer"), 1, INT32_MAX, &id))
    pb_page_error(visit, 400, "No such printer", "The form names no printer.");
  else if (!pb_print_remove_device(visit->portal->print, (int)id, pb_visit_field(visit, "device"),
                                   &err))
    pb_page_fail(visit, &err);
  else
    pb_visit_redirect(visit, "/printers");
}
