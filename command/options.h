// options - the command line of `printbridge`, from one table that also makes the help.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_COMMAND_OPTIONS_H
#define PB_COMMAND_OPTIONS_H

#include "base/error.h"

#include <stdint.h>
#include <stdio.h>

// What a command takes, as bits.
enum option_bit
{
  OPTION_STATE       = 1 << 0,
  OPTION_RUNTIME     = 1 << 1,
  OPTION_CUPS        = 1 << 2,
  OPTION_SERVICE     = 1 << 3,
  OPTION_FINGERPRINT = 1 << 4,
  OPTION_CA_FILE     = 1 << 5,
  OPTION_REQUESTER   = 1 << 6,
  OPTION_TRIES       = 1 << 7,
  OPTION_ALL         = 1 << 8,
  OPTION_NO_QR       = 1 << 9,
  OPTION_FORCE       = 1 << 10,
  OPTION_JSON        = 1 << 11,
  OPTION_QR          = 1 << 12,
  OPTION_SYSTEM      = 1 << 13,
  OPTION_PIN         = 1 << 14,
  OPTION_PASSPHRASE  = 1 << 16,
  OPTION_CONFIG      = 1 << 17,
  OPTION_ADOPT       = 1 << 18,
  OPTION_JOIN        = 1 << 15
};

// What was said; texts are borrowed from argv.
struct options
{
  const char *state;
  const char *runtime;
  const char *cups;     // NULL: CUPS_SERVER or the system's
  const char *service;  // as it was typed; NULL: none
  const char *ca_fingerprint;
  const char *ca_file;
  const char *requester;
  const char *tries;
  const char *passphrase_file;
  const char *config;  // of the connector
  const char *join;    // a cloud printer, by URI or number; NULL: one of its own
  bool        all;
  bool        qr;
  bool        no_qr;
  bool        force;
  bool        adopt;
  bool        json;
  bool        system;
  bool        pin;
  char      **names;  // what is no option
  int         names_count;
};

// argv[0] is the command's own name.  PB_REJECT names what is wrong; has_help_out: --help was among
// it.
bool options_parse(struct options *options, unsigned allowed, int argc, char **argv,
                   bool *has_help_out, pb_error_t *err) PB_MUST_USE;

// A line for each option among the bits.
void options_print_help(FILE *out, unsigned allowed);

#endif
