// server - the parts of the running service, put together.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "server.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "edge/edge.h"
#include "events/events.h"
#include "identity/oauth.h"
#include "net/tls.h"
#include "portal/portal.h"
#include "print/print.h"
#include "setup.h"
#include "spool/spool.h"
#include "tunnel/tunnels.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define TLS_AGAIN_MS (24 * 60 * 60 * INT64_C(1000))

struct pb_server
{
  pb_db_t       *db;
  pb_identity_t *identity;
  pb_spool_t    *spool;
  pb_edge_t     *edge;
  pb_tunnels_t  *tunnels;
  pb_events_t   *events;
  pb_print_t    *print;
  pb_portal_t   *portal;
  char          *authority;
  int            lock_fd;
  int64_t        tls_ms;  // monotonic: when the certificate was read last
};

bool
pb_server_open_identity(const pb_settings_t *settings, pb_db_t **db_out,
                        pb_identity_t **identity_out, pb_error_t *err)
{
  bool  ok        = false;
  char *database  = pb_settings_path(settings, "service.db");
  char *ca        = pb_settings_path(settings, "ca.pem");
  char *ca_key    = pb_settings_path(settings, "ca-key.pem");
  char *authority = pb_settings_authority(settings);
  char  issuer[512];

  *db_out = NULL;
  if (database == NULL || ca == NULL || ca_key == NULL || authority == NULL)
  {
    pb_error_set(err, PB_RETRY, "out of memory");
    goto done;
  }
  if (access(ca_key, F_OK) != 0)
  {
    pb_error_set(err, PB_CONFIG, "%s: there is no service here yet: run `printbridge-service init`",
                 settings->data_folder);
    goto done;
  }
  snprintf(issuer, sizeof(issuer), "https://%s", authority);
  struct pb_identity_options options = {.issuer         = issuer,
                                        .ca_key_file    = ca_key,
                                        .ca_file        = ca,
                                        .code_life_ms   = settings->code_life_ms,
                                        .certificate_ms = settings->certificate_life_ms};
  ok = pb_db_open(database, db_out, err) && pb_identity_new(*db_out, &options, identity_out, err);

done:
  if (!ok)
  {
    pb_db_close(*db_out);
    *db_out = NULL;
  }
  free(authority);
  free(ca_key);
  free(ca);
  free(database);
  return ok;
}

// The events module's way down a client's tunnel.
static bool
push_events(void *user, const char *client_id, const void *message, size_t size)
{
  pb_server_t *server = user;

  return pb_tunnels_push(server->tunnels, client_id, message, size);
}

static struct pb_spool_limits
get_spool_limits(const pb_settings_t *settings)
{
  return (struct pb_spool_limits){.document_bytes = settings->document_bytes,
                                  .free_bytes     = settings->disk_free_bytes};
}

static bool
open_spool(pb_server_t *server, const pb_settings_t *settings, pb_error_t *err)
{
  uint8_t                key[PB_SPOOL_KEY_BYTES];
  char                  *folder = pb_settings_path(settings, "spool");
  struct pb_spool_limits limits = get_spool_limits(settings);
  bool                   ok     = folder != NULL && pb_setup_load_spool_key(settings, key, err) &&
            pb_spool_open(folder, key, &limits, &server->spool, err);

  pb_wipe(key, sizeof(key));
  free(folder);
  return ok;
}

static struct pb_edge_options
get_edge_options(const pb_settings_t *settings)
{
  return (struct pb_edge_options){
    .address                 = settings->listen,
    .port                    = (int)settings->port,
    .workers                 = (int)settings->workers,
    .connections_max         = (int)settings->connections,
    .connections_per_address = (int)settings->connections_per_address,
    .idle_ms                 = settings->idle_ms,
    .head_ms                 = settings->head_ms,
    .stall_ms                = settings->stall_ms,
  };
}

static bool
open_edge(pb_server_t *server, const pb_settings_t *settings, pb_error_t *err)
{
  struct pb_edge_options options = get_edge_options(settings);
  char                 **hosts   = pb_setup_copy_hosts(settings);
  bool                   ok      = hosts != NULL && pb_edge_new(&options, &server->edge, err) &&
            pb_edge_set_hosts(server->edge, (const char *const *)hosts, err);

  free(hosts);
  return ok;
}

static bool
load_tls(pb_server_t *server, const pb_settings_t *settings, pb_error_t *err)
{
  struct ssl_ctx_st *tls     = NULL;
  char              *chain   = pb_settings_path(settings, "server.pem");
  char              *key     = pb_settings_path(settings, "server-key.pem");
  bool               is_ours = settings->certificate_file == NULL;
  bool               ok      = chain != NULL && key != NULL && pb_setup_renew(settings, err) &&
            pb_tls_server_new(is_ours ? chain : settings->certificate_file,
                              is_ours ? key : settings->key_file, &tls, err);

  if (ok)
    pb_edge_set_tls(server->edge, tls);
  server->tls_ms = pb_clock_mono_ms();
  free(key);
  free(chain);
  return ok;
}

