// passphrase - of a file that holds a print server (see passphrase.h).
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "passphrase.h"

#include "base/file.h"
#include "net/vault.h"
#include "quiet.h"

#include <string.h>

static bool
take_line(char *line, bool is_new, pb_secret_t *passphrase, pb_error_t *err)
{
  size_t size = strcspn(line, "\r\n");

  if (size > PB_PASSPHRASE_MAX || size < (is_new ? PB_PASSPHRASE_MIN : 1))
    return pb_error_set(err, PB_REJECT, "a passphrase has %d to %d characters", PB_PASSPHRASE_MIN,
                        PB_PASSPHRASE_MAX);
  return pb_secret_set(passphrase, line, size, err);
}

static bool
read_file(const char *path, bool is_new, pb_secret_t *passphrase, pb_error_t *err)
{
  pb_buffer_t text       = {0};
  char        nothing[1] = "";
  bool        ok         = pb_file_read(path, 4 * PB_PASSPHRASE_MAX, &text, err);

  if (ok && !take_line(text.data ? text.data : nothing, is_new, passphrase, err))
  {
    pb_error_prefix(err, "%s", path);
    ok = false;
  }
  pb_buffer_wipe(&text);
  return ok;
}

static bool
ask(const char *question, bool is_new, pb_secret_t *passphrase, pb_error_t *err)
{
  char line[PB_PASSPHRASE_MAX + 8];
  bool ok;

  if (!quiet_has_terminal())
    return pb_error_set(err, PB_REJECT,
                        "there is no terminal to ask for the passphrase: --passphrase-file FILE");
  ok = quiet_read_line(question, line, sizeof(line))
         ? take_line(line, is_new, passphrase, err)
         : pb_error_set(err, PB_REJECT, "no passphrase was given");
  pb_wipe(line, sizeof(line));
  return ok;
}

bool
passphrase_get(const char *path, bool is_new, pb_secret_t *passphrase_out, pb_error_t *err)
{
  pb_secret_t again = {0};
  bool        ok;

  if (path)
    return read_file(path, is_new, passphrase_out, err);
  ok = ask("Passphrase: ", is_new, passphrase_out, err) &&
       (!is_new || ask("Once more: ", is_new, &again, err));
  if (ok && is_new &&
      !pb_secret_is_equal(passphrase_out->text, passphrase_out->size, again.text, again.size))
    ok = pb_error_set(err, PB_REJECT, "these were not the same");
  pb_secret_clear(&again);
  return ok;
}
