// share - printbridge share: offer local queues to a service, have an administrator approve them,
// register what was granted.  The uuids are on disk before anything is asked and the service gives
// the same printer for the same uuid, so an interruption at any point is healed by running it
// again.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "approve.h"
#include "ask.h"
#include "base/file.h"
#include "base/text.h"
#include "cloud/address.h"
#include "command.h"
#include "qr.h"
#include "register.h"
#include "renewal.h"
#include "service-url.h"
#include "state.h"

#include <stdlib.h>
#include <string.h>

#define TRIES_DEFAULT 5
#define TRIES_MAX 100
#define OFFERS_PER_CODE_MAX 100  // the granted list must fit a token reply of 64 KiB

struct share
{
  const struct options *options;
  pb_registration_t    *registration;
  pb_http_t            *http;
  struct pb_metadata    metadata;
  struct pb_http_trust  trust;  // borrows the registration's
  int                   tries;
  struct offer         *offers;
  size_t                offers_count;
  size_t                shared_count;
  size_t                refused_count;  // struck, or failed
};

static void
clear_share(struct share *share)
{
  free(share->offers);
  pb_http_free(share->http);
  pb_registration_free(share->registration);
}

// --- what to offer

static bool
is_offered(const struct share *share, const char *queue)
{
  for (size_t i = 0; i < share->offers_count; i++)
  {
    if (pb_text_is_equal_nocase(share->offers[i].queue, queue))
      return true;
  }
  return false;
}

// A queue that could print nothing from the cloud is not offered: with --all it is left out, by
// name it is an error.
static bool
check_printable(const struct share *share, pb_cups_t *cups, const char *queue, bool *is_left_out,
                pb_error_t *err)
{
  if (pb_cups_check_queue(cups, queue, err))
    return true;
  if (!share->options->all || err->kind != PB_CONFIG)
    return false;
  printf("%s is left out: %s\n", queue, err->message);
  pb_error_clear(err);
  *is_left_out = true;
  return true;
}

// Put a queue on the list, unless it is on it or shared already.
static bool
offer_queue(struct share *share, pb_cups_t *cups, const char *name, pb_error_t *err)
{
  struct offer                 offer = {0};
  const pb_registered_queue_t *known;
  struct offer                *more;
  bool                         is_left_out = false;

  if (!offer_describe(cups, name, &offer, err))
    return false;
  known = pb_registration_find_queue(share->registration, offer.queue);
  if (known)
  {
    printf("%s is shared already: %s\n", offer.queue, known->printer_uri);
    return true;
  }
  if (is_offered(share, offer.queue))
    return true;
  if (!check_printable(share, cups, offer.queue, &is_left_out, err))
    return false;
  if (is_left_out)
    return true;
  more = realloc(share->offers, (share->offers_count + 1) * sizeof(*more));
  if (!more)
    return pb_error_set(err, PB_RETRY, "out of memory");
  more[share->offers_count++] = offer;
  share->offers               = more;
  return true;
}

static bool
offer_all(struct share *share, pb_cups_t *cups, pb_error_t *err)
{
  char **names = NULL;
  size_t count = 0;
  bool   ok    = pb_cups_copy_queues(cups, &names, &count, err);

  if (ok && !count)
    ok = pb_error_set(err, PB_GONE, "this machine has no print queues");
  for (size_t i = 0; i < count; i++)
  {
    ok = ok && offer_queue(share, cups, names[i], err);
    free(names[i]);
  }
  free(names);
  return ok;
}

static bool
choose_queues(struct share *share, pb_error_t *err)
{
  const struct options *options = share->options;
  pb_cups_t            *cups    = NULL;
  bool                  ok      = pb_cups_open(options->cups, &cups, err);

  if (ok && options->all)
    ok = offer_all(share, cups, err);
  for (int i = 0; ok && i < options->names_count; i++)
    ok = offer_queue(share, cups, options->names[i], err);
  pb_cups_close(cups);
  return ok;
}

// --- the service

static bool
replace_text(char **dst, const char *text, pb_error_t *err)
{
  char *copy = pb_text_dup(text);

  if (!copy)
    return pb_error_set(err, PB_RETRY, "out of memory");
  free(*dst);
  *dst = copy;
  return true;
}

