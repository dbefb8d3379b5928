// report - lines for cupsd on standard error: INFO, ERROR, STATE, ATTR, PAGE, JOBSTATE. Only what
// has changed is said. Any thread: guarded by a mutex. What comes from the cloud is escaped and
// cut here.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_BACKEND_REPORT_H
#define PB_BACKEND_REPORT_H

#include "base/log.h"
#include "ipp/message.h"

typedef struct pb_report pb_report_t;

// fd is borrowed.  NULL: out of memory.
pb_report_t *pb_report_new(int fd);
// Takes back every printer-state-reason that it has set.
void pb_report_free(pb_report_t *report);

// For pb_log_set_sink: debug lines become DEBUG, infos and warnings too (they are for the log, not
// for the queue's message).
void pb_report_sink(enum pb_log_level level, const char *line, void *user);

// The queue's message while the job runs; the ERROR text stays behind it.
void pb_report_info(pb_report_t *report, const char *format, ...) PB_PRINTF(2, 3);
void pb_report_error(pb_report_t *report, const char *format, ...) PB_PRINTF(2, 3);

// The job's one reason (a keyword), e.g. "account-authorization-failed".
void pb_report_job_state(pb_report_t *report, const char *reason);

// One reason of ours on or off (a keyword).
void pb_report_reason(pb_report_t *report, const char *reason, bool is_on);

// cupsd's MaxJobTime begins anew when the backend has connected to its device; it is told so
// although nothing changed.
void pb_report_still_alive(pb_report_t *report);

// printer-state-reasons and marker-* of a printer's attributes.
void pb_report_printer(pb_report_t *report, ipp_t *printer);

// job-media-progress, 0 to 100.
void pb_report_progress(pb_report_t *report, int percent);
// Impressions of a job that has ended, once: "total" is not added to what a driver of the queue has
// counted.
void pb_report_total(pb_report_t *report, int impressions);

#endif
