// jobs - the newest jobs: one's own, or everybody's for an operator.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"
#include "base/text.h"
#include "portal/visit.h"

#define JOBS_MAX 200  // a page; older ones are for the command line

// What is said of a job, and whether it can still be canceled.  "Completed" is what the printer's
// own queue has ended, never what has merely been uploaded.
static const struct
{
  ipp_jstate_t state;
  const char  *word, *style;
  bool         may_cancel;
} states[] = {
  {IPP_JSTATE_PENDING,    "Waiting",   "off",  true },
  {IPP_JSTATE_HELD,       "Held",      "off",  true },
  {IPP_JSTATE_PROCESSING, "Printing",  "busy", true },
  {IPP_JSTATE_STOPPED,    "Stopped",   "bad",  true },
  {IPP_JSTATE_CANCELED,   "Canceled",  "off",  false},
  {IPP_JSTATE_ABORTED,    "Failed",    "bad",  false},
  {IPP_JSTATE_COMPLETED,  "Completed", "good", false},
};

struct list
{
  pb_visit_t *visit;
  int         count;
};

static void
add_cancel(pb_visit_t *visit, const struct pb_job_view *view)
{
  pb_html_add(&visit->html,
              "<form method=\"post\" action=\"/jobs/cancel\">"
              "<input type=\"hidden\" name=\"printer\" value=\"%d\">"
              "<input type=\"hidden\" name=\"job\" value=\"%d\">",
              view->printer_id, view->id);
  pb_page_csrf(visit);
  pb_html_add(&visit->html,
              "<button class=\"danger small\" aria-label=\"Cancel job %d\">Cancel"
              "</button></form>",
              view->id);
}

// What waits for a person: with its PIN where it has one.
static void
add_release(pb_visit_t *visit, const struct pb_job_view *view)
{
  pb_html_add(&visit->html,
              "<form method=\"post\" action=\"/jobs/release\">"
              "<input type=\"hidden\" name=\"printer\" value=\"%d\">"
              "<input type=\"hidden\" name=\"job\" value=\"%d\">",
              view->printer_id, view->id);
  pb_page_csrf(visit);
  if (view->is_waiting_for_pin)
    pb_html_add(&visit->html,
                "<input class=\"pin\" type=\"password\" name=\"pin\" size=\"6\" maxlength=\"255\" "
                "required autocomplete=\"off\" placeholder=\"PIN\" aria-label=\"PIN of job %d\">",
                view->id);
  pb_html_add(&visit->html,
              "<button class=\"small\" aria-label=\"Release job %d\">Release</button></form>",
              view->id);
}

// A time to come, as it is: how long that is from now changes while the page is looked at.
static void
add_hold(pb_visit_t *visit, const struct pb_job_view *view)
{
  char date[PB_ISO_DATE_SIZE];

  if (view->state != IPP_JSTATE_HELD || view->hold_until_ms <= 0)
    return;
  pb_clock_format_iso(date, view->hold_until_ms);
  pb_html_add(&visit->html, "<small>until %s</small>", date);
}

static void
add_times(pb_visit_t *visit, const struct pb_job_view *view)
{
  pb_html_add(&visit->html, "<td data-label=\"Sent\">");
  pb_page_time(visit, view->created_ms);
  pb_html_add(&visit->html, "</td><td data-label=\"Ended\">");
  if (view->completed_ms > 0)
    pb_page_time(visit, view->completed_ms);
  else
    pb_html_add(&visit->html, "<span class=\"none\">not yet</span>");
  pb_html_add(&visit->html, "</td>");
}

