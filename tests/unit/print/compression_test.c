// compression_test - documents that come compressed: stored as they are, fetched while they come,
// refused when they are damaged.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "bench.h"

#include "base/buffer.h"
#include "cloud/protocol.h"
#include "net/coding.h"

#define JOB_UUID "urn:uuid:0a000000-0000-4000-8000-00000000000c"
#define TEXT_SIZE 200000

struct given
{
  const char *data;
  size_t      left;
};

static bool
give(void *user, void *data, size_t room, size_t *got_out, pb_error_t *err)
{
  struct given *given = user;

  (void)err;
  *got_out = given->left < room ? given->left : room;
  memcpy(data, given->data, *got_out);
  given->data += *got_out;
  given->left -= *got_out;
  return true;
}

static void
encode(enum pb_coding coding, const char *text, size_t size, pb_buffer_t *coded)
{
  struct given  given   = {text, size};
  pb_encoder_t *encoder = NULL;
  char          out[4096];
  size_t        got = 1;
  pb_error_t    err = {0};

  pb_buffer_init(coded, 10 * TEXT_SIZE);
  check_ok(pb_encoder_new(coding, &encoder, &err), err);
  while (got > 0)
  {
    check_ok(pb_encoder_read(encoder, give, &given, out, sizeof(out), &got, &err), err);
    check_ok(pb_buffer_append(coded, out, got, &err), err);
  }
  pb_encoder_free(encoder);
}

static char *
make_text(void)
{
  char  *text = malloc(TEXT_SIZE + 1);
  size_t size = 0;

  size += (size_t)snprintf(text, TEXT_SIZE, "%%PDF-1.4\n");
  for (int i = 0; size < TEXT_SIZE - 40; i++)
    size += (size_t)snprintf(text + size, 40, "%d %d moveto (%d) show\n", i % 600, i % 800, i);
  memset(text + size, '\n', TEXT_SIZE - size);
  text[TEXT_SIZE] = '\0';
  return text;
}

static ipp_t *
ask_print(const char *compression, const char *format)
{
  ipp_t *ipp = ask(IPP_OP_PRINT_JOB);

  ippAddString(ipp, IPP_TAG_OPERATION, IPP_TAG_KEYWORD, "compression", NULL, compression);
  ippAddString(ipp, IPP_TAG_OPERATION, IPP_TAG_MIMETYPE, "document-format", NULL, format);
  return ipp;
}

static ipp_t *
ask_print_again(const char *compression, const char *format)
{
  ipp_t *ipp = ask_print(compression, format);

  ippAddString(ipp, IPP_TAG_OPERATION, IPP_TAG_URI, PB_CLIENT_JOB_UUID, NULL, JOB_UUID);
  return ipp;
}

static void
check_spooled(struct bench *b, int id, const char *text, size_t size)
{
  struct pb_document document;
  pb_spool_reader_t *reader = NULL;
  char              *read   = malloc(size + 1);
  size_t             at = 0, got = 0;
  pb_error_t         err = {0};

  check_ok(pb_document_load(b->db, id, 1, &document, &err), err);
  assert_int_equal(document.size, size);
  check_ok(pb_spool_open_reader(b->spool, document.spool_id, NULL, NULL, &reader, &err), err);
  while (pb_spool_read(reader, read + at, size + 1 - at, &got, &err) == PB_SPOOL_DATA)
    at += got;
  assert_int_equal(at, size);
  assert_memory_equal(read, text, size);
  pb_spool_reader_free(reader);
  free(read);
}

// As it would come in, in pieces; returns the status.
static int
print(struct bench *b, ipp_t *ipp, const char *data, size_t size, size_t piece, int *id_out)
{
  struct pb_request request;
  int               status;
  bool              is_ready = false, ok = true;

  begin(b, &request, &ann, ipp);
  assert_int_equal(request.answer, PB_ANSWER_DOCUMENT);
  *id_out = request.job.id;
  for (size_t at = 0; ok && at < size; at += piece)
    ok = pb_upload_write(&request, data + at, size - at < piece ? size - at : piece, &is_ready);
  pb_upload_finish(&request);
  status = (int)ippGetStatusCode(request.response);
  pb_request_clear(&request);
  return status;
}

static void
test_stored_as_it_is(void **state)
{
  struct bench *b    = *state;
  char         *text = make_text();

  for (enum pb_coding coding = PB_CODING_GZIP; coding < PB_CODINGS; coding++)
    for (size_t piece = 1; piece < TEXT_SIZE; piece += TEXT_SIZE / 2)
    {
      pb_buffer_t coded;
      int         id = 0;

      encode(coding, text, TEXT_SIZE, &coded);
      check_status(print(b, ask_print(pb_coding_name(coding), "application/octet-stream"),
                         coded.data, coded.size, piece, &id),
                   IPP_STATUS_OK);
      check_spooled(b, id, text, TEXT_SIZE);
      check_job(b, id, IPP_JSTATE_PENDING, "job-fetchable");
      check_status(call(b, &ann, ask_job(IPP_OP_CANCEL_JOB, id)), IPP_STATUS_OK);
      pb_buffer_clear(&coded);
    }
  free(text);
}

