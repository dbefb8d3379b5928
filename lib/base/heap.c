// heap - how a daemon that streams uses malloc (see heap.h).
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "base/heap.h"

#include <malloc.h>

#define KEEP_BYTES (8 * 1024 * 1024)

void
pb_heap_keep(void)
{
#ifdef __GLIBC__
  // A streaming event loop frees all it has after each piece: by default glibc then returns the
  // pages, and the next piece faults them in anew.  That took a quarter of the throughput.
  mallopt(M_TRIM_THRESHOLD, KEEP_BYTES);
  mallopt(M_MMAP_THRESHOLD, KEEP_BYTES);
#endif
}
