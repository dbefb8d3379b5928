// device-grant - the device authorization grant (RFC 8628): from the request to the tokens.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "identity/device-grant.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "cloud/protocol.h"
#include "identity/internal.h"
#include "identity/machine.h"
#include <stdlib.h>
#include <string.h>

#define LETTERS "BCDFGHJKLMNPQRSTVWXZ"  // RFC 8628 s6.1: no vowels, so no words
#define LENGTH 8
#define DEVICE_CODE_BYTES 32
#define KEEP_MS (24 * 60 * 60 * INT64_C(1000))       // a grant's approvals are used long before
#define KEEP_UNDECIDED_MS (60 * 60 * INT64_C(1000))  // to say expired_token
#define TRIES 8                                      // to draw a user code that nobody has

bool
pb_user_code_hash(const char *typed, uint8_t hash[PB_SHA256_SIZE], char text_out[PB_USER_CODE_SIZE])
{
  char   letters[LENGTH + 1] = "";
  size_t size                = 0;

  for (; typed != NULL && *typed != '\0'; typed++)
  {
    char letter = *typed >= 'a' && *typed <= 'z' ? (char)(*typed - 'a' + 'A') : *typed;

    if (letter == '-' || letter == ' ')
      continue;
    if (strchr(LETTERS, letter) == NULL || size == LENGTH)
      return false;
    letters[size++] = letter;
  }
  if (size != LENGTH)
    return false;
  pb_sha256(letters, LENGTH, hash);
  if (text_out != NULL)
    pb_text_format(text_out, PB_USER_CODE_SIZE, "%.4s-%.4s", letters, letters + 4);
  return true;
}

static void
make_user_code(char text[PB_USER_CODE_SIZE])
{
  for (int i = 0; i < LENGTH + 1; i++)
    text[i] = i == 4 ? '-' : LETTERS[pb_random_below(sizeof(LETTERS) - 1)];
  text[LENGTH + 1] = '\0';
}

// Those that wait for a decision: in all, and of one address.
static bool
count_pending(pb_identity_t *identity, const char *peer, int *all_out, int *peer_out,
              pb_error_t *err)
{
  char          asking[PB_NAME_SIZE], other[PB_NAME_SIZE];
  pb_db_stmt_t *query = pb_db_query(
    identity->db, err, "SELECT peer FROM auth_grants WHERE expires_ms > ? AND state = ?", "ii",
    pb_clock_now_ms(), (int64_t)PB_GRANT_PENDING);

  *all_out = *peer_out = 0;
  pb_lockout_format_peer(peer, asking, sizeof(asking));
  while (pb_db_step(query))
  {
    pb_lockout_format_peer(pb_db_text(query, 0), other, sizeof(other));
    *all_out += 1;
    *peer_out += pb_text_is_equal(asking, other) ? 1 : 0;
  }
  return pb_db_finish(query, err);
}

// Anybody can ask for codes, so what nobody has decided about goes soon, and its queues at once.
static bool
sweep(pb_identity_t *identity, pb_error_t *err)
{
  int64_t now = pb_clock_now_ms();

  return pb_db_run(identity->db, err, "DELETE FROM auth_grants WHERE expires_ms < ?", "i",
                   now - KEEP_MS) &&
         pb_db_run(identity->db, err, "DELETE FROM auth_grants WHERE expires_ms < ? AND state = ?",
                   "ii", now - KEEP_UNDECIDED_MS, (int64_t)PB_GRANT_PENDING) &&
         pb_db_run(identity->db, err,
                   "DELETE FROM auth_grant_queues WHERE grant_id IN"
                   " (SELECT id FROM auth_grants WHERE expires_ms < ? AND state = ?)",
                   "ii", now, (int64_t)PB_GRANT_PENDING);
}

static bool
check_room(pb_identity_t *identity, const char *peer, pb_error_t *err)
{
  int all = 0, of_peer = 0;

  if (!sweep(identity, err) || !count_pending(identity, peer, &all, &of_peer, err))
    return false;
  if (all >= PB_PENDING_GRANTS_MAX || of_peer >= PB_PENDING_GRANTS_PER_PEER)
    return pb_error_set(err, PB_RETRY, "too many codes are waiting for approval");
  return true;
}

static bool
insert_queues(pb_identity_t *identity, const struct pb_device_request *request, const char *id,
              pb_error_t *err)
{
  for (size_t i = 0; i < request->queues_count; i++)
  {
    const struct pb_approved_queue *queue = &request->queues[i];

    if (!pb_db_run(identity->db, err,
                   "INSERT INTO auth_grant_queues (grant_id, number, uuid, queue, make_and_model,"
                   " location, host, state, joins, adopt) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                   "titttttitt", id, (int64_t)i, queue->uuid, queue->queue, queue->make_and_model,
                   queue->location, queue->host, (int64_t)PB_GRANT_PENDING, queue->join,
                   queue->adopt))
      return false;
  }
  return true;
}

