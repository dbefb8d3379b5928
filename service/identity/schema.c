// schema - the tables of identity, and how they came to be what they are.
// Columns named hash hold SHA-256 of something that only its owner knows.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "identity/schema.h"

// Each string takes the schema one version on; none is ever changed after a release.
static const char *const migrations[] = {
  "CREATE TABLE auth_users ("
  " id INTEGER PRIMARY KEY,"
  " email TEXT NOT NULL UNIQUE,"  // ASCII letters in lower case
  " role INTEGER NOT NULL,"       // enum pb_role
  " password TEXT NOT NULL,"      // scrypt$...
  " created_ms INTEGER NOT NULL);"

  "CREATE TABLE auth_app_passwords ("
  " id INTEGER PRIMARY KEY,"
  " user_id INTEGER NOT NULL REFERENCES auth_users ON DELETE CASCADE,"
  " name TEXT NOT NULL,"
  " hash BLOB NOT NULL UNIQUE,"
  " created_ms INTEGER NOT NULL,"
  " used_ms INTEGER NOT NULL DEFAULT 0);"
  "CREATE INDEX auth_app_passwords_user ON auth_app_passwords (user_id);"

  "CREATE TABLE auth_sessions ("
  " hash BLOB PRIMARY KEY,"
  " user_id INTEGER NOT NULL REFERENCES auth_users ON DELETE CASCADE,"
  " created_ms INTEGER NOT NULL,"
  " seen_ms INTEGER NOT NULL) WITHOUT ROWID;"
  "CREATE INDEX auth_sessions_user ON auth_sessions (user_id);"

  "CREATE TABLE auth_clients ("
  " id TEXT PRIMARY KEY,"  // RFC 7638 thumbprint of the key
  " public_key TEXT,"      // PEM; NULL: registered without a CSR
  " created_ms INTEGER NOT NULL) WITHOUT ROWID;"

  "CREATE TABLE auth_devices ("
  " uuid TEXT PRIMARY KEY,"
  " client_id TEXT NOT NULL REFERENCES auth_clients ON DELETE CASCADE,"
  " queue TEXT NOT NULL, make_and_model TEXT NOT NULL, location TEXT NOT NULL, host TEXT NOT NULL,"
  " registered_ms INTEGER NOT NULL) WITHOUT ROWID;"
  "CREATE INDEX auth_devices_client ON auth_devices (client_id);"

  "CREATE TABLE auth_grants ("  // RFC 8628
  " id TEXT PRIMARY KEY,"
  " device_hash BLOB NOT NULL UNIQUE,"
  " user_hash BLOB NOT NULL UNIQUE,"
  " client_id TEXT NOT NULL,"
  " scope TEXT NOT NULL,"
  " requester TEXT NOT NULL,"
  " peer TEXT NOT NULL,"
  " state INTEGER NOT NULL,"                                   // enum pb_grant_state
  " user_id INTEGER REFERENCES auth_users ON DELETE CASCADE,"  // who decided
  " interval_ms INTEGER NOT NULL,"
  " polled_ms INTEGER NOT NULL DEFAULT 0,"
  " created_ms INTEGER NOT NULL,"
  " expires_ms INTEGER NOT NULL);"
  "CREATE INDEX auth_grants_expiry ON auth_grants (expires_ms);"

  "CREATE TABLE auth_grant_queues ("
  " grant_id TEXT NOT NULL REFERENCES auth_grants ON DELETE CASCADE,"
  " number INTEGER NOT NULL,"  // in the order of the request
  " uuid TEXT NOT NULL,"
  " queue TEXT NOT NULL, make_and_model TEXT NOT NULL, location TEXT NOT NULL, host TEXT NOT NULL,"
  " state INTEGER NOT NULL,"  // enum pb_grant_state: struck is DENIED
  " PRIMARY KEY (grant_id, uuid)) WITHOUT ROWID;"

  "CREATE TABLE auth_tokens ("
  " hash BLOB PRIMARY KEY,"
  " kind INTEGER NOT NULL,"  // enum pb_token_kind
  " family TEXT NOT NULL,"   // all that came from one grant
  " scope TEXT NOT NULL,"
  " client_id TEXT NOT NULL,"
  " user_id INTEGER REFERENCES auth_users ON DELETE CASCADE,"
  " grant_id TEXT NOT NULL,"
  " created_ms INTEGER NOT NULL,"
  " expires_ms INTEGER NOT NULL,"
  " is_used INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;"
  "CREATE INDEX auth_tokens_family ON auth_tokens (family);"
  "CREATE INDEX auth_tokens_client ON auth_tokens (client_id, created_ms);"
  "CREATE INDEX auth_tokens_user ON auth_tokens (user_id);"
  "CREATE INDEX auth_tokens_expiry ON auth_tokens (expires_ms);",

  "ALTER TABLE auth_grants ADD COLUMN public_key TEXT NOT NULL DEFAULT '';"  // PEM; of a machine
                                                                             // that asks
  "ALTER TABLE auth_tokens ADD COLUMN successor BLOB;"  // of a refresh token that was used: hash
  "ALTER TABLE auth_clients ADD COLUMN machine TEXT NOT NULL DEFAULT '';",  // its host name; '': a
                                                                            // connector

  "ALTER TABLE auth_tokens ADD COLUMN label TEXT NOT NULL DEFAULT '';",  // what its client called
                                                                         // itself, for people

  "ALTER TABLE auth_clients ADD COLUMN next_key TEXT NOT NULL DEFAULT '';"  // PEM; registered, and
                                                                            // not used yet
  "ALTER TABLE auth_clients ADD COLUMN former_key TEXT NOT NULL DEFAULT '';"   // PEM; replaced by
                                                                               // public_key ...
  "ALTER TABLE auth_clients ADD COLUMN rolled_ms INTEGER NOT NULL DEFAULT 0;"  // ... then
  "ALTER TABLE auth_tokens ADD COLUMN next_key TEXT NOT NULL DEFAULT '';"  // thumbprint of the key
                                                                           // that it may register
  "ALTER TABLE auth_grant_queues ADD COLUMN adopt TEXT NOT NULL DEFAULT '';"  // what the queue asks
                                                                              // to take over; '':
                                                                              // nothing
  "ALTER TABLE auth_grant_queues ADD COLUMN adopts INTEGER NOT NULL DEFAULT 0;",  // what was
                                                                                  // chosen:
                                                                                  // printer; 0: a
                                                                                  // new one

  "ALTER TABLE auth_grant_queues ADD COLUMN joins TEXT NOT NULL DEFAULT '';",  // the printer that
                                                                               // it is to serve,
                                                                               // too
};

bool
pb_identity_make_tables(pb_db_t *db, pb_error_t *err)
{
  return pb_db_migrate(db, "identity", migrations,
                       (int)(sizeof(migrations) / sizeof(migrations[0])), err);
}
