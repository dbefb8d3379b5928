// side-channel_test - what the queue's filters ask the backend.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "check.h"

#include "backend/side-channel.h"

#include <cups/sidechannel.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static void
test_answers(void **state)
{
  static const struct
  {
    const char *name;
    int         command;
    const char *device_id;
    bool        is_connected;
    int         room, want;
    const char *data;
    int         size;
  } rows[] = {
    {"id",           CUPS_SC_CMD_GET_DEVICE_ID, "MFG:A;MDL:B;", false, 100, CUPS_SC_STATUS_OK,              "MFG:A;MDL:B;",
     12                                                                                                                      },
    {"no id",        CUPS_SC_CMD_GET_DEVICE_ID, "",             false, 100, CUPS_SC_STATUS_NOT_IMPLEMENTED, "",             0},
    {"no room",      CUPS_SC_CMD_GET_DEVICE_ID, "MFG:A;MDL:B;", false, 11,  CUPS_SC_STATUS_TOO_BIG,         NULL,
     0                                                                                                                       },
    {"connected",    CUPS_SC_CMD_GET_CONNECTED, "",             true,  100, CUPS_SC_STATUS_OK,              "\1",           1},
    {"disconnected", CUPS_SC_CMD_GET_CONNECTED, "",             false, 100, CUPS_SC_STATUS_OK,              "\0",           1},
    {"bidi",         CUPS_SC_CMD_GET_BIDI,      "",             true,  100, CUPS_SC_STATUS_OK,              "\0",           1},
    {"online",       CUPS_SC_CMD_GET_STATE,     "",             true,  100, CUPS_SC_STATUS_OK,              "\1",           1},
    {"drain",        CUPS_SC_CMD_DRAIN_OUTPUT,  "",             true,  100, CUPS_SC_STATUS_OK,              "",             0},
    {"reset",        CUPS_SC_CMD_SOFT_RESET,    "",             true,  100, CUPS_SC_STATUS_NOT_IMPLEMENTED, "",             0},
    {"snmp",         CUPS_SC_CMD_SNMP_GET,      "",             true,  100, CUPS_SC_STATUS_NOT_IMPLEMENTED, "",             0},
    {"nonsense",     -7,                        "",             true,  100, CUPS_SC_STATUS_NOT_IMPLEMENTED, "",             0},
  };

  (void)state;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
  {
    const struct pb_side_state side = {rows[i].device_id, rows[i].is_connected};
    char                       data[100];
    int                        size = rows[i].room;
    int                        got  = pb_side_channel_answer(&side, rows[i].command, data, &size);

    if (got != rows[i].want)
      fail_msg("%s: %d", rows[i].name, got);
    if (rows[i].data)
    {
      assert_int_equal(size, rows[i].size);
      assert_memory_equal(data, rows[i].data, (size_t)size);
    }
  }
}

// Over the socket that cupsd gives, as filters do it.
static void
test_thread(void **state)
{
  pb_side_channel_t *side = NULL;
  pb_error_t         err  = {0};
  int                fds[2], null = open("/dev/null", O_WRONLY);
  pb_report_t       *report = pb_report_new(null);
  char               data[128];
  int                size = sizeof(data);

  (void)state;
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
  dup2(fds[0], CUPS_SC_FD);
  check_ok(pb_side_channel_start(report, "MFG:A;", &side, &err), err);
  // libcups asks on descriptor 4: the test's end takes that place in a child.
  pid_t child = fork();
  if (child == 0)
  {
    dup2(fds[1], CUPS_SC_FD);
    bool ok =
      cupsSideChannelDoRequest(CUPS_SC_CMD_GET_DEVICE_ID, data, &size, 5.0) == CUPS_SC_STATUS_OK &&
      size == 6;
    size = sizeof(data);
    ok   = ok &&
         cupsSideChannelDoRequest(CUPS_SC_CMD_GET_CONNECTED, data, &size, 5.0) == CUPS_SC_STATUS_OK;
    _exit(ok && data[0] == CUPS_SC_CONNECTED ? 0 : 1);
  }
  pb_side_channel_set_connected(side, true);
  int status = -1;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_int_equal(status, 0);
  pb_side_channel_stop(side);
  pb_side_channel_stop(NULL);
  pb_report_free(report);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_answers), cmocka_unit_test(test_thread)};

  return cmocka_run_group_tests(tests, NULL, NULL);
}
