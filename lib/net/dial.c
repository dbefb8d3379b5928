// dial - the connector's end of the PTTH tunnel: a thread that keeps it up, and says when it
// cannot. All time is monotonic: a clock that jumps changes nothing, and after a suspend the first
// ping tells.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "net/dial.h"

#include "base/clock.h"
#include "base/text.h"
#include "net/dial-state.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define RETRY_MIN_MS 200
#define RETRY_BASE_MS 1000  // the first retry comes within a second: a blip heals at once
#define RETRY_CAP_MS 60000
#define STEADY_MS 60000        // up for so long: the next failure begins with a short wait again
#define SELDOM_MS (3 * 60000)  // between tries when refused or denied, and up to as much again

void
pb_dial_set_state(pb_dial_t *dial, enum pb_dial_state state, const char *why)
{
  if (dial->state == state && pb_text_is_equal(dial->why, why))
    return;
  dial->state = state;
  pb_text_copy(dial->why, sizeof(dial->why), why);
  dial->ops.on_state(dial->user, state, dial->why);
}

void
pb_dial_wait(pb_dial_t *dial, int fd, bool wants_write, int64_t until_ms)
{
  struct pollfd fds[2] = {
    {.fd = dial->stop_fd, .events = POLLIN                                          },
    {.fd = fd,            .events = (short)(wants_write ? POLLIN | POLLOUT : POLLIN)}
  };
  int64_t wait_ms = until_ms - pb_clock_mono_ms();

  // Once stopped, its eventfd stays readable.
  if (atomic_load(&dial->is_stopped))
    fds[0].fd = -1;
  if (wait_ms < 0)
    wait_ms = 0;
  if (wait_ms > 60000)
    wait_ms = 60000;
  (void)poll(fds, fd >= 0 ? 2 : 1, (int)wait_ms);
}

static void
rest(pb_dial_t *dial, int64_t wait_ms)
{
  int64_t until_ms = pb_clock_mono_ms() + wait_ms;

  while (!atomic_load(&dial->is_stopped) && pb_clock_mono_ms() < until_ms)
    pb_dial_wait(dial, /*fd*/ -1, /*wants_write*/ false, until_ms);
}

// What an answer other than 101 means.
static enum pb_dial_state
judge(int status)
{
  if (status == 401 || status == 403)
    return PB_DIAL_DENIED;
  if (status == 408 || status == 429 || (status >= 500 && status != 501))
    return PB_DIAL_DOWN;
  return PB_DIAL_REFUSED;
}

static void
set_failed(pb_dial_t *dial, enum pb_dial_state state, const pb_error_t *err)
{
  dial->attempt++;
  if (!atomic_load(&dial->is_stopped))
    pb_dial_set_state(dial, state, err->message);
}

static void
use_tunnel(pb_dial_t *dial, struct pb_dial_line *line)
{
  int64_t    since_ms = pb_clock_mono_ms();
  pb_error_t err      = {0};

  pb_dial_set_state(dial, PB_DIAL_UP, "");
  pb_dial_run(dial, line, &err);
  if (pb_clock_mono_ms() - since_ms >= STEADY_MS)
    dial->attempt = -1;
  dial->attempt++;
  pb_dial_set_state(dial, PB_DIAL_DOWN, err.message);
}

// One try with one token.  True: try again at once with a fresh one.
static bool
try_once(pb_dial_t *dial, bool is_fresh)
{
  pb_secret_t         token  = {0};
  pb_error_t          err    = {0};
  struct pb_dial_line line   = {.fd = -1};
  int                 status = 0;
  bool                again  = false;

  if (!dial->ops.get_token(dial->user, is_fresh, &token, &err))
  {
    set_failed(dial, err.kind == PB_AUTH ? PB_DIAL_DENIED : PB_DIAL_DOWN, &err);
    goto done;
  }
  if (!pb_dial_open(dial, &token, &line, &status, &err))
  {
    set_failed(dial, PB_DIAL_DOWN, &err);
    goto done;
  }
  pb_secret_clear(&token);
  if (status == 101)
    use_tunnel(dial, &line);
  else if (status == 401 && !is_fresh)
    again = true;
  else
  {
    (void)pb_error_set(&err, PB_RETRY, "%s answers %d to the tunnel", dial->url, status);
    set_failed(dial, judge(status), &err);
  }

done:
  pb_dial_line_close(&line);
  pb_secret_clear(&token);
  return again;
}

