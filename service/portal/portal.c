// portal - every page with who may see it, and the gate that all requests pass.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "portal/portal.h"

#include "base/log.h"
#include "base/text.h"
#include "portal/visit.h"
#include <stdlib.h>
#include <string.h>

#define BODY_MAX (64 * 1024)  // 200 queues and what each takes over are 45 KiB

// Only a POST changes anything, and each carries the session's CSRF token.
static const struct page
{
  const char  *method;
  const char  *path;
  enum pb_role least;  // NONE: signed in or not
  void (*answer)(pb_visit_t *visit);
} pages[] = {
  {"GET",  "/style.css",                    PB_ROLE_NONE,  pb_style_get                       },
  {"GET",  "/",                             PB_ROLE_NONE,  pb_home_get                        },
  {"GET",  "/sign-in",                      PB_ROLE_NONE,  pb_sign_in_get                     },
  {"POST", "/sign-in",                      PB_ROLE_NONE,  pb_sign_in_post                    },
  {"POST", "/sign-out",                     PB_ROLE_NONE,  pb_sign_out_post                   },
  {"GET",  "/device",                       PB_ROLE_USER,  pb_device_get                      },
  {"POST", "/device",                       PB_ROLE_USER,  pb_device_post                     },
  {"POST", "/device/decide",                PB_ROLE_USER,  pb_device_decide_post              },
  {"GET",  "/printers",                     PB_ROLE_USER,  pb_printers_get                    },
  {"POST", "/printers/remove",              PB_ROLE_ADMIN, pb_printers_remove_post            },
  {"POST", "/printers/devices/remove",      PB_ROLE_ADMIN, pb_printers_device_remove_post     },
  {"GET",  "/jobs",                         PB_ROLE_USER,  pb_jobs_get                        },
  {"POST", "/jobs/cancel",                  PB_ROLE_USER,  pb_jobs_cancel_post                },
  {"POST", "/jobs/release",                 PB_ROLE_USER,  pb_jobs_release_post               },
  {"GET",  "/account",                      PB_ROLE_USER,  pb_account_get                     },
  {"POST", "/account/password",             PB_ROLE_USER,  pb_account_password_post           },
  {"POST", "/account/app-passwords",        PB_ROLE_USER,  pb_account_app_password_post       },
  {"POST", "/account/app-passwords/remove", PB_ROLE_USER,  pb_account_app_password_remove_post},
  {"POST", "/account/programs/remove",      PB_ROLE_USER,  pb_account_program_remove_post     },
  {"GET",  "/users",                        PB_ROLE_ADMIN, pb_users_get                       },
  {"POST", "/users/add",                    PB_ROLE_ADMIN, pb_users_add_post                  },
  {"POST", "/users/remove",                 PB_ROLE_ADMIN, pb_users_remove_post               },
  {"POST", "/users/role",                   PB_ROLE_ADMIN, pb_users_role_post                 },
  {"POST", "/users/machines/remove",        PB_ROLE_ADMIN, pb_users_machine_remove_post       },
};

// The page; or NULL with the method that the path does take, NULL when there is no such path.  HEAD
// is GET without a body, which the edge sees to.
static const struct page *
find_page(const struct pb_call *call, const char **other_out)
{
  const char *method = pb_text_is_equal(call->method, "HEAD") ? "GET" : call->method;

  *other_out = NULL;
  for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++)
    if (pb_text_is_equal(pages[i].path, call->path))
    {
      *other_out = pages[i].method;
      if (pb_text_is_equal(pages[i].method, method))
        return &pages[i];
    }
  return NULL;
}

// RFC 9110 s15.5.6: with the methods that there are.
static void
refuse_method(pb_visit_t *visit, const char *other)
{
  pb_call_add_header(visit->call, "Allow", pb_text_is_equal(other, "GET") ? "GET, HEAD" : other);
  pb_page_error(visit, 405, "Not like this", "This address takes another kind of request.");
}

static bool
read_forms(pb_visit_t *visit)
{
  const struct pb_call *call = visit->call;

  if (call->query != NULL &&
      !pb_form_parse(call->query, strlen(call->query), &visit->query, /*err*/ NULL))
    return false;
  if (!pb_text_is_equal(call->method, "POST"))
    return true;
  return pb_call_is_form(call) && pb_form_parse(call->body.data != NULL ? call->body.data : "",
                                                call->body.size, &visit->form, /*err*/ NULL);
}

