// sign-in-code - the code that a person approves: asked for once by whoever comes first, shown by
// all, and polled by the one process that holds the poll lock. The others see on the disk what
// became of it.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "cloud/protocol.h"
#include "cloud/sign-in-private.h"

#include <string.h>

#define LOCK_WAIT_MS 90000
#define LEFT_MIN_MS 30000  // a code with less to live is not worth being typed

static bool
is_still_good(const struct pb_stored_code *stored)
{
  return stored->outcome == PB_STORED_WAITING &&
         stored->code.expires_mono_ms - pb_clock_mono_ms() >= LEFT_MIN_MS;
}

// The code moves to code_out.
static void
take_code(struct pb_stored_code *stored, struct pb_device_code *code_out)
{
  *code_out    = stored->code;
  stored->code = (struct pb_device_code){0};
}

static bool
ask(pb_sign_in_t *sign_in, const char *requester, struct pb_device_code *code, pb_error_t *err)
{
  bool                 is_machine = sign_in->kind == PB_SIGN_IN_MACHINE;
  pb_secret_t          jwt        = {0};
  struct pb_device_ask question   = {.client_id = PB_CLIENT_USER,
                                     .scope     = is_machine ? PB_SCOPE_MACHINE : PB_SCOPE_USER,
                                     .requester = requester};
  bool                 ok         = pb_sign_in_learn(sign_in, err);

  if (ok && is_machine)
  {
    ok = pb_sign_in_find_key(sign_in, /*is_new_allowed*/ true, err) &&
         pb_sign_in_sign(sign_in, sign_in->metadata.issuer, /*has_key*/ true, &jwt, err);
    question.client_id = sign_in->client_id;
    question.assertion = jwt.text;
  }
  ok = ok && pb_device_code_ask(sign_in->http, &sign_in->metadata, &question, code, err);
  pb_secret_clear(&jwt);
  return ok;
}

static bool
begin_locked(pb_sign_in_t *sign_in, const char *requester, struct pb_stored_code *stored,
             pb_error_t *err)
{
  pb_error_t why = {0};

  if (pb_sign_in_load(sign_in, &why))
    pb_text_copy(sign_in->seen_id, sizeof(sign_in->seen_id), sign_in->stored.id);
  // A damaged file is as good as none.
  if (why.kind != PB_RETRY &&
      pb_stored_code_read(sign_in->folder, &sign_in->service, stored, &why) &&
      is_still_good(stored))
    return true;
  pb_stored_code_clear(stored);
  if (why.kind == PB_RETRY)
    return pb_error_set(err, why.kind, "%s", why.message);
  if (!ask(sign_in, requester, &stored->code, err))
    return false;
  stored->outcome    = PB_STORED_WAITING;
  stored->expires_ms = pb_clock_now_ms() + stored->code.expires_mono_ms - pb_clock_mono_ms();
  return pb_stored_code_write(sign_in->folder, stored, err);
}

bool
pb_sign_in_begin(pb_sign_in_t *sign_in, const char *requester, struct pb_device_code *code_out,
                 pb_error_t *err)
{
  struct pb_stored_code stored = {0};
  int                   lock   = -1;
  bool                  ok     = false;

  *code_out = (struct pb_device_code){0};
  if (!pb_sign_in_lock(sign_in, PB_SIGN_IN_LOCK, LOCK_WAIT_MS, &lock, err))
    return false;
  ok = begin_locked(sign_in, requester, &stored, err);
  pb_sign_in_unlock(&lock);
  if (ok)
    take_code(&stored, code_out);
  pb_stored_code_clear(&stored);
  return ok;
}

// What others have found out meanwhile.  A code that is gone, or another one, has had its time.
static enum pb_poll
look(pb_sign_in_t *sign_in, const struct pb_device_code *code)
{
  static const enum pb_poll polls[] = {
    [PB_STORED_WAITING] = PB_POLL_PENDING,
    [PB_STORED_DENIED]  = PB_POLL_DENIED,
    [PB_STORED_EXPIRED] = PB_POLL_EXPIRED,
  };
  struct pb_stored_code stored = {0};
  enum pb_poll          poll   = PB_POLL_EXPIRED;
  pb_error_t            why    = {0};

  if (pb_sign_in_load(sign_in, /*err*/ NULL) && strcmp(sign_in->stored.id, sign_in->seen_id) != 0)
  {
    pb_text_copy(sign_in->seen_id, sizeof(sign_in->seen_id), sign_in->stored.id);
    return PB_POLL_GRANTED;
  }
  if (!pb_stored_code_read(sign_in->folder, &sign_in->service, &stored, &why))
    poll = why.kind == PB_RETRY ? PB_POLL_PENDING : PB_POLL_EXPIRED;
  else if (strcmp(stored.code.user_code, code->user_code) == 0)
    poll = polls[stored.outcome];
  pb_stored_code_clear(&stored);
  return poll;
}

