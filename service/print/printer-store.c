// printer-store - printers and their output devices in the database.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "print/printer-store.h"

#include <stdlib.h>
#include <string.h>

static const char *const migrations[] = {
  "CREATE TABLE printers ("
  " id INTEGER PRIMARY KEY AUTOINCREMENT, uuid TEXT NOT NULL UNIQUE, name TEXT NOT NULL,"
  " make_and_model TEXT NOT NULL, location TEXT NOT NULL, is_accepting INTEGER NOT NULL DEFAULT 1,"
  " created_ms INTEGER NOT NULL, config_ms INTEGER NOT NULL, state_ms INTEGER NOT NULL);"
  "CREATE TABLE devices ("
  " uuid TEXT PRIMARY KEY, printer_id INTEGER NOT NULL UNIQUE REFERENCES printers(id) ON DELETE "
  "CASCADE,"
  " client_id TEXT NOT NULL, attributes BLOB, seen_ms INTEGER NOT NULL DEFAULT 0,"
  " identify_actions TEXT NOT NULL DEFAULT '', identify_message TEXT NOT NULL DEFAULT '');"
  "CREATE INDEX devices_client ON devices(client_id);"
  "CREATE TABLE jobs ("
  " id INTEGER PRIMARY KEY AUTOINCREMENT, printer_id INTEGER NOT NULL REFERENCES printers(id) ON "
  "DELETE CASCADE,"
  " uuid TEXT NOT NULL UNIQUE, name TEXT NOT NULL, owner TEXT NOT NULL, printer_uri TEXT NOT NULL,"
  " state INTEGER NOT NULL, reasons TEXT NOT NULL, message TEXT NOT NULL,"
  " created_ms INTEGER NOT NULL, processing_ms INTEGER NOT NULL, completed_ms INTEGER NOT NULL,"
  " activity_ms INTEGER NOT NULL, priority INTEGER NOT NULL, hold_until_ms INTEGER NOT NULL,"
  " is_open INTEGER NOT NULL, is_fetchable INTEGER NOT NULL, is_incoming INTEGER NOT NULL,"
  " ticket BLOB, password BLOB, password_encryption TEXT, documents INTEGER NOT NULL, impressions "
  "INTEGER NOT NULL,"
  " device_uuid TEXT NOT NULL, device_state INTEGER NOT NULL, device_reasons TEXT NOT NULL,"
  " device_message TEXT NOT NULL, impressions_completed INTEGER NOT NULL, k_octets INTEGER NOT "
  "NULL,"
  " sheets INTEGER NOT NULL, pages INTEGER NOT NULL, fetch_status INTEGER NOT NULL, fetch_message "
  "TEXT NOT NULL);"
  "CREATE INDEX jobs_printer ON jobs(printer_id, state);"
  "CREATE INDEX jobs_state ON jobs(state, completed_ms);"
  "CREATE TABLE documents ("
  " job_id INTEGER NOT NULL REFERENCES jobs(id) ON DELETE CASCADE, number INTEGER NOT NULL, uuid "
  "TEXT NOT NULL,"
  " name TEXT NOT NULL, spool_id TEXT NOT NULL, format TEXT NOT NULL, size INTEGER NOT NULL,"
  " state INTEGER NOT NULL, reasons TEXT NOT NULL, message TEXT NOT NULL,"
  " created_ms INTEGER NOT NULL, processing_ms INTEGER NOT NULL, completed_ms INTEGER NOT NULL,"
  " is_last INTEGER NOT NULL, is_fetched INTEGER NOT NULL, device_state INTEGER NOT NULL,"
  " device_reasons TEXT NOT NULL, device_message TEXT NOT NULL, impressions INTEGER NOT NULL,"
  " impressions_completed INTEGER NOT NULL, PRIMARY KEY (job_id, number));"
  "CREATE INDEX documents_spool ON documents(spool_id);",

  "ALTER TABLE jobs ADD COLUMN asserted_user TEXT NOT NULL DEFAULT '';"
  "ALTER TABLE jobs ADD COLUMN machine TEXT NOT NULL DEFAULT '';"
  "ALTER TABLE jobs ADD COLUMN client_uuid TEXT NOT NULL DEFAULT '';"
  "CREATE INDEX jobs_client_uuid ON jobs(client_uuid) WHERE client_uuid <> '';",

  "ALTER TABLE jobs ADD COLUMN pin_tries INTEGER NOT NULL DEFAULT 0;"
  "ALTER TABLE jobs ADD COLUMN pin_block_ms INTEGER NOT NULL DEFAULT 0;",

  "CREATE INDEX jobs_fetchable ON jobs(printer_id, priority DESC, id) WHERE is_fetchable = 1;"
  "CREATE INDEX jobs_owner ON jobs(owner, id);",

  "CREATE TABLE device_strings ("
  " device_uuid TEXT NOT NULL REFERENCES devices(uuid) ON DELETE CASCADE ON UPDATE CASCADE,"
  " language TEXT NOT NULL, catalog BLOB NOT NULL, PRIMARY KEY (device_uuid, language))"
  " WITHOUT ROWID;",

  // Several devices of a printer.  Their strings go; a connector tells them anew when it comes.
  "CREATE TABLE devices_of_printers ("
  " uuid TEXT PRIMARY KEY, printer_id INTEGER NOT NULL REFERENCES printers(id) ON DELETE CASCADE,"
  " client_id TEXT NOT NULL, host TEXT NOT NULL DEFAULT '', attributes BLOB,"
  " seen_ms INTEGER NOT NULL DEFAULT 0, identify_actions TEXT NOT NULL DEFAULT '',"
  " identify_message TEXT NOT NULL DEFAULT '');"
  "INSERT INTO devices_of_printers (uuid, printer_id, client_id, attributes, seen_ms,"
  " identify_actions, identify_message) SELECT uuid, printer_id, client_id, attributes, seen_ms,"
  " identify_actions, identify_message FROM devices;"
  "DROP TABLE devices;"
  "ALTER TABLE devices_of_printers RENAME TO devices;"
  "CREATE INDEX devices_client ON devices(client_id);"
  "CREATE INDEX devices_printer ON devices(printer_id);"
  "ALTER TABLE jobs ADD COLUMN lost_uuid TEXT NOT NULL DEFAULT '';"  // held since that device went
  "ALTER TABLE jobs ADD COLUMN offers INTEGER NOT NULL DEFAULT 0;"
  "ALTER TABLE jobs ADD COLUMN refused_by TEXT NOT NULL DEFAULT '';",

  "CREATE INDEX jobs_open ON jobs(activity_ms) WHERE is_open = 1;",

  "ALTER TABLE jobs ADD COLUMN pin_tries_others INTEGER NOT NULL DEFAULT 0;"
  "ALTER TABLE jobs ADD COLUMN pin_block_others_ms INTEGER NOT NULL DEFAULT 0;",
};