static struct pb_print_options
get_print_options(const pb_server_t *server, const pb_settings_t *settings)
{
  return (struct pb_print_options){
    .authority             = server->authority,
    .job_history_ms        = settings->job_history_ms,
    .multiple_operation_ms = settings->multiple_operation_ms,
    .cut_off_ms            = settings->cut_off_ms,
    .held_ms               = settings->held_ms,
    .jobs_per_printer      = (int)settings->jobs_per_printer,
    .lease_ms              = settings->lease_ms,
    .has_cut_through       = settings->has_cut_through,
  };
}

static bool
has_tunnel(void *user, const char *client_id)
{
  pb_server_t *server = user;

  return pb_tunnels_up_since_ms(server->tunnels, client_id) > 0;
}

static bool
open_print(pb_server_t *server, const pb_settings_t *settings, pb_error_t *err)
{
  struct pb_events_ops    events  = {.push = push_events, .user = server};
  struct pb_print_options options = get_print_options(server, settings);

  bool ok = pb_tunnels_new(server->edge, server->identity, /*on_up*/ NULL, /*user*/ NULL,
                           &server->tunnels, err) &&
            pb_events_new(server->db, &events, &server->events, err) &&
            pb_print_new(server->edge, server->db, server->identity, server->spool, server->events,
                         &options, &server->print, err);

  if (ok)
    pb_print_set_tunnels(server->print, has_tunnel, server);
  return ok;
}

// One service per data folder.
static bool
lock_folder(pb_server_t *server, const pb_settings_t *settings, pb_error_t *err)
{
  char *path = pb_settings_path(settings, "lock");
  bool  ok   = path != NULL && pb_file_lock(path, &server->lock_fd, err);

  free(path);
  return ok;
}

bool
pb_server_start(const pb_settings_t *settings, pb_server_t **server_out, pb_error_t *err)
{
  pb_server_t *server = calloc(1, sizeof(*server));

  if (server == NULL)
    return pb_error_set(err, PB_RETRY, "out of memory");
  server->lock_fd   = -1;
  server->authority = pb_settings_authority(settings);
  if (server->authority == NULL)
  {
    pb_error_set(err, PB_RETRY, "out of memory");
    goto failed;
  }
  if (!pb_server_open_identity(settings, &server->db, &server->identity, err) ||
      !lock_folder(server, settings, err) || !open_spool(server, settings, err) ||
      !open_edge(server, settings, err) || !load_tls(server, settings, err) ||
      !open_print(server, settings, err) ||
      !pb_oauth_add_routes(server->edge, server->identity, err) ||
      !pb_portal_new(server->edge, server->identity, server->print, server->tunnels,
                     &server->portal, err) ||
      !pb_print_recover(server->print, err) || !pb_edge_start(server->edge, err))
    goto failed;
  *server_out = server;
  return true;

failed:
  pb_server_stop(server, /*drain_ms*/ 0);
  return false;
}

bool
pb_server_reload(pb_server_t *server, const pb_settings_t *settings, pb_error_t *err)
{
  struct pb_spool_limits  limits = get_spool_limits(settings);
  struct pb_edge_options  edge   = get_edge_options(settings);
  struct pb_print_options print  = get_print_options(server, settings);

  if (!load_tls(server, settings, err))
    return false;
  pb_spool_set_limits(server->spool, &limits);
  pb_edge_set_limits(server->edge, &edge);
  pb_print_set_options(server->print, &print);
  pb_identity_set_code_life(server->identity, settings->code_life_ms);
  pb_identity_set_certificate_life(server->identity, settings->certificate_life_ms);
  return true;
}

int
pb_server_port(const pb_server_t *server)
{
  return pb_edge_port(server->edge);
}

void
pb_server_tick(pb_server_t *server, const pb_settings_t *settings)
{
  pb_error_t err = {0};

  if (pb_clock_mono_ms() - server->tls_ms >= TLS_AGAIN_MS && !load_tls(server, settings, &err))
    pb_log(NULL, PB_LOG_ERROR, "the certificate stays as it was: %s", err.message);
  pb_print_tick(server->print);
}

void
pb_server_stop(pb_server_t *server, int64_t drain_ms)
{
  if (server == NULL)
    return;
  if (server->print != NULL)
    pb_print_end_waits(server->print);
  if (server->edge != NULL)
    pb_edge_stop(server->edge, drain_ms);
  pb_portal_free(server->portal);
  pb_print_free(server->print);
  pb_events_free(server->events);
  pb_tunnels_free(server->tunnels);
  pb_edge_free(server->edge);
  pb_spool_close(server->spool);
  pb_identity_free(server->identity);
  pb_db_close(server->db);
  if (server->lock_fd >= 0)
    close(server->lock_fd);
  free(server->authority);
  free(server);
}
