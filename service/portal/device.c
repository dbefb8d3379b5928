// device - a person types a code that a device shows, sees who asks for what, and decides.
// A link may fill the code in, but nothing is approved before a button is pressed (RFC 8628 s5.4).
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"
#include "cloud/protocol.h"
#include "portal/adoption.h"
#include "portal/visit.h"
#include <string.h>

static void
show_entry(pb_visit_t *visit, int status, const char *problem, const char *code)
{
  pb_page_begin(visit, status, "Enter code", PB_PATH_VERIFY);
  pb_page_note(visit, /*is_error*/ true, problem);
  pb_html_add(&visit->html,
              "<p>A print server or program that wants to be connected shows a code of eight"
              " letters. Type it here to see who is asking.</p>"
              "<form class=\"card\" method=\"post\" action=\"" PB_PATH_VERIFY "\">"
              "<label for=\"user_code\">Code</label>"
              "<input id=\"user_code\" class=\"code\" name=\"user_code\" value=\"%s\" required"
              " maxlength=\"20\" autocomplete=\"off\" autocapitalize=\"characters\""
              " spellcheck=\"false\" placeholder=\"BCDF-GHJK\" autofocus>",
              code);
  pb_page_csrf(visit);
  pb_html_add(&visit->html, "<button>Continue</button></form>");
  pb_page_end(visit);
}

void
pb_device_get(pb_visit_t *visit)
{
  show_entry(visit, 200, /*problem*/ NULL, pb_visit_query(visit, "user_code"));
}

// A wrong code, or too many of them: on the form again.  Everything else is a page of its own.
static void
refuse(pb_visit_t *visit, const pb_error_t *err)
{
  if (err->kind == PB_GONE)
    show_entry(visit, 404, err->message, "");
  else if (err->kind == PB_RETRY)
    show_entry(visit, 429, err->message, "");
  else
    pb_page_fail(visit, err);
}

static void
add_fact(pb_visit_t *visit, const char *name, const char *value)
{
  pb_html_add(&visit->html, "<dt>%s</dt><dd>%s</dd>", name, value[0] != '\0' ? value : "not said");
}

static void
add_asker(pb_visit_t *visit, const struct pb_approval *approval, const char *client)
{
  bool has_queues = approval->queues_count > 0;

  pb_html_add(&visit->html, "<dl>");
  add_fact(visit, "From address", approval->peer);
  if (has_queues)
    add_fact(visit, "Host", approval->queues[0].host);
  add_fact(visit, "Requested by", approval->requester);
  add_fact(visit, client, approval->client_id);
  pb_html_add(&visit->html, "<dt>Asked</dt><dd>");
  pb_page_time(visit, approval->created_ms);
  pb_html_add(&visit->html, "</dd></dl><p class=\"hint\">Host, names and requester are what the"
                            " other side says. Nobody has checked them.</p>");
}

// Whom it joins, plainly: that printer's jobs will come out of this queue, too.
static void
add_joined(void *user, const struct pb_printer_view *view)
{
  pb_visit_t *visit = user;

  pb_html_add(&visit->html, "<small><b>joins the printer %s</b>", view->name);
  for (size_t i = 0; i < view->devices_count; i++)
    pb_html_add(&visit->html, "%s%s",
                i == 0                         ? ", which "
                : i + 1 == view->devices_count ? " and "
                                               : ", ",
                view->devices[i].host[0] != '\0' ? view->devices[i].host : "a print server");
  if (view->devices_count > 0)
    pb_html_add(&visit->html, " serve%s already", view->devices_count == 1 ? "s" : "");
  pb_html_add(&visit->html, "; each of its jobs will be printed by one of them</small>");
}

static void
add_join(pb_visit_t *visit, const struct pb_approved_queue *queue)
{
  pb_error_t err = {0};

  if (queue->join[0] != '\0' &&
      !pb_print_find_printer(visit->portal->print, queue->join, add_joined, visit, &err))
    pb_html_add(&visit->html,
                "<small><b>joins the printer %s, which there is not: it cannot be"
                " shared so</b></small>",
                queue->join);
}

static void
add_queue(pb_visit_t *visit, const struct pb_approved_queue *queue,
          const struct pb_adoption *adoption)
{
  pb_html_add(&visit->html,
              "<li><label class=\"pick\"><input type=\"checkbox\" name=\"queue\" value=\"%s\""
              " checked><span><b>%s</b><small>%s</small>",
              queue->uuid, queue->queue,
              queue->make_and_model[0] != '\0' ? queue->make_and_model : "model not said");
  add_join(visit, queue);
  pb_html_add(&visit->html, "<small>%s%s%s</small></span></label>",
              queue->location[0] != '\0' ? queue->location : "location not said",
              queue->host[0] != '\0' ? " \xC2\xB7 on " : "", queue->host);
  pb_adoption_add(adoption, queue);
  pb_html_add(&visit->html, "</li>");
}

static void
add_queues(pb_visit_t *visit, const struct pb_approval *approval)
{
  struct pb_adoption adoption;

  pb_adoption_open(visit, approval, &adoption);
  pb_html_add(&visit->html,
              "<fieldset><legend>Printers to be shared (%d)</legend>"
              "<p class=\"hint\">Clear the box of any that you do not want.</p><ul"
              " class=\"picks\">",
              (int)approval->queues_count);
  for (size_t i = 0; i < approval->queues_count; i++)
    add_queue(visit, &approval->queues[i], &adoption);
  pb_html_add(&visit->html, "</ul></fieldset>");
  pb_adoption_close(&adoption);
}

