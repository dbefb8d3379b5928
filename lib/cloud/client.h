// client - IPP requests to a cloud service, with the identity's access token: got when needed,
// renewed before it ends. A pb_cloud_account_t is shared by all threads of a process (it guards its
// token with a mutex that is never held during a request of others' interest for longer than the
// token request itself); a pb_cloud_t belongs to one thread.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_CLOUD_CLIENT_H
#define PB_CLOUD_CLIENT_H

#include "cloud/registration.h"
#include "ipp/message.h"
#include "net/http.h"

typedef struct pb_cloud_account pb_cloud_account_t;
typedef struct pb_cloud         pb_cloud_t;

// The machine's identity: tokens by client_credentials and a signed assertion.  Borrows the
// registration.
bool pb_cloud_account_new(const pb_registration_t *registration, pb_cloud_account_t **account_out,
                          pb_error_t *err) PB_MUST_USE;
// A fixed token instead (print.register, a user's); NULL: nobody in particular.
bool pb_cloud_account_new_bearer(const char *url, const struct pb_http_trust *trust,
                                 const char *token, pb_cloud_account_t **account_out,
                                 pb_error_t *err) PB_MUST_USE;
void pb_cloud_account_free(pb_cloud_account_t *account);
// is_fresh: get a new one even if the old seems valid (but one that another thread has just got
// will do). The service's clock is learned from its Date header, so that a local clock that is off
// does not matter.
bool pb_cloud_account_copy_token(pb_cloud_account_t *account, bool is_fresh, pb_secret_t *token_out,
                                 pb_error_t *err) PB_MUST_USE;
const struct pb_http_trust *pb_cloud_account_trust(const pb_cloud_account_t *account);
// The service was found to be silent (the tunnel has died): requests that have been waiting as long
// as that are ended with PB_RETRY, however patient they are otherwise.
void pb_cloud_account_doubt(pb_cloud_account_t *account);

bool pb_cloud_open(pb_cloud_account_t *account, pb_cloud_t **cloud_out,
                   pb_error_t *err) PB_MUST_USE;
void pb_cloud_close(pb_cloud_t *cloud);

// POST the request (freed here) to uri (ipps:// or https://); the response is the caller's to
// ippDelete.  True when an IPP response came, whatever its status.  On 401 the token is renewed and
// the request sent once more. PB_RETRY: network, 5xx, 429; PB_AUTH: refused also with a fresh
// token; PB_REJECT: not IPP.
bool pb_cloud_request(pb_cloud_t *cloud, const char *uri, ipp_t *request, int64_t timeout_ms,
                      const atomic_bool *stop, ipp_t **response_out, pb_error_t *err) PB_MUST_USE;
// The same with document data behind the response, handed to sink as it comes (after *response_out
// is set).  A body that ends too early is PB_RETRY.
bool pb_cloud_fetch(pb_cloud_t *cloud, const char *uri, ipp_t *request, pb_http_sink_t sink,
                    void *sink_user, const atomic_bool *stop, ipp_t **response_out,
                    pb_error_t *err) PB_MUST_USE;

// The same with document data behind the request, streamed from source in chunks.  A source cannot
// be asked again from its start: where it was read from when the token was refused, PB_RETRY says
// so and the next call has a new token.
bool pb_cloud_send(pb_cloud_t *cloud, const char *uri, ipp_t *request, pb_http_source_t source,
                   void *source_user, const atomic_bool *stop, ipp_t **response_out,
                   pb_error_t *err) PB_MUST_USE;

// An IPP status as an error: true for successful-*; else kind by one table (RETRY busy/temporary,
// AUTH 0401-0403, GONE 0406/0407, REJECT others), message "Operation: status-name: status-message".
bool pb_cloud_check_status(ipp_t *request_name_only, ipp_t *response, const char *operation,
                           pb_error_t *err) PB_MUST_USE;

#endif
