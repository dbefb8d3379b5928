// options_test - the tables of docs/OPTIONS.md: the choices of our PPDs are those of the code,
// and each row of what is asked for becomes what the row says.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "printers.h"

#include "base/text.h"
#include "ipp/choice.h"
#include "ipp/job-options.h"

#define CELLS_MAX 5
#define SENT_MAX 64
#define USUAL "office-color-mfp"

// --- the page

static char *
read_page(void)
{
  pb_buffer_t page = {0};
  pb_error_t  err  = {0};
  size_t      size = 0;

  check_ok(pb_file_read(PB_TEST_DOCS "/OPTIONS.md", 1024 * 1024, &page, &err), err);
  return pb_buffer_take(&page, &size);
}

// The rows behind "<!-- NAME -->", cut into cells without blanks and backticks.
static void
each_row(const char *name, void (*check)(char *cells[CELLS_MAX]))
{
  char *page = read_page(), *rest = NULL;
  char  marker[64];
  int   count = 0;

  snprintf(marker, sizeof(marker), "<!-- %s -->\n", name);
  rest = strstr(page, marker);
  assert_non_null(rest);
  rest += strlen(marker);
  *strstr(rest, "<!-- end -->") = '\0';
  for (char *line = strsep(&rest, "\n"); line != NULL; line = strsep(&rest, "\n"))
  {
    char *cells[CELLS_MAX];
    char *cell = line + 1;

    if (line[0] != '|' || count++ < 2)
      continue;
    for (int i = 0; i < CELLS_MAX; i++)
      cells[i] = line + strlen(line);  // empty
    for (int i = 0; i < CELLS_MAX; i++)
    {
      char *text = pb_text_trim(strsep(&cell, "|"));

      text += *text == '`';
      text[strcspn(text, "`")] = '\0';
      cells[i]                 = text;
      if (cell == NULL)
        break;
    }
    check(cells);
  }
  assert_true(count > 10);
  free(page);
}

// --- choices

static size_t choices_count;

static void
check_choice(char *cells[CELLS_MAX])
{
  size_t                         count = 0;
  const struct pb_choice_option *rows  = pb_choice_options(&count);

  assert_true(choices_count < count);
  assert_string_equal(cells[0], rows[choices_count].option);
  assert_string_equal(cells[1], rows[choices_count].attribute);
  assert_string_equal(cells[2], rows[choices_count].is_shy ? "when asked" : "always");
  choices_count++;
}

static void
test_choices(void **state)
{
  size_t count = 0;

  (void)state;
  pb_choice_options(&count);
  choices_count = 0;
  each_row("choices", check_choice);
  assert_int_equal(choices_count, count);
}

// --- rows

struct sent
{
  char   lines[SENT_MAX][160];  // "sides=one-sided", "!cow"
  size_t count;
};

static void PB_PRINTF(2, 3) add_line(struct sent *sent, const char *format, ...)
{
  va_list args;

  assert_true(sent->count < SENT_MAX);
  va_start(args, format);
  vsnprintf(sent->lines[sent->count++], sizeof(sent->lines[0]), format, args);
  va_end(args);
}

static void
on_dropped(void *user, const char *name, const char *value, const char *why)
{
  (void)value;
  assert_true(why != NULL && why[0] != '\0');
  add_line(user, "!%s", name);
}

// Members of collections by themselves; a size as one word.
static void
add_attributes(struct sent *sent, ipp_t *message, ipp_tag_t group)
{
  for (ipp_attribute_t *at = ippFirstAttribute(message); at != NULL; at = ippNextAttribute(message))
  {
    const char *name = ippGetName(at);
    char        value[1024];

    if (name == NULL || (ippGetGroupTag(at) != group && !pb_text_has_prefix(name, "job-password")))
      continue;
    ippAttributeString(at, value, sizeof(value));
    if (strcmp(name, "media-size") == 0)
    {
      ipp_t *size = ippGetCollection(at, 0);

      add_line(sent, "media-size=%dx%d",
               ippGetInteger(ippFindAttribute(size, "x-dimension", IPP_TAG_INTEGER), 0),
               ippGetInteger(ippFindAttribute(size, "y-dimension", IPP_TAG_INTEGER), 0));
    }
    else if (ippGetValueTag(at) == IPP_TAG_BEGIN_COLLECTION)
      add_attributes(sent, ippGetCollection(at, 0), IPP_TAG_ZERO);
    else if (strcmp(name, "job-password") == 0)
    {
      int   size  = 0;
      char *bytes = ippGetOctetString(at, 0, &size);

      add_line(sent, "job-password=%.*s", size, bytes);
    }
    else
      add_line(sent, "%s=%s", name, value);
  }
}