// What is asked, by scope.
static const struct kind
{
  const char *scope;
  const char *title, *meaning;
  const char *client;  // what its client id is
  const char *others;  // who may not decide
} kinds[] = {
  {PB_SCOPE_REGISTER, "Connect this print server?",
   "It will receive the jobs that are sent to the printers below.",             "Key of the print server",
   "Only an administrator can connect a print server."                                                                                                                   },
  {PB_SCOPE_MACHINE,  "Let this machine print for its users?",
   "It will be able to print to every printer, for any name that it says: its own users' names, "
   "which nobody"
   " checks here. It sees and cancels only its own jobs.",                      "Key of the machine",      "Only an administrator can let a machine print for its users."},
  {PB_SCOPE_USER,     "Allow this program?",
   "It will be able to print with your name, and to see and cancel your jobs.", "Program",
   "This account cannot allow a program to print."                                                                                                                       },
};

static const struct kind *
find_kind(const char *scope)
{
  size_t last = sizeof(kinds) / sizeof(kinds[0]) - 1;

  for (size_t i = 0; i < last; i++)
    if (pb_text_is_equal(kinds[i].scope, scope))
      return &kinds[i];
  return &kinds[last];
}

static void
show_question(pb_visit_t *visit, const struct pb_approval *approval)
{
  bool               has_queues = approval->queues_count > 0;
  const struct kind *kind       = find_kind(approval->scope);

  pb_page_begin(visit, 200, kind->title, PB_PATH_VERIFY);
  pb_html_add(&visit->html,
              "<p>%s</p><p class=\"compare\"><span class=\"shown\">%s</span>"
              "<span>Compare: the device in front of you, or the person who asked you, must show"
              " exactly this code. If not, deny.</span></p>",
              kind->meaning, approval->user_code);
  add_asker(visit, approval, kind->client);
  pb_html_add(&visit->html,
              "<form class=\"card\" method=\"post\" action=\"/device/decide\">"
              "<input type=\"hidden\" name=\"user_code\" value=\"%s\">",
              approval->user_code);
  pb_page_csrf(visit);
  if (has_queues)
    add_queues(visit, approval);
  pb_html_add(&visit->html, "<div class=\"buttons\">"
                            "<button name=\"decision\" value=\"approve\">Approve</button>"
                            "<button class=\"danger\" name=\"decision\" value=\"deny\""
                            " formnovalidate>Deny</button></div></form>");
  pb_page_end(visit);
}

void
pb_device_post(pb_visit_t *visit)
{
  struct pb_approval approval = {0};
  struct pb_approver by       = {.user = &visit->user, .peer = visit->call->peer};
  pb_error_t         err      = {0};

  if (!pb_approval_find(visit->portal->identity, pb_visit_field(visit, "user_code"), &by, &approval,
                        &err))
    refuse(visit, &err);
  else if (!pb_approval_is_allowed(approval.scope, visit->user.role))
    pb_page_error(visit, 403, "Ask an administrator", find_kind(approval.scope)->others);
  else
    show_question(visit, &approval);
  pb_approval_clear(&approval);
}

_Static_assert(PB_FORM_FIELDS_MAX > 3 * PB_QUEUES_PER_GRANT_MAX + 8, "a box and two fields each");

static bool
read_choices(const pb_visit_t *visit, struct pb_approval_choice choices[PB_QUEUES_PER_GRANT_MAX],
             size_t *count_out, pb_error_t *err)
{
  *count_out = 0;
  for (size_t i = 0; i < pb_form_count(visit->form) && *count_out < PB_QUEUES_PER_GRANT_MAX; i++)
  {
    if (!pb_text_is_equal(pb_form_name(visit->form, i), "queue"))
      continue;
    if (!pb_adoption_read(visit, pb_form_value(visit->form, i), &choices[*count_out], err))
      return false;
    *count_out += 1;
  }
  return true;
}

static bool
decide(pb_visit_t *visit, bool is_approved, pb_error_t *err)
{
  struct pb_approval_choice choices[PB_QUEUES_PER_GRANT_MAX];
  size_t                    count = 0;
  const char               *code  = pb_visit_field(visit, "user_code");
  struct pb_approver        by    = {.user = &visit->user, .peer = visit->call->peer};

  if (!is_approved)
    return pb_approval_deny(visit->portal->identity, code, &by, err);
  return read_choices(visit, choices, &count, err) &&
         pb_approval_approve_choices(visit->portal->identity, code, &by, choices, count, err);
}

void
pb_device_decide_post(pb_visit_t *visit)
{
  const char *decision    = pb_visit_field(visit, "decision");
  bool        is_approved = pb_text_is_equal(decision, "approve");
  pb_error_t  err         = {0};

  if (!is_approved && !pb_text_is_equal(decision, "deny"))
  {
    pb_page_error(visit, 400, "Nothing was decided", "Please go back and press a button.");
    return;
  }
  if (!decide(visit, is_approved, &err))
  {
    refuse(visit, &err);
    return;
  }
  pb_page_begin(visit, 200, is_approved ? "Approved" : "Denied", PB_PATH_VERIFY);
  pb_page_note(visit, /*is_error*/ false,
               is_approved ? "The device continues by itself within some seconds."
                           : "The device will be told. Nothing has changed.");
  pb_html_add(&visit->html, "<p><a class=\"button\" href=\"/printers\">To the printers</a></p>");
  pb_page_end(visit);
}
