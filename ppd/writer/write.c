// write - the PPD from top to bottom.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "write.h"

#include "base/text.h"
#include "write-private.h"
#include <string.h>

#define PRINTER IPP_TAG_PRINTER

// The whole of what a PPD of ours lets cupsd run: nothing but its own filters ("-": none at all).
static const struct filter_row
{
  enum pb_ppd_format format;
  const char        *filter;
} filter_rows[] = {
  {PB_PPD_PDF,        "application/pdf application/pdf 0 -"                       },
 // Pictures come this way alone.
  {PB_PPD_PDF,        "application/vnd.cups-pdf application/pdf 10 -"             },
  {PB_PPD_PWG,        "image/pwg-raster image/pwg-raster 0 -"                     },
  {PB_PPD_URF,        "image/urf image/urf 0 -"                                   },
  {PB_PPD_POSTSCRIPT, "application/vnd.cups-postscript application/postscript 0 -"},
  {PB_PPD_JPEG,       "image/jpeg image/jpeg 0 -"                                 },
};

static const struct fixed_row
{
  const char       *keyword;
  enum pb_ppd_value kind;
  const char       *value;
} head_rows[] = {
  {"PPD-Adobe",         PB_PPD_CODE, "4.3"         },
  {"FormatVersion",     PB_PPD_CODE, "4.3"         },
  {"FileVersion",       PB_PPD_CODE, "1.0"         },
  {"LanguageVersion",   PB_PPD_NAME, "English"     },
  {"PSVersion",         PB_PPD_CODE, "(3010.000) 0"},
  {"LanguageLevel",     PB_PPD_CODE, "3"           },
  {"FileSystem",        PB_PPD_NAME, "False"       },
  {"PCFileName",        PB_PPD_CODE, "PRINTBRG.PPD"},
  {"DefaultColorSpace", PB_PPD_NAME, "RGB"         },
  {"cupsVersion",       PB_PPD_NAME, "2.4"         },
  {"cupsSNMPSupplies",  PB_PPD_NAME, "False"       },
  {"cupsSingleFile",    PB_PPD_NAME, "True"        },
};

// How the printer wants its PINs (job-password-repertoire-configured), in the letters of
// cupsJobPassword.
static const struct password_row
{
  const char *repertoire;
  char        letter;
} password_rows[] = {
  {"iana_us-ascii_digits",  '1'},
  {"iana_us-ascii_letters", 'A'},
  {"iana_us-ascii_complex", 'C'},
  {"iana_us-ascii_any",     '.'},
  {"iana_utf-8_digits",     'N'},
  {"iana_utf-8_letters",    'U'},
  {"iana_utf-8_any",        '*'},
};

static void
put_head(pb_ppd_out_t *out)
{
  for (size_t i = 0; i < sizeof(head_rows) / sizeof(head_rows[0]); i++)
    pb_ppd_put(out, &(struct pb_ppd_line){.keyword = head_rows[i].keyword,
                                          .kind    = head_rows[i].kind,
                                          .value   = head_rows[i].value});
  // Where there are translations this is what cupstestppd wants the rest to be in.
  pb_ppd_put_name(out, "LanguageEncoding", out->is_multilingual ? "ISOLatin1" : "UTF-8");
}

// ModelName and Product may hold letters, digits and few others.
static void
copy_plain(char *dst, size_t size, const char *src)
{
  size_t used = 0;

  for (; *src != '\0' && used + 1 < size; src++)
  {
    bool is_plain = (*src >= 'a' && *src <= 'z') || (*src >= 'A' && *src <= 'Z') ||
                    (*src >= '0' && *src <= '9') || strchr("-.+/", *src) != NULL;

    if (is_plain || (used > 0 && dst[used - 1] != ' '))
      dst[used++] = is_plain ? *src : ' ';
  }
  while (used > 0 && dst[used - 1] == ' ')
    used--;
  dst[used] = '\0';
  if (used == 0)
    pb_text_copy(dst, size, "Printer");
}

static void
put_title(pb_ppd_out_t *out, const struct pb_ppd_title *title)
{
  char plain[PB_PPD_DEVICE_ID_SIZE], product[PB_PPD_DEVICE_ID_SIZE], brief[32];

  copy_plain(plain, sizeof(plain), title->make_and_model);
  pb_text_format(product, sizeof(product), "(%s)", plain);
  pb_text_copy(brief, sizeof(brief), plain);
  pb_ppd_put_text(out, "Manufacturer", title->make);
  pb_ppd_put_text(out, "ModelName", plain);
  pb_ppd_put_text(out, "Product", product);
  pb_ppd_put_text(out, "NickName", title->nick);
  pb_ppd_put_text(out, "ShortNickName", brief);
  pb_ppd_put_text(out, "1284DeviceID", title->device_id);
}

static void
put_throughput(pb_ppd_out_t *out, const pb_ppd_model_t *model)
{
  int  pages = pb_ipp_int(model->attributes, PRINTER, "pages-per-minute", 0);
  char text[16];

  if (pages < 1 || pages > 9999)
    return;
  pb_text_format(text, sizeof(text), "%d", pages);
  pb_ppd_put_code(out, "Throughput", text);
}

