// control - the administrator's way to a running connector (see control.h). One thread takes one
// client after the other, each with a short time to speak; the words' functions run on it.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "connector/control.h"

#include "base/file.h"
#include "base/log.h"
#include "base/secret.h"
#include "base/text.h"

#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define WORD_MAX 512     // a request is a word, what it is about, and a newline
#define GROUPS_MAX 1024  // more groups than this do not count
#define SPEAK_S 2        // for a client to send its word, and to take each part of the answer
#define SOCKET_MODE 0660
#define BACKLOG 16

struct pb_control
{
  struct pb_control_ops ops;
  struct sockaddr_un    address;
  int                   fd;
  int                   stop_fd;  // eventfd
  gid_t                 group;    // of the socket file: its members may speak
  pthread_t             thread;
  bool                  has_thread;
  bool                  has_file;
};

// --- the words

static json_object *
format_error(const char *message)
{
  json_object *answer = json_object_new_object();

  if (answer && !pb_json_add_text(answer, "error", message))
  {
    json_object_put(answer);
    answer = NULL;
  }
  return answer;
}

static json_object *
answer_status(const struct pb_control_ops *ops, char *about)
{
  (void)about;
  return ops->status(ops->user);
}

static json_object *
answer_jobs(const struct pb_control_ops *ops, char *about)
{
  (void)about;
  return ops->jobs(ops->user);
}

static json_object *
format_done(bool ok, const pb_error_t *err)
{
  json_object *answer = NULL;

  if (!ok)
    return format_error(err->message);
  answer = json_object_new_object();
  if (answer)
    (void)pb_json_add_bool(answer, "ok", true);
  return answer;
}

static json_object *
answer_reload(const struct pb_control_ops *ops, char *about)
{
  pb_error_t err = {0};

  (void)about;
  return format_done(ops->reload(ops->user, &err), &err);
}

// about: "QUEUE JOB"
static json_object *
answer_release(const struct pb_control_ops *ops, char *about)
{
  pb_error_t err   = {0};
  int64_t    job   = 0;
  char      *space = strrchr(about, ' ');

  if (!ops->release || !space || space == about ||
      !pb_text_parse_int(space + 1, 1, INT32_MAX, &job))
    return format_error("release which queue's job?");
  *space = '\0';
  return format_done(ops->release(ops->user, about, (int)job, &err), &err);
}

static json_object *
answer_renew(const struct pb_control_ops *ops, char *about)
{
  pb_error_t err = {0};

  (void)about;
  if (!ops->renew)
    return format_error("unknown word");
  ops->renew(ops->user);
  return format_done(true, &err);
}

// Two digits a byte, no NUL among them.
static bool
read_hex(const char *text, char *dst, size_t size)
{
  size_t count = 0;

  for (; text[0] != '\0'; text += 2)
  {
    char digits[3] = {text[0], text[1], '\0'};

    if (count + 1 >= size || !isxdigit((unsigned char)text[0]) || !isxdigit((unsigned char)text[1]))
      return false;
    dst[count] = (char)strtol(digits, NULL, 16);
    if (dst[count++] == '\0')
      return false;
  }
  dst[count] = '\0';
  return count > 0;
}

// about: "HEX QUEUE JOB"
static json_object *
answer_release_pin(const struct pb_control_ops *ops, char *about)
{
  pb_error_t   err      = {0};
  int64_t      job      = 0;
  char         pin[128] = "";
  char        *queue    = strchr(about, ' ');
  char        *space    = strrchr(about, ' ');
  json_object *answer   = NULL;

  if (queue)
    *queue++ = '\0';
  if (!ops->release_pin || !queue || space < queue || !read_hex(about, pin, sizeof(pin)) ||
      !pb_text_parse_int(space + 1, 1, INT32_MAX, &job))
    return format_error("release which queue's job, with which PIN?");
  *space = '\0';
  answer = format_done(ops->release_pin(ops->user, queue, (int)job, pin, &err), &err);
  pb_wipe(pin, sizeof(pin));
  return answer;
}

static const struct word
{
  const char *name;
  json_object *(*answer)(const struct pb_control_ops *ops, char *about);
} words[] = {
  {"status",      answer_status     },
  {"jobs",        answer_jobs       },
  {"reload",      answer_reload     },
  {"release",     answer_release    },
  {"release-pin", answer_release_pin},
  {"renew",       answer_renew      },
};

static json_object *
answer_word(const struct pb_control_ops *ops, char *name)
{
  json_object *answer     = NULL;
  char        *about      = strchr(name, ' ');
  char         nothing[1] = "";

  if (about)
    *about++ = '\0';

  for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
  {
    if (strcmp(name, words[i].name) != 0)
      continue;
    answer = words[i].answer(ops, about ? about : nothing);
    return answer ? answer : format_error("out of memory");
  }
  return format_error("unknown word");
}

// --- a client

static bool
is_in_group(int fd, gid_t group)
{
  gid_t     groups[GROUPS_MAX];
  socklen_t size = sizeof(groups);

  if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size))
    return false;
  for (size_t i = 0; i < size / sizeof(groups[0]); i++)
  {
    if (groups[i] == group)
      return true;
  }
  return false;
}

