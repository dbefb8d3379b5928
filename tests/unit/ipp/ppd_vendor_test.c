// ppd_vendor_test - which options of a local PPD cross, and under which names.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "check.h"

#include "ipp/attributes.h"
#include "ipp/ppd-vendor.h"

static const char ppd[] =
  "*PPD-Adobe: \"4.3\"\n"
  "*cupsIPPFinishings 4/staple: \"*Stapler On\"\n"
  "*OpenUI *PageSize: PickOne\n*PageSize A4: \"\"\n*PageSize A5: \"\"\n*CloseUI: *PageSize\n"
  "*OpenUI *TonerSave/Toner: Boolean\r\n*DefaultTonerSave: False\r\n*TonerSave True/On: \"\"\r\n"
  "*TonerSave False/Off: \"x\n*TonerSave inside: y\n\"\n*CloseUI: *TonerSave\n"
  "*OpenUI *Stapler: PickOne\n*Stapler On: \"\"\n*Stapler Off: \"\"\n*CloseUI: *Stapler\n"
  "*OpenUI *Alone: PickOne\n*DefaultAlone: A\n*Alone A: \"\"\n*CloseUI: *Alone\n"
  "*OpenGroup: InstallableOptions/Installed\n*OpenUI *Tray9: Boolean\n*Tray9 True: \"\"\n"
  "*Tray9 False: \"\"\n*CloseUI: *Tray9\n*CloseGroup: InstallableOptions\n"
  "*OpenUI *B\xc3\xa4r: PickOne\n*B\xc3\xa4r A: \"\"\n*B\xc3\xa4r B: \"\"\n*CloseUI: *B\xc3\xa4r\n"
  "*OpenUI *Ink.Level: PickOne\n*DefaultInk.Level: None\n*Ink.Level Low: \"\"\n*Ink.Level High: "
  "\"\"\n*CloseUI: *Ink.Level\n"
  "*OpenUI *Open: PickOne\n*Open A: \"\"\n*Open B: \"\"\n";

static const struct row
{
  const char *name;
  const char *values;  // NULL: it does not cross
} rows[] = {
  {"x-ppd-tonersave-supported", "True,False"},
  {"x-ppd-tonersave-default",   "False"     },
  {"x-ppd-ink.level-supported", "Low,High"  },
  {"x-ppd-ink.level-default",   NULL        },
  {"x-ppd-pagesize-supported",  NULL        },
  {"x-ppd-stapler-supported",   NULL        },
  {"x-ppd-alone-supported",     NULL        },
  {"x-ppd-alone-default",       NULL        },
  {"x-ppd-tray9-supported",     NULL        },
  {"x-ppd-open-supported",      NULL        },
};

static void
test_add(void **state)
{
  ipp_t *attributes = ippNew();
  int    count      = 0;

  (void)state;
  assert_true(pb_ppd_vendor_add(ppd, strlen(ppd), attributes));
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
  {
    ipp_attribute_t *at = ippFindAttribute(attributes, rows[i].name, IPP_TAG_NAME);
    char             values[256];

    if (rows[i].values == NULL)
    {
      assert_null(at);
      continue;
    }
    assert_non_null(at);
    ippAttributeString(at, values, sizeof(values));
    assert_string_equal(values, rows[i].values);
    assert_true(pb_attributes_has(PB_ATTRIBUTES_DEVICE, rows[i].name));
    count++;
  }
  for (ipp_attribute_t *at = ippFirstAttribute(attributes); at != NULL;
       at                  = ippNextAttribute(attributes))
    count--;
  assert_int_equal(count, 0);
  ippDelete(attributes);
}

static const struct name_row
{
  const char *name;
  bool        is_vendor;
} name_rows[] = {
  {"x-ppd-tonersave",  true },
  {"smi32473-stamp",   true },
  {"com.example-mode", true },
  {"sides",            false},
  {"x-ppd-",           false},
  {"smi-stamp",        false},
  {"smi12x-stamp",     false},
  {"x-ppd-Toner",      false},
  {"x-ppd-a b",        false},
  {"print-color-mode", false},
  {".example-mode",    false},
  {"",                 false},
  {"x-ppd-a\nb",       false},
  {"x-ppd",            false},
  {"media-col",        false},
};

static void
test_names(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof(name_rows) / sizeof(name_rows[0]); i++)
  {
    if (pb_attributes_is_vendor(name_rows[i].name) != name_rows[i].is_vendor)
      fail_msg("%s", name_rows[i].name);
  }
}

// In a job: only what the printer lists, and under the PPD's own name.
static void
test_job(void **state)
{
  ipp_t           *printer = ippNew(), *job = ippNew(), *to = ippNew();
  ipp_attribute_t *at = NULL;

  (void)state;
  assert_true(pb_ppd_vendor_add(ppd, strlen(ppd), printer));
  at = ippAddString(job, IPP_TAG_JOB, IPP_TAG_NAME, "x-ppd-tonersave", NULL, "True");
  assert_true(pb_attributes_is_supported(printer, at, NULL, 0));
  at = ippAddString(job, IPP_TAG_JOB, IPP_TAG_NAME, "x-ppd-job-hold-until", NULL, "indefinite");
  assert_false(pb_attributes_is_supported(printer, at, NULL, 0));
  ippDeleteAttribute(job, at);
  at = ippAddString(job, IPP_TAG_JOB, IPP_TAG_NAME, "x-ppd-ink.level", NULL, "Empty");
  assert_false(pb_attributes_is_supported(printer, at, NULL, 0));
  ippDeleteAttribute(job, at);
  ippAddString(job, IPP_TAG_JOB, IPP_TAG_NAME, "x-ppd-tonersave", NULL, "False");  // once more
  assert_int_equal(
    pb_attributes_copy(PB_ATTRIBUTES_JOB_TEMPLATE, job, IPP_TAG_JOB, to, IPP_TAG_JOB, NULL, NULL),
    1);
  assert_true(pb_ppd_vendor_rename(to));
  assert_string_equal(pb_ipp_text(to, IPP_TAG_JOB, "tonersave"), "True");
  ippDelete(printer);
  ippDelete(job);
  ippDelete(to);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_add),
    cmocka_unit_test(test_names),
    cmocka_unit_test(test_job),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