static int64_t
pick_wait_ms(const pb_dial_t *dial)
{
  if (dial->state == PB_DIAL_REFUSED || dial->state == PB_DIAL_DENIED)
    return SELDOM_MS + pb_random_below(SELDOM_MS);
  return pb_clock_backoff_ms(dial->attempt > 0 ? dial->attempt - 1 : 0, RETRY_MIN_MS, RETRY_BASE_MS,
                             RETRY_CAP_MS);
}

static void *
run_thread(void *arg)
{
  pb_dial_t *dial = arg;

  while (!atomic_load(&dial->is_stopped))
  {
    if (try_once(dial, /*is_fresh*/ false))
      (void)try_once(dial, /*is_fresh*/ true);
    rest(dial, pick_wait_ms(dial));
  }
  return NULL;
}

static void
free_dial(pb_dial_t *dial)
{
  if (dial == NULL)
    return;
  if (dial->stop_fd >= 0)
    close(dial->stop_fd);
  free((char *)dial->trust.ca_file);
  free((char *)dial->trust.ca_fingerprint);
  free((char *)dial->trust.proxy);
  free(dial->url);
  free(dial);
}

static bool
copy_texts(pb_dial_t *dial, const char *url, const struct pb_http_trust *trust)
{
  dial->url = pb_text_dup(url);
  if (trust != NULL)
  {
    dial->trust.ca_file        = pb_text_dup(trust->ca_file);
    dial->trust.ca_fingerprint = pb_text_dup(trust->ca_fingerprint);
    dial->trust.proxy          = pb_text_dup(trust->proxy);
  }
  return dial->url != NULL &&
         (trust == NULL || ((trust->ca_file == NULL || dial->trust.ca_file != NULL) &&
                            (trust->ca_fingerprint == NULL || dial->trust.ca_fingerprint != NULL) &&
                            (trust->proxy == NULL || dial->trust.proxy != NULL)));
}

// Signals are the main thread's.
static bool
start_thread(pb_dial_t *dial, pb_error_t *err)
{
  sigset_t all, before;
  int      failed = 0;

  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  failed = pthread_create(&dial->thread, NULL, run_thread, dial);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  errno = failed;
  return failed == 0 || pb_error_set_errno(err, PB_RETRY, "tunnel: thread");
}

bool
pb_dial_start(const char *url, const struct pb_http_trust *trust, const struct pb_dial_ops *ops,
              void *user, pb_dial_t **dial_out, pb_error_t *err)
{
  pb_dial_t *dial = NULL;
  char       host[300];
  bool       ok = false;

  if (!pb_dial_parse_host(url, host, sizeof(host), err))
    return false;
  dial = calloc(1, sizeof(*dial));
  if (dial == NULL)
    return pb_error_set(err, PB_RETRY, "out of memory for the tunnel");
  dial->ops     = *ops;
  dial->user    = user;
  dial->stop_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (dial->stop_fd < 0)
  {
    pb_error_set_errno(err, PB_RETRY, "tunnel: eventfd");
    goto done;
  }
  if (!copy_texts(dial, url, trust))
  {
    pb_error_set(err, PB_RETRY, "out of memory for the tunnel");
    goto done;
  }
  if (!start_thread(dial, err))
    goto done;
  *dial_out = dial;
  dial      = NULL;  // the caller's, and the thread's
  ok        = true;

done:
  free_dial(dial);
  return ok;
}

void
pb_dial_stop(pb_dial_t *dial)
{
  const uint64_t one = 1;

  if (dial == NULL)
    return;
  atomic_store(&dial->is_stopped, true);
  if (write(dial->stop_fd, &one, sizeof(one)) < 0)
    abort();  // an eventfd counts to 2^64
  pthread_join(dial->thread, NULL);
  free_dial(dial);
}
