// store - the subscriptions' table in the service's database.
// Sequence numbers are reserved here in steps, so that a restart never uses one again and no event
// costs a write.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "events/state.h"

#include "base/clock.h"
#include <stdlib.h>
#include <string.h>

static const char *const migrations[] = {
  "CREATE TABLE subscriptions ("
  " id INTEGER PRIMARY KEY, uuid TEXT NOT NULL, owner TEXT NOT NULL, client_id TEXT NOT NULL,"
  " printer_id INTEGER NOT NULL, printer_uri TEXT NOT NULL, job_id INTEGER NOT NULL,"
  " events TEXT NOT NULL,"  // keywords with spaces between
  " lease_s INTEGER NOT NULL, expires_ms INTEGER NOT NULL, user_data BLOB, interval_s INTEGER NOT "
  "NULL,"
  " reserved INTEGER NOT NULL);"  // sequence numbers below this one may have been used
  "CREATE INDEX subscriptions_printer ON subscriptions (printer_id, job_id);",

  "ALTER TABLE subscriptions ADD COLUMN sees_all INTEGER NOT NULL DEFAULT 0;"
  "UPDATE subscriptions SET sees_all = 1 WHERE client_id <> '' AND client_id = owner;",
};

static void
format_events(char *dst, size_t dst_size, pb_event_mask_t events)
{
  size_t used = 0;

  dst[0] = '\0';
  for (int type = 0; type < PB_EVENT_TYPES; type++)
  {
    if ((events & (1U << type)) == 0)
      continue;
    pb_text_format(dst + used, dst_size - used, "%s%s", used > 0 ? " " : "",
                   pb_event_keyword((enum pb_event_type)type));
    used = strlen(dst);
  }
}

// A keyword that this version does not know is left out.
static pb_event_mask_t
parse_events(const char *text)
{
  pb_event_mask_t events = 0;
  char            copy[1024];
  char           *rest = NULL;

  pb_text_copy(copy, sizeof(copy), text);
  for (char *word = strtok_r(copy, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest))
  {
    pb_event_mask_t one = 0;
    if (pb_event_parse_keyword(word, &one))
      events |= one;
  }
  return events;
}

static bool
read_row(pb_db_stmt_t *q, struct pb_subscription_row *row)
{
  size_t      size = 0;
  const void *data = pb_db_blob(q, 10, &size);

  row->id = (int)pb_db_int(q, 0);
  pb_text_copy(row->uuid, sizeof(row->uuid), pb_db_text(q, 1));
  row->owner       = pb_text_dup(pb_db_text(q, 2));
  row->client_id   = pb_text_dup(pb_db_text(q, 3));
  row->printer_id  = (int)pb_db_int(q, 4);
  row->printer_uri = pb_text_dup(pb_db_text(q, 5));
  row->job_id      = (int)pb_db_int(q, 6);
  row->events      = parse_events(pb_db_text(q, 7));
  row->lease_s     = (int)pb_db_int(q, 8);
  row->expires_ms  = pb_db_int(q, 9);
  row->interval_s  = (int)pb_db_int(q, 11);
  row->reserved    = (int)pb_db_int(q, 12);
  row->sees_all    = pb_db_int(q, 13) != 0;
  if (data != NULL && size <= sizeof(row->user_data))
  {
    memcpy(row->user_data, data, size);
    row->user_data_size = (int)size;
  }
  return row->owner != NULL && row->client_id != NULL && row->printer_uri != NULL;
}

bool
pb_events_store_insert(pb_db_t *db, const struct pb_subscription_row *row, pb_error_t *err)
{
  char events[1024];

  format_events(events, sizeof(events), row->events);
  return pb_db_run(
    db, err,
    "INSERT INTO subscriptions (id, uuid, owner, client_id, printer_id, printer_uri, job_id, "
    "events,"
    " lease_s, expires_ms, user_data, interval_s, reserved, sees_all)"
    " VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
    "itttititiibiii", (int64_t)row->id, row->uuid, row->owner, row->client_id,
    (int64_t)row->printer_id, row->printer_uri, (int64_t)row->job_id, events, (int64_t)row->lease_s,
    row->expires_ms, (const void *)row->user_data, (size_t)row->user_data_size,
    (int64_t)row->interval_s, (int64_t)row->reserved, (int64_t)row->sees_all);
}