static void
send_options(const struct printer *printer, const char *options, int copies, const char *made,
             struct sent *sent)
{
  static const struct
  {
    const char *word, *format;
  } formats[] = {
    {"pwg",        "image/pwg-raster"      },
    {"postscript", "application/postscript"},
    {"text",       "application/pdf"       }
  };
  pb_error_t err = {0};
  ipp_t *request = pb_ipp_new_request(IPP_OP_CREATE_JOB, "ipps://cloud.test/ipp/print/1", "ann");
  struct pb_job_options in = {.options  = options,
                              .ppd_path = printer->path,
                              .copies   = copies,
                              .printer  = printer->attributes,
                              .dropped  = on_dropped,
                              .user     = sent};

  for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
  {
    if (strcmp(formats[i].word, made) == 0)
      in.final_format = formats[i].format;
  }
  in.is_filtered = in.final_format != NULL;
  assert_true(in.is_filtered || made[0] == '\0');
  *sent = (struct sent){.count = 0};
  if (pb_job_options_add(request, &in, &err))
    add_attributes(sent, request, IPP_TAG_JOB);
  else
  {
    assert_int_equal(err.kind, PB_REJECT);
    add_line(sent, "refused");
  }
  ippDelete(request);
}

static bool
has_line(const struct sent *sent, const char *line)
{
  for (size_t i = 0; i < sent->count; i++)
  {
    if (strcmp(sent->lines[i], line) == 0)
      return true;
  }
  return false;
}

static int faults;

// All rows are looked at before the test fails.
static void PB_PRINTF(1, 2) note(const char *format, ...)
{
  va_list args;
  char    text[512];

  va_start(args, format);
  vsnprintf(text, sizeof(text), format, args);
  va_end(args);
  print_error("%s\n", text);
  faults++;
}

// The line that is sent for the same attribute when nothing is asked for, so that a row may name
// it, too.
static void
check_sent(const char *asked, const struct sent *plain, const struct sent *sent, char *wanted)
{
  struct sent want = {.count = 0};

  // A name may hold blanks: a word without "=" goes with the one before it.
  for (char *word = strtok(wanted, " "); word != NULL; word = strtok(NULL, " "))
  {
    if (strchr(word, '=') == NULL && word[0] != '!' && want.count > 0)
      snprintf(want.lines[want.count - 1] + strlen(want.lines[want.count - 1]), 64, " %s", word);
    else
      add_line(&want, "%s", word);
  }
  for (size_t i = 0; i < want.count; i++)
  {
    if (!has_line(sent, want.lines[i]))
      note("%s: no %s", asked, want.lines[i]);
  }
  for (size_t i = 0; i < sent->count; i++)
  {
    if (!has_line(plain, sent->lines[i]) && !has_line(&want, sent->lines[i]))
      note("%s: %s was not wanted", asked, sent->lines[i]);
    for (size_t j = 0; j < i; j++)
      assert_string_not_equal(sent->lines[i], sent->lines[j]);
  }
}

static char *row_asked, *row_made, *row_wanted;
static char  row_printer[64];
static bool  row_is_done;

static void
check_at_printer(struct printer *printer)
{
  struct sent plain, sent;
  int         copies  = 1;
  char       *options = row_asked;

  if (strcmp(printer->name, row_printer) != 0)
    return;
  // The number of copies comes as an argument of its own.
  if (pb_text_has_prefix(row_asked, "copies="))
  {
    copies  = atoi(row_asked + strlen("copies="));
    options = "";
  }
  send_options(printer, "", 1, row_made, &plain);
  send_options(printer, options, copies, row_made, &sent);
  check_sent(row_asked, &plain, &sent, row_wanted);
  row_is_done = true;
}

