// server - the parts of the running service, put together.
// Made and freed in one order; main() owns it.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_SERVICE_SERVER_H
#define PB_SERVICE_SERVER_H

#include "base/db.h"
#include "identity/identity.h"
#include "settings.h"

typedef struct pb_server pb_server_t;

// Database and identity only, for commands that work beside a running service.  Both are the
// caller's to free.
bool pb_server_open_identity(const pb_settings_t *settings, pb_db_t **db_out,
                             pb_identity_t **identity_out, pb_error_t *err) PB_MUST_USE;

// Everything, listening when it returns.  Borrows settings.
bool pb_server_start(const pb_settings_t *settings, pb_server_t **server_out,
                     pb_error_t *err) PB_MUST_USE;
int  pb_server_port(const pb_server_t *server);
// From now on the certificate that is on disk, for new connections, and all settings but those of
// pb_settings_keep_started.  Nothing changes when it fails.
bool pb_server_reload(pb_server_t *server, const pb_settings_t *settings,
                      pb_error_t *err) PB_MUST_USE;
// Every 10 s.  Once a day the certificate is read again: ours is renewed in time, and so may
// another.
void pb_server_tick(pb_server_t *server, const pb_settings_t *settings);
// Drains for up to drain_ms, then frees.
void pb_server_stop(pb_server_t *server, int64_t drain_ms);

#endif
