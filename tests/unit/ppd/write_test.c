// write_test - PPDs of all printers: cupstestppd finds nothing, and each choice comes home as the
// value that it was made of.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "printers.h"

#include "base/text.h"
#include "ipp/choice.h"
#include "ipp/job-options.h"
#include "ipp/ppd-map.h"

// --- cupstestppd

static void
check_ppd(struct printer *printer)
{
  char  command[256], line[512], all[4096] = "";
  FILE *pipe = NULL;

  // No failure is let through.  Warnings are: it would have sizes without margins named
  // "4x6.Fullbleed" where there is no other 4x6, and the names of the PWG's sizes as Adobe's.
  snprintf(command, sizeof(command), "cupstestppd %s 2>&1", printer->path);
  pipe = popen(command, "r");
  assert_non_null(pipe);
  while (fgets(line, sizeof(line), pipe) != NULL)
  {
    if (strstr(line, "FAIL") != NULL)
      strncat(all, line, sizeof(all) - strlen(all) - 1);
  }
  if (pclose(pipe) != 0 || strstr(all, "**FAIL**") != NULL)
    fail_msg("%s: %s", printer->name, all);
}

static void
test_cupstestppd(void **state)
{
  (void)state;
  printers_each(check_ppd);
}

// --- there and back

struct sent
{
  char dropped[64];  // an option that should have been sent
};

static void
on_dropped(void *user, const char *name, const char *value, const char *why)
{
  struct sent *sent = user;

  (void)why;
  (void)value;
  pb_text_copy(sent->dropped, sizeof(sent->dropped), name);
}

static ipp_t *
send_option(struct printer *printer, const char *options, struct sent *sent)
{
  ipp_t *request = pb_ipp_new_request(IPP_OP_CREATE_JOB, "ipps://cloud.test/ipp/print/1", "ann");
  pb_error_t            err = {0};
  struct pb_job_options in  = {.options  = options,
                               .ppd_path = printer->path,
                               .copies   = 1,
                               .printer  = printer->attributes,
                               .dropped  = on_dropped,
                               .user     = sent};

  check_ok(pb_job_options_add(request, &in, &err), err);
  return request;
}

static bool
is_integer(ipp_t *message, const char *name, int value)
{
  ipp_attribute_t *at = message != NULL ? ippFindAttribute(message, name, IPP_TAG_INTEGER) : NULL;

  return at != NULL && ippGetInteger(at, 0) == value;
}

static bool
has_size(ipp_t *media, const struct pb_choice_value *want)
{
  ipp_attribute_t *at = media != NULL ? ippFindAttribute(media, "media-size", IPP_TAG_ZERO) : NULL;
  ipp_t           *size = at != NULL ? ippGetCollection(at, 0) : NULL;

  return is_integer(size, "x-dimension", want->x) && is_integer(size, "y-dimension", want->y);
}

static ipp_t *
collection_of(ipp_t *request, const char *name)
{
  ipp_attribute_t *at = pb_ipp_find(request, IPP_TAG_JOB, name, IPP_TAG_BEGIN_COLLECTION);

  return at != NULL ? ippGetCollection(at, 0) : NULL;
}

// Is what the choice stands for in the request, and once?
static bool
has_value(ipp_t *request, const struct pb_choice_option *option, const struct pb_choice_value *want)
{
  ipp_t                 *where = request;
  ipp_attribute_t       *at    = NULL;
  struct pb_choice_value is;

  if (option->is_media)
    where = collection_of(request, "media-col");
  else if (strcmp(option->attribute, "finishing-template") == 0)
    where = collection_of(request, "finishings-col");
  if (strcmp(want->text, "none") == 0 && strcmp(option->attribute, "finishing-template") == 0)
    return where == NULL;
  if (want->tag == IPP_TAG_BEGIN_COLLECTION)
    return has_size(where, want);
  at = where != NULL ? ippFindAttribute(where, option->attribute, IPP_TAG_ZERO) : NULL;
  return at != NULL && ippGetCount(at) == 1 && pb_choice_value_get(at, 0, &is) &&
         pb_choice_value_is_equal(&is, want);
}

static void
check_choice(struct printer *printer, const struct pb_choice_option *option, const char *choice,
             const char *map)
{
  char                   options[256];
  bool                   is_default = false;
  struct sent            sent       = {{0}};
  struct pb_choice_value want;

  assert_true(pb_choice_map_parse(map, &want, &is_default));
  snprintf(options, sizeof(options), "%s=%s", option->option, choice);
  ipp_t *request = send_option(printer, options, &sent);
  if (sent.dropped[0] != '\0')
    fail_msg("%s: %s: %s is not sent", printer->name, options, sent.dropped);
  if (!has_value(request, option, &want))
    fail_msg("%s: %s did not come back as %s", printer->name, options, map);
  ippDelete(request);
}

