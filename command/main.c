// main - printbridge: the administrator's command.  One table of commands makes the dispatch and
// the help.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"
#include "base/text.h"
#include "command.h"

#include <locale.h>
#include <signal.h>
#include <string.h>

#define OPTIONS_SHARE                                                                              \
  (OPTION_SERVICE | OPTION_FINGERPRINT | OPTION_CA_FILE | OPTION_REQUESTER | OPTION_TRIES |        \
   OPTION_ALL | OPTION_JOIN | OPTION_ADOPT | OPTION_QR | OPTION_NO_QR | OPTION_STATE |             \
   OPTION_RUNTIME | OPTION_CUPS)
#define OPTIONS_LOGIN                                                                              \
  (OPTION_SYSTEM | OPTION_FINGERPRINT | OPTION_CA_FILE | OPTION_TRIES | OPTION_QR | OPTION_NO_QR)
#define OPTIONS_UNSHARE (OPTION_SERVICE | OPTION_FORCE | OPTION_STATE | OPTION_RUNTIME)

static const struct command
{
  const char *name;
  const char *arguments;
  const char *help;
  unsigned    options;
  int         min_names, max_names;
  int (*run)(const struct options *options);
} commands[] = {
  // clang-format off
  {"share",   "QUEUE... | --all --service URL", "share local queues with a cloud print service",  OPTIONS_SHARE,   0, 10000, command_share},
  {"unshare", "QUEUE...",                       "take queues back from the service",              OPTIONS_UNSHARE, 1, 10000, command_unshare},
  {"status",  "",                               "services, tunnels and queues; what is wrong",    OPTION_JSON | OPTION_STATE | OPTION_RUNTIME, 0, 0, command_status},
  {"jobs",    "[QUEUE]",                        "each job, with its hops and times",              OPTION_JSON | OPTION_STATE | OPTION_RUNTIME, 0, 1, command_jobs},
  {"release", "QUEUE JOB",                      "print a held job again; or let one go by its PIN", OPTION_PIN | OPTION_RUNTIME,  2, 2, command_release},
  {"export",  "FILE",                           "this print server as a file, for other hardware", OPTION_PASSPHRASE | OPTION_CONFIG | OPTION_STATE | OPTION_RUNTIME, 1, 1, command_export},
  {"import",  "FILE",                           "become the print server of that file",           OPTION_PASSPHRASE | OPTION_FORCE | OPTION_STATE | OPTION_RUNTIME | OPTION_CUPS, 1, 1, command_import},
  {"renew",   "",                               "new keys and certificates at the services, now", OPTION_STATE | OPTION_RUNTIME, 0, 0, command_renew},
  {"login",   "[URL]",                          "sign in to a service, to print to its printers", OPTIONS_LOGIN,   0, 1, command_login},
  {"logout",  "[URL]",                          "forget the sign-in, here and at the service",    OPTION_SYSTEM,   0, 1, command_logout},
  {"doctor",  "",                               "check the installation and say what to do",      OPTION_STATE | OPTION_RUNTIME | OPTION_CUPS, 0, 0, command_doctor},
  // clang-format on
};

#define COMMANDS_COUNT (sizeof(commands) / sizeof(commands[0]))

static void
print_help(FILE *out)
{
  fprintf(out, "printbridge " PB_VERSION " - join the print queues of this machine with a cloud "
               "print service\n\n");
  for (size_t i = 0; i < COMMANDS_COUNT; i++)
    fprintf(out, "  printbridge %-8s %-31s %s\n", commands[i].name, commands[i].arguments,
            commands[i].help);
  fprintf(out, "  printbridge %-8s %-31s %s\n", "help", "[COMMAND]",
          "this, or a command's options");
  fprintf(out, "\nExit codes: 0 done, or all is well; 1 it failed, or something is wrong; 2 the "
               "command line is wrong;\n3 the connector (printbridged) does not run (status, "
               "jobs, release).\n");
}

static void
print_command_help(FILE *out, const struct command *command)
{
  fprintf(out, "printbridge %s %s\n%s\n\n", command->name, command->arguments, command->help);
  options_print_help(out, command->options);
}

static const struct command *
find_command(const char *name)
{
  for (size_t i = 0; i < COMMANDS_COUNT; i++)
  {
    if (!strcmp(name, commands[i].name))
      return &commands[i];
  }
  return NULL;
}

int
command_fail(const pb_error_t *err)
{
  char shown[2 * PB_ERROR_MESSAGE_SIZE];

  fflush(stdout);
  pb_text_escape(shown, sizeof(shown), err->message, strlen(err->message));
  fprintf(stderr, "printbridge: %s\n", shown);
  return EXIT_PROBLEM;
}

static int
fail_usage(const char *command, const pb_error_t *err)
{
  command_fail(err);
  fprintf(stderr, "Try: printbridge help %s\n", command);
  return EXIT_USAGE;
}

static int
run_command(const struct command *command, int argc, char **argv)
{
  struct options options;
  pb_error_t     err      = {0};
  bool           has_help = false;

  if (!options_parse(&options, command->options, argc, argv, &has_help, &err))
    return fail_usage(command->name, &err);
  if (has_help)
  {
    print_command_help(stdout, command);
    return EXIT_DONE;
  }
  if (options.names_count < command->min_names || options.names_count > command->max_names)
  {
    pb_error_set(&err, PB_REJECT, "%s: %s", command->name,
                 options.names_count ? "too many arguments" : "something is missing");
    return fail_usage(command->name, &err);
  }
  return command->run(&options);
}

static int
run_help(int argc, char **argv)
{
  const struct command *command = argc > 1 ? find_command(argv[1]) : NULL;

  if (command)
    print_command_help(stdout, command);
  else
    print_help(stdout);
  return EXIT_DONE;
}

// Warnings of the libraries, such as a registration left out.
static void
log_to_stderr(enum pb_log_level level, const char *line, void *user)
{
  (void)level;
  (void)user;
  fprintf(stderr, "printbridge: %s\n", line);
}

int
main(int argc, char **argv)
{
  const char           *name = argc > 1 ? argv[1] : "help";
  const struct command *command;

  setlocale(LC_CTYPE, "");
  signal(SIGPIPE, SIG_IGN);
  setvbuf(stdout, NULL, _IOLBF, 0);  // whoever reads a pipe sees the code at once
  pb_log_set_level(PB_LOG_WARN);
  pb_log_set_sink(log_to_stderr, /*user*/ NULL);
  if (!strcmp(name, "help") || !strcmp(name, "--help") || !strcmp(name, "-h"))
    return run_help(argc - 1, argv + 1);
  if (!strcmp(name, "version") || !strcmp(name, "--version"))
  {
    puts("printbridge " PB_VERSION);
    return EXIT_DONE;
  }
  command = find_command(name);
  if (!command)
  {
    pb_error_t err = {0};
    pb_error_set(&err, PB_REJECT, "unknown command %s", name);
    return fail_usage("", &err);
  }
  return run_command(command, argc - 1, argv + 1);
}
