// document-socket - the unix socket: who may connect, a thread for each connection, and the lines.
// "GET <capability> [<offset> <hash of what comes before>]\n" from a filter, "EVENT <size>\n" and
// bytes from the notifier.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "document-private.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#define LINE_SIZE 160
#define LINE_SECONDS 10
#define BACKLOG 64
#define REFUSAL_SAY_MS (60 * 1000)  // anybody may knock as often as he likes; the log must not fill
#define NO_ROOM_MS 100              // descriptors or memory are short: the socket stays readable

bool
pb_document_send(int fd, const void *head, size_t head_size, const void *data, size_t size)
{
  struct iovec pieces[2] = {
    {.iov_base = (void *)head, .iov_len = head_size},
    {.iov_base = (void *)data, .iov_len = size     }
  };
  struct msghdr message = {.msg_iov = pieces, .msg_iovlen = 2};

  while (pieces[0].iov_len + pieces[1].iov_len > 0)
  {
    ssize_t done = sendmsg(fd, &message, MSG_NOSIGNAL);

    if (done < 0 && errno == EINTR)
      continue;
    if (done <= 0)
      return false;
    for (int i = 0; i < 2; i++)
    {
      size_t part = (size_t)done < pieces[i].iov_len ? (size_t)done : pieces[i].iov_len;

      pieces[i].iov_base = (char *)pieces[i].iov_base + part;
      pieces[i].iov_len -= part;
      done -= (ssize_t)part;
    }
  }
  return true;
}

// A filter that cupsd has killed closes its end; one that lives sends nothing.
bool
pb_document_is_hung_up(int fd)
{
  struct pollfd poll_fd = {.fd = fd, .events = POLLRDHUP};

  return poll(&poll_fd, 1, 0) > 0 && (poll_fd.revents & (POLLHUP | POLLERR | POLLRDHUP)) != 0;
}

static bool
receive_all(int fd, char *data, size_t size)
{
  while (size > 0)
  {
    ssize_t got = recv(fd, data, size, 0);

    if (got < 0 && errno == EINTR)
      continue;
    if (got <= 0)
      return false;
    data += got;
    size -= (size_t)got;
  }
  return true;
}

static bool
receive_line(int fd, char line[LINE_SIZE])
{
  for (size_t i = 0; i + 1 < LINE_SIZE; i++)
  {
    if (!receive_all(fd, line + i, 1))
      return false;
    if (line[i] == '\n')
    {
      line[i] = '\0';
      return true;
    }
  }
  return false;
}

// "CAPABILITY", or "CAPABILITY OFFSET SHA256" of a filter that has had a part of the document.
static bool
parse_wanted(char *line, struct pb_reader *reader)
{
  char *offset = strchr(line, ' ');
  char *digest = offset != NULL ? strchr(offset + 1, ' ') : NULL;

  if (offset == NULL)
    return true;
  if (digest == NULL)
    return false;
  *offset++ = '\0';
  *digest++ = '\0';
  return pb_text_parse_int(offset, 1, INT64_MAX, &reader->offset) &&
         pb_text_parse_hex(digest, reader->digest, sizeof(reader->digest));
}

static void
serve_document(struct pb_connection *connection, char *wanted)
{
  static const char *const answers[] = {
    [PB_CLAIM_GONE]  = "ERR gone\n",
    [PB_CLAIM_BUSY]  = "ERR busy\n",
    [PB_CLAIM_RETRY] = "ERR retry not known yet\n",
  };
  struct pb_reader reader = {.documents = connection->documents, .fd = connection->fd};
  enum pb_claim    claim  = PB_CLAIM_GONE;

  if (parse_wanted(wanted, &reader))
    claim = pb_document_claim(connection->documents, wanted, &reader);
  if (claim != PB_CLAIM_OK)
  {
    pb_document_send(connection->fd, answers[claim], strlen(answers[claim]), NULL, 0);
    return;
  }
  pb_document_serve(&reader);
  pb_document_release(&reader);
}

static bool
serve_event(struct pb_connection *connection, const char *size_text)
{
  const struct pb_documents_options *options = &connection->documents->options;
  int64_t                            size    = 0;

  if (!pb_text_parse_int(size_text, 1, PB_DOCUMENT_EVENT_MAX, &size))
    return false;
  char *message = malloc((size_t)size);
  bool  ok      = message != NULL && receive_all(connection->fd, message, (size_t)size);
  if (ok && options->on_event != NULL)
    options->on_event(options->user, message, (size_t)size);
  free(message);
  return ok;
}

// The notifier may be silent for days; a line that has begun must end soon.
static bool
wait_for_line(int fd)
{
  struct pollfd poll_fd = {.fd = fd, .events = POLLIN};

  while (poll(&poll_fd, 1, -1) < 0)
  {
    if (errno != EINTR)
      return false;
  }
  return true;
}

static void
serve(struct pb_connection *connection)
{
  char line[LINE_SIZE];

  while (receive_line(connection->fd, line))
  {
    if (pb_text_has_prefix(line, "GET "))
    {
      serve_document(connection, line + strlen("GET "));
      return;
    }
    if (!pb_text_has_prefix(line, "EVENT ") || !serve_event(connection, line + strlen("EVENT ")) ||
        !wait_for_line(connection->fd))
      return;
  }
}

