// identity - who is asking: users, app passwords, OAuth clients and tokens, device codes and
// approvals, lock-outs. Keeps its tables in the service's database; tokens and codes are stored
// hashed.  Thread-safe.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_IDENTITY_IDENTITY_H
#define PB_IDENTITY_IDENTITY_H

#include "base/db.h"
#include "base/secret.h"

typedef struct pb_identity pb_identity_t;

enum pb_role  // ordered: a higher one may do what a lower one may, but for PROXY, which stands
              // apart
{
  PB_ROLE_NONE = 0,
  PB_ROLE_PROXY,  // PWG 5100.18: a connector, for the printers of its own client id
  PB_ROLE_USER,
  PB_ROLE_OPERATOR,
  PB_ROLE_ADMIN
};

#define PB_NAME_SIZE 256
#define PB_CLIENT_ID_SIZE 64

// The outcome of authentication; a plain value.
typedef struct pb_principal
{
  enum pb_role role;
  char         name[PB_NAME_SIZE];  // the user's e-mail address, or the client id; "" when nobody
  char         client_id[PB_CLIENT_ID_SIZE];  // of a token: the OAuth client; else ""
  bool         may_register;  // holds a token of scope print.register: Register-Output-Device only
  char         grant_id[64];  // of that token: which approval
  char next_key[PB_CLIENT_ID_SIZE];  // of scope print.proxy: thumbprint of the key that it may
                                     // register; ""
  int64_t rolled_ms;           // of that scope: when the client's key was replaced last; 0: never
  char machine[PB_NAME_SIZE];  // of scope print.machine: its host name, and name is the client id;
                               // else "". It says for whom its jobs are
} pb_principal_t;

struct pb_identity_options
{
  const char *issuer;       // "https://host:8631", without a slash at the end
  const char *ca_key_file;  // signs device certificates; NULL: none are issued
  const char *ca_file;
  int64_t     code_interval_ms;  // between polls of a device code; 0: 5 s
  int64_t     code_life_ms;      // of a device code; 0: 10 min
  int64_t     certificate_ms;    // life of a device's certificate; 0: 90 days
};

bool pb_identity_new(pb_db_t *db, const struct pb_identity_options *options,
                     pb_identity_t **identity_out, pb_error_t *err) PB_MUST_USE;
void pb_identity_free(pb_identity_t *identity);

// From the Authorization header (NULL: absent) of a request from `peer`: Basic with user and app
// password (or the user's password), or Bearer.  True with role NONE when there is no header;
// PB_AUTH when the header is wrong or expired; PB_RETRY when the address or the account is locked
// out for a while.  Fast: no scrypt for app passwords.
bool pb_identity_authenticate(pb_identity_t *identity, const char *authorization, const char *peer,
                              pb_principal_t *principal_out, pb_error_t *err) PB_MUST_USE;

// A queue that an administrator approved.
struct pb_approved_queue
{
  char uuid[46];    // output-device-uuid
  char queue[128];  // local name
  char make_and_model[128];
  char location[128];
  char host[256];
  char join[256];  // the printer that it is to serve beside others, by number or URI; "": one of
                   // its own
  char adopt[64];  // asks to take over a former printer; "": does not.  Once approved: in place of
                   // which of its devices; "": it has none
  int adopts;      // the printer that was chosen for that; 0: a new one
};

// How long the codes that are made from now on are good; 0: the usual.  Any thread.
void pb_identity_set_code_life(pb_identity_t *identity, int64_t life_ms);
void pb_identity_set_certificate_life(pb_identity_t *identity,
                                      int64_t life_ms);  // likewise, of devices' certificates

// Register-Output-Device, inside the caller's database transaction: the approval of the principal's
// grant for this uuid is used up (a client that registered it before may do so again with its own
// token), the CSR's key must be the client's: for a new one its RFC 7638 thumbprint is the client
// id, later it is the key that is known, or the one that the token may register, which then follows
// it (client-key.h).  The certificate is issued.  csr_pem NULL: none. PB_AUTH when it was not
// approved; PB_REJECT for a bad CSR.  *cert_pem_out is malloc'd.
bool pb_identity_register_device(pb_identity_t *identity, const pb_principal_t *principal,
                                 const char *uuid, const char *csr_pem,
                                 struct pb_approved_queue *queue_out, char **cert_pem_out,
                                 pb_error_t *err) PB_MUST_USE;

// A connector is still who it was when its token was looked at.  PB_AUTH: its key has been replaced
// since then, and the token is worth nothing any more.  Inside the caller's transaction.
bool pb_identity_check_key(pb_identity_t *identity, const pb_principal_t *principal,
                           pb_error_t *err) PB_MUST_USE;

// What was approved for a device that is registered.  PB_GONE: there is none.
bool pb_identity_find_device(pb_identity_t *identity, const char *uuid,
                             struct pb_approved_queue *queue_out, pb_error_t *err) PB_MUST_USE;

// The printer of this device was removed: its client needs a new approval before it may register
// the uuid again; with its last device the client is revoked too.  Inside the caller's transaction,
// if any.
bool pb_identity_forget_device(pb_identity_t *identity, const char *uuid,
                               pb_error_t *err) PB_MUST_USE;

// Called when a client's last device is gone, or an administrator revokes it: its tokens end.
bool pb_identity_revoke_client(pb_identity_t *identity, const char *client_id,
                               pb_error_t *err) PB_MUST_USE;

// Whom to tell that a client was revoked, or gave up a token of scope print.proxy: what it opened
// with that must end. One listener, set while no request is served; NULL: none.  Called on the
// thread that does it, within its transaction, before others see the change: it may not wait.
typedef void (*pb_identity_revoked_t)(void *user, const char *client_id);
void pb_identity_on_revoked(pb_identity_t *identity, pb_identity_revoked_t fn, void *user);

// For `printbridge-service user`, init, and the portal.
bool pb_identity_add_user(pb_identity_t *identity, const char *email, enum pb_role role,
                          const char *password, pb_error_t *err) PB_MUST_USE;
bool pb_identity_set_password(pb_identity_t *identity, const char *email, const char *password,
                              pb_error_t *err) PB_MUST_USE;
bool pb_identity_remove_user(pb_identity_t *identity, const char *email,
                             pb_error_t *err) PB_MUST_USE;
// A new app password for the user, shown once; name says what it is for.
bool pb_identity_add_app_password(pb_identity_t *identity, const char *email, const char *name,
                                  pb_secret_t *password_out, pb_error_t *err) PB_MUST_USE;

#endif
