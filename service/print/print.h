// print - the IPP objects of the service: system, infrastructure printers, their jobs and
// documents, and every operation on them (RFC 8011, PWG 5100.18, 5100.5, 5100.22).  Adds the routes
// /ipp/system and /ipp/print/ to the edge. Jobs live in the database; one table says which state
// follows which.  Thread-safe.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_PRINT_PRINT_H
#define PB_PRINT_PRINT_H

#include "edge/edge.h"
#include "events/events.h"
#include "identity/identity.h"
#include "spool/spool.h"

typedef struct pb_print pb_print_t;

struct pb_print_options
{
  const char *authority;              // "host:8631": of the URIs that are handed out
  int64_t     job_history_ms;         // how long records of ended jobs are kept
  int64_t     multiple_operation_ms;  // multiple-operation-time-out
  int64_t     cut_off_ms;             // the same, where a device has begun to read the document
  int64_t     held_ms;           // how long a job waits for its PIN, or for somebody to release it
  int         jobs_per_printer;  // waiting jobs; more is server-error-busy
  int64_t
       lease_ms;  // how long a connector may stay away before its jobs go to another; 0: for ever
  bool has_cut_through;  // let a job be fetched while its document is still arriving
};

bool pb_print_new(pb_edge_t *edge, pb_db_t *db, pb_identity_t *identity, pb_spool_t *spool,
                  pb_events_t *events, const struct pb_print_options *options,
                  pb_print_t **print_out, pb_error_t *err) PB_MUST_USE;
// All but the authority, from now on; any thread.
void pb_print_set_options(pb_print_t *print, const struct pb_print_options *options);
// The service is about to stop: long polls are answered now.
void pb_print_end_waits(pb_print_t *print);
void pb_print_free(pb_print_t *print);  // after pb_edge_stop
// Once, before the edge starts: jobs whose document was arriving when the service ended are
// aborted, those that wait for more documents begin to wait anew, the spool is swept.
bool pb_print_recover(pb_print_t *print, pb_error_t *err) PB_MUST_USE;
// Who knows whose tunnel is up: that connector is there, whatever it says.  Before the edge starts;
// NULL: nobody.
typedef bool (*pb_print_has_tunnel_t)(void *user, const char *client_id);
void pb_print_set_tunnels(pb_print_t *print, pb_print_has_tunnel_t has_tunnel, void *user);
// Now and then (each 10 s, or a fifth of a shorter lease, from any thread): time-outs, leases, job
// history, held jobs whose time has come.
void pb_print_tick(pb_print_t *print);

// --- for the portal and the command line: plain values, valid in the callback only
struct pb_device_view  // an output device: a connector's queue
{
  const char *uuid, *host;  // host "": not known
  const char *client_id;    // of the connector
  int64_t     seen_ms;      // its last word
  bool        is_away;      // for longer than its lease
};
struct pb_printer_view
{
  int                          id;
  const char                  *name, *make_and_model, *location, *uri, *uuid;
  int                          state;          // ipp_pstate_t
  const char                  *state_reasons;  // comma-separated
  const char                  *state_message;
  int                          queued_jobs;
  const struct pb_device_view *devices;  // in the order in which they joined
  size_t                       devices_count;
};
struct pb_job_view
{
  int         printer_id, id;
  const char *printer_name, *name, *user, *state_reasons, *state_message, *format;
  const char *machine;  // that says that it is that user's; "": the user signed in
  int         state;    // ipp_jstate_t
  bool        is_waiting_for_pin;
  int64_t     hold_until_ms;                            // 0: none, or until somebody releases it
  int64_t     created_ms, processing_ms, completed_ms;  // 0: not yet
  int64_t     size_bytes;
  int         impressions_completed;
};
bool pb_print_each_printer(pb_print_t *print,
                           void (*fn)(void *user, const struct pb_printer_view *), void *user,
                           pb_error_t *err) PB_MUST_USE;
// Newest first, at most `limit`; printer_id 0: of all; owner NULL: of everybody.
bool pb_print_each_job(pb_print_t *print, int printer_id, const char *owner, int limit,
                       void (*fn)(void *user, const struct pb_job_view *), void *user,
                       pb_error_t *err) PB_MUST_USE;
bool pb_print_cancel_job(pb_print_t *print, int printer_id, int job_id,
                         const pb_principal_t *principal, pb_error_t *err) PB_MUST_USE;
// A held job may go on; pin "": none is given.  PB_REJECT: the PIN is wrong, or it cannot be
// released.
bool pb_print_release_job(pb_print_t *print, int printer_id, int job_id, const char *pin,
                          const pb_principal_t *principal, pb_error_t *err) PB_MUST_USE;
// The device goes, the printer stays.  PB_REJECT: it has no such device.
bool pb_print_remove_device(pb_print_t *print, int printer_id, const char *uuid,
                            pb_error_t *err) PB_MUST_USE;
// By its number or URI.  PB_GONE: there is none.
bool pb_print_find_printer(pb_print_t *print, const char                                *name,
                           void (*fn)(void *user, const struct pb_printer_view *), void *user,
                           pb_error_t *err) PB_MUST_USE;
bool pb_print_remove_printer(pb_print_t *print, int printer_id, pb_error_t *err) PB_MUST_USE;

#endif