// Each "*pbMapOPTION CHOICE: "value"" of the PPD.
static void
check_round_trip(struct printer *printer)
{
  int count = 0;

  for (char *line = strtok(printer->ppd.data, "\n"); line != NULL; line = strtok(NULL, "\n"))
  {
    char                           option_name[64], choice[64], map[256];
    const struct pb_choice_option *option = NULL;

    if (sscanf(line, "*" PB_CHOICE_MAP "%63[^ :] %63[^:]: \"%255[^\"]\"", option_name, choice,
               map) != 3)
      continue;
    option = pb_choice_find_option(option_name);
    if (option == NULL)
    {
      assert_true(pb_text_has_prefix(option_name, PB_CHOICE_VENDOR) ||
                  strcmp(option_name, PB_CHOICE_MAP_ATTRIBUTE) == 0);
      continue;  // docs/OPTIONS.md has these
    }
    check_choice(printer, option, choice, map);
    count++;
  }
  assert_true(count >= 5);
}

static void
test_round_trip(void **state)
{
  (void)state;
  printers_each(check_round_trip);
}

// --- what else a PPD says

static const struct line_row
{
  const char *printer;
  const char *line;  // with its newline
  bool        is_there;
} line_rows[] = {
  {"office-color-mfp",  "*cupsFilter2: \"application/pdf application/pdf 0 -\"\n",                         true },
  {"office-color-mfp",  "*cupsJobPassword: \"11111111\"\n",                                                true },
  {"office-color-mfp",  "*ParamCustomPageSize Width: 1 points 278.93 907.09\n",                            true },
  {"office-color-mfp",  "*DefaultDuplex: DuplexNoTumble\n",                                                true },
  {"office-color-mfp",  "*cupsUIConstraints: \"*Duplex DuplexTumble *MediaType Transparency\"\n",
   true                                                                                                         },
  {"office-color-mfp",  "*cupsUIConstraints: \"*FoldType FoldLetter *PageSize A5\"\n",                     true },
  {"office-color-mfp",  "*cupsIPPFinishings 20/staple-top-left: \"*StapleLocation StapleTopLeft\"\n",
   true                                                                                                         },
  {"office-color-mfp",  "*ImageableArea A4/A4: \"11.99 11.99 583.29 829.90\"\n",                           true },
  {"mono-laser",        "*cupsFilter2: \"image/pwg-raster image/pwg-raster 0 -\"\n",                       true },
  {"mono-laser",        "*cupsManualCopies: True\n",                                                       true },
  {"mono-laser",        "*ColorDevice: False\n",                                                           true },
  {"mono-laser",        "*Manufacturer: \"HP\"\n",                                                         true },
  {"mono-laser",        "*OpenUI *Duplex/2-Sided Printing: PickOne\n",                                     false},
  {"airprint",          "*cupsFilter2: \"image/urf image/urf 0 -\"\n",                                     true },
  {"inkjet-photo",
   "*PageSize 4x6.Fullbleed/4 x 6<22> (Borderless): \"<</PageSize[288 432]>>setpagedevice\"\n",            true },
  {"inkjet-photo",      "*DefaultPageSize: 4x6.Fullbleed\n",                                               true },
  {"postscript-only",
   "*cupsFilter2: \"application/vnd.cups-postscript application/postscript 0 -\"\n",                       true },
  {"wide-format-roll",  "*ParamCustomPageSize Height: 2 points 595.28 51023.62\n",                         true },
  {"wide-format-roll",  "*DefaultCutMedia: Trim\n",                                                        true },
  {"non-latin",         "*pbMapInputSlot CupsFilterX_cddc8b84: \"name %2AcupsFilter:%20%22x%22\"\n",       true },
  {"non-latin",         "*1284DeviceID: \"MFG:リコー;MDL:複合機 IM C3000 (東京);CLS:PRINTER;\"\n", true },
  {"receipt",
   "*ColorModel BiLevel/Black and White: \"<</cupsColorSpace 3/cupsBitsPerColor 1/cupsColorOrder "
   "0/cupsCompression 0>>setpagedevice\"\n",                                                               true },
  {"vendor",            "*pbMapAttribute pbvTonersave: \"name x-ppd-tonersave\"\n",                        true },
  {"vendor",            "*OpenUI *pbvStamp/Stamp: PickOne\n",                                              true },
  {"cups-points",       "*DefaultPageSize: A4\n",                                                          true },
  {"cups-points",       "*PageSize A3/A3: \"<</PageSize[842 1191]>>setpagedevice\"\n",                     true },
  {"everywhere-raster", "*VariablePaperSize: False\n",                                                     true },
};

static void
check_lines(struct printer *printer)
{
  for (size_t i = 0; i < sizeof(line_rows) / sizeof(line_rows[0]); i++)
  {
    const struct line_row *row = &line_rows[i];

    if (pb_text_has_prefix(printer->name, row->printer) &&
        (strstr(printer->ppd.data, row->line) != NULL) != row->is_there)
      fail_msg("%s: %s: %s", printer->name, row->is_there ? "there is no line" : "there is a line",
               row->line);
  }
}

static void
test_lines(void **state)
{
  (void)state;
  printers_each(check_lines);
}

// --- what is no printer

static void
test_no_sizes(void **state)
{
  ipp_t      *empty = ippNew();
  pb_buffer_t ppd   = {0};
  pb_error_t  err   = {0};

  (void)state;
  assert_false(pb_ppd_write(empty, /*names*/ NULL, &ppd, &err));
  assert_int_equal(err.kind, PB_REJECT);
  assert_null(ppd.data);
  ippDelete(empty);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_cupstestppd),
    cmocka_unit_test(test_round_trip),
    cmocka_unit_test(test_lines),
    cmocka_unit_test(test_no_sizes),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
