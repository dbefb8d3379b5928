// control - the administrator's way to a running connector: a unix socket (0660, peer credentials)
// that takes one line and answers with one JSON object.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_CONNECTOR_CONTROL_H
#define PB_CONNECTOR_CONTROL_H

#include "net/json.h"

typedef struct pb_control pb_control_t;

// The words: "status", "jobs", "reload" (registrations changed on disk), "release QUEUE JOB",
// "release-pin HEX QUEUE JOB", "renew" (keys and certificates, now: "renewing" in status says when
// it is done).
struct pb_control_ops
{
  // Called on the control's own thread, one at a time.  They return a new object; NULL: out of
  // memory.
  // {"pid":1,"since":"iso","services":[{"url":"","reachable":true,"tunnel":"up|polling|down|denied","since":"iso",
  //   "problem":"what is wrong and what to do, or absent",
  //   "certificate_until":"iso","renewal":"iso","renewed":"iso","renewing":false,"renewal_problem":"...",
  //   "queues":[{"queue":"","printer_uri":"","state":"idle|processing|stopped|missing","reasons":["..."],
  //              "jobs":0,"last_job":{...as in jobs...},"problem":"..."}]}]}
  json_object *(*status)(void *user);
  // {"jobs":[{"queue":"","cloud_job":1,"job_uuid":"","local_job":2,"title":"","user":"","state":"journal
  // state",
  //   "message":"","bytes":0,"hops":[{"at":"iso","what":"fetched|acknowledged|submitted|printing|completed|..."}]}]}
  json_object *(*jobs)(void *user);
  bool (*reload)(void *user, pb_error_t *err);
  // "release QUEUE JOB": a held job is printed again.  NULL: not known here.
  bool (*release)(void *user, const char *queue, int cloud_job, pb_error_t *err);
  // "release-pin HEX QUEUE JOB": a job that waits at the service may go, with its PIN (in
  // hexadecimal on the line).
  bool (*release_pin)(void *user, const char *queue, int cloud_job, const char *pin,
                      pb_error_t *err);  // NULL: not known here
  void (*renew)(void *user);             // NULL: not known here
  void *user;
};

// The socket: one line with a word; the answer, then the end.  {"error":"why"} when it could not;
// reload: {"ok":true}. A socket that is left over is replaced; PB_CONFIG when another connector
// answers there.
bool pb_control_start(const char *socket_path, const struct pb_control_ops *ops,
                      pb_control_t **control_out, pb_error_t *err) PB_MUST_USE;
// Waits for the word that is being answered; removes the socket.  NULL is fine.
void pb_control_stop(pb_control_t *control);

#endif