// Draws user codes until one is free.
static bool
insert_grant(pb_identity_t *identity, const struct pb_device_request *request, const char *id,
             struct pb_device_grant *grant, pb_error_t *err)
{
  uint8_t device_hash[PB_SHA256_SIZE], user_hash[PB_SHA256_SIZE];
  int64_t now = pb_clock_now_ms();

  pb_token_hash(grant->device_code.text, device_hash);
  for (int i = 0; i < TRIES; i++)
  {
    make_user_code(grant->user_code);
    if (!pb_user_code_hash(grant->user_code, user_hash, NULL))
      return pb_error_set(err, PB_BUG, "a user code of our own is wrong");
    if (!pb_db_run(
          identity->db, err,
          "INSERT OR IGNORE INTO auth_grants (id, device_hash, user_hash, client_id, scope,"
          " requester, peer, state, interval_ms, created_ms, expires_ms, public_key)"
          " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
          "tbbttttiiiit", id, (const void *)device_hash, sizeof(device_hash),
          (const void *)user_hash, sizeof(user_hash), request->client_id, request->scope,
          request->requester, request->peer, (int64_t)PB_GRANT_PENDING, grant->interval_ms, now,
          now + grant->expires_in_ms, request->public_key != NULL ? request->public_key : ""))
      return false;
    if (pb_db_changes(identity->db) > 0)
      return true;
  }
  return pb_error_set(err, PB_RETRY, "no user code is free");
}

bool
pb_device_grant_make(pb_identity_t *identity, const struct pb_device_request *request,
                     struct pb_device_grant *grant_out, pb_error_t *err)
{
  char id[PB_UUID_SIZE];

  pb_text_make_uuid(id);
  *grant_out = (struct pb_device_grant){.expires_in_ms = identity->code_life_ms,
                                        .interval_ms   = identity->code_interval_ms};
  if (!pb_secret_make(&grant_out->device_code, DEVICE_CODE_BYTES, err))
    return false;
  if (!pb_db_begin(identity->db, err))
    return false;
  bool ok = check_room(identity, request->peer, err) &&
            insert_grant(identity, request, id, grant_out, err) &&
            insert_queues(identity, request, id, err);
  if (!pb_db_end(identity->db, ok, err))
    return false;
  pb_log(&(pb_log_ctx_t){.request = request->peer}, PB_LOG_INFO,
         "client %s asks for %s (%zu queues), for %s", request->client_id, request->scope,
         request->queues_count, request->requester);
  return true;
}

void
pb_device_grant_clear(struct pb_device_grant *grant)
{
  pb_secret_clear(&grant->device_code);
  *grant = (struct pb_device_grant){0};
}

struct row
{
  struct pb_token_subject subject;
  enum pb_grant_state     state;
  int64_t                 interval_ms;
  int64_t                 polled_ms;
  int64_t                 expires_ms;
};

static bool
find_row(pb_identity_t *identity, const char *device_code, struct row *row, bool *is_found_out,
         pb_error_t *err)
{
  uint8_t hash[PB_SHA256_SIZE];

  pb_token_hash(device_code, hash);
  pb_db_stmt_t *query =
    pb_db_query(identity->db, err,
                "SELECT id, client_id, scope, user_id, state, interval_ms, polled_ms, expires_ms,"
                " requester"
                " FROM auth_grants WHERE device_hash = ?",
                "b", (const void *)hash, sizeof(hash));
  *is_found_out = pb_db_step(query);
  if (*is_found_out)
  {
    *row = (struct row){.subject.user_id = pb_db_int(query, 3),
                        .state           = (enum pb_grant_state)pb_db_int(query, 4),
                        .interval_ms     = pb_db_int(query, 5),
                        .polled_ms       = pb_db_int(query, 6),
                        .expires_ms      = pb_db_int(query, 7)};
    pb_text_copy(row->subject.grant_id, sizeof(row->subject.grant_id), pb_db_text(query, 0));
    pb_text_copy(row->subject.client_id, sizeof(row->subject.client_id), pb_db_text(query, 1));
    pb_text_copy(row->subject.scope, sizeof(row->subject.scope), pb_db_text(query, 2));
    pb_text_copy(row->subject.label, sizeof(row->subject.label), pb_db_text(query, 8));
  }
  return pb_db_finish(query, err);
}

// Who asks in the intervals that it was told must not miss what was approved in the last of them
// (RFC 8628 s3.5).
static bool
is_expired(const struct row *row, int64_t now)
{
  int64_t more_ms = row->state == PB_GRANT_APPROVED ? row->interval_ms : 0;

  return row->expires_ms + more_ms <= now && row->state != PB_GRANT_USED;
}

