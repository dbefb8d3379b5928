// main - printbridge-service: the command line, signals, and the table that turns errors into exit
// statuses.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"
#include "base/heap.h"
#include "base/log.h"
#include "base/text.h"
#include "server.h"
#include "setup.h"
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

#define TICK_SECONDS 10

// What was said on the command line.
struct options
{
  const char   *config_file;
  const char   *email;
  const char   *role;
  const char   *name;
  bool          has_password_stdin;
  int           words_count;
  char        **words;  // after the command
  pb_settings_t settings;
};

static int run_help(struct options *options, pb_error_t *err);
static int run_version(struct options *options, pb_error_t *err);
static int run_init(struct options *options, pb_error_t *err);
static int run_run(struct options *options, pb_error_t *err);
static int run_settings(struct options *options, pb_error_t *err);
static int run_user(struct options *options, pb_error_t *err);

static const struct command
{
  const char *name;
  const char *arguments;
  const char *help;
  int (*run)(struct options *options, pb_error_t *err);  // exit status; -1: *err says why
} commands[] = {
  {"init",     "--admin EMAIL [--password-stdin]",
   "make database, keys, certificate and the first administrator",                                                       run_init    },
  {"run",      "",                                 "serve; SIGHUP: read certificate and settings again; SIGTERM: drain", run_run     },
  {"user",
   "add|remove|password|app-password EMAIL [--role user|operator|admin] [--name TEXT] "
   "[--password-stdin]",                           "manage who may sign in and print",                                   run_user    },
  {"settings", "",                                 "print a configuration file with every setting explained",            run_settings},
  {"help",     "",                                 "print this",                                                         run_help    },
  {"version",  "",                                 "print the version",                                                  run_version },
};
#define COMMANDS_COUNT (sizeof(commands) / sizeof(commands[0]))

static const struct
{
  enum pb_error_kind kind;
  int                status;
} exits[] = {
  {PB_CONFIG, 2 },
  {PB_REJECT, 2 },
  {PB_GONE,   3 },
  {PB_AUTH,   4 },
  {PB_RETRY,  5 },
  {PB_BUG,    70},
};

static int
exit_status(enum pb_error_kind kind)
{
  for (size_t i = 0; i < sizeof(exits) / sizeof(exits[0]); i++)
    if (exits[i].kind == kind)
      return exits[i].status;
  return 1;
}

static int
run_help(struct options *options, pb_error_t *err)
{
  (void)options;
  (void)err;
  printf("printbridge-service %s: the Printbridge cloud print service\n\n", PB_VERSION);
  for (size_t i = 0; i < COMMANDS_COUNT; i++)
    printf("  printbridge-service %s %s\n      %s\n", commands[i].name, commands[i].arguments,
           commands[i].help);
  printf("\nAll take --config FILE (default: %s, if it is there).\n"
         "Exit status: 0 done, 2 configuration or arguments, 3 not found, 4 not allowed, 5 try "
         "again, 70 our mistake.\n",
         PB_SERVICE_CONFIG);
  return 0;
}

static int
run_version(struct options *options, pb_error_t *err)
{
  (void)options;
  (void)err;
  printf("printbridge-service %s\n", PB_VERSION);
  return 0;
}

static int
run_settings(struct options *options, pb_error_t *err)
{
  char *text = pb_settings_format_help();

  (void)options;
  if (text == NULL)
  {
    pb_error_set(err, PB_RETRY, "out of memory");
    return -1;
  }
  fputs(text, stdout);
  free(text);
  return 0;
}

// From standard input (one line), or a random one that is printed once.
static bool
get_password(const struct options *options, pb_secret_t *password, bool *is_ours, pb_error_t *err)
{
  char line[512];
  bool ok;

  *is_ours = !options->has_password_stdin;
  if (*is_ours)
    return pb_secret_make(password, /*random_bytes*/ 12, err);
  if (fgets(line, sizeof(line), stdin) == NULL)
    return pb_error_set(err, PB_CONFIG, "standard input: no password there");
  line[strcspn(line, "\r\n")] = '\0';
  ok                          = pb_secret_set(password, line, strlen(line), err);
  pb_wipe(line, sizeof(line));
  return ok;
}

