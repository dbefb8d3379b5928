// chain_test - from a document source through the socket, printbridgefetch, cupsd's own chain and a
// real driver to a printer on the network; and cupsd's events back through the notifier.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "../ipp/cupsd.h"
#include "base/text.h"
#include "check.h"
#include "connector/document.h"
#include "ipp/cups.h"
#include <pthread.h>

#define POSTSCRIPT "drv:///sample.drv/generic.ppd"
#define PAGE "/usr/share/cups/data/default-testpage.pdf"
#define RASTER "drv:///sample.drv/laserjet.ppd"

// A printer that takes one job after the other.
struct sink
{
  int          fd, port;
  pthread_t    thread;
  atomic_llong bytes;
  atomic_llong first_us;  // when the first byte came; 0: not yet
  char         begin[64];
};

struct source
{
  const char  *file;
  int          breaks;  // so many tries end in the middle
  atomic_bool *go;      // NULL: at once; else the second half waits for it
  atomic_int   done, failed, readers;
};

static struct cupsd    server;
static struct sink     sink;
static pb_documents_t *documents;
static pb_cups_t      *cups;
static atomic_int      events, job_events;

static long long
get_us(void)
{
  struct timespec now;

  clock_gettime(CLOCK_MONOTONIC, &now);
  return (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void
take_job(int fd)
{
  char data[65536];

  for (;;)
  {
    ssize_t   got  = recv(fd, data, sizeof(data), 0);
    long long zero = 0;

    if (got <= 0)
      return;
    if (atomic_load(&sink.bytes) == 0)
      memcpy(sink.begin, data, got < 63 ? (size_t)got : 63);
    atomic_compare_exchange_strong(&sink.first_us, &zero, get_us());
    atomic_fetch_add(&sink.bytes, got);
  }
}

static void *
run_sink(void *user)
{
  (void)user;
  for (;;)
  {
    int fd = accept(sink.fd, NULL, NULL);

    if (fd < 0)
      return NULL;
    take_job(fd);
    close(fd);
  }
}

static void
start_sink(void)
{
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t          size    = sizeof(address);

  sink.fd = socket(AF_INET, SOCK_STREAM, 0);
  assert_int_equal(bind(sink.fd, (struct sockaddr *)&address, size), 0);
  assert_int_equal(listen(sink.fd, 8), 0);
  getsockname(sink.fd, (struct sockaddr *)&address, &size);
  sink.port = ntohs(address.sin_port);
  pthread_create(&sink.thread, NULL, run_sink, NULL);
}

static bool
fetch(void *user, pb_http_sink_t to, void *to_user, const atomic_bool *stop, pb_error_t *err)
{
  struct source *source = user;
  char           data[4096];
  size_t         got  = 0;
  bool           ok   = true;
  FILE          *file = fopen(source->file, "rb");

  assert_non_null(file);
  fseek(file, 0, SEEK_END);
  long half = ftell(file) / 2;
  rewind(file);
  while (ok && (got = fread(data, 1, sizeof(data), file)) > 0)
  {
    ok = to(to_user, data, got, err);
    if (ok && source->breaks > 0 && ftell(file) > half)
    {
      source->breaks--;
      ok = pb_error_set(err, PB_RETRY, "connection reset");
    }
    while (source->go != NULL && ftell(file) > half && !atomic_load(source->go) &&
           !atomic_load(stop))
      usleep(1000);
  }
  fclose(file);
  return ok;
}

static enum pb_document_answer
on_started(void *user, const struct pb_document_reader *reader)
{
  (void)reader;
  atomic_fetch_add(&((struct source *)user)->readers, 1);
  return PB_DOCUMENT_READ;
}

static bool
on_done(void *user, int64_t bytes)
{
  (void)bytes;
  atomic_fetch_add(&((struct source *)user)->done, 1);
  return true;
}

static void
on_failed(void *user, const pb_error_t *why)
{
  (void)why;
  atomic_fetch_add(&((struct source *)user)->failed, 1);
}

static void
on_event(void *user, const void *message, size_t size)
{
  ipp_t     *event = NULL;
  pb_error_t err   = {0};

  (void)user;
  if (!pb_ipp_parse(message, size, &event, &err))
    return;
  atomic_fetch_add(&events, 1);
  if (pb_ipp_find(event, IPP_TAG_EVENT_NOTIFICATION, "notify-job-id", IPP_TAG_INTEGER) != NULL)
    atomic_fetch_add(&job_events, 1);
  ippDelete(event);
}

// The programs stand beside the tests in the build folder.
static void
add_program(const char *built, const char *to)
{
  char    path[512], from[600];
  ssize_t size = readlink("/proc/self/exe", path, sizeof(path) - 1);

  assert_true(size > 0);
  path[size]          = '\0';
  *strrchr(path, '/') = '\0';
  snprintf(from, sizeof(from), "%s/../bin/%s", path, built);
  cupsd_add(&server, from, to, 0755);
}

static void
add_rules(void)
{
  size_t             count       = 0;
  const char *const *formats     = pb_ticket_formats(&count);
  char               types[2048] = "", convs[2048] = "";

  for (size_t i = 0; i < count; i++)
  {
    const char *type = pb_ticket_type_for(formats[i]);

    snprintf(types + strlen(types), sizeof(types) - strlen(types), "%s\n", type);
    snprintf(convs + strlen(convs), sizeof(convs) - strlen(convs), "%s %s 0 printbridgefetch\n",
             type, formats[i]);
  }
  cupsd_write(&server, "share/mime/printbridge.types", types);
  cupsd_write(&server, "share/mime/printbridge.convs", convs);
}

static int
start(void **state)
{
  struct pb_documents_options options = {.filter_user           = "lp",
                                         .read_ahead_bytes      = 1 << 20,
                                         .read_ahead_file_bytes = 1 << 24,
                                         .temp_folder           = "/tmp",
                                         .unknown_grace_ms      = -1,
                                         .on_event              = on_event};
  char                        device[128];
  int                         id  = 0;
  pb_error_t                  err = {0};

  (void)state;
  start_sink();
  cupsd_make(&server);
  add_program("filter/printbridgefetch", "bin/filter/printbridgefetch");
  add_program("notifier/printbridge", "bin/notifier/printbridge");
  add_rules();
  options.socket_path = server.connector;
  check_ok(pb_documents_start(&options, &documents, &err), err);
  cupsd_start(&server);
  snprintf(device, sizeof(device), "socket://127.0.0.1:%d/?waiteof=false&snmp=false", sink.port);
  cupsd_add_queue(&server, "Laser", device, POSTSCRIPT);
  cupsd_add_queue(&server, "Raster", device, RASTER);
  check_ok(pb_cups_open(server.socket, &cups, &err), err);
  check_ok(pb_cups_subscribe(cups, &id, &err), err);
  return 0;
}

static int
stop(void **state)
{
  (void)state;
  pb_cups_close(cups);
  cupsd_stop(&server);
  pb_documents_stop(documents);
  shutdown(sink.fd, SHUT_RDWR);
  pthread_join(sink.thread, NULL);
  close(sink.fd);
  return 0;
}

static pb_ticket_t
offer(struct source *source, const char *format)
{
  struct pb_document_source given  = {fetch, on_started, on_done, NULL, on_failed, source, 0};
  pb_ticket_t               ticket = {.document_number = 1};
  pb_error_t                err    = {0};

  pb_text_make_uuid(ticket.job_uuid);
  pb_text_copy(ticket.format, sizeof(ticket.format), format);
  check_ok(pb_documents_offer(documents, &given, ticket.capability, &err), err);
  return ticket;
}

static int
print(const char *queue, const pb_ticket_t *ticket)
{
  struct pb_cups_job job = {
    .queue = queue, .title = "Chain", .user = "anna", .cloud_job_id = ticket->job_uuid};
  int        job_id = 0;
  pb_error_t err    = {0};

  atomic_store(&sink.bytes, 0);
  atomic_store(&sink.first_us, 0);
  memset(sink.begin, 0, sizeof(sink.begin));
  check_ok(pb_cups_create_job(cups, &job, &job_id, &err), err);
  check_ok(pb_cups_send_ticket(cups, queue, job_id, ticket, true, &err), err);
  return job_id;
}

static int
wait_until_ended(const char *queue, int job_id)
{
  struct pb_cups_job_state now = {0};
  pb_error_t               err = {0};

  for (int i = 0; i < 6000; i++)
  {
    check_ok(pb_cups_get_job(cups, queue, job_id, &now, &err), err);
    // A failed filter leaves the job stopped, for somebody to look at.
    if (now.state >= IPP_JSTATE_STOPPED)
      break;
    cupsd_nap();
  }
  return now.state;
}

// A file that starts with a slash is the system's; others are made by Ghostscript in the server's
// folder.
static const struct row
{
  const char *name, *queue, *format, *file;
  int         breaks;
  const char *begin;
} rows[] = {
  {"pdf to PostScript",          "Laser",  "application/pdf",        PAGE,            0, "%!PS"},
  {"pdf to raster",              "Raster", "application/pdf",        PAGE,            0, "\033"},
  {"text to PostScript",         "Laser",  "text/plain",             "/etc/services", 0, "%!PS"},
  {"PostScript to PostScript",   "Laser",  "application/postscript", "ps2write",      0, "%!PS"},
  {"PostScript to raster",       "Raster", "application/postscript", "ps2write",      0, "\033"},
  {"JPEG to PostScript",         "Laser",  "image/jpeg",             "jpeg",          0, "%!PS"},
  {"PNG to PostScript",          "Laser",  "image/png",              "png16m",        0, "%!PS"},
  {"PWG raster to PostScript",   "Laser",  "image/pwg-raster",       "pwgraster",     0, "%!PS"},
  {"PWG raster to raster",       "Raster", "image/pwg-raster",       "pwgraster",     0, "\033"},
  {"Apple raster to PostScript", "Laser",  "image/urf",              "appleraster",   0, "%!PS"},
  {"broken twice",               "Laser",  "application/pdf",        PAGE,            2, "%!PS"},
};

static const char *
make_file(const char *device)
{
  static char path[128];
  char        command[512];

  if (device[0] == '/')
    return device;
  snprintf(path, sizeof(path), "%s/out/page.%s", server.folder, device);
  snprintf(command, sizeof(command),
           "gs -q -dSAFER -dBATCH -dNOPAUSE -sDEVICE=%s -r150 -sOutputFile=%s " PAGE, device, path);
  return access(path, R_OK) == 0 || system(command) == 0 ? path : NULL;
}

static void
test_rows(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
  {
    struct source source = {.file = make_file(rows[i].file), .breaks = rows[i].breaks};
    if (source.file == NULL)
      fail_msg("%s: Ghostscript cannot make it", rows[i].name);
    pb_ticket_t ticket = offer(&source, rows[i].format);
    long long   begin  = get_us();
    int         job_id = print(rows[i].queue, &ticket);
    int         ended  = wait_until_ended(rows[i].queue, job_id);

    if (ended != IPP_JSTATE_COMPLETED)
      fail_msg("%s: job ended with state %d", rows[i].name, ended);
    // The printer may still be reading what the backend has sent.
    for (int k = 0; k < 1000 && atomic_load(&sink.bytes) == 0; k++)
      cupsd_nap();
    if (memcmp(sink.begin, rows[i].begin, strlen(rows[i].begin)) != 0)
      fail_msg("%s: the printer got %lld bytes, %02x %02x %.16s", rows[i].name,
               (long long)atomic_load(&sink.bytes), sink.begin[0], sink.begin[1], sink.begin);
    printf("%s: first byte at the printer %.1f ms after the job was begun, %lld bytes\n",
           rows[i].name, (double)(atomic_load(&sink.first_us) - begin) / 1000.0,
           (long long)atomic_load(&sink.bytes));
    assert_int_equal(source.done, 1);
    pb_documents_withdraw(documents, ticket.capability);
  }
  for (int i = 0; i < 400 && atomic_load(&job_events) == 0; i++)
    cupsd_nap();
  assert_true(atomic_load(&job_events) > 0);
}

// A document that breaks off for good must not look printed.
static void
test_lost_document(void **state)
{
  struct source source = {.file = "/etc/services"};
  pb_ticket_t   ticket = offer(&source, "text/plain");

  (void)state;
  pb_documents_withdraw(documents, ticket.capability);
  assert_int_equal(wait_until_ended("Laser", print("Laser", &ticket)), IPP_JSTATE_STOPPED);
}

// Cancelled while the cloud is silent: the filter goes at once, and so does the fetch.
static void
test_cancel_while_waiting(void **state)
{
  atomic_bool   go     = false;
  struct source source = {.file = "/usr/share/cups/data/default-testpage.pdf", .go = &go};
  pb_ticket_t   ticket = offer(&source, "application/pdf");
  int           job_id = print("Laser", &ticket);
  pb_error_t    err    = {0};

  (void)state;
  for (int i = 0; i < 2000 && atomic_load(&source.readers) == 0; i++)
    cupsd_nap();
  long long begin = get_us();
  check_ok(pb_cups_cancel_job(cups, "Laser", job_id, &err), err);
  assert_int_equal(wait_until_ended("Laser", job_id), IPP_JSTATE_CANCELED);
  pb_documents_withdraw(documents, ticket.capability);
  assert_true(get_us() - begin < 5000000);
  assert_int_equal(source.done, 0);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_rows),
    cmocka_unit_test(test_lost_document),
    cmocka_unit_test(test_cancel_while_waiting),
  };

  if (access("/usr/sbin/cupsd", X_OK) != 0)
  {
    puts("cupsd is not installed: skipped");
    return 77;
  }
  return cmocka_run_group_tests(tests, start, stop);
}
