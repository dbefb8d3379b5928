// sign-in - in and out of the portal.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"
#include "base/text.h"
#include "portal/visit.h"
#include <string.h>

#define START "/printers"

// A path of ours; anything that a browser could take for another host is not.
static bool
is_own_path(const char *path)
{
  size_t size = strlen(path);

  if (path[0] != '/' || path[1] == '/' || path[1] == '\\' || size > 2000)
    return false;
  for (; *path != '\0'; path++)
    if (*path <= ' ' || *path > '~' || *path == '\\')
      return false;
  return true;
}

static void
show(pb_visit_t *visit, int status, const char *problem, const char *next)
{
  pb_page_begin(visit, status, "Sign in", /*here*/ NULL);
  pb_page_note(visit, /*is_error*/ true, problem);
  pb_html_add(&visit->html,
              "<form class=\"card\" method=\"post\" action=\"/sign-in\">"
              "<label for=\"email\">E-mail address</label>"
              "<input id=\"email\" name=\"email\" type=\"email\" autocomplete=\"username\""
              " required autofocus value=\"%s\">"
              "<label for=\"password\">Password</label>"
              "<input id=\"password\" name=\"password\" type=\"password\""
              " autocomplete=\"current-password\" required maxlength=\"512\">"
              "<input type=\"hidden\" name=\"next\" value=\"%s\">",
              pb_visit_field(visit, "email"), next);
  pb_page_csrf(visit);
  pb_html_add(&visit->html, "<button>Sign in</button></form>");
  pb_page_end(visit);
}

void
pb_home_get(pb_visit_t *visit)
{
  pb_visit_redirect(visit, visit->user.role != PB_ROLE_NONE ? START : "/sign-in");
}

void
pb_sign_in_get(pb_visit_t *visit)
{
  const char *next = pb_visit_query(visit, "next");

  // A session that a link from elsewhere did not bring along (SameSite) is here again.
  if (visit->user.role != PB_ROLE_NONE)
    pb_visit_redirect(visit, is_own_path(next) ? next : START);
  else
    show(visit, 200, /*problem*/ NULL, is_own_path(next) ? next : "");
}

void
pb_sign_in_post(pb_visit_t *visit)
{
  const char    *next = pb_visit_field(visit, "next");
  struct pb_user user;
  pb_error_t     err = {0};

  if (!is_own_path(next))
    next = "";
  if (!pb_user_check_password(visit->portal->identity, pb_visit_field(visit, "email"),
                              pb_visit_field(visit, "password"), visit->call->peer, &user, &err))
  {
    if (err.kind == PB_AUTH)
      show(visit, 403, "The e-mail address or the password is wrong.", next);
    else
      show(visit, err.kind == PB_RETRY ? 429 : 500, err.message, next);
    return;
  }
  if (!pb_visit_sign_in(visit, &user, &err))
  {
    pb_page_fail(visit, &err);
    return;
  }
  pb_log(&(pb_log_ctx_t){.request = visit->call->peer}, PB_LOG_INFO, "%s signed in", user.email);
  pb_visit_redirect(visit, next[0] != '\0' ? next : START);
}

void
pb_sign_out_post(pb_visit_t *visit)
{
  pb_visit_sign_out(visit);
  pb_visit_redirect(visit, "/sign-in");
}
