// cups_test - the shim against a real private cupsd.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"
#include "check.h"
#include "cupsd.h"
#include "ipp/attributes.h"
#include "ipp/cups.h"

#define POSTSCRIPT "drv:///sample.drv/generic.ppd"
#define RASTER "drv:///sample.drv/laserjet.ppd"
#define FORMAT "application/pdf"

static struct cupsd server;

static void
add_queue(const char *name, const char *model)
{
  char device[256];

  snprintf(device, sizeof(device), "file:%s/out/%s", server.folder, name);
  cupsd_add_queue(&server, name, device, model);
}

static int
start(void **state)
{
  (void)state;
  cupsd_make(&server);
  cupsd_write(&server, "share/mime/t.types", "application/vnd.printbridge.pdf\n");
  cupsd_write(&server, "share/mime/t.convs",
              "application/vnd.printbridge.pdf application/pdf 0 pb-copy\n");
  // Stands in for printbridgefetch: any PDF will do here.
  cupsd_write(&server, "bin/filter/pb-copy",
              "#!/bin/sh\nexec cat /usr/share/cups/data/default-testpage.pdf\n");
  chmod(cupsd_path(&server, "bin/filter/pb-copy"), 0755);
  cupsd_start(&server);
  add_queue("Laser", POSTSCRIPT);
  add_queue("Raster", RASTER);
  return 0;
}

static int
stop(void **state)
{
  (void)state;
  cupsd_stop(&server);
  return 0;
}

static pb_cups_t *
open_cups(void)
{
  pb_cups_t *cups = NULL;
  pb_error_t err  = {0};

  check_ok(pb_cups_open(server.socket, &cups, &err), err);
  return cups;
}

static void
print_refused(void *user, ipp_attribute_t *attribute, const char *why)
{
  int *count = user;

  (*count)++;
  if (strcmp(why, "not an attribute that may cross") != 0)
    fail_msg("%s refused: %s", ippGetName(attribute), why);
}

static void
test_queues(void **state)
{
  pb_cups_t *cups       = open_cups();
  char     **names      = NULL;
  size_t     count      = 0;
  ipp_t     *attributes = NULL;
  ipp_t     *copy       = ippNew();
  int        refused    = 0;
  pb_error_t err        = {0};

  (void)state;
  check_ok(pb_cups_copy_queues(cups, &names, &count, &err), err);
  assert_int_equal(count, 2);
  assert_string_equal(names[0], "Laser");
  for (size_t i = 0; i < count; i++)
    free(names[i]);
  free(names);

  check_ok(pb_cups_copy_queue(cups, "Raster", &attributes, &err), err);
  assert_non_null(
    pb_ipp_find(attributes, IPP_TAG_PRINTER, "media-col-database", IPP_TAG_BEGIN_COLLECTION));
  // Everything that a real queue says and that may cross is within the table's bounds.
  assert_true(pb_attributes_copy(PB_ATTRIBUTES_DEVICE, attributes, IPP_TAG_PRINTER, copy,
                                 IPP_TAG_PRINTER, print_refused, &refused) > 50);
  assert_non_null(pb_ipp_find(copy, IPP_TAG_PRINTER, "media-supported", IPP_TAG_ZERO));
  assert_null(pb_ipp_find(copy, IPP_TAG_PRINTER, "printer-uuid", IPP_TAG_ZERO));
  ippDelete(attributes);
  ippDelete(copy);

  check_ok(pb_cups_copy_queue_state(cups, "Laser", &attributes, &err), err);
  assert_int_equal(pb_ipp_int(attributes, IPP_TAG_PRINTER, "printer-state", 0), IPP_PSTATE_IDLE);
  ippDelete(attributes);
  attributes = NULL;
  assert_false(pb_cups_copy_queue(cups, "Nothing", &attributes, &err));
  assert_int_equal(err.kind, PB_GONE);
  pb_cups_close(cups);
}

static pb_ticket_t
make_ticket(void)
{
  pb_ticket_t ticket = {.document_number = 1, .format = FORMAT};

  pb_text_make_uuid(ticket.job_uuid);
  strcpy(ticket.capability, "0123456789abcdef0123456789abcdef");
  return ticket;
}