bool
pb_print_migrate(pb_db_t *db, pb_error_t *err)
{
  return pb_db_migrate(db, "print", migrations, (int)(sizeof(migrations) / sizeof(migrations[0])),
                       err);
}

// --- bags

ipp_t *
pb_bag_new(void)
{
  ipp_t *bag = ippNew();

  if (bag)
  {
    ippSetVersion(bag, 2, 0);
    ippSetOperation(bag, IPP_OP_GET_PRINTER_ATTRIBUTES);
    ippSetRequestId(bag, 1);
  }
  return bag;
}

bool
pb_bag_parse(const void *data, size_t size, ipp_t **bag_out, pb_error_t *err)
{
  if (data && size > 0)
    return pb_ipp_parse(data, size, bag_out, err);
  *bag_out = pb_bag_new();
  return *bag_out ? true : pb_error_set(err, PB_RETRY, "out of memory");
}

// --- printers

bool
pb_printer_insert(pb_db_t *db, struct pb_printer *printer, pb_error_t *err)
{
  if (!pb_db_run(db, err,
                 "INSERT INTO printers (uuid, name, make_and_model, location, is_accepting, "
                 "created_ms, config_ms,"
                 " state_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                 "ttttiiii", printer->uuid, printer->name, printer->make_and_model,
                 printer->location, (int64_t)printer->is_accepting, printer->created_ms,
                 printer->config_ms, printer->state_ms))
    return false;
  printer->id = (int)pb_db_last_id(db);
  return true;
}

#define DEVICE_COLUMNS                                                                             \
  "uuid, client_id, host, attributes, seen_ms, identify_actions, identify_message"

static bool
read_device(pb_db_stmt_t *row, struct pb_device *device, pb_error_t *err)
{
  size_t      size = 0;
  const void *blob;

  pb_text_copy(device->uuid, sizeof(device->uuid), pb_db_text(row, 0));
  pb_text_copy(device->client_id, sizeof(device->client_id), pb_db_text(row, 1));
  pb_text_copy(device->host, sizeof(device->host), pb_db_text(row, 2));
  device->seen_ms = pb_db_int(row, 4);
  pb_text_copy(device->identify_actions, sizeof(device->identify_actions), pb_db_text(row, 5));
  pb_text_copy(device->identify_message, sizeof(device->identify_message), pb_db_text(row, 6));
  blob = pb_db_blob(row, 3, &size);
  return pb_bag_parse(blob, size, &device->attributes, err);
}

