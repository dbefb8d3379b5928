// fault - named places where a test can kill this process, and bugs that a test can plant.
// Compiled in only with the CMake option PB_FAULTS; otherwise nothing of it, not even a name, is
// in the program. All names are in tests/faults/points.py and docs/RELIABILITY.md.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_BASE_FAULT_H
#define PB_BASE_FAULT_H

#include <stdbool.h>

#ifdef PB_FAULTS

// The environment variable PB_FAULT="connector.create-job.before:3" kills the process (SIGKILL)
// when it passes that point for the third time; without a number, for the first time.
void pb_fault(const char *group, const char *step, const char *side);

// PB_PLANT="lose-job:3": true at the third passing, and only then. A bug for the harness to catch.
bool pb_plant(const char *name);

#define PB_FAULT(name) pb_fault((name), "", "")
#define PB_FAULT_OF(group, step, side) pb_fault((group), (step), (side))
#define PB_PLANTED(name) pb_plant(name)

#else

#define PB_FAULT(name) ((void)0)
// A point for each step of a table: its name is group "." step "." side.
#define PB_FAULT_OF(group, step, side) ((void)sizeof(step))
#define PB_PLANTED(name) false

#endif
#endif
