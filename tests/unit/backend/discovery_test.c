// discovery_test - lines for lpinfo: five fields, whatever a printer is called.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "check.h"

#include "backend/discovery.h"

#define URI "printbridge://cloud.test/7"

static char *
print_entry(const pb_printer_entry_t *entry)
{
  char  *text = NULL;
  size_t size = 0;
  FILE  *out  = open_memstream(&text, &size);

  assert_non_null(out);
  pb_discovery_print(out, URI, entry);
  fclose(out);
  return text;
}

static void
test_lines(void **state)
{
  static const struct
  {
    const char *model, *name, *info, *device_id, *location, *want;
  } rows[] = {
    {"Contoso 1",  "office",       "",         "MFG:Contoso;MDL:1;", "2nd floor",
     "\"Contoso 1, Printbridge 7\" \"office\" \"MFG:Contoso;MDL:1;\" \"2nd floor\""                                                          },
    {"",           "office",       "Office 1", "",                   "",          "\"Unknown Printer, Printbridge 7\" \"Office 1\" \"\" \"\""},
    {"A \"B\"",    "o\nnetwork x", "",         "MFG:A\";x",          "\t",
     "\"A B, Printbridge 7\" \"ox0anetwork x\" \"MFG:A';x\" \"x09\""                                                                         },
    {"Drucker ü", "é\x1b[31m",   "",         "",                   "a\\",
     "\"Drucker ü, Printbridge 7\" \"éx1b[31m\" \"\" \"a\""                                                                                },
  };

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
  {
    pb_printer_entry_t entry = {0};
    char               want[512];
    char              *got = NULL;

    snprintf(entry.make_and_model, sizeof(entry.make_and_model), "%s", rows[i].model);
    snprintf(entry.id, sizeof(entry.id), "7");
    snprintf(entry.name, sizeof(entry.name), "%s", rows[i].name);
    snprintf(entry.info, sizeof(entry.info), "%s", rows[i].info);
    snprintf(entry.device_id, sizeof(entry.device_id), "%s", rows[i].device_id);
    snprintf(entry.location, sizeof(entry.location), "%s", rows[i].location);
    snprintf(want, sizeof(want), "network " URI " %s\n", rows[i].want);
    got = print_entry(&entry);
    assert_string_equal(got, want);
    free(got);
  }
}

// Nothing is known: a bare scheme, so that a person sees that there is such a thing.
static void
test_nothing(void **state)
{
  char  *text = NULL;
  size_t size = 0;
  FILE  *out  = open_memstream(&text, &size);

  (void)state;
  setenv("PRINTBRIDGE_CONFIG", "/nonexistent", 1);
  setenv("PRINTBRIDGE_STATE", "/nonexistent", 1);
  setenv("PRINTBRIDGE_CACHE", "/nonexistent", 1);
  setenv("PRINTBRIDGE_USERS", "/nonexistent", 1);
  pb_discovery_list(out);
  fclose(out);
  assert_string_equal(text, "network printbridge \"Unknown\" \"Cloud printer (Printbridge)\"\n");
  free(text);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_lines), cmocka_unit_test(test_nothing)};

  return cmocka_run_group_tests(tests, NULL, NULL);
}
