// reply - what an authorization server answered, checked: metadata (RFC 8414), device codes (RFC
// 8628 s3.2), tokens and errors (RFC 6749 s5).  Bytes in, decision out; no I/O.  The server is not
// trusted: everything is typed and bounded, and what will be shown to a person is printable.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_CLOUD_REPLY_H
#define PB_CLOUD_REPLY_H

#include "cloud/grant.h"

#define PB_TOKEN_MAX 4096  // longest token that is taken; one of ours has 43 characters

// url is the service that was asked: the issuer must be the same (RFC 8414 s3.3).
bool pb_reply_parse_metadata(const char *text, size_t size, const char *url,
                             struct pb_metadata *metadata_out, pb_error_t *err) PB_MUST_USE;

// issuer: the addresses shown to the administrator must be https of its host.  now_mono_ms: expiry
// counts from there.
bool pb_reply_parse_device_code(const char *text, size_t size, const char *issuer,
                                int64_t now_mono_ms, struct pb_device_code *code_out,
                                pb_error_t *err) PB_MUST_USE;

// A token response; the grant is cleared when false.
bool pb_reply_parse_grant(const char *text, size_t size, int64_t now_mono_ms,
                          struct pb_grant *grant_out, pb_error_t *err) PB_MUST_USE;

// The error response of a token or device authorization endpoint, as *err ("who: error:
// description"), and its name
// ("authorization_pending"; "" when the body has none).  Always false.
#define PB_REPLY_ERROR_SIZE 64
bool pb_reply_set_error(int status, const char *text, size_t size, const char *who,
                        char error_out[PB_REPLY_ERROR_SIZE], pb_error_t *err);

// Scheme https and the same host, whatever the port.
bool pb_reply_is_same_host(const char *a_url, const char *b_url);

#endif
