// account - the token of a machine's identity, shared by the threads of a process (see client.h
// for the rest).
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_CLOUD_ACCOUNT_H
#define PB_CLOUD_ACCOUNT_H

#include "cloud/client.h"
#include "cloud/grant.h"

// Who keeps a token for this process and others (a sign-in).  stale: the one that is near its end
// or was refused; empty: none yet.  The grant's access_token and expires_mono_ms count.
typedef bool (*pb_cloud_keeper_t)(void *user, const pb_secret_t *stale, struct pb_grant *grant_out,
                                  pb_error_t *err);
bool pb_cloud_account_new_kept(const struct pb_http_trust *trust, pb_cloud_keeper_t keeper,
                               void *user, pb_cloud_account_t **account_out,
                               pb_error_t *err) PB_MUST_USE;

// The service said no to `refused`: a new token, or the one that another thread got since.  PB_AUTH
// for a fixed token.
bool pb_cloud_account_renew_token(pb_cloud_account_t *account, const pb_secret_t *refused,
                                  pb_secret_t *token_out, pb_error_t *err) PB_MUST_USE;

// The identity's keys, copied; other (NULL: none) is tried when key is refused.  From now on; any
// thread.  Only the first of them may say by whom it is to be replaced: next_key is a thumbprint,
// "": nobody.
bool pb_cloud_account_set_keys(pb_cloud_account_t *account, const pb_key_t *key,
                               const pb_key_t *other, const char *next_key,
                               pb_error_t *err) PB_MUST_USE;
// Was the last token got with that key?
bool pb_cloud_account_has_used(pb_cloud_account_t *account, const pb_key_t *key);
// Does the service replace keys?  Blocks on the network; not while other threads use the account.
bool pb_cloud_account_get_roll_over(pb_cloud_account_t *account, bool *has_out,
                                    pb_error_t *err) PB_MUST_USE;

// For the doubted_ms of requests.
const atomic_llong *pb_cloud_account_get_doubted(const pb_cloud_account_t *account);

// The Date header of any reply of the service; 0 is ignored.
void pb_cloud_account_learn_clock(pb_cloud_account_t *account, int64_t date_ms);

#endif
