// account - one's own password and app passwords.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"
#include "identity/program.h"
#include "portal/visit.h"

static void
add_row(void *user, const struct pb_app_password *row)
{
  pb_visit_t *visit = user;
  char        id[24];

  pb_text_format(id, sizeof(id), "%lld", (long long)row->id);
  pb_html_add(&visit->html, "<tr><th scope=\"row\">%s</th><td data-label=\"Made\">", row->name);
  pb_page_time(visit, row->created_ms);
  pb_html_add(&visit->html, "</td><td data-label=\"Last used\">");
  pb_page_time(visit, row->used_ms);
  pb_html_add(&visit->html,
              "</td><td class=\"act\"><form method=\"post\""
              " action=\"/account/app-passwords/remove\">"
              "<input type=\"hidden\" name=\"id\" value=\"%s\">",
              id);
  pb_page_csrf(visit);
  pb_html_add(&visit->html,
              "<button class=\"danger small\" aria-label=\"Remove %s\">Remove"
              "</button></form></td></tr>",
              row->name);
}

static bool
add_app_passwords(pb_visit_t *visit, pb_error_t *err)
{
  pb_html_add(&visit->html,
              "<section><h2>App passwords</h2><p>For printing from programs and devices that"
              " cannot show a code: use your e-mail address and one of these.</p>"
              "<table><thead><tr><th scope=\"col\">For</th><th scope=\"col\">Made</th>"
              "<th scope=\"col\">Last used</th><td></td></tr></thead><tbody>");
  if (!pb_app_password_each(visit->portal->identity, visit->user.id, add_row, visit, err))
    return false;
  pb_html_add(&visit->html,
              "</tbody></table><form class=\"card\" method=\"post\""
              " action=\"/account/app-passwords\"><label for=\"name\">What is it for?</label>"
              "<input id=\"name\" name=\"name\" required maxlength=\"100\""
              " placeholder=\"Laptop\">");
  pb_page_csrf(visit);
  pb_html_add(&visit->html, "<button>Make an app password</button></form></section>");
  return true;
}

static void
add_program(void *user, const struct pb_program *row)
{
  pb_visit_t *visit = user;
  const char *name  = row->label[0] != '\0' ? row->label : row->client_id;

  pb_html_add(&visit->html,
              "<tr><th scope=\"row\">%s<small>%s</small></th><td data-label=\"Last used\">", name,
              row->client_id);
  pb_page_time(visit, row->used_ms);
  pb_html_add(&visit->html,
              "</td><td class=\"act\"><form method=\"post\" action=\"/account/programs/remove\">"
              "<input type=\"hidden\" name=\"program\" value=\"%s\">",
              row->family);
  pb_page_csrf(visit);
  pb_html_add(&visit->html,
              "<button class=\"danger small\" aria-label=\"Remove %s\">Remove"
              "</button></form></td></tr>",
              name);
}

static bool
add_programs(pb_visit_t *visit, pb_error_t *err)
{
  pb_html_add(&visit->html,
              "<section><h2>Programs</h2><p>What you have allowed to print with your name, by a"
              " code. What is removed asks for a new one.</p>"
              "<table><thead><tr><th scope=\"col\">Program</th><th scope=\"col\">Last used</th>"
              "<td></td></tr></thead><tbody>");
  if (!pb_program_each(visit->portal->identity, visit->user.id, add_program, visit, err))
    return false;
  pb_html_add(&visit->html, "</tbody></table></section>");
  return true;
}

static void
add_password_form(pb_visit_t *visit)
{
  pb_html_add(&visit->html,
              "<section><h2>Password</h2><form class=\"card\" method=\"post\""
              " action=\"/account/password\">"
              "<input type=\"hidden\" name=\"username\" autocomplete=\"username\" value=\"%s\">"
              "<label for=\"current\">Current password</label><input id=\"current\""
              " name=\"current\" type=\"password\" required autocomplete=\"current-password\">"
              "<label for=\"password\">New password</label><input id=\"password\""
              " name=\"password\" type=\"password\" required minlength=\"%d\" maxlength=\"512\""
              " autocomplete=\"new-password\">"
              "<label for=\"again\">New password again</label><input id=\"again\" name=\"again\""
              " type=\"password\" required minlength=\"%d\" autocomplete=\"new-password\">",
              visit->user.email, PB_PASSWORD_MIN, PB_PASSWORD_MIN);
  pb_page_csrf(visit);
  pb_html_add(&visit->html, "<p class=\"hint\">You will be signed out everywhere else.</p>"
                            "<button>Change password</button></form></section>");
}