// The file's mode lets in the same people; this holds also where somebody has loosened it.
static bool
is_allowed(const pb_control_t *control, int fd)
{
  struct ucred peer = {0};
  socklen_t    size = sizeof(peer);

  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size))
    return false;
  if (peer.uid == 0 || peer.uid == geteuid() || peer.gid == control->group ||
      is_in_group(fd, control->group))
    return true;
  pb_log(/*ctx*/ NULL, PB_LOG_WARN, "control: refused user %u", (unsigned)peer.uid);
  return false;
}

// One line, without its newline.
static bool
read_word(int fd, char word[WORD_MAX])
{
  size_t size = 0;

  while (size < WORD_MAX - 1)
  {
    ssize_t got = read(fd, word + size, WORD_MAX - 1 - size);
    char   *end;

    if (got < 0 && errno == EINTR)
      continue;
    if (got <= 0)
      return false;
    size += (size_t)got;
    word[size] = '\0';
    end        = memchr(word, '\n', size);
    if (end)
    {
      *end = '\0';
      return true;
    }
  }
  return false;
}

static bool
send_all(int fd, const char *text, size_t size)
{
  while (size)
  {
    ssize_t sent = send(fd, text, size, MSG_NOSIGNAL);

    if (sent < 0 && errno == EINTR)
      continue;
    if (sent <= 0)
      return false;
    text += sent;
    size -= (size_t)sent;
  }
  return true;
}

static void
serve_client(const pb_control_t *control, int fd)
{
  const struct timeval limit          = {.tv_sec = SPEAK_S};
  json_object         *answer         = NULL;
  char                 word[WORD_MAX] = "";
  const char          *text;
  size_t               size = 0;

  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
  if (!is_allowed(control, fd) || !read_word(fd, word))
    return;
  answer = answer_word(&control->ops, word);
  text   = json_object_to_json_string_length(
      answer, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &size);
  if (text && !send_all(fd, text, size))
    pb_log(/*ctx*/ NULL, PB_LOG_DEBUG, "control: the client of \"%s\" went away", word);
  json_object_put(answer);
  pb_wipe(word, sizeof(word));
}

// --- the thread

static void *
run(void *user)
{
  pb_control_t *control = user;
  struct pollfd fds[2]  = {
     {.fd = control->stop_fd, .events = POLLIN},
     {.fd = control->fd,      .events = POLLIN},
  };

  while (true)
  {
    if (poll(fds, 2, /*forever*/ -1) < 0 && errno != EINTR)
      return NULL;
    if (fds[0].revents)
      return NULL;
    if (!fds[1].revents)
      continue;

    int fd = accept4(control->fd, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0)
      continue;
    serve_client(control, fd);
    close(fd);
  }
}

// Is somebody listening there?  Then it is not ours to take.
static bool
is_answered(const struct sockaddr_un *address)
{
  int  fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  bool is = fd >= 0 && !connect(fd, (const struct sockaddr *)address, sizeof(*address));

  if (fd >= 0)
    close(fd);
  return is;
}

static bool
open_socket(pb_control_t *control, pb_error_t *err)
{
  const char *path = control->address.sun_path;
  struct stat info;

  if (is_answered(&control->address))
    return pb_error_set(err, PB_CONFIG, "%s: another connector is running", path);
  if (!pb_file_remove(path, err))
    return false;
  control->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (control->fd < 0)
    return pb_error_set_errno(err, PB_RETRY, "%s", path);
  if (bind(control->fd, (const struct sockaddr *)&control->address, sizeof(control->address)))
    return pb_error_set_errno(err, PB_CONFIG, "%s", path);
  control->has_file = true;
  // Nobody gets in before listen, so the mode is right when they can.
  if (chmod(path, SOCKET_MODE) || stat(path, &info) || listen(control->fd, BACKLOG))
    return pb_error_set_errno(err, PB_CONFIG, "%s", path);
  control->group = info.st_gid;
  return true;
}

bool
pb_control_start(const char *socket_path, const struct pb_control_ops *ops,
                 pb_control_t **control_out, pb_error_t *err)
{
  pb_control_t *control = calloc(1, sizeof(*control));
  int           code;

  *control_out = NULL;
  if (!control)
    return pb_error_set(err, PB_RETRY, "out of memory");
  control->ops                = *ops;
  control->fd                 = -1;
  control->address.sun_family = AF_UNIX;
  control->stop_fd            = eventfd(0, EFD_CLOEXEC);
  if (control->stop_fd < 0)
  {
    pb_error_set_errno(err, PB_RETRY, "control socket");
    goto failed;
  }
  if (!pb_text_copy(control->address.sun_path, sizeof(control->address.sun_path), socket_path))
  {
    pb_error_set(err, PB_CONFIG, "%s: longer than a socket's path may be", socket_path);
    goto failed;
  }
  if (!open_socket(control, err))
    goto failed;
  code = pthread_create(&control->thread, /*attr*/ NULL, run, control);
  if (code)
  {
    pb_error_set(err, PB_RETRY, "control thread: %s", strerror(code));
    goto failed;
  }
  control->has_thread = true;
  *control_out        = control;
  return true;

failed:
  pb_control_stop(control);
  return false;
}

void
pb_control_stop(pb_control_t *control)
{
  if (!control)
    return;
  if (control->has_thread)
  {
    eventfd_write(control->stop_fd, 1);
    pthread_join(control->thread, NULL);
  }
  if (control->has_file)
    unlink(control->address.sun_path);
  if (control->fd >= 0)
    close(control->fd);
  if (control->stop_fd >= 0)
    close(control->stop_fd);
  free(control);
}
