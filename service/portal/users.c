// users - for administrators: who may sign in, and as what.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"
#include "identity/machine.h"
#include "portal/visit.h"

static const enum pb_role roles[] = {PB_ROLE_USER, PB_ROLE_OPERATOR, PB_ROLE_ADMIN};

static void
add_role_options(pb_visit_t *visit, enum pb_role chosen)
{
  for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++)
    pb_html_add(&visit->html, "<option%s>%s</option>", roles[i] == chosen ? " selected" : "",
                pb_role_name(roles[i]));
}

static void
add_row(void *user, const struct pb_user *row)
{
  pb_visit_t *visit = user;

  pb_html_add(&visit->html,
              "<tr><th scope=\"row\">%s</th><td data-label=\"Role\">"
              "<form class=\"line\" method=\"post\" action=\"/users/role\">"
              "<input type=\"hidden\" name=\"email\" value=\"%s\">"
              "<select name=\"role\" aria-label=\"Role of %s\">",
              row->email, row->email, row->email);
  add_role_options(visit, row->role);
  pb_html_add(&visit->html, "</select>");
  pb_page_csrf(visit);
  pb_html_add(&visit->html, "<button class=\"small\">Save</button></form></td>"
                            "<td data-label=\"Since\">");
  pb_page_time(visit, row->created_ms);
  pb_html_add(&visit->html,
              "</td><td class=\"act\"><form method=\"post\" action=\"/users/remove\">"
              "<input type=\"hidden\" name=\"email\" value=\"%s\">",
              row->email);
  pb_page_csrf(visit);
  pb_html_add(&visit->html,
              "<button class=\"danger small\" aria-label=\"Remove %s\">Remove"
              "</button></form></td></tr>",
              row->email);
}

static void
add_form(pb_visit_t *visit)
{
  pb_html_add(&visit->html,
              "<section><h2>Add a user</h2><form class=\"card\" method=\"post\""
              " action=\"/users/add\"><label for=\"email\">E-mail address</label>"
              "<input id=\"email\" name=\"email\" type=\"email\" required autocomplete=\"off\">"
              "<label for=\"role\">Role</label><select id=\"role\" name=\"role\">");
  add_role_options(visit, PB_ROLE_USER);
  pb_html_add(&visit->html,
              "</select><label for=\"password\">First password</label><input id=\"password\""
              " name=\"password\" type=\"password\" required minlength=\"%d\" maxlength=\"512\""
              " autocomplete=\"new-password\">",
              PB_PASSWORD_MIN);
  pb_page_csrf(visit);
  pb_html_add(&visit->html,
              "<p class=\"hint\">Users print and cancel their own jobs; operators everybody's;"
              " administrators also connect print servers and manage users.</p>"
              "<button>Add</button></form></section>");
}

static void
add_machine(void *user, const struct pb_machine *row)
{
  pb_visit_t *visit = user;

  pb_html_add(&visit->html,
              "<tr><th scope=\"row\">%s<small>%s</small></th><td data-label=\"Since\">", row->host,
              row->client_id);
  pb_page_time(visit, row->approved_ms);
  pb_html_add(&visit->html,
              "</td><td class=\"act\"><form method=\"post\" action=\"/users/machines/remove\">"
              "<input type=\"hidden\" name=\"client\" value=\"%s\">",
              row->client_id);
  pb_page_csrf(visit);
  pb_html_add(&visit->html,
              "<button class=\"danger small\" aria-label=\"Remove %s\">Remove"
              "</button></form></td></tr>",
              row->host);
}

static bool
add_machines(pb_visit_t *visit, pb_error_t *err)
{
  pb_html_add(&visit->html,
              "<section><h2>Machines</h2><p>Computers that print for their own users, and say"
              " whose each job is.</p><table><thead><tr><th scope=\"col\">Machine</th>"
              "<th scope=\"col\">Since</th><td></td></tr></thead><tbody>");
  if (!pb_machine_each(visit->portal->identity, add_machine, visit, err))
    return false;
  pb_html_add(&visit->html, "</tbody></table></section>");
  return true;
}

static void
show(pb_visit_t *visit, int status, const char *problem)
{
  pb_error_t err = {0};

  pb_page_begin(visit, status, "Users", "/users");
  pb_page_note(visit, /*is_error*/ true, problem);
  pb_html_add(&visit->html, "<table><thead><tr><th scope=\"col\">User</th><th scope=\"col\">Role"
                            "</th><th scope=\"col\">Since</th><td></td></tr></thead><tbody>");
  if (!pb_user_each(visit->portal->identity, add_row, visit, &err))
  {
    pb_page_fail(visit, &err);
    return;
  }
  pb_html_add(&visit->html, "</tbody></table>");
  add_form(visit);
  if (!add_machines(visit, &err))
  {
    pb_page_fail(visit, &err);
    return;
  }
  pb_page_end(visit);
}

void
pb_users_get(pb_visit_t *visit)
{
  show(visit, 200, /*problem*/ NULL);
}

static void
finish(pb_visit_t *visit, bool ok, const pb_error_t *err)
{
  if (ok)
    pb_visit_redirect(visit, "/users");
  else if (err->kind == PB_REJECT || err->kind == PB_GONE)
    show(visit, 400, err->message);
  else
    pb_page_fail(visit, err);
}

void
pb_users_add_post(pb_visit_t *visit)
{
  enum pb_role role = PB_ROLE_NONE;
  pb_error_t   err  = {0};
  bool         ok   = pb_role_parse(pb_visit_field(visit, "role"), &role)
                        ? pb_identity_add_user(visit->portal->identity, pb_visit_field(visit, "email"), role,
                                               pb_visit_field(visit, "password"), &err)
                        : pb_error_set(&err, PB_REJECT, "there is no such role");

  finish(visit, ok, &err);
}

void
pb_users_remove_post(pb_visit_t *visit)
{
  pb_error_t err = {0};
  bool ok = pb_identity_remove_user(visit->portal->identity, pb_visit_field(visit, "email"), &err);

  finish(visit, ok, &err);
}

void
pb_users_role_post(pb_visit_t *visit)
{
  enum pb_role role = PB_ROLE_NONE;
  pb_error_t   err  = {0};
  bool         ok =
    pb_role_parse(pb_visit_field(visit, "role"), &role)
              ? pb_user_set_role(visit->portal->identity, pb_visit_field(visit, "email"), role, &err)
              : pb_error_set(&err, PB_REJECT, "there is no such role");

  finish(visit, ok, &err);
}

void
pb_users_machine_remove_post(pb_visit_t *visit)
{
  struct pb_machine machine;
  pb_error_t        err    = {0};
  const char       *client = pb_visit_field(visit, "client");
  bool              ok     = pb_machine_find(visit->portal->identity, client, &machine, &err) &&
            pb_machine_end(visit->portal->identity, client, &err);

  finish(visit, ok, &err);
}
