// control_test - the control socket: its words, what is refused, and who else is there.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "check.h"

#include "connector/control.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static char folder[] = "/tmp/pb-control-XXXXXX";
static char path[64];
static int  reloads;
static bool may_reload;

static json_object *
give_status(void *user)
{
  json_object *object = json_object_new_object();

  (void)user;
  assert_true(pb_json_add_int(object, "pid", 42));
  return object;
}

static json_object *
give_nothing(void *user)
{
  (void)user;
  return NULL;
}

static bool
reload(void *user, pb_error_t *err)
{
  (void)user;
  reloads++;
  return may_reload || pb_error_set(err, PB_CONFIG, "not now");
}

static bool
release(void *user, const char *queue, int cloud_job, pb_error_t *err)
{
  (void)user;
  return (strcmp(queue, "Laser 2") == 0 && cloud_job == 7) || pb_error_set(err, PB_GONE, "no job");
}

static void
renew(void *user)
{
  (void)user;
}

static bool
release_pin(void *user, const char *queue, int cloud_job, const char *pin, pb_error_t *err)
{
  (void)user;
  return (strcmp(queue, "Laser 2") == 0 && cloud_job == 7 && strcmp(pin, "1 2") == 0) ||
         pb_error_set(err, PB_REJECT, "wrong");
}

#define NO_PIN "{\"error\":\"release which queue's job, with which PIN?\"}"
static const struct pb_control_ops ops = {give_status, give_nothing, reload, release,
                                          release_pin, renew,        NULL};

static int
connect_to(const char *where)
{
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  int                fd      = socket(AF_UNIX, SOCK_STREAM, 0);

  snprintf(address.sun_path, sizeof(address.sun_path), "%s", where);
  assert_true(fd >= 0);
  assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
  return fd;
}

// Send the bytes and read until the end.
static void
ask(const char *bytes, size_t size, char *answer, size_t room)
{
  int     fd   = connect_to(path);
  size_t  have = 0;
  ssize_t got  = 0;

  assert_int_equal(send(fd, bytes, size, MSG_NOSIGNAL), (ssize_t)size);
  shutdown(fd, SHUT_WR);
  for (got = read(fd, answer, room - 1); got > 0; got = read(fd, answer + have, room - 1 - have))
    have += (size_t)got;
  answer[have] = '\0';
  close(fd);
}

static int
set_up(void **state)
{
  (void)state;
  assert_non_null(mkdtemp(folder));
  snprintf(path, sizeof(path), "%s/control.sock", folder);
  return 0;
}

static int
tear_down(void **state)
{
  (void)state;
  return rmdir(folder);
}

static void
test_words(void **state)
{
  static char too_long[800];
  const struct
  {
    const char *name;
    const char *input;
    bool        may_reload;
    const char *want;
  } rows[] = {
    {"status",          "status\n",                       true,  "{\"pid\":42}"                              },
    {"no memory",       "jobs\n",                         true,  "{\"error\":\"out of memory\"}"             },
    {"reload",          "reload\n",                       true,  "{\"ok\":true}"                             },
    {"reload refused",  "reload\n",                       false, "{\"error\":\"not now\"}"                   },
    {"unknown",         "shutdown\n",                     true,  "{\"error\":\"unknown word\"}"              },
    {"empty line",      "\n",                             true,  "{\"error\":\"unknown word\"}"              },
    {"more behind",     "status\nreload\n",               true,  "{\"pid\":42}"                              },
    {"no newline",      "status",                         true,  ""                                          },
    {"nothing",         "",                               true,  ""                                          },
    {"release",         "release Laser 2 7\n",            true,  "{\"ok\":true}"                             },
    {"release, no job", "release Laser 7\n",              true,  "{\"error\":\"no job\"}"                    },
    {"release nothing", "release\n",                      true,  "{\"error\":\"release which queue's job?\"}"},
    {"release a queue", "release Laser\n",                true,  "{\"error\":\"release which queue's job?\"}"},
    {"release job 0",   "release Laser 0\n",              true,  "{\"error\":\"release which queue's job?\"}"},
    {"PIN",             "release-pin 312032 Laser 2 7\n", true,  "{\"ok\":true}"                             },
    {"wrong PIN",       "release-pin 312033 Laser 2 7\n", true,  "{\"error\":\"wrong\"}"                     },
    {"no hex",          "release-pin 3x Laser 7\n",       true,  NO_PIN                                      },
    {"half a byte",     "release-pin 312 Laser 7\n",      true,  NO_PIN                                      },
    {"NUL",             "release-pin 3100 Laser 7\n",     true,  NO_PIN                                      },
    {"no PIN",          "release-pin Laser 7\n",          true,  NO_PIN                                      },
    {"PIN and no more", "release-pin 31\n",               true,  NO_PIN                                      },
    {"PIN, no job",     "release-pin 31 Laser\n",         true,  NO_PIN                                      },
    {"renew",           "renew\n",                        true,  "{\"ok\":true}"                             },
    {"too long",        too_long,                         true,  ""                                          },
  };
  pb_control_t *control = NULL;
  pb_error_t    err     = {0};
  char          answer[256];

  (void)state;
  memset(too_long, 's', sizeof(too_long) - 2);
  too_long[sizeof(too_long) - 2] = '\n';
  check_ok(pb_control_start(path, &ops, &control, &err), err);
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
  {
    may_reload = rows[i].may_reload;
    ask(rows[i].input, strlen(rows[i].input), answer, sizeof(answer));
    if (strcmp(answer, rows[i].want) != 0)
      fail_msg("%s: got %s", rows[i].name, answer);
  }
  assert_int_equal(reloads, 2);
  pb_control_stop(control);
  assert_int_equal(access(path, F_OK), -1);
}

