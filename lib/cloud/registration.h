// registration - what a print server keeps of a service that it is registered with: one folder per
// service below STATE/services, with service.json, key.pem (0600), next-key.pem while it is being
// replaced, one UUID.json + UUID.crt per shared queue, and pending.json. Written under the lock
// (pb_registration_lock) by `printbridge share` and whoever renews; each file is replaced
// atomically.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_CLOUD_REGISTRATION_H
#define PB_CLOUD_REGISTRATION_H

#include "base/error.h"
#include "net/key.h"

typedef struct pb_registered_queue
{
  char    uuid[46];           // output-device-uuid, random, one per queue and service
  char    queue[128];         // local CUPS queue
  char    printer_uri[1024];  // ipps://..., from Register-Output-Device
  char    printer_uuid[46];
  char   *certificate;   // PEM; malloc'd, may be NULL
  int64_t certified_ms;  // when it came; 0: not known
} pb_registered_queue_t;

typedef struct pb_registration
{
  char                  *folder;  // malloc'd, like the others
  char                  *url;     // "https://host:8631"
  char                  *issuer;
  char                  *ca_fingerprint;  // NULL: the system's trust
  char                  *ca_file;         // NULL: likewise
  char                   client_id[64];   // RFC 7638 thumbprint of the first key that it had
  pb_key_t              *key;
  pb_key_t              *next_key;  // is to replace it (rekey.h); NULL: none
  int64_t                moved_ms;  // it came from another host then; 0: it was made here
  char                   moved_key[PB_KEY_ID_SIZE];  // with this key
  pb_registered_queue_t *queues;
  size_t                 queues_count;
} pb_registration_t;

// All registrations below state_folder that have a queue; a damaged one is skipped with a warning
// in the log that names the file, and so is a damaged queue.
bool pb_registrations_load(const char *state_folder, pb_registration_t ***list_out,
                           size_t *count_out, pb_error_t *err) PB_MUST_USE;
void pb_registrations_free(pb_registration_t **list, size_t count);
// The one for that service; a new one with a new key pair (nothing on disk yet) when there is none.
bool pb_registration_find(const char *state_folder, const char *url,
                          pb_registration_t **registration_out, pb_error_t *err) PB_MUST_USE;
bool pb_registration_save(pb_registration_t *registration,
                          pb_error_t        *err) PB_MUST_USE;  // service.json and key
bool pb_registration_add_queue(pb_registration_t *registration, const pb_registered_queue_t *queue,
                               pb_error_t *err)
  PB_MUST_USE;  // copies and saves; replaces one of the same uuid
bool pb_registration_remove_queue(pb_registration_t *registration, const char *uuid,
                                  pb_error_t *err) PB_MUST_USE;
void pb_registration_free(pb_registration_t *registration);
// Adds the queue to the structure, not to the disk, and takes what it owns.
bool pb_registration_take_queue(pb_registration_t *registration, pb_registered_queue_t *queue,
                                pb_error_t *err) PB_MUST_USE;
// A whole registration that came from elsewhere, in one step: after a crash it is there or not.
// ca_pem: kept beside it and trusted; NULL: none.  PB_REJECT: there are shared queues at that
// service already.
bool pb_registration_install(pb_registration_t *registration, const char *state_folder,
                             const char *ca_pem, pb_error_t *err) PB_MUST_USE;
// Takes it off the disk again.
bool pb_registration_uninstall(pb_registration_t *registration, pb_error_t *err) PB_MUST_USE;

// One writer at a time: `share.lock` in the state folder, until the fd is closed.  PB_CONFIG:
// somebody else is at work.
bool pb_registration_lock(const char *state_folder, int *lock_out, pb_error_t *err) PB_MUST_USE;

// The key that is to follow is on disk when this returns.
bool pb_registration_set_next_key(pb_registration_t *registration, const pb_key_t *next_key,
                                  pb_error_t *err) PB_MUST_USE;
// It is the key from now on, in one step.
bool pb_registration_use_next_key(pb_registration_t *registration, pb_error_t *err) PB_MUST_USE;
// It was refused as the key was: neither is known any more.  Nothing changes when there is none.
bool pb_registration_drop_next_key(pb_registration_t *registration, pb_error_t *err) PB_MUST_USE;
// The keys as they are on disk now.
bool pb_registration_read_keys(pb_registration_t *registration, pb_error_t *err) PB_MUST_USE;
// It came from another host, which may still run with the same key: nothing but a new key may be
// asked for.
bool pb_registration_is_moving(const pb_registration_t *registration);
// When its key and certificates should be renewed: after two thirds of the shortest life.
// INT64_MAX: never.
int64_t pb_registration_get_renewal(const pb_registration_t *registration);
// When the first certificate ends; 0: there is none.
int64_t pb_registration_get_expiry(const pb_registration_t *registration);

// The uuid under which a queue that is not registered yet is (or was, before an interruption)
// offered to the service: made at the first call and on disk before this returns, so that asking
// again gives the same printer.
bool pb_registration_get_pending(pb_registration_t *registration, const char *queue,
                                 char uuid_out[46], pb_error_t *err) PB_MUST_USE;
// It is registered, or will not be.
bool pb_registration_drop_pending(pb_registration_t *registration, const char *queue,
                                  pb_error_t *err) PB_MUST_USE;

// Borrowed; NULL: that queue is not shared.
const pb_registered_queue_t *pb_registration_find_queue(const pb_registration_t *registration,
                                                        const char              *queue);

#endif
