// net-tunnel_fuzz - any bytes from a service at the connector's end of a tunnel.  The first byte
// says in what pieces they come, and whether the HTTP/2 preface has come before them.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "net/tunnel.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t message_bytes;

static bool
on_message(void *user, const void *message, size_t size)
{
  (void)user;
  if (size == 0 || size > PB_TUNNEL_MESSAGE_MAX)
    abort();
  message_bytes += ((const unsigned char *)message)[size - 1];
  return size % 2 == 0;
}

static void
take_all(pb_tunnel_t *tunnel)
{
  const void *out = NULL;

  while (pb_tunnel_take(tunnel, &out) > 0)
    ;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static const char preface[] =
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0";  // and a NUL: 33 bytes
  const struct pb_tunnel_ops ops    = {.on_message = on_message};
  pb_tunnel_t               *tunnel = NULL;
  pb_error_t                 err    = {0};
  int64_t                    now_ms = 1;
  bool                       ok     = true;

  if (size == 0 || !pb_tunnel_new(PB_TUNNEL_CONNECTOR, &ops, NULL, now_ms, &tunnel, &err))
    return 0;
  size_t piece = (size_t)(data[0] & 0x7f) + 1;
  if ((data[0] & 0x80) != 0)
    ok = pb_tunnel_receive(tunnel, preface, sizeof(preface), now_ms, &err);
  for (size_t at = 1; ok && at < size; at += piece)
  {
    now_ms += 1000;
    ok =
      pb_tunnel_receive(tunnel, data + at, size - at < piece ? size - at : piece, now_ms, &err) &&
      pb_tunnel_tick(tunnel, now_ms, &err);
    take_all(tunnel);
  }
  pb_tunnel_shutdown(tunnel, now_ms);
  take_all(tunnel);
  (void)pb_tunnel_is_done(tunnel);
  pb_tunnel_free(tunnel);
  return 0;
}