static int
run_init(struct options *options, pb_error_t *err)
{
  int            status   = -1;
  pb_db_t       *db       = NULL;
  pb_identity_t *identity = NULL;
  pb_secret_t    password = {0};
  bool           is_ours;
  char           fingerprint[128];
  char          *authority = pb_settings_authority(&options->settings);

  if (options->email == NULL)
  {
    pb_error_set(err, PB_CONFIG, "init: --admin EMAIL is missing: who administers this service?");
    goto done;
  }
  if (!get_password(options, &password, &is_ours, err) || !pb_setup_make(&options->settings, err) ||
      !pb_server_open_identity(&options->settings, &db, &identity, err) ||
      !pb_identity_add_user(identity, options->email, PB_ROLE_ADMIN, password.text, err))
    goto done;
  printf("service:        https://%s/\n", authority);
  printf("administrator:  %s\n", options->email);
  if (is_ours)
    printf("password:       %s\n", password.text);
  if (pb_setup_get_fingerprint(&options->settings, fingerprint, sizeof(fingerprint), NULL))
    printf("CA fingerprint: %s\n", fingerprint);
  printf("start it with:  printbridge-service run%s%s\n",
         options->config_file != NULL ? " --config " : "",
         options->config_file != NULL ? options->config_file : "");
  status = 0;

done:
  free(authority);
  pb_secret_clear(&password);
  pb_identity_free(identity);
  pb_db_close(db);
  return status;
}

// --- user

static bool
parse_role(const char *name, enum pb_role *role_out)
{
  static const struct
  {
    const char  *name;
    enum pb_role role;
  } roles[] = {
    {"user",     PB_ROLE_USER    },
    {"operator", PB_ROLE_OPERATOR},
    {"admin",    PB_ROLE_ADMIN   }
  };

  for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++)
    if (strcmp(roles[i].name, name) == 0)
    {
      *role_out = roles[i].role;
      return true;
    }
  return false;
}

static bool
user_add(pb_identity_t *identity, const struct options *options, const char *email, pb_error_t *err)
{
  enum pb_role role     = PB_ROLE_USER;
  pb_secret_t  password = {0};
  bool         is_ours, ok;

  if (options->role != NULL && !parse_role(options->role, &role))
    return pb_error_set(err, PB_CONFIG, "--role: \"%s\" is none of user, operator, admin",
                        options->role);
  ok = get_password(options, &password, &is_ours, err) &&
       pb_identity_add_user(identity, email, role, password.text, err);
  if (ok && is_ours)
    printf("%s\n", password.text);
  pb_secret_clear(&password);
  return ok;
}

static bool
user_remove(pb_identity_t *identity, const struct options *options, const char *email,
            pb_error_t *err)
{
  (void)options;
  return pb_identity_remove_user(identity, email, err);
}

static bool
user_password(pb_identity_t *identity, const struct options *options, const char *email,
              pb_error_t *err)
{
  pb_secret_t password = {0};
  bool        is_ours;
  bool        ok = get_password(options, &password, &is_ours, err) &&
            pb_identity_set_password(identity, email, password.text, err);

  if (ok && is_ours)
    printf("%s\n", password.text);
  pb_secret_clear(&password);
  return ok;
}

static bool
user_app_password(pb_identity_t *identity, const struct options *options, const char *email,
                  pb_error_t *err)
{
  pb_secret_t password = {0};
  bool        ok       = pb_identity_add_app_password(
                 identity, email, options->name != NULL ? options->name : "command line", &password, err);

  if (ok)
    printf("%s\n", password.text);
  pb_secret_clear(&password);
  return ok;
}

static int
run_user(struct options *options, pb_error_t *err)
{
  static const struct
  {
    const char *name;
    bool (*run)(pb_identity_t *, const struct options *, const char *email, pb_error_t *);
  } actions[] = {
    {"add",          user_add         },
    {"remove",       user_remove      },
    {"password",     user_password    },
    {"app-password", user_app_password}
  };
  pb_db_t       *db       = NULL;
  pb_identity_t *identity = NULL;
  bool           ok       = false;

  if (options->words_count != 2)
  {
    pb_error_set(err, PB_CONFIG,
                 "user: add, remove, password or app-password, and an e-mail address are wanted");
    return -1;
  }
  for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
  {
    if (strcmp(actions[i].name, options->words[0]) != 0)
      continue;
    ok = pb_server_open_identity(&options->settings, &db, &identity, err) &&
         actions[i].run(identity, options, options->words[1], err);
    pb_identity_free(identity);
    pb_db_close(db);
    return ok ? 0 : -1;
  }
  pb_error_set(err, PB_CONFIG, "user: \"%s\" is none of add, remove, password, app-password",
               options->words[0]);
  return -1;
}

// --- run

// systemd's readiness protocol (sd_notify(3)): one datagram, nobody there is no error.
static void
notify_ready(void)
{
  const char        *path    = getenv("NOTIFY_SOCKET");
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  int                fd;

  if (path == NULL || strlen(path) >= sizeof(address.sun_path))
    return;
  fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0)
    return;
  memcpy(address.sun_path, path, strlen(path));
  if (path[0] == '@')
    address.sun_path[0] = '\0';
  socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
  if (sendto(fd, "READY=1", 7, MSG_NOSIGNAL, (struct sockaddr *)&address, size) < 0)
    pb_log(NULL, PB_LOG_DEBUG, "%s: nobody to tell that we are ready", path);
  close(fd);
}

