// watch - a job of which cupsd has stopped the backend, not the job: it will start another one, and
// till then nobody looks after it. A process of its own does: what is canceled here is canceled in
// the cloud. It ends when a backend runs again or the job is over.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_BACKEND_WATCH_H
#define PB_BACKEND_WATCH_H

#include "backend/follow.h"
#include "backend/identity.h"
#include "ipp/cups-printing.h"

// Starts it.  Its connections are its own; follow->cloud is not used.  No other thread may run.
void pb_watch_start(const struct pb_follow *follow, const struct pb_identity *identity);

enum pb_watch_step
{
  PB_WATCH_ON,
  PB_WATCH_CANCEL,
  PB_WATCH_END
};
// What cupsd says of the job now.  *is_idle_io: no backend ran when it was looked at before; false
// at first.
enum pb_watch_step pb_watch_judge(const struct pb_cups_printing *printing, const char *job_uuid,
                                  bool *is_idle_io);

#endif
