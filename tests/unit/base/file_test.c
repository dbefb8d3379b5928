// file_test - whole, private, durable files; buffers with caps; secrets.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"

#include "base/secret.h"
#include "check.h"
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/pb-file-test-XXXXXX";

static void
replaces_and_reads(void **state)
{
  char       *path = pb_file_join(folder, "a");
  pb_buffer_t text;
  pb_error_t  err = {0};
  struct stat info;

  (void)state;
  check_ok(pb_file_replace(path, 0640, "one", 3, &err), err);
  check_ok(pb_file_replace(path, 0600, "two", 3, &err), err);
  check_ok(pb_file_read(path, 3, &text, &err), err);
  assert_string_equal(text.data, "two");
  pb_buffer_clear(&text);
  assert_int_equal(stat(path, &info), 0);
  assert_int_equal(info.st_mode & 0777, 0600);

  assert_false(pb_file_read(path, 2, &text, &err));
  assert_int_equal(err.kind, PB_REJECT);
  check_ok(pb_file_remove(path, &err), err);
  check_ok(pb_file_remove(path, &err), err);
  assert_false(pb_file_read(path, 3, &text, &err));
  assert_int_equal(err.kind, PB_GONE);
  free(path);
}

static void
waits_for_no_pipe(void **state)
{
  char       *path = pb_file_join(folder, "pipe");
  pb_buffer_t text;
  pb_error_t  err = {0};

  (void)state;
  assert_int_equal(mkfifo(path, 0600), 0);
  assert_false(pb_file_read(path, 10, &text, &err));
  assert_int_equal(err.kind, PB_CONFIG);
  assert_non_null(strstr(err.message, path));
  unlink(path);
  assert_false(pb_file_read(folder, 10, &text, &err));
  assert_int_equal(err.kind, PB_CONFIG);
  assert_false(pb_file_read("/dev/null", 10, &text, &err));
  assert_int_equal(err.kind, PB_CONFIG);
  free(path);
}

static void
a_failed_replace_leaves_the_old(void **state)
{
  pb_error_t err = {0};

  (void)state;
  assert_false(pb_file_replace("/nonexistent/folder/file", 0600, "x", 1, &err));
  assert_non_null(strstr(err.message, "/nonexistent/folder/file"));
}

static void
makes_folders(void **state)
{
  char       *path = pb_file_join(folder, "x/y/z");
  pb_error_t  err  = {0};
  struct stat info;
  char        part[64];

  (void)state;
  check_ok(pb_file_make_folder(path, 0700, &err), err);
  check_ok(pb_file_make_folder(path, 0700, &err), err);
  assert_int_equal(stat(path, &info), 0);
  assert_int_equal(info.st_mode & 0777, 0700);
  rmdir(path);
  snprintf(part, sizeof(part), "%s/x/y", folder);
  rmdir(part);
  snprintf(part, sizeof(part), "%s/x", folder);
  rmdir(part);
  free(path);
}

static void
locks_once(void **state)
{
  char      *path = pb_file_join(folder, "lock");
  pb_error_t err  = {0};
  int        a = -1, b = -1;

  (void)state;
  check_ok(pb_file_lock(path, &a, &err), err);
  assert_false(pb_file_lock(path, &b, &err));
  assert_int_equal(err.kind, PB_CONFIG);
  close(a);
  check_ok(pb_file_lock(path, &b, &err), err);
  close(b);
  unlink(path);
  free(path);
}

static void
buffers_keep_their_cap(void **state)
{
  pb_buffer_t buffer;
  pb_error_t  err = {0};

  (void)state;
  pb_buffer_init(&buffer, 10);
  check_ok(pb_buffer_append_text(&buffer, "12345", &err), err);
  check_ok(pb_buffer_appendf(&buffer, &err, "%d", 67890), err);
  assert_false(pb_buffer_append(&buffer, "x", 1, &err));
  assert_int_equal(err.kind, PB_REJECT);
  assert_false(pb_buffer_appendf(&buffer, &err, "%s", "x"));
  assert_string_equal(buffer.data, "1234567890");
  pb_buffer_consume(&buffer, 4);
  assert_string_equal(buffer.data, "567890");
  pb_buffer_consume(&buffer, 100);
  assert_int_equal(buffer.size, 0);
  check_ok(pb_buffer_append_text(&buffer, "again", &err), err);
  char *taken = pb_buffer_take(&buffer, NULL);
  assert_string_equal(taken, "again");
  assert_null(buffer.data);
  free(taken);
}

static void
secrets_are_random_and_comparable(void **state)
{
  pb_secret_t a = {0}, b = {0};
  pb_error_t  err = {0};

  (void)state;
  check_ok(pb_secret_make(&a, 16, &err), err);
  check_ok(pb_secret_make(&b, 16, &err), err);
  assert_int_equal(a.size, 22);
  assert_false(pb_secret_is_equal(a.text, a.size, b.text, b.size));
  check_ok(pb_secret_set(&b, a.text, a.size, &err), err);
  assert_true(pb_secret_is_equal(a.text, a.size, b.text, b.size));
  assert_false(pb_secret_is_equal(a.text, a.size, b.text, b.size - 1));
  assert_false(pb_secret_make(&a, 65, &err));
  pb_secret_clear(&a);
  pb_secret_clear(&b);
  assert_null(a.text);
  for (int i = 0; i < 1000; i++)
    assert_true(pb_random_below(3) < 3);
  assert_int_equal(pb_random_below(0), 0);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(replaces_and_reads),
    cmocka_unit_test(waits_for_no_pipe),
    cmocka_unit_test(a_failed_replace_leaves_the_old),
    cmocka_unit_test(makes_folders),
    cmocka_unit_test(locks_once),
    cmocka_unit_test(buffers_keep_their_cap),
    cmocka_unit_test(secrets_are_random_and_comparable),
  };

  if (mkdtemp(folder) == NULL)
    return 1;
  int status = cmocka_run_group_tests(tests, NULL, NULL);
  rmdir(folder);
  return status;
}
