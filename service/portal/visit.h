// visit - one request to the portal: who is signed in, what the form says, and the page that is
// being written.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_PORTAL_VISIT_H
#define PB_PORTAL_VISIT_H

#include "identity/approval.h"
#include "identity/call.h"
#include "identity/session.h"
#include "net/form.h"
#include "portal/html.h"
#include "portal/portal.h"

#define PB_CSRF_SIZE 48  // base64url of a SHA-256

struct pb_portal
{
  pb_identity_t       *identity;  // borrowed, like the others
  pb_print_t          *print;
  pb_tunnels_t        *tunnels;
  struct pb_call_route route;
};

typedef struct pb_visit
{
  pb_portal_t    *portal;
  struct pb_call *call;
  pb_html_t       html;    // onto call->reply
  pb_form_t      *form;    // of a POST; NULL for a GET
  pb_form_t      *query;   // NULL: none
  struct pb_user  user;    // role NONE: nobody is signed in
  pb_secret_t     secret;  // of the session's cookie, or of the visitor's before that
  bool            is_new;  // the cookie has to be sent
  char            csrf[PB_CSRF_SIZE];
} pb_visit_t;

// The whole of it: session, rights, CSRF, then the page.  context is the pb_portal_t.
void pb_portal_answer(void *context, struct pb_call *call);

// Cookies.
bool pb_visit_open(pb_visit_t *visit,
                   pb_error_t *err) PB_MUST_USE;  // finds session, or makes a visitor's secret
bool pb_visit_sign_in(pb_visit_t *visit, const struct pb_user *user, pb_error_t *err) PB_MUST_USE;
void pb_visit_sign_out(pb_visit_t *visit);
bool pb_visit_has_csrf(const pb_visit_t *visit);  // the form carries this session's token
void pb_visit_clear(pb_visit_t *visit);

const char *pb_visit_field(const pb_visit_t *visit,
                           const char       *name);  // of the form; "" when absent
const char *pb_visit_query(const pb_visit_t *visit,
                           const char       *name);  // of the address; "" when absent

// Answers.
void pb_visit_redirect(pb_visit_t *visit, const char *path);  // 303
// A page: begin, content by pb_html_add, end.  `here` marks the place in the menu; NULL: none.
void pb_page_begin(pb_visit_t *visit, int status, const char *title, const char *here);
void pb_page_end(pb_visit_t *visit);
void pb_page_csrf(pb_visit_t *visit);  // the hidden field that each form has
void pb_page_note(pb_visit_t *visit, bool is_error, const char *text);  // text NULL: nothing
void pb_page_error(pb_visit_t *visit, int status, const char *title,
                   const char *text);  // a whole page
void pb_page_fail(pb_visit_t       *visit,
                  const pb_error_t *err);  // what a lower layer says; ours are logged, not shown
// "3 min ago" in a <time> with the whole date; "never" for 0.
void pb_page_time(pb_visit_t *visit, int64_t time_ms);
void pb_page_headers(struct pb_call *call);  // the security headers that every answer has

// Pages; GET and POST as the table in portal.c says.
void pb_style_get(pb_visit_t *visit);
void pb_home_get(pb_visit_t *visit);
void pb_sign_in_get(pb_visit_t *visit);
void pb_sign_in_post(pb_visit_t *visit);
void pb_sign_out_post(pb_visit_t *visit);
void pb_device_get(pb_visit_t *visit);
void pb_device_post(pb_visit_t *visit);
void pb_device_decide_post(pb_visit_t *visit);
void pb_printers_get(pb_visit_t *visit);
void pb_printers_remove_post(pb_visit_t *visit);
void pb_printers_device_remove_post(pb_visit_t *visit);
void pb_jobs_get(pb_visit_t *visit);
void pb_jobs_cancel_post(pb_visit_t *visit);
void pb_jobs_release_post(pb_visit_t *visit);
void pb_account_get(pb_visit_t *visit);
void pb_account_password_post(pb_visit_t *visit);
void pb_account_app_password_post(pb_visit_t *visit);
void pb_account_app_password_remove_post(pb_visit_t *visit);
void pb_account_program_remove_post(pb_visit_t *visit);
void pb_users_get(pb_visit_t *visit);
void pb_users_add_post(pb_visit_t *visit);
void pb_users_remove_post(pb_visit_t *visit);
void pb_users_role_post(pb_visit_t *visit);
void pb_users_machine_remove_post(pb_visit_t *visit);

#endif
