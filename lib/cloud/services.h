// services - the cloud services that this machine, or a user, knows: services.conf, a line each,
// "service = https://HOST:PORT [ca-fingerprint=HEX] [ca-file=PATH]", and those that somebody
// signed in to.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_CLOUD_SERVICES_H
#define PB_CLOUD_SERVICES_H

#include "cloud/places.h"
#include "net/http.h"

#define PB_SERVICES_MAX 64
#define PB_SERVICES_FILE "services.conf"

struct pb_service
{
  char host[256];  // lower case; an IPv6 address without its brackets
  int  port;
  char url[300];                // "https://HOST:PORT"
  char ca_fingerprint[96];      // "": no pin
  char ca_file[PB_PLACE_SIZE];  // "": the system's trust
};

// From an address ("https://HOST[:PORT]", a slash behind it allowed; port PB_SERVICE_PORT where
// none is given), without trust of its own.  PB_CONFIG.
bool pb_service_parse(const char *url, struct pb_service *service_out, pb_error_t *err) PB_MUST_USE;

// "HOST_PORT": its file and folder names.
#define PB_SERVICE_NAME_SIZE 272
void pb_service_get_name(const struct pb_service *service, char dst[PB_SERVICE_NAME_SIZE]);

// For pb_http_new and the like; borrows from the service.
struct pb_http_trust pb_service_get_trust(const struct pb_service *service);

// The text of services.conf; bad lines are skipped.  Free the list.
bool pb_services_parse(const char *text, size_t size, struct pb_service **list_out,
                       size_t *count_out, pb_error_t *err) PB_MUST_USE;

// services.conf, then the machine's sign-ins, then the user's, each service once (the first wins).
// What is missing or may not be read is skipped; a bad line is named in the log and skipped.  Free
// the list.
bool pb_services_load(const struct pb_places *places, struct pb_service **list_out,
                      size_t *count_out, pb_error_t *err) PB_MUST_USE;

// The one at HOST:PORT among them; PB_GONE when none of them knows it.
bool pb_services_find(const struct pb_places *places, const char *host, int port,
                      struct pb_service *service_out, pb_error_t *err) PB_MUST_USE;

// Add it to services.conf, or replace its line; comments and other lines stay as they are.
bool pb_services_save(const struct pb_places *places, const struct pb_service *service,
                      pb_error_t *err) PB_MUST_USE;

#endif
