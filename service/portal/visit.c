// visit - one request to the portal: its session, its cookie and its CSRF token.
// Before sign-in a visitor has a cookie with a secret as well, so that the sign-in form cannot be
// sent from elsewhere either; it is another cookie than the session's, and opens nothing.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "portal/visit.h"

#include "base/text.h"
#include "net/digest.h"
#include <stdlib.h>
#include <string.h>

// __Host-: Secure, from this host, path "/" (RFC 6265bis s4.1.3.2).
#define SESSION_COOKIE "__Host-pb_session"
#define VISITOR_COOKIE "__Host-pb_visitor"
#define ATTRIBUTES "; Path=/; Secure; HttpOnly; SameSite=Strict"
#define SECRET_BYTES 32
#define SECRET_MAX 64

// The value of that cookie, if it looks like one of ours.
static bool
read_cookie(const char *header, const char *name, pb_secret_t *secret_out, pb_error_t *err)
{
  size_t size = strlen(name);

  for (; header != NULL; header = strchr(header, ';'))
  {
    header += strspn(header, "; ");
    if (strncmp(header, name, size) != 0 || header[size] != '=')
      continue;
    const char *value = header + size + 1;
    size_t      count = strcspn(value, "; ");
    if (count > 0 && count <= SECRET_MAX)
      return pb_secret_set(secret_out, value, count, err);
  }
  return true;
}

// Bound to the secret of the cookie, from which it cannot be told back.
static void
make_csrf(pb_visit_t *visit)
{
  uint8_t parts[2][PB_SHA256_SIZE], digest[PB_SHA256_SIZE];

  pb_sha256("printbridge csrf", 16, parts[0]);
  pb_sha256(visit->secret.text, visit->secret.size, parts[1]);
  pb_sha256(parts, sizeof(parts), digest);
  char *text = pb_text_format_base64(digest, sizeof(digest), /*url*/ true);
  pb_text_copy(visit->csrf, sizeof(visit->csrf), text);
  free(text);
}

static void
send_cookie(pb_visit_t *visit, const char *name, const char *value, const char *more)
{
  char text[256];

  pb_text_format(text, sizeof(text), "%s=%s%s%s", name, value, ATTRIBUTES, more);
  pb_call_add_header(visit->call, "Set-Cookie", text);
  pb_wipe(text, sizeof(text));
}

static bool
open_visitor(pb_visit_t *visit, pb_error_t *err)
{
  visit->user = (struct pb_user){0};
  pb_secret_clear(&visit->secret);
  if (!read_cookie(visit->call->cookie, VISITOR_COOKIE, &visit->secret, err))
    return false;
  if (visit->secret.text == NULL)
  {
    if (!pb_secret_make(&visit->secret, SECRET_BYTES, err))
      return false;
    visit->is_new = true;
  }
  make_csrf(visit);
  return true;
}

bool
pb_visit_open(pb_visit_t *visit, pb_error_t *err)
{
  pb_error_t why = {0};

  if (!read_cookie(visit->call->cookie, SESSION_COOKIE, &visit->secret, err))
    return false;
  if (visit->secret.text == NULL)
    return open_visitor(visit, err);
  if (!pb_session_find(visit->portal->identity, visit->secret.text, &visit->user, &why))
    return why.kind == PB_AUTH ? open_visitor(visit, err)
                               : pb_error_set(err, why.kind, "%s", why.message);
  make_csrf(visit);
  return true;
}

bool
pb_visit_sign_in(pb_visit_t *visit, const struct pb_user *user, pb_error_t *err)
{
  pb_secret_t secret = {0};

  if (!pb_session_start(visit->portal->identity, user->id, &secret, err))
  {
    pb_secret_clear(&secret);
    return false;
  }
  if (visit->user.role != PB_ROLE_NONE)
    pb_visit_sign_out(visit);
  pb_secret_clear(&visit->secret);
  visit->secret = secret;
  visit->user   = *user;
  visit->is_new = false;
  make_csrf(visit);
  send_cookie(visit, SESSION_COOKIE, secret.text, "");
  send_cookie(visit, VISITOR_COOKIE, "", "; Max-Age=0");
  return true;
}

void
pb_visit_sign_out(pb_visit_t *visit)
{
  pb_error_t err = {0};

  if (visit->user.role == PB_ROLE_NONE)
    return;
  // Whatever becomes of the record, the browser forgets.
  (void)!pb_session_end(visit->portal->identity, visit->secret.text, &err);
  send_cookie(visit, SESSION_COOKIE, "", "; Max-Age=0");
  visit->user = (struct pb_user){0};
}

bool
pb_visit_has_csrf(const pb_visit_t *visit)
{
  const char *given = pb_visit_field(visit, "csrf");

  return pb_secret_is_equal(given, strlen(given), visit->csrf, strlen(visit->csrf));
}

void
pb_visit_clear(pb_visit_t *visit)
{
  pb_form_free(visit->form);
  pb_form_free(visit->query);
  pb_secret_clear(&visit->secret);
  pb_wipe(visit->csrf, sizeof(visit->csrf));
  *visit = (pb_visit_t){0};
}

static const char *
text_of(const pb_form_t *form, const char *name)
{
  const char *value = form != NULL ? pb_form_get(form, name) : NULL;

  return value != NULL ? value : "";
}

const char *
pb_visit_field(const pb_visit_t *visit, const char *name)
{
  return text_of(visit->form, name);
}

const char *
pb_visit_query(const pb_visit_t *visit, const char *name)
{
  return text_of(visit->query, name);
}

void
pb_visit_redirect(pb_visit_t *visit, const char *path)
{
  pb_call_add_header(visit->call, "Location", path);
  visit->call->status       = 303;
  visit->call->content_type = "text/plain; charset=utf-8";
  pb_buffer_reset(&visit->call->reply);
}

// The visitor's cookie goes with the page that holds the form that needs it.
void
pb_page_csrf(pb_visit_t *visit)
{
  if (visit->is_new)
    send_cookie(visit, VISITOR_COOKIE, visit->secret.text, "");
  visit->is_new = false;
  pb_html_add(&visit->html, "<input type=\"hidden\" name=\"csrf\" value=\"%s\">", visit->csrf);
}
