// ask - the command's end of the connector's control socket.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "ask.h"

#include "base/buffer.h"
#include "base/file.h"
#include "base/secret.h"
#include "base/text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define ANSWER_MAX (16 * 1024 * 1024)  // 10000 jobs with their hops
#define PATIENCE_S 10

static bool
open_socket(const char *runtime, int *fd_out, pb_error_t *err)
{
  const struct timeval limit   = {.tv_sec = PATIENCE_S};
  struct sockaddr_un   address = {.sun_family = AF_UNIX};
  int                  fd;

  if (!pb_text_format(address.sun_path, sizeof(address.sun_path), "%s/control.sock", runtime))
    return pb_error_set(err, PB_CONFIG, "%s: longer than a socket's path may be", runtime);
  fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0)
    return pb_error_set_errno(err, PB_RETRY, "socket");
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
  if (!connect(fd, (const struct sockaddr *)&address, sizeof(address)))
  {
    *fd_out = fd;
    return true;
  }
  if (errno == ENOENT || errno == ECONNREFUSED)
    pb_error_set(err, PB_GONE, "the connector does not run (nobody at %s)", address.sun_path);
  else
    pb_error_set_errno(err, errno == EACCES ? PB_AUTH : PB_RETRY, "%s", address.sun_path);
  close(fd);
  return false;
}

static bool
read_answer(int fd, pb_buffer_t *answer, pb_error_t *err)
{
  char    piece[16384];
  ssize_t got;

  while (true)
  {
    got = read(fd, piece, sizeof(piece));
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0)
      return pb_error_set_errno(err, PB_RETRY, "the connector does not answer");
    if (got == 0)
      break;
    if (!pb_buffer_append(answer, piece, (size_t)got, err))
      return false;
  }
  if (!answer->size)
    return pb_error_set(err, PB_AUTH, "the connector does not speak to this user");
  return true;
}

// Longer than pb_json_parse takes; it comes from a program of our own on this machine.
static bool
parse_answer(const pb_buffer_t *text, json_object **answer_out, pb_error_t *err)
{
  json_object *answer = json_tokener_parse(text->data);
  const char  *why;

  if (!json_object_is_type(answer, json_type_object))
  {
    json_object_put(answer);
    return pb_error_set(err, PB_RETRY, "the connector's answer was cut off");
  }
  why = pb_json_text(answer, "error");
  if (why)
  {
    pb_error_set(err, PB_REJECT, "the connector says: %s", why);
    json_object_put(answer);
    return false;
  }
  *answer_out = answer;
  return true;
}

bool
ask_connector(const char *runtime, const char *word, json_object **answer_out, pb_error_t *err)
{
  pb_buffer_t text = {0};
  char        line[512];
  int         fd = -1;
  bool        ok = false;

  *answer_out = NULL;
  pb_buffer_init(&text, ANSWER_MAX);
  pb_text_format(line, sizeof(line), "%s\n", word);
  if (!open_socket(runtime, &fd, err))
    goto done;
  if (!pb_file_write_all(fd, line, strlen(line), err) || !read_answer(fd, &text, err))
    goto done;
  ok = parse_answer(&text, answer_out, err);

done:
  if (fd >= 0)
    close(fd);
  pb_buffer_clear(&text);
  pb_wipe(line, sizeof(line));
  return ok;
}

void
ask_reload(const char *runtime)
{
  json_object *answer = NULL;
  pb_error_t   err    = {0};

  if (ask_connector(runtime, "reload", &answer, &err))
    puts("The connector has been told.");
  else if (err.kind == PB_GONE)
    puts("The connector does not run: start it with \"systemctl start printbridged\".");
  else
    printf("The connector could not be told (%s): restart it.\n", err.message);
  json_object_put(answer);
}
