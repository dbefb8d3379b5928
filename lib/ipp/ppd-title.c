// ppd-title - make, model and IEEE 1284 ID of a printer: the words by which desktops match a device
// and its PPD.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "ppd-title.h"

#include "base/text.h"
#include <ctype.h>
#include <string.h>
#include <strings.h>

#define UNKNOWN "Unknown"

static const struct alias
{
  const char *says;
  const char *is;
} aliases[] = {
  {"hewlett-packard", "HP"            },
  {"hewlett packard", "HP"            },
  {"fuji xerox",      "Fuji Xerox"    },
  {"konica minolta",  "Konica Minolta"},
  {"seiko epson",     "Epson"         },
  {"oki data",        "OKI"           },
};

// One line without what ends a field or a quoted text, anywhere where these words go.
static void
copy_clean(char *dst, size_t size, const char *src)
{
  char   text[256];
  size_t used = 0;

  pb_text_copy(text, sizeof(text), src);
  if (!pb_text_is_printable(text))
    text[0] = '\0';
  for (const char *at = text; *at != '\0'; at++)
  {
    if (strchr("\"<>;\\", *at) != NULL || (*at == ' ' && (used == 0 || text[used - 1] == ' ')))
      continue;
    text[used++] = *at;
  }
  while (used > 0 && text[used - 1] == ' ')
    used--;
  text[used] = '\0';
  pb_text_copy(dst, size, text);
}

// "MFG:HP;MDL:LaserJet;" by any of a field's names; "" when it is not there.
static void
copy_field(const char *id, const char *const names[2], char *dst, size_t size)
{
  char field[256];

  dst[0] = '\0';
  for (const char *at = id; at != NULL && *at != '\0'; at = strchr(at, ';'))
  {
    at += *at == ';';
    while (*at == ' ' || *at == '\t')
      at++;
    size_t length = strcspn(at, ":;");
    for (int i = 0; i < 2 && at[length] == ':'; i++)
    {
      size_t value = strcspn(at + length + 1, ";");

      if (strlen(names[i]) != length || strncasecmp(at, names[i], length) != 0)
        continue;
      pb_text_format(field, sizeof(field), "%.*s", (int)(value < 250 ? value : 250),
                     at + length + 1);
      copy_clean(dst, size, field);
      return;
    }
  }
}

static void
copy_make(const char *make_and_model, char make[32])
{
  char word[32];

  for (size_t i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++)
  {
    if (strncasecmp(make_and_model, aliases[i].says, strlen(aliases[i].says)) != 0)
      continue;
    pb_text_copy(make, 32, aliases[i].is);
    return;
  }
  pb_text_format(word, sizeof(word), "%.*s", (int)strcspn(make_and_model, " "), make_and_model);
  pb_text_copy(make, 32, word[0] != '\0' ? word : UNKNOWN);
}

// What follows the make, however it is spelt; the whole when nothing does.
static const char *
skip_make(const char *make_and_model, const char *make)
{
  const char *rest = make_and_model;

  for (size_t i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++)
  {
    if (strncasecmp(rest, aliases[i].says, strlen(aliases[i].says)) == 0)
      return rest + strlen(aliases[i].says) + (rest[strlen(aliases[i].says)] == ' ');
  }
  if (strncasecmp(rest, make, strlen(make)) == 0 && rest[strlen(make)] == ' ')
    return rest + strlen(make) + 1;
  return rest;
}

void
pb_ppd_make_title(const char *make_and_model, const char *device_id, const char *id,
                  struct pb_ppd_title *title_out)
{
  static const char *const makers[2] = {"MFG", "MANUFACTURER"};
  static const char *const models[2] = {"MDL", "MODEL"};
  char                     clean[100], maker[32], model[184];

  copy_clean(clean, sizeof(clean), make_and_model);
  copy_field(device_id, makers, maker, sizeof(maker));
  copy_field(device_id, models, model, sizeof(model));
  if (clean[0] == '\0')
    pb_text_format(clean, sizeof(clean), "%s%s%s", maker, maker[0] != '\0' ? " " : "", model);
  copy_make(clean[0] != '\0' ? clean : UNKNOWN, title_out->make);
  const char *rest = skip_make(clean, title_out->make);
  if (rest[0] == '\0')
    rest = "Printer";
  pb_text_format(title_out->make_and_model, sizeof(title_out->make_and_model), "%s %s",
                 title_out->make, rest);
  pb_text_format(title_out->nick, sizeof(title_out->nick), "%s, Printbridge%s%.80s",
                 title_out->make_and_model, id != NULL && id[0] != '\0' ? " " : "",
                 id != NULL ? id : "");
  if (maker[0] == '\0' || model[0] == '\0')
  {
    pb_text_copy(maker, sizeof(maker), title_out->make);
    pb_text_copy(model, sizeof(model), rest);
  }
  pb_text_format(title_out->device_id, sizeof(title_out->device_id), "MFG:%s;MDL:%s;CLS:PRINTER;",
                 maker, model);
}