static void
add_job(void *user, const struct pb_job_view *view)
{
  struct list *list  = user;
  pb_visit_t  *visit = list->visit;
  const char  *word = "Unknown", *style = "off";
  bool         may_cancel = false;

  list->count++;
  for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
    if ((int)states[i].state == view->state)
    {
      word       = states[i].word;
      style      = states[i].style;
      may_cancel = states[i].may_cancel;
    }
  if (view->is_waiting_for_pin)
    word = "Waits for its PIN";
  pb_html_add(&visit->html,
              "<tr><th scope=\"row\"><span class=\"num\">%d</span> %s</th>"
              "<td data-label=\"State\"><span class=\"state %s\">%s</span>",
              view->id, view->name, style, word);
  add_hold(visit, view);
  pb_html_add(&visit->html, "<small>%s</small></td><td data-label=\"Printer\">%s</td>",
              view->state_message, view->printer_name);
  pb_html_add(&visit->html, "<td data-label=\"User\">%s", view->user);
  if (view->machine != NULL && view->machine[0] != '\0')
    pb_html_add(&visit->html, "<small>asserted by machine %s</small>", view->machine);
  pb_html_add(&visit->html, "</td>");
  add_times(visit, view);
  pb_html_add(&visit->html, "<td data-label=\"Pages\">%d</td><td class=\"act\">",
              view->impressions_completed);
  if (view->state == IPP_JSTATE_HELD)
    add_release(visit, view);
  if (may_cancel)
    add_cancel(visit, view);
  pb_html_add(&visit->html, "</td></tr>");
}

void
pb_jobs_get(pb_visit_t *visit)
{
  struct list list   = {.visit = visit};
  bool        is_all = visit->user.role >= PB_ROLE_OPERATOR;
  pb_error_t  err    = {0};

  pb_page_begin(visit, 200, is_all ? "Jobs" : "Your jobs", "/jobs");
  pb_html_add(&visit->html, "<table><thead><tr><th scope=\"col\">Job</th><th scope=\"col\">State"
                            "</th><th scope=\"col\">Printer</th><th scope=\"col\">User</th>"
                            "<th scope=\"col\">Sent</th><th scope=\"col\">Ended</th>"
                            "<th scope=\"col\">Pages</th><td></td></tr></thead><tbody>");
  if (!pb_print_each_job(visit->portal->print, /*printer_id*/ 0, is_all ? NULL : visit->user.email,
                         JOBS_MAX, add_job, &list, &err))
  {
    pb_page_fail(visit, &err);
    return;
  }
  pb_html_add(&visit->html, "</tbody></table>");
  if (list.count == 0)
    pb_html_add(&visit->html, "<p class=\"empty\">No jobs.</p>");
  pb_page_end(visit);
}

// False: the form names no job, and says so.
static bool
read_job(pb_visit_t *visit, int64_t *printer_out, int64_t *job_out, pb_principal_t *principal_out)
{
  *principal_out = (pb_principal_t){.role = visit->user.role};
  pb_text_copy(principal_out->name, sizeof(principal_out->name), visit->user.email);
  if (pb_text_parse_int(pb_visit_field(visit, "printer"), 1, INT32_MAX, printer_out) &&
      pb_text_parse_int(pb_visit_field(visit, "job"), 1, INT32_MAX, job_out))
    return true;
  pb_page_error(visit, 400, "No such job", "The form names no job.");
  return false;
}

void
pb_jobs_cancel_post(pb_visit_t *visit)
{
  int64_t        printer = 0, job = 0;
  pb_principal_t principal;
  pb_error_t     err = {0};

  if (!read_job(visit, &printer, &job, &principal))
    return;
  if (!pb_print_cancel_job(visit->portal->print, (int)printer, (int)job, &principal, &err))
    pb_page_fail(visit, &err);
  else
    pb_visit_redirect(visit, "/jobs");
}

void
pb_jobs_release_post(pb_visit_t *visit)
{
  int64_t        printer = 0, job = 0;
  pb_principal_t principal;
  pb_error_t     err = {0};

  if (!read_job(visit, &printer, &job, &principal))
    return;
  if (!pb_print_release_job(visit->portal->print, (int)printer, (int)job,
                            pb_visit_field(visit, "pin"), &principal, &err))
    pb_page_fail(visit, &err);
  else
    pb_visit_redirect(visit, "/jobs");
}