// SIGHUP: the certificate and those settings that can change while running; what is wrong changes
// nothing.
static void
reload(pb_server_t *server, struct options *options)
{
  pb_error_t    err          = {0};
  pb_settings_t fresh        = {0};
  char          waiting[256] = "";

  if (!pb_settings_load(&fresh, options->config_file, &err))
  {
    pb_log(NULL, PB_LOG_ERROR, "not reloaded: %s", err.message);
    return;
  }
  pb_settings_keep_started(&fresh, &options->settings, waiting, sizeof(waiting));
  if (!pb_server_reload(server, &fresh, &err))
  {
    pb_log(NULL, PB_LOG_ERROR, "not reloaded: %s", err.message);
    pb_settings_keep_started(&fresh, &options->settings, waiting, sizeof(waiting));
    pb_settings_clear(&fresh);
    return;
  }
  pb_settings_clear(&options->settings);
  options->settings = fresh;
  pb_log_set_level((enum pb_log_level)fresh.log_level);
  pb_log(NULL, PB_LOG_INFO, "reloaded: certificate and settings");
  if (waiting[0] != '\0')
    pb_log(NULL, PB_LOG_WARN, "changed, but read at the start only: %s", waiting);
}

// A lease is looked at a few times while it runs.
static time_t
get_tick_seconds(const pb_settings_t *settings)
{
  int64_t seconds = settings->lease_ms / 5000;

  return seconds < 1 ? 1 : seconds < TICK_SECONDS ? (time_t)seconds : TICK_SECONDS;
}

static void
serve(pb_server_t *server, struct options *options, const sigset_t *signals)
{
  while (true)
  {
    struct timespec wait   = {.tv_sec = get_tick_seconds(&options->settings)};
    int             number = sigtimedwait(signals, NULL, &wait);

    if (number == SIGHUP)
      reload(server, options);
    else if (number == SIGTERM || number == SIGINT)
      return;
    else if (number < 0)
      pb_server_tick(server, &options->settings);
  }
}

static int
run_run(struct options *options, pb_error_t *err)
{
  pb_server_t *server = NULL;
  sigset_t     signals;

  pb_log_set_level((enum pb_log_level)options->settings.log_level);
  signal(SIGPIPE, SIG_IGN);
  sigemptyset(&signals);
  sigaddset(&signals, SIGHUP);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  // Blocked before any thread starts, so that only serve() sees them.
  pthread_sigmask(SIG_BLOCK, &signals, NULL);

  if (!pb_server_start(&options->settings, &server, err))
    return -1;
  pb_log(NULL, PB_LOG_INFO, "ready: https://%s:%d/", options->settings.host,
         pb_server_port(server));
  notify_ready();
  serve(server, options, &signals);
  pb_log(NULL, PB_LOG_INFO, "stopping");
  pb_server_stop(server, options->settings.drain_ms);
  return 0;
}

// --- the command line

static bool
parse_options(int argc, char **argv, struct options *options)
{
  static const struct option longs[] = {
    {"config",         required_argument, NULL, 'c'},
    {"admin",          required_argument, NULL, 'a'},
    {"role",           required_argument, NULL, 'r'},
    {"name",           required_argument, NULL, 'n'},
    {"password-stdin", no_argument,       NULL, 'p'},
    {NULL,             0,                 NULL, 0  },
  };

  for (int c = getopt_long(argc, argv, "c:", longs, NULL); c != -1;
       c     = getopt_long(argc, argv, "c:", longs, NULL))
    switch (c)
    {
          case 'c':
        options->config_file = optarg;
        break;
          case 'a':
        options->email = optarg;
        break;
          case 'r':
        options->role = optarg;
        break;
          case 'n':
        options->name = optarg;
        break;
          case 'p':
        options->has_password_stdin = true;
        break;
          default:
        return false;
    }
  options->words       = argv + optind;
  options->words_count = argc - optind;
  return true;
}

// NULL: none.
static const struct command *
find_command(const char *name)
{
  // As of any program.
  if (strcmp(name, "--help") == 0 || strcmp(name, "--version") == 0)
    name += 2;
  for (size_t i = 0; i < COMMANDS_COUNT; i++)
    if (strcmp(name, commands[i].name) == 0)
      return &commands[i];
  return NULL;
}

int
main(int argc, char **argv)
{
  struct options        options = {0};
  pb_error_t            err     = {0};
  const struct command *command = NULL;
  int                   status  = -1;

  umask(077);
  pb_heap_keep();
  if (argc > 1)
    command = find_command(argv[1]);
  if (command == NULL)
  {
    run_help(&options, &err);
    return argc > 1 ? 2 : 0;
  }
  if (!parse_options(argc - 1, argv + 1, &options))
    return 2;
  if (pb_settings_load(&options.settings, options.config_file, &err))
  {
    status = command->run(&options, &err);
    pb_settings_clear(&options.settings);
  }
  if (status >= 0)
    return status;
  fprintf(stderr, "printbridge-service: %s\n", err.message);
  return exit_status(err.kind);
}
