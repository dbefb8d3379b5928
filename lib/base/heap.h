// heap - how a daemon that streams uses malloc.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_BASE_HEAP_H
#define PB_BASE_HEAP_H

// Keep up to 8 MiB of freed memory for the next pieces instead of giving each back to the kernel.
// Once, at the start of a daemon.
void pb_heap_keep(void);

#endif
