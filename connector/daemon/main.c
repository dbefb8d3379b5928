// main - printbridged: the connector as a program.
// The main thread waits for signals; everything else has threads of its own.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "settings.h"

#include "base/file.h"
#include "base/heap.h"
#include "base/log.h"
#include "base/text.h"
#include "connector/connector.h"
#include "connector/control.h"
#include <errno.h>
#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct arguments
{
  const char *state, *runtime, *cups, *config;
  bool        is_check;
};

static const char usage[] =
  "Usage: printbridged [--state DIR] [--runtime DIR] [--cups SERVER] [--config FILE] [--check]\n"
  "Joins the CUPS queues that `printbridge share` has registered with their cloud print services.\n"
  "  --state DIR     registrations and job journal (/var/lib/printbridge)\n"
  "  --runtime DIR   sockets (/run/printbridge)\n"
  "  --cups SERVER   the local CUPS: a socket path or HOST:PORT (CUPS's own default)\n"
  "  --config FILE   settings; --help-settings shows all of them\n"
  "  --check         read the settings and leave\n"
  "  --foreground    stay in the foreground (it always does)\n";

// --- what is around the connector

// sd_notify(3) without the library: one datagram, where systemd asked for it.
static void
notify(const char *text)
{
  const char        *path    = getenv("NOTIFY_SOCKET");
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  socklen_t          size;
  int                fd;

  if (path == NULL || (path[0] != '/' && path[0] != '@') ||
      strlen(path) >= sizeof(address.sun_path))
    return;
  memcpy(address.sun_path, path, strlen(path));
  size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
  if (path[0] == '@')
    address.sun_path[0] = '\0';
  fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0)
    return;
  if (sendto(fd, text, strlen(text), MSG_NOSIGNAL, (struct sockaddr *)&address, size) < 0)
    pb_log(NULL, PB_LOG_WARN, "systemd is not told: %s", strerror(errno));
  close(fd);
}

static bool
make_folders(const struct arguments *arguments, pb_error_t *err)
{
  return pb_file_make_folder(arguments->state, 0700, err) &&
         pb_file_make_folder(arguments->runtime, 0755, err);
}

static bool
lock_state(const char *state, int *fd_out, pb_error_t *err)
{
  char *path = pb_file_join(state, "lock");
  bool  ok =
    path != NULL ? pb_file_lock(path, fd_out, err) : pb_error_set(err, PB_RETRY, "out of memory");

  free(path);
  return ok;
}

// --- the connector and its control socket

struct daemon
{
  pb_connector_t *connector;
  pb_control_t   *control;
  char           *document_socket;
  char           *control_socket;
  atomic_bool     is_damaged;  // the journal
};

static json_object *
on_status(void *user)
{
  return pb_connector_status(user);
}

static json_object *
on_jobs(void *user)
{
  return pb_connector_jobs(user);
}

static bool
on_reload(void *user, pb_error_t *err)
{
  return pb_connector_reload(user, err);
}

static bool
on_release(void *user, const char *queue, int cloud_job, pb_error_t *err)
{
  return pb_connector_release(user, queue, cloud_job, err);
}

static void
on_renew(void *user)
{
  pb_connector_renew(user);
}

static bool
on_release_pin(void *user, const char *queue, int cloud_job, const char *pin, pb_error_t *err)
{
  return pb_connector_release_pin(user, queue, cloud_job, pin, err);
}

// The main thread waits for signals, so one wakes it.
static void
on_damaged(void *user)
{
  atomic_store((atomic_bool *)user, true);
  kill(getpid(), SIGHUP);
}

static bool
start(struct daemon *daemon, const struct arguments *arguments, const struct settings *settings,
      pb_error_t *err)
{
  struct pb_connector_options options = {.state_folder          = arguments->state,
                                         .temp_folder           = arguments->state,
                                         .cups_server           = arguments->cups,
                                         .filter_user           = settings->filter_user,
                                         .read_ahead_bytes      = settings->read_ahead,
                                         .read_ahead_file_bytes = settings->read_ahead_file,
                                         .workers               = (int)settings->workers,
                                         .jobs_per_queue        = (int)settings->jobs_per_queue,
                                         .jobs_in_cups          = (int)settings->jobs_in_cups,
                                         .safety_poll_ms        = settings->safety_poll,
                                         .poll_ms               = settings->poll,
                                         .report_ms             = settings->report,
                                         .history_ms            = settings->history,
                                         .history_jobs          = (int)settings->history_jobs,
                                         .is_journal_damaged    = atomic_load(&daemon->is_damaged),
                                         .on_damaged            = on_damaged,
                                         .user                  = &daemon->is_damaged};
  struct pb_control_ops       ops     = {.status      = on_status,
                                         .jobs        = on_jobs,
                                         .reload      = on_reload,
                                         .release     = on_release,
                                         .release_pin = on_release_pin,
                                         .renew       = on_renew};

  daemon->document_socket = pb_file_join(arguments->runtime, "connector.sock");
  daemon->control_socket  = pb_file_join(arguments->runtime, "control.sock");
  if (daemon->document_socket == NULL || daemon->control_socket == NULL)
    return pb_error_set(err, PB_RETRY, "out of memory");
  options.socket_path = daemon->document_socket;
  atomic_store(&daemon->is_damaged, false);
  if (!pb_connector_start(&options, &daemon->connector, err))
    return false;
  ops.user = daemon->connector;
  return pb_control_start(daemon->control_socket, &ops, &daemon->control, err);
}

