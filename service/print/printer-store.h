// printer-store - printers and their output devices in the database.
// Callers hold a transaction where they change something.  A clear frees what a load filled in.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_PRINT_PRINTER_STORE_H
#define PB_PRINT_PRINTER_STORE_H

#include "base/db.h"
#include "base/text.h"
#include "identity/identity.h"
#include "ipp/message.h"

#define PB_PRINTERS_MAX 65535  // printer-id is integer(1:65535)

#define PB_PRINTER_DEVICES_MAX 8  // output devices of one printer

// An output device behind a printer: a connector's queue.
struct pb_device
{
  char    uuid[PB_UUID_SIZE];
  int     printer_id;
  char    client_id[PB_CLIENT_ID_SIZE];
  char    host[256];   // of the connector, as its administrator was told; "": not known
  ipp_t  *attributes;  // printer group: what the proxy reported; never NULL once loaded
  bool    is_away;     // its connector has stayed away for longer than its lease; see presence.h
  int64_t seen_ms;
  char    identify_actions[128];  // "": nothing is pending
  char    identify_message[256];
};

struct pb_printer
{
  int     id;
  char    uuid[PB_UUID_SIZE];
  char    name[128];
  char    make_and_model[128];
  char    location[128];
  bool    is_accepting;
  int64_t created_ms, config_ms, state_ms;  // when made, when description and state last changed
  struct pb_device *devices;                // in the order in which they joined; malloc'd
  size_t            devices_count;
  ipp_t            *merged;  // what they have reported, as one; NULL: see composite.h
};

bool pb_print_migrate(pb_db_t *db, pb_error_t *err) PB_MUST_USE;  // the tables of this folder

bool pb_printer_insert(pb_db_t *db, struct pb_printer *printer,
                       pb_error_t *err) PB_MUST_USE;  // sets id
// "" when there is none.
bool pb_printer_copy_name(pb_db_t *db, int id, char *name_out, size_t size,
                          pb_error_t *err) PB_MUST_USE;
bool pb_printer_load(pb_db_t *db, int id, struct pb_printer *printer_out,
                     pb_error_t *err) PB_MUST_USE;  // PB_GONE: none
bool pb_printer_find_by_device(pb_db_t *db, const char *uuid, int *id_out,
                               pb_error_t *err) PB_MUST_USE;  // 0: none
bool pb_printer_save_times(pb_db_t *db, const struct pb_printer *printer,
                           pb_error_t *err) PB_MUST_USE;
bool pb_printer_delete(pb_db_t *db, int id,
                       pb_error_t *err) PB_MUST_USE;  // with its device, jobs and documents
bool pb_printer_count(pb_db_t *db, int64_t *count_out, pb_error_t *err) PB_MUST_USE;
// Ids in ascending order, malloc'd.
bool pb_printer_list(pb_db_t *db, int **ids_out, size_t *count_out, pb_error_t *err) PB_MUST_USE;
void pb_printer_clear(struct pb_printer *printer);
// NULL: none of its devices.
struct pb_device *pb_printer_find_device(const struct pb_printer *printer, const char *uuid);
// The first one of that client; NULL: none.
struct pb_device *pb_printer_find_client(const struct pb_printer *printer, const char *client_id);
// In memory only; the others move.
void pb_printer_drop_device(struct pb_printer *printer, struct pb_device *device);

bool pb_device_insert(pb_db_t *db, const struct pb_device *device, pb_error_t *err) PB_MUST_USE;
bool pb_device_save(pb_db_t *db, const struct pb_device *device, pb_error_t *err) PB_MUST_USE;
bool pb_device_save_identify(pb_db_t *db, const struct pb_device *device,
                             pb_error_t *err) PB_MUST_USE;
bool pb_device_save_seen(pb_db_t *db, const char *client_id, int64_t seen_ms,
                         pb_error_t *err) PB_MUST_USE;
bool pb_device_delete(pb_db_t *db, const char *uuid, pb_error_t *err) PB_MUST_USE;
// Each client that has a device, once.
bool pb_device_each_client(pb_db_t *db, void (*fn)(void *user, const char *client_id), void *user,
                           pb_error_t *err) PB_MUST_USE;
// Ids of the printers of a client (NULL: of those that several devices serve), malloc'd.
bool pb_printer_list_of_client(pb_db_t *db, const char *client_id, int **ids_out, size_t *count_out,
                               pb_error_t *err) PB_MUST_USE;

// A message that only holds attributes; NULL: out of memory.
ipp_t *pb_bag_new(void);
bool   pb_bag_parse(const void *data, size_t size, ipp_t **bag_out, pb_error_t *err) PB_MUST_USE;

#endif