static void
check_row(char *cells[CELLS_MAX])
{
  row_asked  = cells[0];
  row_made   = cells[1];
  row_wanted = cells[3];
  snprintf(row_printer, sizeof(row_printer), "%s.ipp", cells[2][0] != '\0' ? cells[2] : USUAL);
  row_is_done = false;
  printers_each(check_at_printer);
  if (!row_is_done)
    fail_msg("there is no printer %s", row_printer);
}

static void
test_rows(void **state)
{
  (void)state;
  faults = 0;
  each_row("desktop-to-cloud", check_row);
  assert_int_equal(faults, 0);
}

// --- what the table has no words for

static ipp_t *
send_without_printer(const char *options)
{
  struct pb_job_options in = {.options = options, .copies = 2};
  ipp_t *request = pb_ipp_new_request(IPP_OP_CREATE_JOB, "ipps://cloud.test/ipp/print/1", "ann");
  pb_error_t err = {0};

  check_ok(pb_job_options_add(request, &in, &err), err);
  return request;
}

static void
test_nothing_is_known(void **state)
{
  ipp_t *request = send_without_printer(
    "sides=two-sided-long-edge media=na_letter_8.5x11in InputSlot=Tray1 page-ranges=1-2");

  (void)state;
  assert_string_equal(pb_ipp_text(request, IPP_TAG_JOB, "sides"), "two-sided-long-edge");
  assert_int_equal(pb_ipp_int(request, IPP_TAG_JOB, "copies", 0), 2);
  assert_non_null(pb_ipp_find(request, IPP_TAG_JOB, "media-col", IPP_TAG_BEGIN_COLLECTION));
  assert_non_null(pb_ipp_find(request, IPP_TAG_JOB, "page-ranges", IPP_TAG_RANGE));
  ippDelete(request);
}

// A PPD that says it is ours, and lies.
static void
test_map_of_another_kind(void **state)
{
  static const char ppd[] =
    "*PPD-Adobe: \"4.3\"\n*pbMapVersion: \"1\"\n*DefaultDuplex: A\n*pbMapDuplex A: \"integer 7\"\n"
    "*pbMapDuplex B: \"keyword two%0Asided\"\n*DefaultInputSlot: C\n*pbMapInputSlot C: \"size x 1 "
    "1 1 1 1 1\"\n"
    "*DefaultPageSize: D\n*pbMapPageSize D: \"keyword sides\"\n*pbMapOutputBin E \"no colon\n"
    "*DefaultResolution: F\n*pbMapResolution F: \"resolution 0 600 dpi\"\n";
  char   path[]  = "/tmp/printbridge-test-XXXXXX";
  int    fd      = mkstemp(path);
  ipp_t *request = pb_ipp_new_request(IPP_OP_CREATE_JOB, "ipps://cloud.test/ipp/print/1", "ann");
  pb_error_t            err = {0};
  struct pb_job_options in  = {.options = "Duplex=B OutputBin=E", .ppd_path = path, .copies = 1};

  (void)state;
  assert_int_equal(write(fd, ppd, strlen(ppd)), strlen(ppd));
  close(fd);
  check_ok(pb_job_options_add(request, &in, &err), err);
  for (ipp_attribute_t *at = ippFirstAttribute(request); at != NULL; at = ippNextAttribute(request))
    assert_int_not_equal(ippGetGroupTag(at), IPP_TAG_JOB);
  unlink(path);
  ippDelete(request);
}

static void
test_no_ppd(void **state)
{
  ipp_t *request = pb_ipp_new_request(IPP_OP_CREATE_JOB, "ipps://cloud.test/ipp/print/1", "ann");
  pb_error_t            err  = {0};
  struct sent           sent = {.count = 0};
  struct pb_job_options in   = {
      .options = "sides=one-sided", .ppd_path = "/nonexistent", .dropped = on_dropped, .user = &sent};

  (void)state;
  check_ok(pb_job_options_add(request, &in, &err), err);
  assert_true(has_line(&sent, "!ppd"));
  assert_string_equal(pb_ipp_text(request, IPP_TAG_JOB, "sides"), "one-sided");
  ippDelete(request);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_choices),          cmocka_unit_test(test_rows),
    cmocka_unit_test(test_nothing_is_known), cmocka_unit_test(test_map_of_another_kind),
    cmocka_unit_test(test_no_ppd),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
