// interrupt - SIGTERM as a flag and a descriptor, so that no wait misses it.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_BACKEND_INTERRUPT_H
#define PB_BACKEND_INTERRUPT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

// SIGTERM and SIGINT from now on, whatever has come before; SIGPIPE is ignored.
void pb_interrupt_install(void);

const atomic_bool *pb_interrupt_get_flag(void);
int                pb_interrupt_get_fd(void);  // readable once it has come; -1 before install
bool               pb_interrupt_is_set(void);

// False: interrupted.
bool pb_interrupt_sleep(int64_t wait_ms);

#endif