static void
stop(struct daemon *daemon)
{
  pb_control_stop(daemon->control);
  pb_connector_stop(daemon->connector);
  free(daemon->document_socket);
  free(daemon->control_socket);
  daemon->control         = NULL;
  daemon->connector       = NULL;
  daemon->document_socket = daemon->control_socket = NULL;
}

// Until SIGTERM or SIGINT, or the journal turns out to be damaged.
static void
serve(struct daemon *daemon, const sigset_t *signals)
{
  for (;;)
  {
    pb_error_t err    = {0};
    int        number = 0;

    if (sigwait(signals, &number) != 0 || number != SIGHUP || atomic_load(&daemon->is_damaged))
      return;
    pb_connector_check(daemon->connector);
    if (!pb_connector_reload(daemon->connector, &err))
      pb_log(NULL, PB_LOG_ERROR, "reload: %s", err.message);
  }
}

static bool
run(const struct arguments *arguments, const struct settings *settings, const sigset_t *signals,
    pb_error_t *err)
{
  struct daemon daemon  = {0};
  int           lock_fd = -1;
  bool          ok      = false;

  if (!make_folders(arguments, err) || !lock_state(arguments->state, &lock_fd, err))
    goto done;
  do
  {
    stop(&daemon);
    ok = start(&daemon, arguments, settings, err);
    if (!ok)
      goto done;
    pb_log(NULL, PB_LOG_INFO, "ready");
    notify("READY=1");
    serve(&daemon, signals);
  } while (atomic_load(&daemon.is_damaged));
  notify("STOPPING=1");
  pb_log(NULL, PB_LOG_INFO, "stopping");

done:
  stop(&daemon);
  if (lock_fd >= 0)
    close(lock_fd);
  return ok;
}

// --- the command line

static int
show_settings(void)
{
  char *text = pb_config_format_help(settings_table, settings_count);

  if (text == NULL)
    return 1;
  fputs(text, stdout);
  free(text);
  return 0;
}

// -1: go on; else the exit status.
static int
parse(int argc, char **argv, struct arguments *arguments)
{
  static const struct option options[] = {
    {"state",         required_argument, NULL, 's'},
    {"runtime",       required_argument, NULL, 'r'},
    {"cups",          required_argument, NULL, 'c'},
    {"config",        required_argument, NULL, 'f'},
    {"foreground",    no_argument,       NULL, 'F'},
    {"check",         no_argument,       NULL, 'k'},
    {"help-settings", no_argument,       NULL, 'S'},
    {"help",          no_argument,       NULL, 'h'},
    {"version",       no_argument,       NULL, 'v'},
    {NULL,            0,                 NULL, 0  }
  };

  for (int option = getopt_long(argc, argv, "", options, NULL); option != -1;
       option     = getopt_long(argc, argv, "", options, NULL))
  {
    switch (option)
    {
      case 's':
        arguments->state = optarg;
        break;
      case 'r':
        arguments->runtime = optarg;
        break;
      case 'c':
        arguments->cups = optarg;
        break;
      case 'f':
        arguments->config = optarg;
        break;
      case 'F':
        break;
      case 'k':
        arguments->is_check = true;
        break;
      case 'S':
        return show_settings();
      case 'h':
        fputs(usage, stdout);
        return 0;
      case 'v':
        puts("printbridged " PB_VERSION);
        return 0;
      default:
        fputs(usage, stderr);
        return 2;
    }
  }
  if (optind == argc)
    return -1;
  fprintf(stderr, "printbridged: what is %s?\n%s", argv[optind], usage);
  return 2;
}

// Before any thread is made, so that all of them leave these signals to the main thread.
static void
block_signals(sigset_t *signals)
{
  signal(SIGPIPE, SIG_IGN);
  sigemptyset(signals);
  sigaddset(signals, SIGTERM);
  sigaddset(signals, SIGINT);
  sigaddset(signals, SIGHUP);
  pthread_sigmask(SIG_BLOCK, signals, NULL);
}

int
main(int argc, char **argv)
{
  struct arguments arguments = {.state = "/var/lib/printbridge", .runtime = "/run/printbridge"};
  struct settings  settings  = {0};
  pb_error_t       err       = {0};
  sigset_t         signals;
  int              status = parse(argc, argv, &arguments);

  pb_heap_keep();
  if (status >= 0)
    return status;
  pb_log_set_sink(pb_log_sink_stderr, NULL);
  block_signals(&signals);
  if (!pb_config_load(settings_table, settings_count, &settings, arguments.config, &err))
    goto failed;
  pb_log_set_level((enum pb_log_level)settings.log_level);
  if (!arguments.is_check && !run(&arguments, &settings, &signals, &err))
    goto failed;
  pb_config_clear(settings_table, settings_count, &settings);
  return 0;

failed:
  pb_log(NULL, PB_LOG_ERROR, "%s", err.message);
  pb_config_clear(settings_table, settings_count, &settings);
  return 1;
}