static bool
append_device(pb_db_stmt_t *row, struct pb_printer *printer, pb_error_t *err)
{
  struct pb_device *more =
    realloc(printer->devices, (printer->devices_count + 1) * sizeof(*printer->devices));

  if (!more)
    return pb_error_set(err, PB_RETRY, "out of memory");
  printer->devices             = more;
  more[printer->devices_count] = (struct pb_device){.printer_id = printer->id};
  return read_device(row, &more[printer->devices_count++], err);
}

static bool
load_devices(pb_db_t *db, struct pb_printer *printer, pb_error_t *err)
{
  bool          ok   = true;
  pb_db_stmt_t *rows = pb_db_query(
    db, err, "SELECT " DEVICE_COLUMNS " FROM devices WHERE printer_id = ? ORDER BY rowid", "i",
    (int64_t)printer->id);

  while (ok && pb_db_step(rows))
    ok = append_device(rows, printer, err);
  return pb_db_finish(rows, ok ? err : NULL) && ok;
}

static void
read_printer(pb_db_stmt_t *row, struct pb_printer *printer)
{
  printer->id = (int)pb_db_int(row, 0);
  pb_text_copy(printer->uuid, sizeof(printer->uuid), pb_db_text(row, 1));
  pb_text_copy(printer->name, sizeof(printer->name), pb_db_text(row, 2));
  pb_text_copy(printer->make_and_model, sizeof(printer->make_and_model), pb_db_text(row, 3));
  pb_text_copy(printer->location, sizeof(printer->location), pb_db_text(row, 4));
  printer->is_accepting = pb_db_int(row, 5) != 0;
  printer->created_ms   = pb_db_int(row, 6);
  printer->config_ms    = pb_db_int(row, 7);
  printer->state_ms     = pb_db_int(row, 8);
}

bool
pb_printer_copy_name(pb_db_t *db, int id, char *name_out, size_t size, pb_error_t *err)
{
  pb_db_stmt_t *rows =
    pb_db_query(db, err, "SELECT name FROM printers WHERE id = ?", "i", (int64_t)id);

  name_out[0] = '\0';
  if (pb_db_step(rows))
    pb_text_copy(name_out, size, pb_db_text(rows, 0));
  return pb_db_finish(rows, err);
}

bool
pb_printer_load(pb_db_t *db, int id, struct pb_printer *printer_out, pb_error_t *err)
{
  bool          is_found = false;
  pb_db_stmt_t *rows     = pb_db_query(
        db, err,
        "SELECT id, uuid, name, make_and_model, location, is_accepting, created_ms, config_ms, "
            "state_ms FROM printers WHERE id = ?",
        "i", (int64_t)id);

  *printer_out = (struct pb_printer){0};
  if (pb_db_step(rows))
  {
    is_found = true;
    read_printer(rows, printer_out);
  }
  if (!pb_db_finish(rows, err))
    return false;
  if (!is_found)
    return pb_error_set(err, PB_GONE, "there is no printer %d", id);
  if (load_devices(db, printer_out, err))
    return true;
  pb_printer_clear(printer_out);
  return false;
}

static bool
get_number(pb_db_stmt_t *rows, int64_t *number_out, pb_error_t *err)
{
  *number_out = pb_db_step(rows) ? pb_db_int(rows, 0) : 0;
  return pb_db_finish(rows, err);
}

bool
pb_printer_find_by_device(pb_db_t *db, const char *uuid, int *id_out, pb_error_t *err)
{
  int64_t id = 0;
  bool    ok = get_number(
       pb_db_query(db, err, "SELECT printer_id FROM devices WHERE uuid = ?", "t", uuid), &id, err);

  *id_out = (int)id;
  return ok;
}

bool
pb_printer_save_times(pb_db_t *db, const struct pb_printer *printer, pb_error_t *err)
{
  return pb_db_run(db, err, "UPDATE printers SET config_ms = ?, state_ms = ? WHERE id = ?", "iii",
                   printer->config_ms, printer->state_ms, (int64_t)printer->id);
}

bool
pb_printer_delete(pb_db_t *db, int id, pb_error_t *err)
{
  return pb_db_run(db, err, "DELETE FROM printers WHERE id = ?", "i", (int64_t)id);
}

bool
pb_printer_count(pb_db_t *db, int64_t *count_out, pb_error_t *err)
{
  return get_number(pb_db_query(db, err, "SELECT count(*) FROM printers", ""), count_out, err);
}