bool
pb_events_store_renew(pb_db_t *db, int id, int lease_s, int64_t expires_ms, pb_error_t *err)
{
  return pb_db_run(db, err, "UPDATE subscriptions SET lease_s = ?, expires_ms = ? WHERE id = ?",
                   "iii", (int64_t)lease_s, expires_ms, (int64_t)id);
}

bool
pb_events_store_reserve(pb_db_t *db, int id, int reserved, pb_error_t *err)
{
  return pb_db_run(db, err, "UPDATE subscriptions SET reserved = MAX(reserved, ?) WHERE id = ?",
                   "ii", (int64_t)reserved, (int64_t)id);
}

bool
pb_events_store_delete(pb_db_t *db, int id, pb_error_t *err)
{
  return pb_db_run(db, err, "DELETE FROM subscriptions WHERE id = ?", "i", (int64_t)id);
}

bool
pb_events_store_delete_job(pb_db_t *db, int printer_id, int job_id, pb_error_t *err)
{
  return pb_db_run(db, err, "DELETE FROM subscriptions WHERE printer_id = ? AND job_id = ?", "ii",
                   (int64_t)printer_id, (int64_t)job_id);
}

bool
pb_events_store_delete_printer(pb_db_t *db, int printer_id, pb_error_t *err)
{
  return pb_db_run(db, err, "DELETE FROM subscriptions WHERE printer_id = ?", "i",
                   (int64_t)printer_id);
}

bool
pb_events_store_delete_client(pb_db_t *db, int printer_id, const char *client_id, pb_error_t *err)
{
  return pb_db_run(db, err, "DELETE FROM subscriptions WHERE printer_id = ? AND client_id = ?",
                   "it", (int64_t)printer_id, client_id);
}

bool
pb_events_store_delete_expired(pb_db_t *db, int64_t now_ms, pb_error_t *err)
{
  return pb_db_run(db, err, "DELETE FROM subscriptions WHERE expires_ms > 0 AND expires_ms <= ?",
                   "i", now_ms);
}

bool
pb_events_store_load(pb_events_t *events, pb_error_t *err)
{
  bool          ok = true;
  pb_db_stmt_t *q  = NULL;

  if (!pb_db_migrate(events->db, "events", migrations,
                     (int)(sizeof(migrations) / sizeof(migrations[0])), err))
    return false;
  if (!pb_events_store_delete_expired(events->db, pb_clock_now_ms(), err))
    return false;
  if (!pb_db_run(events->db, err,
                 "UPDATE subscriptions SET reserved = MIN(reserved + ?, 2147483647)", "i",
                 (int64_t)PB_SEQUENCE_STEP))
    return false;
  q = pb_db_query(events->db, err,
                  "SELECT id, uuid, owner, client_id, printer_id, printer_uri, job_id, events, "
                  "lease_s, expires_ms,"
                  " user_data, interval_s, reserved, sees_all FROM subscriptions",
                  "");
  while (ok && pb_db_step(q))
  {
    struct pb_subscription_row row          = {0};
    pb_subscription_t         *subscription = NULL;

    ok           = read_row(q, &row);
    subscription = pb_subscription_new(&row);
    ok           = ok && subscription != NULL;
    if (ok)
      pb_events_link_locked(events, subscription);
    else
      pb_subscription_free(subscription);
  }
  if (!pb_db_finish(q, err))
    return false;
  return ok || pb_error_set(err, PB_RETRY, "out of memory for the subscriptions");
}