static bool
save_grant(pb_sign_in_t *sign_in, struct pb_grant *grant, pb_error_t *err)
{
  int  lock = -1;
  bool ok   = false;

  if (!pb_sign_in_lock(sign_in, PB_SIGN_IN_LOCK, LOCK_WAIT_MS, &lock, err))
    return false;
  ok = pb_sign_in_save_locked(sign_in, grant, /*is_new*/ true, err) &&
       pb_sign_in_drop(sign_in, PB_SIGN_IN_PENDING, err);
  pb_sign_in_unlock(&lock);
  pb_text_copy(sign_in->seen_id, sizeof(sign_in->seen_id), sign_in->stored.id);
  return ok;
}

// For the processes that only look.
static void
note_outcome(pb_sign_in_t *sign_in, const struct pb_device_code *code,
             enum pb_stored_outcome outcome)
{
  struct pb_stored_code stored = {0};
  pb_error_t            err    = {0};
  int                   lock   = -1;

  if (!pb_sign_in_lock(sign_in, PB_SIGN_IN_LOCK, LOCK_WAIT_MS, &lock, &err))
  {
    pb_log(/*ctx*/ NULL, PB_LOG_WARN, "%s", err.message);
    return;
  }
  if (pb_stored_code_read(sign_in->folder, &sign_in->service, &stored, /*err*/ NULL) &&
      strcmp(stored.code.user_code, code->user_code) == 0)
  {
    stored.outcome = outcome;
    if (!pb_stored_code_write(sign_in->folder, &stored, &err))
      pb_log(/*ctx*/ NULL, PB_LOG_WARN, "%s", err.message);
  }
  pb_stored_code_clear(&stored);
  pb_sign_in_unlock(&lock);
}

static enum pb_poll
ask_service(pb_sign_in_t *sign_in, struct pb_device_code *code, pb_error_t *err)
{
  struct pb_grant grant     = {0};
  const char     *client_id = PB_CLIENT_USER;
  enum pb_poll    poll      = PB_POLL_FAILED;

  if (!sign_in->metadata.issuer[0] && !pb_sign_in_learn(sign_in, err))
    return err->kind == PB_RETRY ? PB_POLL_PENDING : PB_POLL_FAILED;
  if (sign_in->kind == PB_SIGN_IN_MACHINE)
  {
    if (!pb_sign_in_find_key(sign_in, /*is_new_allowed*/ false, err))
      return PB_POLL_FAILED;
    client_id = sign_in->client_id;
  }
  poll = pb_device_code_poll(sign_in->http, &sign_in->metadata, client_id, code, &grant, err);
  // Who got the tokens was killed before they were on the disk: only another code helps.
  if (poll == PB_POLL_FAILED && err->kind == PB_AUTH)
    poll = PB_POLL_EXPIRED;
  if (poll == PB_POLL_GRANTED && !save_grant(sign_in, &grant, err))
    poll = PB_POLL_FAILED;
  else if (poll == PB_POLL_DENIED)
    note_outcome(sign_in, code, PB_STORED_DENIED);
  else if (poll == PB_POLL_EXPIRED)
    note_outcome(sign_in, code, PB_STORED_EXPIRED);
  pb_grant_clear(&grant);
  return poll;
}

enum pb_poll
pb_sign_in_poll(pb_sign_in_t *sign_in, struct pb_device_code *code, pb_error_t *err)
{
  pb_error_t   why  = {0};
  enum pb_poll poll = look(sign_in, code);

  pb_error_clear(err);
  if (poll == PB_POLL_PENDING && sign_in->poll_lock < 0)
  {
    if (!pb_sign_in_lock(sign_in, PB_SIGN_IN_POLL_LOCK, /*wait_ms*/ 0, &sign_in->poll_lock, err))
      return PB_POLL_FAILED;
    poll = look(sign_in, code);  // who had the lock may have let it go with good news
  }
  if (poll == PB_POLL_PENDING && sign_in->poll_lock >= 0)
    poll = ask_service(sign_in, code, &why);
  if (poll != PB_POLL_PENDING)
    pb_sign_in_unlock(&sign_in->poll_lock);
  if (err)
    *err = why;
  return poll;
}