static void
put_password(pb_ppd_out_t *out, const pb_ppd_model_t *model)
{
  int         size = pb_ipp_int(model->attributes, PRINTER, "job-password-supported", 0);
  const char *repertoire =
    pb_ipp_text(model->attributes, PRINTER, "job-password-repertoire-configured");
  char letters[33];
  char letter = '.';

  if (size < 1)
    return;
  size = size < (int)sizeof(letters) ? size : (int)sizeof(letters) - 1;
  for (size_t i = 0; repertoire != NULL && i < sizeof(password_rows) / sizeof(password_rows[0]);
       i++)
  {
    if (strcmp(password_rows[i].repertoire, repertoire) == 0)
      letter = password_rows[i].letter;
  }
  memset(letters, letter, (size_t)size);
  letters[size] = '\0';
  pb_ppd_put_code(out, "cupsJobPassword", letters);
}

static void
put_accounting(pb_ppd_out_t *out, const pb_ppd_model_t *model)
{
  if (pb_ipp_bool(model->attributes, PRINTER, "job-account-id-supported", false))
    pb_ppd_put_name(out, "cupsJobAccountId", "True");
  if (pb_ipp_bool(model->attributes, PRINTER, "job-accounting-user-id-supported", false))
    pb_ppd_put_name(out, "cupsJobAccountingUserId", "True");
}

// Filters of the queue put copies into what they make, where they make something.
static void
put_filters(pb_ppd_out_t *out, const pb_ppd_model_t *model)
{
  if (model->format != PB_PPD_PDF)
    pb_ppd_put_name(out, "cupsManualCopies", "True");
  for (size_t i = 0; i < sizeof(filter_rows) / sizeof(filter_rows[0]); i++)
  {
    if (filter_rows[i].format == model->format)
      pb_ppd_put_code(out, "cupsFilter2", filter_rows[i].filter);
  }
}

// Which choices cupsd takes for an IPP finishing.
static void
put_finishings(pb_ppd_out_t *out, const pb_ppd_model_t *model)
{
  for (size_t i = 0; i < model->count; i++)
  {
    const struct pb_ppd_option *option = &model->options[i];

    if (strcmp(option->row->attribute, "finishings") != 0)
      continue;
    for (size_t j = 0; j < option->count; j++)
    {
      const struct pb_ppd_choice *choice = &option->choices[j];
      char                        number[16], code[PB_PPD_CODE_SIZE];

      pb_text_format(number, sizeof(number), "%d", choice->value.number);
      pb_text_format(code, sizeof(code), "*%s %s", option->row->option, choice->name);
      if (choice->value.number > 3)
        pb_ppd_put(out,
                   &(struct pb_ppd_line){.keyword = "cupsIPPFinishings",
                                         .option  = number,
                                         .text  = ippEnumString("finishings", choice->value.number),
                                         .kind  = PB_PPD_CODE,
                                         .value = code});
    }
  }
}

static void
put_all(pb_ppd_out_t *out, const pb_ppd_model_t *model, const struct pb_ppd_title *title,
        const struct pb_ppd_names *names)
{
  put_head(out);
  put_title(out, title);
  pb_ppd_put_name(out, "ColorDevice", model->is_color ? "True" : "False");
  pb_ppd_put_code(out, PB_CHOICE_MAP "Version", "1");
  put_throughput(out, model);
  put_password(out, model);
  put_accounting(out, model);
  put_filters(out, model);
  pb_ppd_put_sizes(out, model);
  for (size_t i = 0; i < model->count; i++)
  {
    if (strcmp(model->options[i].row->option, "PageSize") != 0)
      pb_ppd_put_option(out, model, &model->options[i]);
  }
  put_finishings(out, model);
  pb_ppd_put_constraints(out, model);
  pb_ppd_put_languages(out, model, names);
}

// The English names are what the PPD says without a language.
static const pb_strings_t *
find_english(const struct pb_ppd_names *names)
{
  for (size_t i = 0; names != NULL && i < names->catalogs_count; i++)
  {
    if (pb_text_is_equal(names->catalogs[i].language, "en") ||
        pb_text_has_prefix(names->catalogs[i].language, "en-"))
      return names->catalogs[i].strings;
  }
  return NULL;
}

static bool
has_other(const struct pb_ppd_names *names, const pb_strings_t *english)
{
  for (size_t i = 0; names != NULL && i < names->catalogs_count; i++)
  {
    if (names->catalogs[i].strings != english)
      return true;
  }
  return false;
}

bool
pb_ppd_write(ipp_t *attributes, const struct pb_ppd_names *names, pb_buffer_t *ppd_out,
             pb_error_t *err)
{
  const pb_strings_t *english = find_english(names);
  pb_ppd_out_t        out     = {
               .buffer = ppd_out, .err = err, .is_multilingual = has_other(names, english), .names = english};
  pb_ppd_model_t     *model     = NULL;
  const char         *make      = names != NULL ? names->make_and_model : NULL;
  const char         *device_id = names != NULL ? names->device_id : NULL;
  struct pb_ppd_title title     = {0};

  pb_buffer_init(ppd_out, PB_PPD_SIZE_MAX);
  if (!pb_ppd_model_new(attributes, &model, err))
    return false;
  if (make == NULL)
    make = pb_ipp_text(model->attributes, PRINTER, "printer-make-and-model");
  if (device_id == NULL)
    device_id = pb_ipp_text(model->attributes, PRINTER, "printer-device-id");
  pb_ppd_make_title(make, device_id, names != NULL ? names->id : NULL, &title);
  put_all(&out, model, &title, names);
  pb_ppd_model_free(model);
  if (out.has_failed)
    pb_buffer_clear(ppd_out);
  return !out.has_failed;
}
