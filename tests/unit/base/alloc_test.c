// alloc_test - lib/base when memory runs out; and the instrument that makes it run out.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "alloc.h"

#include "base/buffer.h"
#include "base/config.h"
#include "base/db.h"
#include "base/file.h"
#include "base/secret.h"
#include "base/text.h"
#include <unistd.h>

struct world
{
  char folder[64];
  char config[96], text[96];
};

static void
the_instrument_works(void **state)
{
  void *one, *two, *three;

  (void)state;
  for (int is_on = 0; is_on < 2; is_on++)
  {
    alloc_arm(2, is_on);
    one   = malloc(1);
    two   = calloc(1, 1);
    three = strdup("x");
    assert_true(alloc_disarm());
    assert_non_null(one);
    assert_null(two);
    assert_int_equal(three == NULL, is_on);
    free(one);
    free(two);
    free(three);
  }
  alloc_arm(2, false);
  one = malloc(1);
  assert_false(alloc_disarm());
  free(one);
}

// --- the cases

static bool
dup_texts(void *world, pb_error_t *err)
{
  char *a = pb_text_dup("abc"), *b = pb_text_dup_size("abcd", 3), *c = pb_file_join("a", "b");
  bool  ok = a && b && c;

  (void)world;
  (void)err;
  assert_true(!a || strcmp(a, "abc") == 0);
  assert_true(!b || strcmp(b, "abc") == 0);
  assert_true(!c || strcmp(c, "a/b") == 0);
  free(a);
  free(b);
  free(c);
  return ok;
}

static bool
code_base64(void *world, pb_error_t *err)
{
  size_t   size = 0;
  char    *text = pb_text_format_base64("abc", 3, true);
  uint8_t *back = text ? pb_text_parse_base64(text, strlen(text), true, &size) : NULL;
  bool     ok   = back;

  (void)world;
  (void)err;
  assert_true(!back || (size == 3 && memcmp(back, "abc", 3) == 0));
  free(text);
  free(back);
  return ok;
}

static bool
fill_buffer(void *world, pb_error_t *err)
{
  pb_buffer_t buffer = {0};
  bool        ok     = true;
  char       *text   = NULL;
  char        piece[400];

  (void)world;
  memset(piece, 'a', sizeof(piece));
  pb_buffer_init(&buffer, 100000);
  for (int i = 0; ok && i < 20; i++)
  {
    size_t before = buffer.size;

    ok = pb_buffer_append(&buffer, piece, sizeof(piece), err) &&
         pb_buffer_appendf(&buffer, err, "%d", i);
    assert_true(ok || buffer.size == before || buffer.size == before + sizeof(piece));
    assert_true(!buffer.data || buffer.data[buffer.size] == '\0');
  }
  if (ok)
  {
    text = pb_buffer_take(&buffer, NULL);
    ok   = text || pb_error_set(err, PB_RETRY, "take");
    assert_true(!text || strlen(text) == 20 * sizeof(piece) + 10 + 20);
  }
  free(text);
  pb_buffer_clear(&buffer);
  return ok;
}

static bool
keep_secret(void *world, pb_error_t *err)
{
  pb_secret_t secret = {0};
  bool        ok     = pb_secret_set(&secret, "abc", 3, err) && pb_secret_make(&secret, 16, err);

  (void)world;
  assert_true(!ok || secret.size == 22);
  pb_secret_clear(&secret);
  return ok;
}

struct settings
{
  char   *name, *folder;
  int64_t count;
};

static const struct pb_setting table[] = {
  {"name",   PB_SETTING_TEXT, offsetof(struct settings, name),   "none", 0, 0, NULL, "A name."  },
  {"folder", PB_SETTING_TEXT, offsetof(struct settings, folder), NULL,   0, 0, NULL, "A folder."},
  {"count",  PB_SETTING_INT,  offsetof(struct settings, count),  "3",    0, 9, NULL, "A number."},
};
#define TABLE_COUNT (sizeof(table) / sizeof(table[0]))

static bool
load_config(void *user, pb_error_t *err)
{
  struct world   *world    = user;
  struct settings settings = {0};
  bool            ok       = pb_config_load(table, TABLE_COUNT, &settings, world->config, err) &&
            pb_config_set(table, TABLE_COUNT, &settings, "name", "later", err);

  assert_true(!ok || strcmp(settings.name, "later") == 0);
  assert_true(!ok || (strcmp(settings.folder, "/there") == 0 && settings.count == 7));
  pb_config_clear(table, TABLE_COUNT, &settings);
  return ok;
}

static bool
explain_config(void *world, pb_error_t *err)
{
  char *text = pb_config_format_help(table, TABLE_COUNT);
  bool  ok   = text;

  (void)world;
  (void)err;
  assert_true(!text || (strstr(text, "A name.") && strstr(text, "count") && strstr(text, "3")));
  free(text);
  return ok;
}

static bool
replace_and_read(void *user, pb_error_t *err)
{
  struct world *world  = user;
  pb_buffer_t   buffer = {0};
  bool          ok     = pb_file_replace(world->text, 0600, "old and new", 11, err) &&
            pb_file_read(world->text, 100, &buffer, err);

  assert_true(!ok || strcmp(buffer.data, "old and new") == 0);
  pb_buffer_clear(&buffer);
  return ok;
}

static bool
ask_database(void *world, pb_error_t *err)
{
  static const char *const migrations[] = {"CREATE TABLE t (a INTEGER, b TEXT);"};
  pb_db_t                 *db           = NULL;
  pb_db_stmt_t            *query        = NULL;
  int                      rows         = 0;
  bool ok = pb_db_open(":memory:", &db, err) && pb_db_migrate(db, "t", migrations, 1, err) &&
            pb_db_run(db, err, "INSERT INTO t VALUES (?, ?)", "it", INT64_C(7), "seven");

  (void)world;
  if (ok)
  {
    query = pb_db_query(db, err, "SELECT a, b FROM t", "");
    for (; pb_db_step(query); rows++)
      assert_string_equal(pb_db_text(query, 1), "seven");
    ok = pb_db_finish(query, err);
    assert_true(!ok || rows == 1);
  }
  pb_db_close(db);
  return ok;
}

static const struct alloc_case cases[] = {
  {"texts",         dup_texts,        true },
  {"base64",        code_base64,      true },
  {"buffer",        fill_buffer,      false},
  {"secret",        keep_secret,      false},
  {"config",        load_config,      false},
  {"config's help", explain_config,   true },
  {"file",          replace_and_read, false},
  {"database",      ask_database,     false},
};

static void
each_allocation_may_fail(void **state)
{
  struct world world = {.folder = "/tmp/pb-alloc-XXXXXX"};
  char         command[128];
  FILE        *file;

  (void)state;
  assert_non_null(mkdtemp(world.folder));
  snprintf(world.config, sizeof(world.config), "%s/config", world.folder);
  snprintf(world.text, sizeof(world.text), "%s/text", world.folder);
  file = fopen(world.config, "w");
  assert_non_null(file);
  fputs("# a comment\nname = first\nfolder = /there\ncount = 7\n", file);
  fclose(file);
  alloc_check(cases, sizeof(cases) / sizeof(cases[0]), &world);
  snprintf(command, sizeof(command), "rm -r %s", world.folder);
  assert_int_equal(system(command), 0);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(the_instrument_works),
    cmocka_unit_test(each_allocation_may_fail),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
