// cupsd - a private print server for tests: real cupsd, real filters, in a folder of its own.
// Works as root and as an ordinary user.  Stopped by its process id, and nothing is left behind.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#ifndef PB_TESTS_CUPSD_H
#define PB_TESTS_CUPSD_H

#include "check.h"
#include <cups/cups.h>
#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <grp.h>
#include <netinet/in.h>
#include <pwd.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct cupsd
{
  char  folder[64];
  char  socket[96];
  char  connector[96];  // PRINTBRIDGE_SOCKET of its filters and notifiers
  pid_t pid;
};

static inline void
cupsd_nap(void)
{
  struct timespec wait = {.tv_nsec = 5000000};

  nanosleep(&wait, NULL);
}

static inline char *
cupsd_path(const struct cupsd *cupsd, const char *name)
{
  static char paths[4][1024];
  static int  next;

  next = (next + 1) % 4;
  snprintf(paths[next], sizeof(paths[next]), "%s/%s", cupsd->folder, name);
  return paths[next];
}

static inline void
cupsd_make_folder(const struct cupsd *cupsd, const char *name)
{
  assert_true(mkdir(cupsd_path(cupsd, name), 0755) == 0 || errno == EEXIST);
}

// Links to everything in a folder of the system's CUPS.
static inline void
cupsd_link_all(const struct cupsd *cupsd, const char *from, const char *to)
{
  DIR *folder = opendir(from);

  cupsd_make_folder(cupsd, to);
  if (folder == NULL)
    return;
  for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder))
  {
    char target[800], name[800];

    if (entry->d_name[0] == '.' || strstr(entry->d_name, "printbridge") != NULL)
      continue;
    snprintf(target, sizeof(target), "%s/%s", from, entry->d_name);
    snprintf(name, sizeof(name), "%s/%s", to, entry->d_name);
    assert_int_equal(symlink(target, cupsd_path(cupsd, name)), 0);
  }
  closedir(folder);
}

// One file of ours beside them; a copy, since cupsd's user may not reach the build folder.
static inline void
cupsd_add(const struct cupsd *cupsd, const char *from, const char *to, mode_t mode)
{
  char  data[65536];
  FILE *in  = fopen(from, "rb");
  FILE *out = fopen(cupsd_path(cupsd, to), "wb");

  if (in == NULL || out == NULL)
    fail_msg("%s: cannot be copied to %s", from, to);
  for (size_t got = fread(data, 1, sizeof(data), in); got > 0;
       got        = fread(data, 1, sizeof(data), in))
    assert_int_equal(fwrite(data, 1, got, out), got);
  fclose(in);
  assert_int_equal(fclose(out), 0);
  chmod(cupsd_path(cupsd, to), mode);
}

static inline void
cupsd_write(const struct cupsd *cupsd, const char *name, const char *text)
{
  FILE *file = fopen(cupsd_path(cupsd, name), "w");

  assert_non_null(file);
  fputs(text, file);
  fclose(file);
}

static inline int
cupsd_find_port(void)
{
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t          size    = sizeof(address);
  int                fd      = socket(AF_INET, SOCK_STREAM, 0);

  assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
  assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
  close(fd);
  return ntohs(address.sin_port);
}

static inline void
cupsd_make_configuration(struct cupsd *cupsd)
{
  static const char *const folders[] = {"etc",   "bin",       "share", "cache", "run",
                                        "spool", "spool/tmp", "log",   "out"};
  static const char *const bins[]    = {"backend", "filter",   "driver", "daemon",
                                        "monitor", "notifier", "cgi-bin"};
  const char              *D         = cupsd->folder;
  const char              *user      = geteuid() == 0 ? "lp" : getpwuid(geteuid())->pw_name;
  const char              *group     = geteuid() == 0 ? "lp" : getgrgid(getegid())->gr_name;
  const char              *system    = geteuid() == 0 ? "root" : group;
  char                     text[4096];

  for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
    cupsd_make_folder(cupsd, folders[i]);
  chmod(cupsd_path(cupsd, "out"), 0777);
  for (size_t i = 0; i < sizeof(bins) / sizeof(bins[0]); i++)
  {
    char from[128], to[128];

    snprintf(from, sizeof(from), "/usr/lib/cups/%s", bins[i]);
    snprintf(to, sizeof(to), "bin/%s", bins[i]);
    cupsd_link_all(cupsd, from, to);
  }
  cupsd_link_all(cupsd, "/usr/share/cups", "share");
  unlink(cupsd_path(cupsd, "share/mime"));
  cupsd_link_all(cupsd, "/usr/share/cups/mime", "share/mime");

  snprintf(text, sizeof(text),
           "ServerRoot %s/etc\nServerBin %s/bin\nDataDir %s/share\n"
           "DocumentRoot /usr/share/cups/doc-root\nCacheDir %s/cache\nStateDir %s/run\n"
           "RequestRoot %s/spool\nTempDir %s/spool/tmp\nAccessLog %s/log/access\n"
           "ErrorLog %s/log/error\nPageLog %s/log/page\nUser %s\nGroup %s\nSystemGroup %s\n"
           "FileDevice Yes\nPrintcap %s/run/printcap\nSetEnv PRINTBRIDGE_SOCKET %s\n",
           D, D, D, D, D, D, D, D, D, D, user, group, system, D, cupsd->connector);
  cupsd_write(cupsd, "cups-files.conf", text);
  snprintf(text, sizeof(text),
           "Listen 127.0.0.1:%d\nListen %s\nBrowsing No\nBrowseLocalProtocols none\n"
           "LogLevel debug\nLogTimeFormat usecs\nMaxLogSize 0\nDirtyCleanInterval 0\n"
           "JobKillDelay 5\nMaxJobTime 0\nErrorPolicy abort-job\n"
           "<Location />\nOrder allow,deny\nAllow all\n</Location>\n"
           "<Policy default>\nJobPrivateAccess default\nJobPrivateValues default\n"
           "SubscriptionPrivateAccess default\nSubscriptionPrivateValues default\n"
           "<Limit Send-Document Cancel-Job Close-Job Cancel-Subscription>\n"
           "Require user @OWNER @SYSTEM\nOrder deny,allow\n</Limit>\n"
           "<Limit All>\nOrder allow,deny\nAllow all\n</Limit>\n</Policy>\n",
           cupsd_find_port(), cupsd->socket);
  cupsd_write(cupsd, "cupsd.conf", text);
}

