// registration - what a print server keeps of a service that it is registered with: one folder per service below the
// state folder, with service.json, key.pem (0600) and one UUID.json + UUID.crt per shared queue.
// Written by `printbridge share`, read by printbridged; each file is replaced atomically.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_CLOUD_REGISTRATION_H
#define PB_CLOUD_REGISTRATION_H

#include "base/error.h"
#include "net/key.h"

typedef struct pb_registered_queue
{
  char  uuid[46];         // output-device-uuid, random, one per queue and service
  char  queue[128];       // local CUPS queue
  char  printer_uri[1024];  // ipps://..., from Register-Output-Device
  char  printer_uuid[46];
  char *certificate;      // PEM; malloc'd, may be NULL
} pb_registered_queue_t;

typedef struct pb_registration
{
  char                  *folder;          // malloc'd, like the others
  char                  *url;             // "https://host:8631"
  char                  *issuer;
  char                  *ca_fingerprint;  // NULL: the system's trust
  char                  *ca_file;         // NULL: likewise
  char                   client_id[64];   // RFC 7638 thumbprint of key
  pb_key_t              *key;
  pb_registered_queue_t *queues;
  size_t                 queues_count;
} pb_registration_t;

// All registrations below state_folder; a damaged one is skipped with a warning in the log that names the file.
bool pb_registrations_load(const char *state_folder, pb_registration_t ***list_out, size_t *count_out, pb_error_t *err) PB_MUST_USE;
void pb_registrations_free(pb_registration_t **list, size_t count);
// The one for that service; a new one with a new key pair (nothing on disk yet) when there is none.
bool pb_registration_find(const char *state_folder, const char *url, pb_registration_t **registration_out, pb_error_t *err) PB_MUST_USE;
bool pb_registration_save(pb_registration_t *registration, pb_error_t *err) PB_MUST_USE;  // service.json and key
bool pb_registration_add_queue(pb_registration_t *registration, const pb_registered_queue_t *queue, pb_error_t *err) PB_MUST_USE;  // copies and saves; replaces one of the same uuid
bool pb_registration_remove_queue(pb_registration_t *registration, const char *uuid, pb_error_t *err) PB_MUST_USE;
void pb_registration_free(pb_registration_t *registration);

#endif
