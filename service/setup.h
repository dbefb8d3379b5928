// setup - what `printbridge-service init` makes: folders, keys, certificates.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_SERVICE_SETUP_H
#define PB_SERVICE_SETUP_H

#include "base/secret.h"
#include "settings.h"

#define PB_SPOOL_KEY_BYTES 32

// Makes what is missing in the data folder and leaves alone what is there.  Blocks on the disk.
bool pb_setup_make(const pb_settings_t *settings, pb_error_t *err) PB_MUST_USE;
// A new server certificate when ours ends within 30 days or does not name the hosts of the settings
// any more; before that the CA's, with the same key, when it ends within 405 days.
bool pb_setup_renew(const pb_settings_t *settings, pb_error_t *err) PB_MUST_USE;
bool pb_setup_load_spool_key(const pb_settings_t *settings, uint8_t key_out[PB_SPOOL_KEY_BYTES],
                             pb_error_t *err) PB_MUST_USE;
// The names of the settings, host first; NULL-terminated, one malloc for all.
char **pb_setup_copy_hosts(const pb_settings_t *settings);
// SHA-256 of our CA's certificate; false when the certificate is an administrator's own.
bool pb_setup_get_fingerprint(const pb_settings_t *settings, char *fingerprint_out, size_t size,
                              pb_error_t *err);

#endif
