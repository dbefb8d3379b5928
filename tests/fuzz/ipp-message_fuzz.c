// ipp-message_fuzz - the scanner gives one answer however its input is split; what it calls done,
// ippReadIO reads to the last byte or refuses; what was read can be written and read again.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "ipp/message.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum pb_ipp_scan_got
scan(const uint8_t *data, size_t size, size_t step, size_t *total_out)
{
  enum pb_ipp_scan_got got = PB_IPP_SCAN_MORE;
  pb_ipp_scan_t        state;

  *total_out = 0;
  pb_ipp_scan_init(&state);
  while (got == PB_IPP_SCAN_MORE && *total_out < size)
  {
    size_t used = 0;
    size_t left = size - *total_out;

    got = pb_ipp_scan_feed(&state, data + *total_out, left < step ? left : step, &used);
    *total_out += used;
  }
  return got;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  size_t               end = 0, other_end = 0;
  enum pb_ipp_scan_got got     = scan(data, size, size + 1, &end);
  ipp_t               *message = NULL, *again = NULL;
  pb_buffer_t          bytes = {0};

  if (scan(data, size, 1, &other_end) != got || scan(data, size, 7, &other_end) != got)
    abort();
  if (got != PB_IPP_SCAN_DONE)
    return 0;
  if (other_end != end)
    abort();
  if (!pb_ipp_parse(data, end, &message, NULL))
    return 0;
  // Written again it may be over the cap (values that libcups cuts), but never malformed.
  if (pb_ipp_format(message, &bytes, NULL) && !pb_ipp_parse(bytes.data, bytes.size, &again, NULL))
    abort();
  pb_buffer_clear(&bytes);
  ippDelete(again);
  ippDelete(message);
  return 0;
}