static double
get_ms(void)
{
  struct timespec now;

  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static int
create(pb_cups_t *cups, const char *queue, const char *cloud_id, ipp_t *options)
{
  struct pb_cups_job job    = {.queue        = queue,
                               .title        = "Minutes",
                               .user         = "anna@example.com",
                               .cloud_job_id = cloud_id,
                               .options      = options};
  int                job_id = 0;
  pb_error_t         err    = {0};

  check_ok(pb_cups_create_job(cups, &job, &job_id, &err), err);
  assert_true(job_id > 0);
  return job_id;
}

static int
wait_until_ended(pb_cups_t *cups, const char *queue, int job_id, struct pb_cups_job_state *now)
{
  pb_error_t err = {0};

  for (int i = 0; i < 4000; i++)
  {
    check_ok(pb_cups_get_job(cups, queue, job_id, now, &err), err);
    if (now->state >= IPP_JSTATE_CANCELED)
      break;
    cupsd_nap();
  }
  return now->state;
}

static void
test_job_is_printed_and_found(void **state)
{
  pb_cups_t               *cups    = open_cups();
  pb_ticket_t              ticket  = make_ticket();
  struct pb_cups_job_state now     = {0};
  ipp_t                   *options = ippNew();
  int                      found   = -1;
  pb_error_t               err     = {0};

  (void)state;
  ippAddInteger(options, IPP_TAG_JOB, IPP_TAG_INTEGER, "copies", 2);
  ippAddString(options, IPP_TAG_JOB, IPP_TAG_KEYWORD, "job-hold-until", NULL, "indefinite");
  ippAddString(options, IPP_TAG_JOB, IPP_TAG_KEYWORD, "sides", NULL, "two-sided-long-edge");

  check_ok(pb_cups_find_job(cups, "Laser", "cloud-1", &found, &err), err);
  assert_int_equal(found, 0);
  double begin   = get_ms();
  int    job_id  = create(cups, "Laser", "cloud-1", options);
  double created = get_ms();
  check_ok(pb_cups_find_job(cups, "Laser", "cloud-1", &found, &err), err);
  assert_int_equal(found, job_id);
  check_ok(pb_cups_get_job(cups, "Laser", job_id, &now, &err), err);
  assert_true(now.state == IPP_JSTATE_HELD || now.state == IPP_JSTATE_PENDING);
  assert_string_equal(now.cloud_job_id, "cloud-1");
  double sending = get_ms();
  check_ok(pb_cups_send_ticket(cups, "Laser", job_id, &ticket, true, &err), err);
  printf("create %.2f ms, send ticket %.2f ms\n", created - begin, get_ms() - sending);
  assert_int_equal(wait_until_ended(cups, "Laser", job_id, &now), IPP_JSTATE_COMPLETED);

  // Ended jobs are found too, and by a connection of another user name.
  check_ok(pb_cups_find_job(cups, "Laser", "cloud-1", &found, &err), err);
  assert_int_equal(found, job_id);
  check_ok(pb_cups_find_job(cups, "Laser", "cloud-2", &found, &err), err);
  assert_int_equal(found, 0);

  // The same document again is there already; another one would be printed by cupsd.
  check_ok(pb_cups_send_ticket(cups, "Laser", job_id, &ticket, true, &err), err);
  check_ok(pb_cups_get_job(cups, "Laser", job_id, &now, &err), err);
  assert_int_equal(now.state, IPP_JSTATE_COMPLETED);
  ticket.document_number = 2;
  assert_false(pb_cups_send_ticket(cups, "Laser", job_id, &ticket, true, &err));
  assert_int_equal(err.kind, PB_REJECT);
  ippDelete(options);
  pb_cups_close(cups);
}

static void
test_restart_and_cancel(void **state)
{
  pb_cups_t               *cups   = open_cups();
  pb_ticket_t              ticket = make_ticket();
  struct pb_cups_job_state now    = {0};
  int                      found  = 0;
  pb_error_t               err    = {0};

  (void)state;
  int job_id = create(cups, "Raster", "cloud-3", NULL);
  cupsd_halt(&server, SIGTERM);
  assert_false(pb_cups_get_job(cups, "Raster", job_id, &now, &err));
  assert_int_equal(err.kind, PB_RETRY);
  cupsd_start(&server);
  check_ok(pb_cups_find_job(cups, "Raster", "cloud-3", &found, &err), err);
  assert_int_equal(found, job_id);
  pb_cups_close(cups);

  // A new connection does not know whose job it is, and asks.
  cups = open_cups();
  check_ok(pb_cups_send_ticket(cups, "Raster", job_id, &ticket, false, &err), err);
  pb_cups_close(cups);
  cups = open_cups();
  check_ok(pb_cups_cancel_job(cups, "Raster", job_id, &err), err);
  assert_int_equal(wait_until_ended(cups, "Raster", job_id, &now), IPP_JSTATE_CANCELED);
  assert_false(pb_cups_cancel_job(cups, "Raster", job_id + 1000, &err));
  assert_int_equal(err.kind, PB_GONE);
  pb_cups_close(cups);
}

static void
test_many_jobs(void **state)
{
  pb_cups_t *cups  = open_cups();
  int        found = 0, first = 0;
  pb_error_t err = {0};
  char       name[32];

  (void)state;
  for (int i = 0; i < 120; i++)
  {
    snprintf(name, sizeof(name), "many-%d", i);
    int job_id = create(cups, "Laser", name, NULL);
    check_ok(pb_cups_cancel_job(cups, "Laser", job_id, &err), err);
    if (i == 0)
      first = job_id;
  }
  double begin = get_ms();
  check_ok(pb_cups_find_job(cups, "Laser", "many-0", &found, &err), err);
  printf("find among 120 ended jobs: %.2f ms", get_ms() - begin);
  assert_int_equal(found, first);
  begin = get_ms();
  check_ok(pb_cups_find_job(cups, "Laser", "many-1", &found, &err), err);
  printf(", again %.2f ms\n", get_ms() - begin);
  assert_int_equal(found, first + 1);

  // What this connection remembers does not outlive cupsd.
  cupsd_halt(&server, SIGTERM);
  cupsd_start(&server);
  check_ok(pb_cups_find_job(cups, "Laser", "many-1", &found, &err), err);
  assert_int_equal(found, first + 1);
  pb_cups_close(cups);
}

static void
test_subscribe(void **state)
{
  pb_cups_t *cups = open_cups();
  int        id = 0, again = 0;
  pb_error_t err = {0};

  (void)state;
  assert_false(pb_cups_subscribe(cups, &id, &err));
  assert_int_equal(err.kind, PB_REJECT);
  cupsd_write(&server, "bin/notifier/printbridge", "#!/bin/sh\nexec cat >/dev/null\n");
  chmod(cupsd_path(&server, "bin/notifier/printbridge"), 0755);
  check_ok(pb_cups_subscribe(cups, &id, &err), err);
  check_ok(pb_cups_subscribe(cups, &again, &err), err);
  assert_int_equal(id, again);
  check_ok(pb_cups_unsubscribe(cups, id, &err), err);
  assert_false(pb_cups_unsubscribe(cups, id, &err));
  pb_cups_close(cups);
}

// A raw queue would print the ticket.
static void
test_raw_queue(void **state)
{
  pb_cups_t         *cups   = open_cups();
  struct pb_cups_job job    = {.queue = "Raw", .title = "t", .user = "anna", .cloud_job_id = "r"};
  int                job_id = 0;
  pb_error_t         err    = {0};

  (void)state;
  add_queue("Raw", NULL);
  assert_false(pb_cups_create_job(cups, &job, &job_id, &err));
  assert_int_equal(err.kind, PB_CONFIG);
  assert_int_equal(job_id, 0);
  job.queue = "Nothing";
  assert_false(pb_cups_create_job(cups, &job, &job_id, &err));
  assert_int_equal(err.kind, PB_GONE);
  pb_cups_close(cups);
}

static void
test_not_there(void **state)
{
  pb_cups_t *cups = NULL;
  pb_error_t err  = {0};

  (void)state;
  assert_false(pb_cups_open("/tmp/pb-there-is-no-cupsd.sock", &cups, &err));
  assert_int_equal(err.kind, PB_RETRY);
  assert_null(cups);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_queues),
    cmocka_unit_test(test_job_is_printed_and_found),
    cmocka_unit_test(test_restart_and_cancel),
    cmocka_unit_test(test_many_jobs),
    cmocka_unit_test(test_subscribe),
    cmocka_unit_test(test_raw_queue),
    cmocka_unit_test(test_not_there),
  };

  if (access("/usr/sbin/cupsd", X_OK) != 0)
  {
    puts("cupsd is not installed: skipped");
    return 77;
  }
  return cmocka_run_group_tests(tests, start, stop);
}