// What the command line says of whom to trust goes before what was kept.  The connector reads the
// file too: its path must not depend on where this was run.
static bool
choose_trust(struct share *share, pb_error_t *err)
{
  const struct options *options      = share->options;
  pb_registration_t    *registration = share->registration;
  bool                  ok           = true;

  if (options->ca_fingerprint)
    ok = replace_text(&registration->ca_fingerprint, options->ca_fingerprint, err);
  if (ok && options->ca_file)
  {
    char *path = realpath(options->ca_file, /*resolved*/ NULL);
    ok         = path ? replace_text(&registration->ca_file, path, err)
                      : pb_error_set_errno(err, PB_CONFIG, "%s", options->ca_file);
    free(path);
  }
  share->trust.ca_fingerprint = registration->ca_fingerprint;
  share->trust.ca_file        = registration->ca_file;
  return ok;
}

// Neither the client nor its keys are good for anything any more.
static bool
begin_anew(pb_registration_t *registration, pb_error_t *err)
{
  pb_key_get_id(registration->key, registration->client_id);
  return pb_registration_drop_next_key(registration, err);
}

// A key that was to follow and a client id of another key need a client that the service knows.
static bool
needs_client(const pb_registration_t *registration)
{
  char id[PB_KEY_ID_SIZE];

  pb_key_get_id(registration->key, id);
  return registration->next_key ? !registration->queues_count
                                : strcmp(id, registration->client_id) != 0;
}

// The client id is that of the first key.  Where the service has forgotten the client, as with its
// last printer, or knows another key of it, as after a restored backup, and nothing is shared any
// more, it begins anew with the key that it has now.
static bool
settle_client_id(pb_registration_t *registration, pb_error_t *err)
{
  pb_cloud_account_t *account = NULL;
  pb_secret_t         token   = {0};
  pb_error_t          why     = {0};
  bool                ok;

  if (!needs_client(registration))
    return true;
  ok = pb_cloud_account_new(registration, &account, &why) &&
       pb_cloud_account_copy_token(account, /*is_fresh*/ true, &token, &why);
  pb_secret_clear(&token);
  pb_cloud_account_free(account);
  if (!ok && (register_is_forgotten(&why) || (why.kind == PB_AUTH && !registration->queues_count)))
    return begin_anew(registration, err);
  return ok || pb_error_set(err, why.kind, "%s", why.message);
}

// Reach the service, then keep key and address: the client id must be the same when this is run
// again.
static bool
meet_service(struct share *share, pb_error_t *err)
{
  pb_registration_t *registration = share->registration;

  if (!pb_http_new(&share->trust, &share->http, err) ||
      !pb_metadata_get(share->http, registration->url, &share->metadata, err) ||
      !settle_client_id(registration, err))
    return false;
  return replace_text(&registration->issuer, share->metadata.issuer, err) &&
         pb_registration_save(registration, err);
}

static bool
make_uuids(struct share *share, pb_error_t *err)
{
  for (size_t i = 0; i < share->offers_count; i++)
  {
    if (!pb_registration_get_pending(share->registration, share->offers[i].queue,
                                     share->offers[i].uuid, err))
      return false;
  }
  return true;
}

// --- what was granted

static bool
keep_queue(struct share *share, pb_cloud_t *cloud, const struct offer *offer, pb_error_t *err)
{
  pb_registered_queue_t queue = {0};
  bool                  ok    = register_queue(cloud, share->registration, offer, &queue, err) &&
            pb_registration_add_queue(share->registration, &queue, err) &&
            pb_registration_drop_pending(share->registration, offer->queue, err);

  if (ok)
    printf("%s is shared%s: %s\n", offer->queue,
           offer->is_adopted ? " in the place of a former print server" : "", queue.printer_uri);
  free(queue.certificate);
  return ok;
}

// One queue that failed does not keep the others from being shared.
static void
settle_offer(struct share *share, pb_cloud_t *cloud, const struct offer *offer)
{
  pb_error_t err = {0};

  if (!offer->is_granted)
  {
    printf("%s was struck by the administrator.\n", offer->queue);
    share->refused_count++;
    if (!pb_registration_drop_pending(share->registration, offer->queue, &err))
      command_fail(&err);
  }
  else if (keep_queue(share, cloud, offer, &err))
    share->shared_count++;
  else
  {
    pb_error_prefix(&err, "%s is not shared", offer->queue);
    command_fail(&err);
    share->refused_count++;
  }
}

// The key as it is now: certificates are asked for with no other.
static bool
finish_renewal(pb_registration_t *registration, pb_error_t *err)
{
  return pb_registration_read_keys(registration, err) &&
         (!registration->next_key || renewal_run(registration, err));
}