// What this poll is answered with; RFC 8628 s3.5.
static enum pb_device_poll
judge(const struct row *row, const char *client_id, int64_t now)
{
  static const enum pb_device_poll by_state[] = {
    [PB_GRANT_PENDING]  = PB_DEVICE_POLL_PENDING,
    [PB_GRANT_APPROVED] = PB_DEVICE_POLL_GRANTED,
    [PB_GRANT_DENIED]   = PB_DEVICE_POLL_DENIED,
    [PB_GRANT_USED]     = PB_DEVICE_POLL_UNKNOWN,
  };

  if (!pb_text_is_equal(row->subject.client_id, client_id))
    return PB_DEVICE_POLL_UNKNOWN;
  if (is_expired(row, now))
    return PB_DEVICE_POLL_EXPIRED;
  if (row->polled_ms > 0 && now >= row->polled_ms && now - row->polled_ms < row->interval_ms)
    return PB_DEVICE_POLL_SLOW_DOWN;
  return by_state[row->state];
}

// slow_down lengthens the interval for this and all later polls.
static bool
note_poll(pb_identity_t *identity, const struct row *row, enum pb_device_poll poll, int64_t now,
          pb_error_t *err)
{
  int64_t more = poll == PB_DEVICE_POLL_SLOW_DOWN ? identity->code_interval_ms : 0;
  int     to   = poll == PB_DEVICE_POLL_GRANTED ? PB_GRANT_USED : (int)row->state;

  return pb_db_run(identity->db, err,
                   "UPDATE auth_grants SET polled_ms = ?, interval_ms = interval_ms + ?, state = ?"
                   " WHERE id = ?",
                   "iiit", now, more, (int64_t)to, row->subject.grant_id);
}

static bool
poll_locked(pb_identity_t *identity, const char *device_code, const char *client_id,
            struct row *row, enum pb_device_poll *poll_out, struct pb_tokens *tokens_out,
            pb_error_t *err)
{
  int64_t now      = pb_clock_now_ms();
  bool    is_found = false;

  *poll_out = PB_DEVICE_POLL_UNKNOWN;
  if (!find_row(identity, device_code, row, &is_found, err))
    return false;
  if (!is_found)
    return true;
  *poll_out = judge(row, client_id, now);
  if (*poll_out == PB_DEVICE_POLL_UNKNOWN || *poll_out == PB_DEVICE_POLL_EXPIRED)
    return true;
  return note_poll(identity, row, *poll_out, now, err) &&
         (*poll_out != PB_DEVICE_POLL_GRANTED ||
          (pb_machine_bind(identity, &row->subject, err) &&
           pb_token_issue(identity, &row->subject, tokens_out, err)));
}

enum pb_device_poll
pb_device_grant_poll(pb_identity_t *identity, const char *device_code, const char *client_id,
                     struct pb_token_subject *subject_out, struct pb_tokens *tokens_out,
                     pb_error_t *err)
{
  enum pb_device_poll poll = PB_DEVICE_POLL_FAILED;
  struct row          row  = {0};

  if (!pb_db_begin(identity->db, err))
    return PB_DEVICE_POLL_FAILED;
  bool ok = poll_locked(identity, device_code, client_id, &row, &poll, tokens_out, err);
  if (!pb_db_end(identity->db, ok, err))
    return PB_DEVICE_POLL_FAILED;
  *subject_out = row.subject;
  return poll;
}

static void
read_queue(pb_db_stmt_t *query, struct pb_approved_queue *queue)
{
  pb_text_copy(queue->uuid, sizeof(queue->uuid), pb_db_text(query, 0));
  pb_text_copy(queue->queue, sizeof(queue->queue), pb_db_text(query, 1));
  pb_text_copy(queue->make_and_model, sizeof(queue->make_and_model), pb_db_text(query, 2));
  pb_text_copy(queue->location, sizeof(queue->location), pb_db_text(query, 3));
  pb_text_copy(queue->host, sizeof(queue->host), pb_db_text(query, 4));
  pb_text_copy(queue->join, sizeof(queue->join), pb_db_text(query, 5));
  pb_text_copy(queue->adopt, sizeof(queue->adopt), pb_db_text(query, 6));
  queue->adopts = (int)pb_db_int(query, 7);
}

bool
pb_device_grant_queues(pb_identity_t *identity, const char *grant_id, enum pb_grant_state state,
                       struct pb_approved_queue **queues_out, size_t *count_out, pb_error_t *err)
{
  struct pb_approved_queue *queues = calloc(PB_QUEUES_PER_GRANT_MAX, sizeof(*queues));
  size_t                    count  = 0;

  if (queues == NULL)
    return pb_error_set(err, PB_RETRY, "out of memory");
  pb_db_stmt_t *query = pb_db_query(identity->db, err,
                                    "SELECT uuid, queue, make_and_model, location, host, joins,"
                                    " adopt, adopts"
                                    " FROM auth_grant_queues WHERE grant_id = ? AND state = ?"
                                    " ORDER BY number",
                                    "ti", grant_id, (int64_t)state);
  while (count < PB_QUEUES_PER_GRANT_MAX && pb_db_step(query))
    read_queue(query, &queues[count++]);
  if (!pb_db_finish(query, err))
  {
    free(queues);
    return false;
  }
  *queues_out = queues;
  *count_out  = count;
  return true;
}
