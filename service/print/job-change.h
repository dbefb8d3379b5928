// job-change - what follows a change of a job or document inside a request: saved, told to
// subscribers, cleaned up.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_PRINT_JOB_CHANGE_H
#define PB_PRINT_JOB_CHANGE_H

#include "print/request.h"

// Let the event happen to the job, and save it.  False when it cannot (0x0404) or was not saved;
// the response says so. When the job has ended its documents end with it and their bytes go.
bool pb_job_move(struct pb_request *request, struct pb_job *job, enum pb_job_event event);

// The job is complete as far as the client goes, or has been released: let devices have it if
// nothing stands against it.
bool pb_job_offer(struct pb_request *request, struct pb_job *job);

// No more documents will come (Close-Job, last-document, time-out): offer it, or give it up when
// there are none.
bool pb_job_close(struct pb_request *request, struct pb_job *job);

bool pb_job_raise(struct pb_request *request, enum pb_event_type type, const struct pb_job *job);
bool pb_document_raise(struct pb_request *request, enum pb_event_type type,
                       const struct pb_document *document);
bool pb_document_end(struct pb_request *request, struct pb_document *document,
                     int state);  // saves, too

// The service gives the job up; message is its job-state-message.
bool pb_job_abort(struct pb_request *request, struct pb_job *job, const char *reason,
                  const char *message);
// As the principal wishes: at once, or by way of the device that has begun.
bool pb_job_cancel(struct pb_request *request, struct pb_job *job);

#endif