// Signed in first, then back to where this was meant to go; a form is not kept for later.
static void
ask_to_sign_in(pb_visit_t *visit)
{
  pb_buffer_t to = {0};

  pb_buffer_init(&to, 4096);
  bool is_get = !pb_text_is_equal(visit->call->method, "POST");
  bool ok     = pb_buffer_append_text(&to, visit->call->path, NULL);
  if (ok && is_get && visit->call->query != NULL)
    ok =
      pb_buffer_append_text(&to, "?", NULL) && pb_buffer_append_text(&to, visit->call->query, NULL);
  pb_buffer_t link = {0};
  pb_buffer_init(&link, 8192);
  ok = ok && is_get && pb_buffer_append_text(&link, "/sign-in?next=", NULL) &&
       pb_form_escape(&link, to.data, NULL);
  pb_visit_redirect(visit, ok ? link.data : "/sign-in");
  pb_buffer_clear(&to);
  pb_buffer_clear(&link);
}

// Same-site is what browsers say themselves about where a form was; older ones say nothing.
static bool
is_from_elsewhere(const struct pb_call *call)
{
  return call->fetch_site != NULL && !pb_text_is_equal(call->fetch_site, "same-origin") &&
         !pb_text_is_equal(call->fetch_site, "none");
}

static void
pass_gate(pb_visit_t *visit, const struct page *page)
{
  bool is_post = pb_text_is_equal(page->method, "POST");

  if (visit->user.role < page->least && visit->user.role == PB_ROLE_NONE)
    ask_to_sign_in(visit);
  else if (visit->user.role < page->least)
    pb_page_error(visit, 403, "Not for you", "This page is for administrators.");
  else if (is_post && (is_from_elsewhere(visit->call) || !pb_visit_has_csrf(visit)))
    pb_page_error(visit, 403, "This form has expired",
                  "Please go back, reload the page and try again.");
  else
    page->answer(visit);
}

static void
answer_visit(pb_visit_t *visit)
{
  const char        *other = NULL;
  pb_error_t         err   = {0};
  const struct page *page  = find_page(visit->call, &other);

  if (!pb_visit_open(visit, &err))
    pb_page_fail(visit, &err);
  else if (!read_forms(visit))
    pb_page_error(visit, 400, "Malformed request", "The form could not be read.");
  else if (page != NULL)
    pass_gate(visit, page);
  else if (other != NULL)
    refuse_method(visit, other);
  else
    pb_page_error(visit, 404, "Nothing here", "There is no page at this address.");
}

void
pb_portal_answer(void *context, struct pb_call *call)
{
  pb_visit_t visit = {.portal = context, .call = call, .html = {.out = &call->reply}};

  pb_page_headers(call);
  answer_visit(&visit);
  if (visit.html.is_failed)
  {
    pb_log(&(pb_log_ctx_t){.request = call->path}, PB_LOG_ERROR, "the page is too large");
    call->status = 0;
  }
  pb_visit_clear(&visit);
}

bool
pb_portal_new(pb_edge_t *edge, pb_identity_t *identity, pb_print_t *print, pb_tunnels_t *tunnels,
              pb_portal_t **portal_out, pb_error_t *err)
{
  pb_portal_t *portal = calloc(1, sizeof(*portal));

  if (portal == NULL)
    return pb_error_set(err, PB_RETRY, "out of memory");
  *portal = (pb_portal_t){.identity = identity, .print = print, .tunnels = tunnels};
  // Everything that is nobody else's: so that a wrong address gets a page that says so.
  portal->route = (struct pb_call_route){.path     = "/",
                                         .methods  = "GET POST",
                                         .max_body = BODY_MAX,
                                         .answer   = pb_portal_answer,
                                         .context  = portal};
  if (!pb_call_add_route(edge, &portal->route, err))
  {
    pb_portal_free(portal);
    return false;
  }
  *portal_out = portal;
  return true;
}

void
pb_portal_free(pb_portal_t *portal)
{
  free(portal);
}