// password: a new app password, shown this once; NULL: none.
static void
show(pb_visit_t *visit, int status, bool is_error, const char *note, const char *password)
{
  pb_error_t err = {0};

  pb_page_begin(visit, status, "Account", "/account");
  pb_page_note(visit, is_error, note);
  if (password != NULL)
    pb_html_add(&visit->html,
                "<div class=\"note good\" role=\"status\"><p>Your new app password. It is shown"
                " only now:</p><p><code id=\"app-password\" class=\"shown\">%s</code></p></div>",
                password);
  pb_html_add(&visit->html, "<p class=\"sub\">%s \xC2\xB7 %s</p>", visit->user.email,
              pb_role_name(visit->user.role));
  if (!add_programs(visit, &err) || !add_app_passwords(visit, &err))
  {
    pb_page_fail(visit, &err);
    return;
  }
  add_password_form(visit);
  pb_page_end(visit);
}

void
pb_account_get(pb_visit_t *visit)
{
  show(visit, 200, /*is_error*/ false, /*note*/ NULL, /*password*/ NULL);
}

static int
status_of(const pb_error_t *err)
{
  return err->kind == PB_RETRY ? 429 : 400;
}

static bool
change_password(pb_visit_t *visit, pb_error_t *err)
{
  const char    *password = pb_visit_field(visit, "password");
  struct pb_user user;

  if (!pb_text_is_equal(password, pb_visit_field(visit, "again")))
    return pb_error_set(err, PB_REJECT, "The two new passwords differ.");
  if (!pb_user_check_password(visit->portal->identity, visit->user.email,
                              pb_visit_field(visit, "current"), visit->call->peer, &user, err))
    return err->kind == PB_AUTH ? pb_error_set(err, PB_REJECT, "The current password is wrong.")
                                : false;
  return pb_identity_set_password(visit->portal->identity, user.email, password, err) &&
         pb_visit_sign_in(visit, &user, err);
}

void
pb_account_password_post(pb_visit_t *visit)
{
  pb_error_t err = {0};

  if (change_password(visit, &err))
    show(visit, 200, /*is_error*/ false, "Your password is changed.", /*password*/ NULL);
  else
    show(visit, status_of(&err), /*is_error*/ true, err.message, /*password*/ NULL);
}

void
pb_account_app_password_post(pb_visit_t *visit)
{
  pb_secret_t password = {0};
  pb_error_t  err      = {0};

  if (pb_identity_add_app_password(visit->portal->identity, visit->user.email,
                                   pb_visit_field(visit, "name"), &password, &err))
    show(visit, 200, /*is_error*/ false, /*note*/ NULL, password.text);
  else
    show(visit, status_of(&err), /*is_error*/ true, err.message, /*password*/ NULL);
  pb_secret_clear(&password);
}

void
pb_account_app_password_remove_post(pb_visit_t *visit)
{
  int64_t    id  = 0;
  pb_error_t err = {0};

  if (!pb_text_parse_int(pb_visit_field(visit, "id"), 1, INT64_MAX, &id))
    pb_page_error(visit, 400, "No such password", "The form names no app password.");
  else if (!pb_app_password_remove(visit->portal->identity, visit->user.id, id, &err))
    pb_page_fail(visit, &err);
  else
    pb_visit_redirect(visit, "/account");
}

void
pb_account_program_remove_post(pb_visit_t *visit)
{
  pb_error_t err = {0};

  if (!pb_program_remove(visit->portal->identity, visit->user.id, pb_visit_field(visit, "program"),
                         &err))
    pb_page_fail(visit, &err);
  else
    pb_visit_redirect(visit, "/account");
}
