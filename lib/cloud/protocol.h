// protocol - names that both ends of the wire share.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_CLOUD_PROTOCOL_H
#define PB_CLOUD_PROTOCOL_H

#define PB_SERVICE_PORT 8631
#define PB_SERVICE_PORT_HTTPS 443  // asked where no port was named and nobody answers at the other

#define PB_PATH_SYSTEM "/ipp/system"
#define PB_PATH_PRINT "/ipp/print/"  // + printer id
#define PB_PATH_TUNNEL "/tunnel"
#define PB_PATH_PUSH "/events"  // inside the tunnel: POST application/ipp
#define PB_PATH_METADATA "/.well-known/oauth-authorization-server"
#define PB_PATH_DEVICE_AUTHORIZATION "/oauth/device_authorization"
#define PB_PATH_TOKEN "/oauth/token"
#define PB_PATH_REVOKE "/oauth/revoke"
#define PB_PATH_VERIFY "/device"  // verification_uri: where a person types the code

#define PB_SCOPE_REGISTER                                                                          \
  "print.register"  // RFC 8628 grant, approved by an administrator: Register-Output-Device, once
                    // per approved queue
#define PB_SCOPE_PROXY "print.proxy"  // client_credentials with a private_key_jwt assertion
#define PB_SCOPE_USER "print.user"    // RFC 8628 grant of a person who prints
#define PB_SCOPE_MACHINE                                                                           \
  "print.machine"  // client_credentials with a private_key_jwt assertion, after an RFC 8628 grant
                   // that an administrator approved: prints for the users that it names
#define PB_CLIENT_USER "printbridge"  // client id of the programs that print for one person

// authorization_details (RFC 9396) of a register grant: one object per queue, with these members;
// the token response lists those that were approved.
#define PB_DETAILS_TYPE "printbridge-share"
#define PB_DETAIL_UUID "output-device-uuid"
#define PB_DETAIL_QUEUE "printer-name"
#define PB_DETAIL_MODEL "printer-make-and-model"
#define PB_DETAIL_LOCATION "printer-location"
#define PB_DETAIL_HOST "host"
#define PB_DETAIL_JOIN                                                                             \
  "join-printer"  // the printer that the queue is to serve beside others: its number or URI
#define PB_DETAIL_ADOPT                                                                            \
  "adopt"  // asks to take over a former printer; in the answer: which one was chosen, by its number
// Form parameter of the device authorization request: for whom the administrator is asked (an
// e-mail address).
#define PB_PARAM_REQUESTER "requester"
#define PB_QUEUES_PER_GRANT_MAX 200

// Our extension of Print-Job and Create-Job: an operation attribute (uri, urn:uuid:...) that names
// the job before it exists; the same again gives the same job (docs/PROTOCOL.md).  Services that
// know it say so in ipp-features-supported.
#define PB_CLIENT_JOB_UUID "client-job-uuid"
#define PB_FEATURE_CLIENT_JOB_UUID "client-job-uuid"

// Key roll-over (docs/PROTOCOL.md): services that know it say so in their metadata; how the refusal
// of a key that was replaced begins.
#define PB_METADATA_ROLL_OVER "printbridge_key_rollover_supported"
#define PB_KEY_REPLACED "the key was replaced"

// Our extension of Fetch-Job's answer (integer, job group): how often the service has taken the job
// back to offer it anew.  A device that knows the job by a lower number begins it as if it had
// never had it.
#define PB_JOB_OFFERS "printbridge-job-offers"

#define PB_GRANT_DEVICE_CODE "urn:ietf:params:oauth:grant-type:device_code"
#define PB_ASSERTION_TYPE "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

#endif