// A folder with a configuration; put files beside it with cupsd_add, then start.
static inline void
cupsd_make(struct cupsd *cupsd)
{
  memset(cupsd, 0, sizeof(*cupsd));
  strcpy(cupsd->folder, "/tmp/pb-cupsd-XXXXXX");
  assert_non_null(mkdtemp(cupsd->folder));
  chmod(cupsd->folder, 0755);
  snprintf(cupsd->socket, sizeof(cupsd->socket), "%s/run/cups.sock", cupsd->folder);
  snprintf(cupsd->connector, sizeof(cupsd->connector), "%s/out/connector.sock", cupsd->folder);
  cupsd_make_configuration(cupsd);
}

static inline void
cupsd_start(struct cupsd *cupsd)
{
  http_t *http = NULL;

  cupsd->pid = fork();
  assert_true(cupsd->pid >= 0);
  if (cupsd->pid == 0)
  {
    // cupsd makes descriptors that it does not know non-blocking; the test shares them.
    for (int fd = 3; fd < 1024; fd++)
      close(fd);
    execl("/usr/sbin/cupsd", "cupsd", "-f", "-c", cupsd_path(cupsd, "cupsd.conf"), "-s",
          cupsd_path(cupsd, "cups-files.conf"), (char *)NULL);
    _exit(127);
  }
  for (int i = 0; i < 2000 && http == NULL; i++)
  {
    assert_int_equal(waitpid(cupsd->pid, NULL, WNOHANG), 0);
    http = httpConnect2(cupsd->socket, 631, NULL, AF_UNSPEC, HTTP_ENCRYPTION_NEVER, 1, 1000, NULL);
    if (http == NULL)
      cupsd_nap();
  }
  assert_non_null(http);
  httpClose(http);
}

static inline void
cupsd_halt(struct cupsd *cupsd, int signal_number)
{
  if (cupsd->pid <= 0)
    return;
  kill(cupsd->pid, signal_number);
  waitpid(cupsd->pid, NULL, 0);
  cupsd->pid = 0;
}

static inline int
cupsd_remove_entry(const char *path, const struct stat *info, int type, struct FTW *walk)
{
  (void)info;
  (void)type;
  (void)walk;
  return remove(path);
}

static inline void
cupsd_stop(struct cupsd *cupsd)
{
  cupsd_halt(cupsd, SIGTERM);
  if (getenv("PB_KEEP") == NULL)
    nftw(cupsd->folder, cupsd_remove_entry, 16, FTW_DEPTH | FTW_PHYS);
  else
    fprintf(stderr, "kept: %s\n", cupsd->folder);
}

// A queue on one of CUPS's drivers ("drv:///sample.drv/generic.ppd"; NULL: raw).
static inline void
cupsd_add_queue(const struct cupsd *cupsd, const char *name, const char *device, const char *model)
{
  char        command[1024];
  char *const environment[] = {"PATH=/usr/sbin:/usr/bin:/bin", NULL};
  pid_t       pid           = fork();

  if (pid == 0)
  {
    snprintf(command, sizeof(command), "exec lpadmin -h %s -p %s -E -v '%s' %s%s 2>/dev/null",
             cupsd->socket, name, device, model != NULL ? "-m " : "", model != NULL ? model : "");
    execle("/bin/sh", "sh", "-c", command, (char *)NULL, environment);
    _exit(127);
  }
  int status = -1;
  waitpid(pid, &status, 0);
  assert_int_equal(status, 0);
}

#endif
