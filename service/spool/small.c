// small - a small secret sealed by the spool's key: a random key of its own, wrapped, then the
// secret as one sealed record.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "base/secret.h"
#include "spool/document.h"
#include <string.h>

_Static_assert(PB_SPOOL_SMALL_OVERHEAD == PB_SEAL_WRAPPED_SIZE + PB_SEAL_OVERHEAD,
               "what sealing adds");

bool
pb_spool_seal_small(pb_spool_t *spool, const char *context, const void *plain, size_t size,
                    uint8_t *sealed_out, pb_error_t *err)
{
  uint8_t    key[PB_SEAL_KEY_SIZE];
  pb_seal_t *seal = NULL;
  bool       ok   = false;

  pb_random_bytes(key, sizeof(key));
  seal = pb_seal_new(key);
  if (seal == NULL)
    pb_error_set(err, PB_RETRY, "out of memory");
  else
    ok = pb_seal_wrap(spool->key, key, context, sealed_out, err) &&
         pb_seal_record(seal, /*number*/ 0, /*is_last*/ true, plain, size,
                        sealed_out + PB_SEAL_WRAPPED_SIZE, err);
  pb_seal_free(seal);
  pb_wipe(key, sizeof(key));
  return ok;
}

bool
pb_spool_open_small(pb_spool_t *spool, const char *context, const uint8_t *sealed, size_t size,
                    void *plain_out, pb_error_t *err)
{
  uint8_t    key[PB_SEAL_KEY_SIZE];
  pb_seal_t *seal = NULL;
  bool       ok   = false;

  if (size < PB_SPOOL_SMALL_OVERHEAD)
    return pb_error_set(err, PB_REJECT, "too short to be a sealed secret");
  if (!pb_seal_unwrap(spool->key, sealed, context, key, err))
    return false;
  seal = pb_seal_new(key);
  if (seal == NULL)
    pb_error_set(err, PB_RETRY, "out of memory");
  else
    ok = pb_seal_open(seal, /*number*/ 0, /*is_last*/ true, sealed + PB_SEAL_WRAPPED_SIZE,
                      size - PB_SEAL_WRAPPED_SIZE, plain_out, err);
  pb_seal_free(seal);
  pb_wipe(key, sizeof(key));
  return ok;
}
