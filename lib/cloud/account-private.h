// account-private - what the files of an account share.  For account*.c only.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_CLOUD_ACCOUNT_PRIVATE_H
#define PB_CLOUD_ACCOUNT_PRIVATE_H

#include "cloud/account.h"
#include <pthread.h>

struct pb_cloud_account
{
  const pb_registration_t *registration;  // NULL: a fixed token, or that of a keeper
  pb_cloud_keeper_t        keeper;        // NULL: none
  void                    *keeper_user;
  struct pb_http_trust     trust;
  char                    *ca_file;  // these two hold what trust points to
  char                    *ca_fingerprint;
  char                    *proxy;

  // Of the asking thread only.
  pb_http_t         *http;
  struct pb_metadata metadata;  // issuer empty: not read yet

  atomic_llong clock_offset_ms;  // the service's clock less ours
  atomic_llong doubted_ms;       // monotonic: when the service was found to be silent

  pthread_mutex_t mutex;
  pthread_cond_t  answered;
  pb_key_t       *key;    // of the registration; NULL: a fixed token, or that of a keeper
  pb_key_t       *other;  // tried when key is refused; NULL: none
  char            next_key[PB_KEY_ID_SIZE];  // what key says is to follow it; "": nothing
  char            used_key[PB_KEY_ID_SIZE];  // has got the token
  bool            is_asking;
  unsigned        answers;  // how often asking has ended
  pb_error_t      failure;  // of the last time; PB_OK: it gave a token
  pb_secret_t     token;
  int64_t         renew_mono_ms;    // from then on a new one is asked for
  int64_t         expires_mono_ms;  // from then on this one is not used
};

// A token, by the thread that asks (is_asking), without the mutex.
bool pb_cloud_account_ask(pb_cloud_account_t *account, struct pb_grant *grant,
                          pb_error_t *err) PB_MUST_USE;

#endif
