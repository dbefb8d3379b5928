// cloud-grant_fuzz - replies of an authorization server, through each of the parsers that judge
// them.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"
#include "cloud/reply.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define ISSUER "https://print.example:8631"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool holds)
{
  if (!holds)
    abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  const char           *text     = (const char *)data;
  struct pb_metadata    metadata = {0};
  struct pb_device_code code     = {0};
  struct pb_grant       grant    = {0};
  pb_error_t            err      = {0};
  char                  error[PB_REPLY_ERROR_SIZE];

  if (pb_reply_parse_metadata(text, size, ISSUER, &metadata, &err))
    must(pb_text_is_printable(metadata.token_endpoint));
  if (pb_reply_parse_device_code(text, size, ISSUER, 0, &code, &err))
  {
    must(pb_text_is_printable(code.user_code) && code.user_code[0]);
    must(pb_reply_is_same_host(code.verification_uri, ISSUER));
    must(code.interval_ms > 0 && code.expires_mono_ms > 0);
  }
  if (pb_reply_parse_grant(text, size, 0, &grant, &err))
    must(grant.access_token.size > 0 && grant.access_token.size <= PB_TOKEN_MAX);
  must(!pb_reply_set_error(400, text, size, "fuzz", error, &err) && err.kind != PB_OK);
  must(pb_text_is_printable(err.message));
  pb_device_code_clear(&code);
  pb_grant_clear(&grant);
  return 0;
}