static void
remove_connection(struct pb_connection *connection)
{
  pb_documents_t        *documents = connection->documents;
  struct pb_connection **at        = NULL;

  pthread_mutex_lock(&documents->mutex);
  for (at = &documents->connections; *at != connection;)
    at = &(*at)->next;
  *at = connection->next;
  close(connection->fd);
  documents->connection_count--;
  pthread_cond_broadcast(&documents->changed);
  pthread_mutex_unlock(&documents->mutex);
  free(connection);
}

static void *
run_connection(void *user)
{
  serve(user);
  remove_connection(user);
  return NULL;
}

static bool
is_allowed(pb_documents_t *documents, int fd)
{
  struct ucred peer = {0};
  socklen_t    size = sizeof(peer);
  int64_t      now  = pb_clock_mono_ms();

  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
    return false;
  if (peer.uid == 0 || peer.uid == geteuid() || peer.uid == documents->filter_uid)
    return true;
  if (now < documents->refusal_say_ms)
    return false;
  documents->refusal_say_ms = now + REFUSAL_SAY_MS;
  pb_log(NULL, PB_LOG_WARN, "document socket: user %ld may not connect", (long)peer.uid);
  return false;
}

static bool
add_connection(pb_documents_t *documents, int fd)
{
  struct pb_connection *connection = calloc(1, sizeof(*connection));

  if (connection == NULL)
    return false;
  *connection = (struct pb_connection){.documents = documents, .fd = fd};
  pthread_mutex_lock(&documents->mutex);
  bool is_room =
    documents->connection_count < PB_DOCUMENT_CONNECTIONS_MAX && !documents->is_stopping;
  if (is_room)
  {
    connection->next       = documents->connections;
    documents->connections = connection;
    documents->connection_count++;
  }
  pthread_mutex_unlock(&documents->mutex);
  if (!is_room)
  {
    free(connection);
    return false;
  }

  pthread_t      thread;
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  if (pthread_create(&thread, &attributes, run_connection, connection) != 0)
    remove_connection(connection);  // closes
  pthread_attr_destroy(&attributes);
  return true;
}

static void
accept_one(pb_documents_t *documents)
{
  struct timeval limit = {.tv_sec = LINE_SECONDS};
  int            fd    = accept4(documents->listen_fd, NULL, NULL, SOCK_CLOEXEC);

  if (fd < 0)
  {
    if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
      (void)poll(NULL, 0, NO_ROOM_MS);
    return;
  }
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
  if (!is_allowed(documents, fd))
    close(fd);
  else if (!add_connection(documents, fd))
  {
    static const char full[] = "ERR retry too many connections\n";

    pb_document_send(fd, full, strlen(full), NULL, 0);
    close(fd);
  }
}

static void *
run_accept(void *user)
{
  pb_documents_t *documents  = user;
  struct pollfd   poll_fds[] = {
      {.fd = documents->listen_fd,   .events = POLLIN},
      {.fd = documents->wake_fds[0], .events = POLLIN}
  };

  for (;;)
  {
    if (poll(poll_fds, 2, -1) < 0)
    {
      if (errno == EINTR)
        continue;
      return NULL;
    }
    if (poll_fds[1].revents != 0)
      return NULL;
    accept_one(documents);
  }
}

static bool
bind_socket(pb_documents_t *documents, pb_error_t *err)
{
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  const char        *path    = documents->socket_path;

  if (!pb_text_copy(address.sun_path, sizeof(address.sun_path), path))
    return pb_error_set(err, PB_CONFIG, "%s: too long for a socket", path);
  documents->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (documents->listen_fd < 0)
    return pb_error_set_errno(err, PB_RETRY, "socket");
  unlink(path);  // of a process before us: the state folder's lock says that it is gone
  if (bind(documents->listen_fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
      chmod(path, 0666) != 0 || listen(documents->listen_fd, BACKLOG) != 0)
    return pb_error_set_errno(err, PB_CONFIG, "%s", path);
  return true;
}

static void
close_listening(pb_documents_t *documents)
{
  if (documents->listen_fd >= 0)
    close(documents->listen_fd);
  documents->listen_fd = -1;
  for (int i = 0; i < 2; i++)
  {
    if (documents->wake_fds[i] > 0)
      close(documents->wake_fds[i]);
    documents->wake_fds[i] = 0;
  }
}

bool
pb_document_listen(pb_documents_t *documents, pb_error_t *err)
{
  bool ok = false;

  if (!bind_socket(documents, err))
    goto done;
  if (pipe2(documents->wake_fds, O_CLOEXEC) != 0)
  {
    pb_error_set_errno(err, PB_RETRY, "pipe");
    goto done;
  }
  if (pthread_create(&documents->accept_thread, NULL, run_accept, documents) != 0)
  {
    pb_error_set(err, PB_RETRY, "no thread for the document socket");
    goto done;
  }
  ok = true;

done:
  if (!ok)
    close_listening(documents);
  return ok;
}

void
pb_document_hang_up(pb_documents_t *documents)
{
  if (write(documents->wake_fds[1], "", 1) < 0)
    pb_log(NULL, PB_LOG_WARN, "document socket: cannot wake its thread");
  pthread_join(documents->accept_thread, NULL);
  unlink(documents->socket_path);
  pthread_mutex_lock(&documents->mutex);
  for (struct pb_connection *at = documents->connections; at != NULL; at = at->next)
    shutdown(at->fd, SHUT_RDWR);
  while (documents->connections != NULL)
    pthread_cond_wait(&documents->changed, &documents->mutex);
  pthread_mutex_unlock(&documents->mutex);
  close_listening(documents);
}
