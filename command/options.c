// options - the command line of `printbridge` (see options.h).
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "options.h"

#include "base/text.h"

#include <string.h>

#define STATE_DEFAULT "/var/lib/printbridge"
#define RUNTIME_DEFAULT "/run/printbridge"

static const struct option_row
{
  unsigned    bit;
  const char *name;
  const char *value;   // NULL: a flag
  size_t      offset;  // in struct options
  const char *help;
} rows[] = {
  // clang-format off
  {OPTION_SERVICE,     "service",        "URL",    offsetof(struct options, service),        "the cloud print service, https://HOST:8631"},
  {OPTION_FINGERPRINT, "ca-fingerprint", "SHA256", offsetof(struct options, ca_fingerprint), "trust only the CA with this fingerprint"},
  {OPTION_CA_FILE,     "ca-file",        "PEM",    offsetof(struct options, ca_file),        "trust the CAs in this file"},
  {OPTION_REQUESTER,   "requester",      "EMAIL",  offsetof(struct options, requester),      "for whom the administrator is asked"},
  {OPTION_SYSTEM,      "system",         NULL,     offsetof(struct options, system),         "for all users: this machine's own identity, approved by an administrator"},
  {OPTION_ALL,         "all",            NULL,     offsetof(struct options, all),            "all local queues"},
  {OPTION_JOIN,        "join",           "PRINTER", offsetof(struct options, join),          "the cloud printer, by its URI or number, that the queue is to serve beside others"},
  {OPTION_TRIES,       "tries",          "N",      offsetof(struct options, tries),          "how many codes to show before giving up (5)"},
  {OPTION_QR,          "qr",             NULL,     offsetof(struct options, qr),             "a QR code even where the output is no terminal"},
  {OPTION_NO_QR,       "no-qr",          NULL,     offsetof(struct options, no_qr),          "no QR code in the terminal"},
  {OPTION_FORCE,       "force",          NULL,     offsetof(struct options, force),          "go on in spite of it: without the service, or without queues"},
  {OPTION_PIN,         "pin",            NULL,     offsetof(struct options, pin),            "the job waits for its PIN, which is asked for (or read from the input)"},
  {OPTION_ADOPT,       "adopt",          NULL,     offsetof(struct options, adopt),          "take over former printers, which the administrator chooses"},
  {OPTION_PASSPHRASE,  "passphrase-file", "FILE",  offsetof(struct options, passphrase_file), "its first line is the passphrase"},
  {OPTION_CONFIG,      "config",         "FILE",   offsetof(struct options, config),         "the connector's settings, to go along"},
  {OPTION_JSON,        "json",           NULL,     offsetof(struct options, json),           "JSON instead of text"},
  {OPTION_CUPS,        "cups",           "SERVER", offsetof(struct options, cups),           "local scheduler: host:port or socket (the system's)"},
  {OPTION_STATE,       "state",          "DIR",    offsetof(struct options, state),          "registrations (" STATE_DEFAULT ")"},
  {OPTION_RUNTIME,     "runtime",        "DIR",    offsetof(struct options, runtime),        "sockets of the connector (" RUNTIME_DEFAULT ")"},
  // clang-format on
};

#define ROWS_COUNT (sizeof(rows) / sizeof(rows[0]))

// name has size bytes: up to its '=' or end.
static const struct option_row *
find_row(unsigned allowed, const char *name, size_t size)
{
  for (size_t i = 0; i < ROWS_COUNT; i++)
  {
    if ((rows[i].bit & allowed) && strlen(rows[i].name) == size &&
        !strncmp(rows[i].name, name, size))
      return &rows[i];
  }
  return NULL;
}

// argv[*at] is "--name", "--name=value" or "--name" with the value behind it.
static bool
parse_option(struct options *options, unsigned allowed, int argc, char **argv, int *at,
             pb_error_t *err)
{
  const char              *name  = argv[*at] + 2;
  size_t                   size  = strcspn(name, "=");
  const char              *value = name[size] ? name + size + 1 : NULL;
  const struct option_row *row   = find_row(allowed, name, size);

  if (!row)
    return pb_error_set(err, PB_REJECT, "unknown option %s", argv[*at]);

  void *field = (char *)options + row->offset;
  if (!row->value)
  {
    *(bool *)field = true;
    return !value || pb_error_set(err, PB_REJECT, "--%s takes no value", row->name);
  }
  if (!value && *at + 1 < argc)
    value = argv[++*at];
  if (!value || !*value || !pb_text_is_printable(value))
    return pb_error_set(err, PB_REJECT, "--%s needs a value: %s", row->name, row->value);
  *(const char **)field = value;
  return true;
}

bool
options_parse(struct options *options, unsigned allowed, int argc, char **argv, bool *has_help_out,
              pb_error_t *err)
{
  bool is_names_only = false;

  *has_help_out = false;
  *options =
    (struct options){.state = STATE_DEFAULT, .runtime = RUNTIME_DEFAULT, .names = argv + 1};
  for (int i = 1; i < argc; i++)
  {
    if (!is_names_only && (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h")))
      *has_help_out = true;
    else if (!is_names_only && !strcmp(argv[i], "--"))
      is_names_only = true;
    else if (!is_names_only && argv[i][0] == '-' && argv[i][1])
    {
      if (argv[i][1] != '-')
        return pb_error_set(err, PB_REJECT, "unknown option %s", argv[i]);
      if (!parse_option(options, allowed, argc, argv, &i, err))
        return false;
    }
    else
      // Names are gathered at the front of argv; what they overwrite has been read.
      options->names[options->names_count++] = argv[i];
  }
  return true;
}

void
options_print_help(FILE *out, unsigned allowed)
{
  for (size_t i = 0; i < ROWS_COUNT; i++)
  {
    char name[40];

    if (!(rows[i].bit & allowed))
      continue;
    pb_text_format(name, sizeof(name), "--%s %s", rows[i].name, rows[i].value ? rows[i].value : "");
    fprintf(out, "  %-24s %s\n", name, rows[i].help);
  }
}
