// lease - when a connector stays away for longer than its lease, and another one of the same
// printer is there, its jobs are taken from it (take-back.h).
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_PRINT_LEASE_H
#define PB_PRINT_LEASE_H

struct pb_print;

void pb_lease_tick(struct pb_print *print);  // now and then

#endif
