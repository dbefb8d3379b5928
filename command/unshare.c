// unshare - printbridge unshare: the service forgets the queue, then this machine does.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "ask.h"
#include "base/text.h"
#include "command.h"
#include "register.h"
#include "service-url.h"
#include "state.h"

#include <stdlib.h>
#include <string.h>

// The one registration that has the queue; with url only the one of that service.
static pb_registration_t *
find_registration(pb_registration_t **list, size_t count, const char *url, const char *queue,
                  pb_error_t *err)
{
  pb_registration_t *found = NULL;

  for (size_t i = 0; i < count; i++)
  {
    if (url && !pb_text_is_equal_nocase(list[i]->url, url))
      continue;
    if (!pb_registration_find_queue(list[i], queue))
      continue;
    if (found)
    {
      pb_error_set(err, PB_REJECT, "%s is shared with %s and %s: say which by --service", queue,
                   found->url, list[i]->url);
      return NULL;
    }
    found = list[i];
  }
  if (!found)
    pb_error_set(err, PB_GONE, "%s is not shared%s%s", queue, url ? " with " : "", url ? url : "");
  return found;
}

static bool
tell_service(const pb_registration_t *registration, const pb_registered_queue_t *queue,
             pb_error_t *err)
{
  pb_cloud_account_t *account = NULL;
  pb_cloud_t         *cloud   = NULL;
  pb_error_t          why     = {0};
  bool                ok      = pb_cloud_account_new(registration, &account, &why) &&
            pb_cloud_open(account, &cloud, &why) && deregister_queue(cloud, queue, &why);

  pb_cloud_close(cloud);
  pb_cloud_account_free(account);
  if (ok)
    return true;
  // That it is gone there already is as good.
  if (why.kind == PB_GONE || register_is_forgotten(&why))
  {
    printf("%s: the service does not have it any more: an administrator has removed it there.\n",
           queue->queue);
    return true;
  }
  if (err)
    *err = why;
  return false;
}

static bool
unshare_queue(pb_registration_t *registration, const char *name, bool is_forced, pb_error_t *err)
{
  const pb_registered_queue_t *queue = pb_registration_find_queue(registration, name);
  char                         uuid[PB_UUID_SIZE];
  pb_error_t                   why = {0};

  if (!tell_service(registration, queue, &why))
  {
    if (!is_forced)
      return pb_error_set(err, why.kind,
                          "%s stays shared, the service could not be told: %s "
                          "(--force removes it here all the same)",
                          name, why.message);
    printf("%s: the service could not be told (%s): remove the printer there too.\n", name,
           why.message);
  }
  pb_text_copy(uuid, sizeof(uuid), queue->uuid);
  if (!pb_registration_remove_queue(registration, uuid, err))
    return false;
  printf("%s is no longer shared with %s.\n", name, registration->url);
  return true;
}

// The queues that could be taken back are, also when others could not.
static int
unshare_all(const struct options *options, pb_registration_t **list, size_t count, const char *url)
{
  int    exit_code = EXIT_DONE;
  size_t done      = 0;

  for (int i = 0; i < options->names_count; i++)
  {
    const char        *name         = options->names[i];
    pb_error_t         err          = {0};
    pb_registration_t *registration = find_registration(list, count, url, name, &err);

    if (registration && unshare_queue(registration, name, options->force, &err))
      done++;
    else
      exit_code = command_fail(&err);
  }
  if (done)
    ask_reload(options->runtime);
  return exit_code;
}

int
command_unshare(const struct options *options)
{
  pb_registration_t **list  = NULL;
  size_t              count = 0;
  pb_error_t          err   = {0};
  int                 lock  = -1;
  int                 exit_code;
  char                url[512] = "";

  if (!state_enter(options->state, &err))
    return command_fail(&err);
  if (options->service &&
      !service_url_find(options, options->service, /*may_ask*/ false, url, sizeof(url), &err))
  {
    command_fail(&err);
    return EXIT_USAGE;
  }
  if (!state_lock(options->state, &lock, &err) ||
      !pb_registrations_load(options->state, &list, &count, &err))
    return command_fail(&err);
  exit_code = unshare_all(options, list, count, url[0] ? url : NULL);
  pb_registrations_free(list, count);
  state_unlock(&lock);
  return exit_code;
}
