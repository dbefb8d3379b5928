// export - a print server as one text: what it needs to go on elsewhere.  Whoever has it is the
// print server, so it leaves the machine under a passphrase only (net/vault.h).
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_CLOUD_EXPORT_H
#define PB_CLOUD_EXPORT_H

#include "base/buffer.h"
#include "cloud/registration.h"

#define PB_EXPORT_SERVICES_MAX 64
#define PB_EXPORT_QUEUES_MAX 10000

struct pb_exported_service
{
  pb_registration_t *registration;  // without a folder
  char              *ca_pem;        // what its ca-file held; NULL: none
};

struct pb_export
{
  char                        host[256];  // where it was made
  int64_t                     made_ms;
  char                       *settings;  // the connector's configuration file; NULL: none
  struct pb_exported_service *services;
  size_t                      count;
};

// The registrations are borrowed; settings may be NULL.  text_out is initialized here, and wiped by
// the caller.
bool pb_export_format(pb_registration_t *const *registrations, size_t count, const char *settings,
                      pb_buffer_t *text_out, pb_error_t *err) PB_MUST_USE;
// What the passphrase opened is still somebody else's: PB_REJECT says what is wrong with it,
// PB_CONFIG that it is of a newer version.
bool pb_export_parse(const char *text, size_t size, struct pb_export *export_out,
                     pb_error_t *err) PB_MUST_USE;
void pb_export_clear(struct pb_export *export);

#endif
