// page - what all pages have: head, menu, notes, errors, times and security headers.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "portal/visit.h"

// No script anywhere; nothing from elsewhere; in nobody's frame.
static const struct
{
  const char *name, *value;
} headers[] = {
  {"Content-Security-Policy",
   "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
   "frame-ancestors 'none'; base-uri 'none'"                                 },
  {"Strict-Transport-Security",    "max-age=31536000"                        },
  {"X-Content-Type-Options",       "nosniff"                                 },
  {"X-Frame-Options",              "DENY"                                    },
  {"Referrer-Policy",              "same-origin"                             },
  {"Cross-Origin-Opener-Policy",   "same-origin"                             },
  {"Cross-Origin-Resource-Policy", "same-origin"                             },
  {"Permissions-Policy",           "camera=(), geolocation=(), microphone=()"},
  {"Cache-Control",                "no-store"                                },
};

void
pb_page_headers(struct pb_call *call)
{
  for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
    pb_call_add_header(call, headers[i].name, headers[i].value);
}

static const struct
{
  const char  *path;
  const char  *title;
  enum pb_role least;
} menu[] = {
  {"/printers", "Printers",   PB_ROLE_USER },
  {"/jobs",     "Jobs",       PB_ROLE_USER },
  {"/device",   "Enter code", PB_ROLE_USER },
  {"/account",  "Account",    PB_ROLE_USER },
  {"/users",    "Users",      PB_ROLE_ADMIN},
};

static void
add_menu(pb_visit_t *visit, const char *here)
{
  pb_html_add(&visit->html, "<nav aria-label=\"Pages\"><ul>");
  for (size_t i = 0; i < sizeof(menu) / sizeof(menu[0]); i++)
    if (visit->user.role >= menu[i].least)
      pb_html_add(&visit->html, "<li><a href=\"%s\"%s>%s</a></li>", menu[i].path,
                  pb_text_is_equal(menu[i].path, here) ? " aria-current=page" : "", menu[i].title);
  pb_html_add(&visit->html, "</ul></nav>");
}

static void
add_sign_out(pb_visit_t *visit)
{
  pb_html_add(&visit->html,
              "<form class=\"out\" method=\"post\" action=\"/sign-out\"><span>%s</span>",
              visit->user.email);
  pb_page_csrf(visit);
  pb_html_add(&visit->html, "<button class=\"plain\">Sign out</button></form>");
}

void
pb_page_begin(pb_visit_t *visit, int status, const char *title, const char *here)
{
  bool is_in = visit->user.role != PB_ROLE_NONE;

  visit->call->status       = status;
  visit->call->content_type = "text/html; charset=utf-8";
  pb_buffer_reset(&visit->call->reply);
  pb_html_add(&visit->html,
              "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">"
              "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
              "<meta name=\"color-scheme\" content=\"light dark\">"
              "<title>%s - Printbridge</title>"
              "<link rel=\"icon\" href=\"/icon.png\">"
              "<link rel=\"stylesheet\" href=\"/style.css\"></head><body>"
              "<a class=\"skip\" href=\"#main\">Skip to content</a>"
              "<header><div class=\"bar\"><a class=\"brand\" href=\"/\">Printbridge</a>",
              title);
  if (is_in)
    add_sign_out(visit);
  pb_html_add(&visit->html, "</div>");
  if (is_in)
    add_menu(visit, here);
  pb_html_add(&visit->html, "</header><main id=\"main\"%s><h1>%s</h1>",
              is_in ? "" : " class=narrow", title);
}

void
pb_page_end(pb_visit_t *visit)
{
  pb_html_add(&visit->html, "</main></body></html>\n");
}

void
pb_page_note(pb_visit_t *visit, bool is_error, const char *text)
{
  if (text == NULL)
    return;
  pb_html_add(&visit->html, "<p class=\"note %s\" role=\"%s\">%s</p>", is_error ? "bad" : "good",
              is_error ? "alert" : "status", text);
}

void
pb_page_error(pb_visit_t *visit, int status, const char *title, const char *text)
{
  pb_page_begin(visit, status, title, /*here*/ NULL);
  pb_html_add(&visit->html, "<p>%s</p><p><a class=\"button\" href=\"/\">To the start page</a></p>",
              text);
  pb_page_end(visit);
}

// What a lower layer says, to a person.
static const struct
{
  enum pb_error_kind kind;
  int                status;
  const char        *title;
} kinds[] = {
  {PB_AUTH,   403, "Not allowed"       },
  {PB_REJECT, 400, "That did not work" },
  {PB_GONE,   404, "Not there any more"},
};

void
pb_page_fail(pb_visit_t *visit, const pb_error_t *err)
{
  for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
    if (kinds[i].kind == err->kind)
    {
      pb_page_error(visit, kinds[i].status, kinds[i].title, err->message);
      return;
    }
  pb_log(&(pb_log_ctx_t){.request = visit->call->path}, PB_LOG_ERROR, "%s", err->message);
  pb_page_error(visit, err->kind == PB_RETRY ? 503 : 500, "Something is wrong",
                "The service cannot do this at the moment. Please try again later.");
}

// The largest unit that it fills.
static void
format_ago(char *dst, size_t dst_size, int64_t ago_s)
{
  if (ago_s < 60)
    pb_text_format(dst, dst_size, "just now");
  else if (ago_s < 3600)
    pb_text_format(dst, dst_size, "%d min ago", (int)(ago_s / 60));
  else if (ago_s < 48 * 3600)
    pb_text_format(dst, dst_size, "%d h ago", (int)(ago_s / 3600));
  else
    pb_text_format(dst, dst_size, "%d days ago", (int)(ago_s / 86400));
}

void
pb_page_time(pb_visit_t *visit, int64_t time_ms)
{
  char date[PB_ISO_DATE_SIZE], ago[32];

  if (time_ms <= 0)
  {
    pb_html_add(&visit->html, "never");
    return;
  }
  pb_clock_format_iso(date, time_ms);
  format_ago(ago, sizeof(ago), (pb_clock_now_ms() - time_ms) / 1000);
  pb_html_add(&visit->html, "<time datetime=\"%s\" title=\"%s\">%s</time>", date, date, ago);
}