static void
test_socket_is_private(void **state)
{
  pb_control_t *control = NULL;
  pb_error_t    err     = {0};
  struct stat   info;

  (void)state;
  check_ok(pb_control_start(path, &ops, &control, &err), err);
  assert_int_equal(stat(path, &info), 0);
  assert_int_equal(info.st_mode & 0777, 0660);
  pb_control_stop(control);
}

static void
test_second_is_refused_and_leaves_the_first(void **state)
{
  pb_control_t *first  = NULL;
  pb_control_t *second = NULL;
  pb_error_t    err    = {0};
  char          answer[256];

  (void)state;
  check_ok(pb_control_start(path, &ops, &first, &err), err);
  assert_false(pb_control_start(path, &ops, &second, &err));
  assert_int_equal(err.kind, PB_CONFIG);
  assert_null(second);
  ask("status\n", 7, answer, sizeof(answer));
  assert_string_equal(answer, "{\"pid\":42}");
  pb_control_stop(first);
}

static void
test_stale_socket_is_replaced(void **state)
{
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  int                fd      = socket(AF_UNIX, SOCK_STREAM, 0);
  pb_control_t      *control = NULL;
  pb_error_t         err     = {0};

  (void)state;
  snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
  assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
  close(fd);
  check_ok(pb_control_start(path, &ops, &control, &err), err);
  pb_control_stop(control);
}

static void
test_bad_paths(void **state)
{
  static const char *const rows[] = {
    "/nonexistent/folder/control.sock",
    "/tmp/0123456789012345678901234567890123456789012345678901234567890123456789"
    "0123456789012345678901234567890123456789",
  };
  pb_control_t *control = NULL;
  pb_error_t    err     = {0};

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
  {
    assert_false(pb_control_start(rows[i], &ops, &control, &err));
    assert_int_equal(err.kind, PB_CONFIG);
    assert_null(control);
  }
  pb_control_stop(NULL);
}

// A silent client costs two seconds, not the socket.
static void
test_silent_client_does_not_hold_the_others(void **state)
{
  pb_control_t *control = NULL;
  pb_error_t    err     = {0};
  char          answer[256];
  int           silent;

  (void)state;
  check_ok(pb_control_start(path, &ops, &control, &err), err);
  silent = connect_to(path);
  ask("status\n", 7, answer, sizeof(answer));
  assert_string_equal(answer, "{\"pid\":42}");
  close(silent);
  pb_control_stop(control);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_words),
    cmocka_unit_test(test_socket_is_private),
    cmocka_unit_test(test_second_is_refused_and_leaves_the_first),
    cmocka_unit_test(test_stale_socket_is_replaced),
    cmocka_unit_test(test_bad_paths),
    cmocka_unit_test(test_silent_client_does_not_hold_the_others),
  };

  return cmocka_run_group_tests(tests, set_up, tear_down);
}