static bool
collect_ids(pb_db_stmt_t *rows, int **ids_out, size_t *count_out, pb_error_t *err)
{
  bool   ok    = true;
  size_t count = 0, room = 0;
  int   *ids = NULL;

  while (ok && pb_db_step(rows))
  {
    if (count == room)
    {
      int *more = realloc(ids, (room + 64) * sizeof(*ids));

      if (!more)
      {
        ok = pb_error_set(err, PB_RETRY, "out of memory");
        break;
      }
      ids = more;
      room += 64;
    }
    ids[count++] = (int)pb_db_int(rows, 0);
  }
  if (!pb_db_finish(rows, ok ? err : NULL) || !ok)
  {
    free(ids);
    return false;
  }
  *ids_out   = ids;
  *count_out = count;
  return true;
}

bool
pb_printer_list(pb_db_t *db, int **ids_out, size_t *count_out, pb_error_t *err)
{
  return collect_ids(pb_db_query(db, err, "SELECT id FROM printers ORDER BY id", ""), ids_out,
                     count_out, err);
}

bool
pb_printer_list_of_client(pb_db_t *db, const char *client_id, int **ids_out, size_t *count_out,
                          pb_error_t *err)
{
  pb_db_stmt_t *rows =
    client_id
      ? pb_db_query(db, err, "SELECT DISTINCT printer_id FROM devices WHERE client_id = ?", "t",
                    client_id)
      : pb_db_query(db, err,
                    "SELECT printer_id FROM devices GROUP BY printer_id HAVING count(*) > 1", "");

  return collect_ids(rows, ids_out, count_out, err);
}

void
pb_printer_clear(struct pb_printer *printer)
{
  for (size_t i = 0; i < printer->devices_count; i++)
    ippDelete(printer->devices[i].attributes);
  free(printer->devices);
  ippDelete(printer->merged);
  *printer = (struct pb_printer){0};
}

struct pb_device *
pb_printer_find_device(const struct pb_printer *printer, const char *uuid)
{
  for (size_t i = 0; i < printer->devices_count; i++)
  {
    if (pb_text_is_equal_nocase(printer->devices[i].uuid, uuid))
      return &printer->devices[i];
  }
  return NULL;
}

struct pb_device *
pb_printer_find_client(const struct pb_printer *printer, const char *client_id)
{
  for (size_t i = 0; i < printer->devices_count; i++)
  {
    if (pb_text_is_equal(printer->devices[i].client_id, client_id))
      return &printer->devices[i];
  }
  return NULL;
}

void
pb_printer_drop_device(struct pb_printer *printer, struct pb_device *device)
{
  size_t behind = (size_t)(printer->devices + printer->devices_count - device) - 1;

  ippDelete(device->attributes);
  memmove(device, device + 1, behind * sizeof(*device));
  printer->devices_count--;
}

// --- devices

bool
pb_device_insert(pb_db_t *db, const struct pb_device *device, pb_error_t *err)
{
  return pb_db_run(
    db, err,
    "INSERT INTO devices (uuid, printer_id, client_id, host, seen_ms) VALUES (?, ?, ?, ?, ?)",
    "titti", device->uuid, (int64_t)device->printer_id, device->client_id, device->host,
    device->seen_ms);
}

bool
pb_device_save(pb_db_t *db, const struct pb_device *device, pb_error_t *err)
{
  bool        ok   = false;
  pb_buffer_t blob = {0};

  if (!pb_ipp_format(device->attributes, &blob, err))
    goto done;
  ok = pb_db_run(db, err, "UPDATE devices SET attributes = ?, seen_ms = ? WHERE uuid = ?", "bit",
                 blob.data, blob.size, device->seen_ms, device->uuid);

done:
  pb_buffer_clear(&blob);
  return ok;
}

bool
pb_device_save_identify(pb_db_t *db, const struct pb_device *device, pb_error_t *err)
{
  return pb_db_run(db, err,
                   "UPDATE devices SET identify_actions = ?, identify_message = ? WHERE uuid = ?",
                   "ttt", device->identify_actions, device->identify_message, device->uuid);
}

bool
pb_device_save_seen(pb_db_t *db, const char *client_id, int64_t seen_ms, pb_error_t *err)
{
  return pb_db_run(db, err, "UPDATE devices SET seen_ms = ? WHERE client_id = ? AND seen_ms < ?",
                   "iti", seen_ms, client_id, seen_ms);
}

bool
pb_device_delete(pb_db_t *db, const char *uuid, pb_error_t *err)
{
  return pb_db_run(db, err, "DELETE FROM devices WHERE uuid = ?", "t", uuid);
}

bool
pb_device_each_client(pb_db_t *db, void (*fn)(void *user, const char *client_id), void *user,
                      pb_error_t *err)
{
  pb_db_stmt_t *rows = pb_db_query(db, err, "SELECT DISTINCT client_id FROM devices", "");

  while (pb_db_step(rows))
    fn(user, pb_db_text(rows, 0));
  return pb_db_finish(rows, err);
}