static bool
register_granted(struct share *share, const struct pb_grant *grant, const struct offer *offers,
                 size_t count, pb_error_t *err)
{
  pb_cloud_account_t *account = NULL;
  pb_cloud_t         *cloud   = NULL;
  int                 lock    = -1;
  bool                ok      = state_lock(share->options->state, &lock, err) &&
            pb_cloud_account_new_bearer(share->registration->url, &share->trust,
                                        grant->access_token.text, &account, err) &&
            pb_cloud_open(account, &cloud, err);

  // The connector may have renewed the key while the administrator was waited for.
  ok = ok && finish_renewal(share->registration, err);
  for (size_t i = 0; ok && i < count; i++)
    settle_offer(share, cloud, &offers[i]);
  state_unlock(&lock);
  pb_cloud_close(cloud);
  pb_cloud_account_free(account);
  return ok;
}

// One code for these offers.
static bool
share_offers(struct share *share, struct offer *offers, size_t count, pb_error_t *err)
{
  const struct options *options  = share->options;
  struct pb_grant       grant    = {0};
  char                 *details  = NULL;
  struct approval       approval = {
          .http      = share->http,
          .metadata  = &share->metadata,
          .client_id = share->registration->client_id,
          .requester = options->requester,
          .tries     = share->tries,
          .has_qr    = !options->no_qr && (options->qr || qr_is_possible(stdout)),
  };
  bool ok = offers_format_details(offers, count, options->join, options->adopt, &details, err);

  approval.details = details;
  if (ok)
    ok = approve(&approval, &grant, err);
  if (ok)
  {
    printf("Approved.\n");
    offers_mark_granted(offers, count, grant.details);
    ok = register_granted(share, &grant, offers, count, err);
  }
  pb_grant_clear(&grant);
  free(details);
  return ok;
}

static bool
share_all_offers(struct share *share, pb_error_t *err)
{
  bool ok = true;

  for (size_t at = 0; ok && at < share->offers_count; at += OFFERS_PER_CODE_MAX)
  {
    size_t left = share->offers_count - at;
    ok          = share_offers(share, share->offers + at,
                      left > OFFERS_PER_CODE_MAX ? OFFERS_PER_CODE_MAX : left, err);
  }
  return ok;
}

// Everything up to the question, so that the answer will find its place.
static bool
prepare_locked(struct share *share, const char *url, pb_error_t *err)
{
  if (!pb_registration_find(share->options->state, url, &share->registration, err) ||
      !choose_queues(share, err))
    return false;
  return !share->offers_count ||
         (choose_trust(share, err) && meet_service(share, err) && make_uuids(share, err));
}

static bool
run_share(struct share *share, pb_error_t *err)
{
  bool ok;
  int  lock = -1;
  char url[512];

  if (!state_enter(share->options->state, err) ||
      !service_url_find(share->options, share->options->service, /*may_ask*/ true, url, sizeof(url),
                        err) ||
      !state_lock(share->options->state, &lock, err))
    return false;
  ok = prepare_locked(share, url, err);
  // Not while an administrator is waited for: others may share, too.
  state_unlock(&lock);
  if (ok)
    ok = share_all_offers(share, err);
  if (share->shared_count)
    ask_reload(share->options->runtime);
  return ok;
}

static bool
check_options(const struct options *options, int *tries_out, pb_error_t *err)
{
  int64_t           tries = TRIES_DEFAULT;
  struct pb_service service;
  bool              has_port = false;

  if (options->all == (options->names_count > 0))
    return pb_error_set(err, PB_REJECT, "share: name the queues, or say --all");
  if (!options->service)
    return pb_error_set(err, PB_REJECT, "share: with which service? (--service URL)");
  if (options->join && options->names_count != 1)
    return pb_error_set(err, PB_REJECT, "--join: one queue at a time");
  if (options->join && options->adopt)
    return pb_error_set(err, PB_REJECT, "--join and --adopt exclude each other");
  if (options->tries && !pb_text_parse_int(options->tries, 1, TRIES_MAX, &tries))
    return pb_error_set(err, PB_REJECT, "--tries: a number from 1 to %d", TRIES_MAX);
  *tries_out = (int)tries;
  return pb_address_parse(options->service, &service, &has_port, err);
}

int
command_share(const struct options *options)
{
  struct share share = {.options = options};
  pb_error_t   err   = {0};
  bool         ok;

  if (!check_options(options, &share.tries, &err))
  {
    command_fail(&err);
    return EXIT_USAGE;
  }
  ok = run_share(&share, &err);
  if (!ok)
    command_fail(&err);
  ok = ok && !share.refused_count;
  clear_share(&share);
  return ok ? EXIT_DONE : EXIT_PROBLEM;
}