// The job can be fetched as soon as the first bytes of the plain document are known.
static void
test_cut_through(void **state)
{
  struct bench     *b = *state;
  struct pb_request request;
  pb_buffer_t       coded;
  char             *text     = make_text();
  bool              is_ready = false;

  encode(PB_CODING_GZIP, text, TEXT_SIZE, &coded);
  begin(b, &request, &ann, ask_print_again("gzip", "application/octet-stream"));
  assert_true(pb_upload_write(&request, coded.data, 10, &is_ready));  // the head
  assert_false(is_ready);
  assert_true(pb_upload_write(&request, coded.data + 10, coded.size / 2, &is_ready));
  assert_true(is_ready);
  pb_upload_break_off(&request);  // and in the middle: it comes again, as it likes
  check_job(b, request.job.id, IPP_JSTATE_PENDING, "job-data-insufficient");
  check_status(call_with(b, &ann, ask_print_again("none", "application/pdf"), text, NULL),
               IPP_STATUS_OK);
  check_spooled(b, request.job.id, text, TEXT_SIZE);
  pb_request_clear(&request);
  pb_buffer_clear(&coded);
  free(text);
}

static void
test_refused(void **state)
{
  static const struct
  {
    const char  *name;
    size_t       repeats;       // of the text, before it is compressed
    size_t       cut, damaged;  // bytes from the end; where a byte is another
    ipp_status_t want;
  } rows[] = {
    {"cut",       1,  5, 0,    IPP_STATUS_ERROR_COMPRESSION_ERROR},
    {"whole",     1,  0, 0,    IPP_STATUS_OK                     },
    {"damaged",   1,  0, 5000, IPP_STATUS_ERROR_COMPRESSION_ERROR},
    {"no gzip",   1,  0, 1,    IPP_STATUS_ERROR_COMPRESSION_ERROR},
    {"too large", 10, 0, 0,    IPP_STATUS_ERROR_REQUEST_ENTITY   },
  };
  struct bench *b    = *state;
  char         *text = make_text();

  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
  {
    char       *all = malloc(rows[i].repeats * TEXT_SIZE);
    pb_buffer_t coded;
    int         id = 0, status;

    for (size_t n = 0; n < rows[i].repeats; n++)
      memcpy(all + n * TEXT_SIZE, text, TEXT_SIZE);
    encode(PB_CODING_GZIP, all, rows[i].repeats * TEXT_SIZE, &coded);
    if (rows[i].damaged > 0)
      coded.data[rows[i].damaged] ^= 0x55;
    status = print(b, ask_print("gzip", "application/pdf"), coded.data, coded.size - rows[i].cut,
                   1000, &id);
    if (status != (int)rows[i].want)
      fail_msg("%s: %s", rows[i].name, ippErrorString((ipp_status_t)status));
    if (rows[i].want != IPP_STATUS_OK)
      check_job(b, id, IPP_JSTATE_ABORTED, "submission-interrupted,aborted-by-system");
    else
      check_status(call(b, &ann, ask_job(IPP_OP_CANCEL_JOB, id)), IPP_STATUS_OK);
    pb_buffer_clear(&coded);
    free(all);
  }
  free(text);
}

// The last Send-Document may come without a document, whatever its compression.
static void
test_nothing(void **state)
{
  struct bench *b        = *state;
  ipp_t        *response = NULL;
  int           id;

  check_status(call_with(b, &ann, ask(IPP_OP_CREATE_JOB), NULL, &response), IPP_STATUS_OK);
  id = pb_ipp_int(response, IPP_TAG_JOB, "job-id", 0);
  ippDelete(response);
  for (int i = 0; i < 2; i++)
  {
    ipp_t *ipp = ask_job(IPP_OP_SEND_DOCUMENT, id);

    ippAddString(ipp, IPP_TAG_OPERATION, IPP_TAG_KEYWORD, "compression", NULL,
                 i == 0 ? "none" : "gzip");
    ippAddBoolean(ipp, IPP_TAG_OPERATION, "last-document", i == 1);
    check_status(call_with(b, &ann, ipp, i == 0 ? PDF : NULL, NULL), IPP_STATUS_OK);
  }
  check_job(b, id, IPP_JSTATE_PENDING, "job-fetchable");
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(test_stored_as_it_is, bench_setup, bench_teardown),
    cmocka_unit_test_setup_teardown(test_cut_through, bench_setup, bench_teardown),
    cmocka_unit_test_setup_teardown(test_refused, bench_setup, bench_teardown),
    cmocka_unit_test_setup_teardown(test_nothing, bench_setup, bench_teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
