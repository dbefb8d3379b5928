// printbridge - the CUPS backend of the cloud's printers. No arguments: discovery. Else a job:
// where cupsd runs this as root, a process without its rights does all that speaks to the
// network; this one waits for it, passes cupsd's signals on, and keeps the mark of the run's end.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "backend/attempt.h"
#include "backend/discovery.h"
#include "backend/interrupt.h"
#include "backend/print.h"
#include "backend/privilege.h"
#include "base/file.h"
#include "cloud/places.h"
#include "ipp/cups-printing.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *
getenv_text(const char *name)
{
  return getenv(name);
}

struct run
{
  struct pb_arguments arguments;
  pb_report_t        *report;
  pb_source_t        *source;
  pb_ppd_map_t       *ppd;
  char                marks[PB_PLACE_SIZE];  // folder of attempt.h
  char                client_job_uuid[PB_UUID_SIZE];
};

// The machine's cache, or the user's own where this process may not write there.
static bool
choose_marks(struct run *run, pb_error_t *err)
{
  struct pb_places places;
  pb_error_t       why = {0};

  if (!pb_places_get(/*user*/ NULL, &places, err))
    return false;
  pb_text_format(run->marks, sizeof(run->marks), "%.1000s/runs", places.cache);
  if (pb_file_make_folder(run->marks, 0700, &why) && access(run->marks, W_OK) == 0)
    return true;
  pb_text_format(run->marks, sizeof(run->marks), "%.1000s/runs",
                 places.user_cache[0] != '\0' ? places.user_cache : run->arguments.tmpdir);
  return true;
}

static bool
open_document(struct run *run, pb_error_t *err)
{
  int fd = run->arguments.file != NULL ? open(run->arguments.file, O_RDONLY | O_CLOEXEC)
                                       : fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 5);

  if (fd < 0)
    return pb_error_set_errno(err, PB_REJECT, "the document cannot be opened");
  return pb_source_open(fd, run->arguments.tmpdir, &run->source, err);
}

// Only root and lp may read it.  One that cannot be read counts as none: the printer's own defaults
// hold then.
static void
open_ppd(struct run *run)
{
  pb_error_t err = {0};

  if (run->arguments.ppd != NULL && !pb_ppd_map_open(run->arguments.ppd, &run->ppd, &err))
    pb_log(/*ctx*/ NULL, PB_LOG_WARN, "%s", err.message);
}

static enum pb_ending
print_here(struct run *run)
{
  const struct pb_print_job job = {.arguments       = &run->arguments,
                                   .client_job_uuid = run->client_job_uuid,
                                   .source          = run->source,
                                   .ppd             = run->ppd,
                                   .report          = run->report};

  return pb_print(&job);
}

// Passes SIGTERM on, whenever it comes.  A child that died of something else than its own will: the
// run has not come to an end.
static enum pb_ending
wait_for_child(pid_t child)
{
  int           status = 0;
  struct pollfd fds[]  = {
     {.fd = pidfd_open(child, 0),    .events = POLLIN},
     {.fd = pb_interrupt_get_fd(),                      .events = POLLIN}
  };

  while (fds[0].fd >= 0 && fds[0].revents == 0)
  {
    if (poll(fds, 2, -1) < 0 && errno != EINTR)
      break;
    if (pb_interrupt_is_set() && fds[1].fd >= 0)
    {
      (void)kill(child, SIGTERM);
      fds[1].fd = -1;
    }
  }
  while (waitpid(child, &status, 0) < 0)
    if (errno != EINTR)
      return PB_END_AGAIN;
  return WIFEXITED(status) ? pb_exit_read_ending(WEXITSTATUS(status)) : PB_END_AGAIN;
}

static enum pb_ending
print_in_child(struct run *run)
{
  pid_t child = fork();

  if (child < 0)
    return PB_END_AGAIN;
  if (child > 0)
  {
    // A signal that came before there was a child to pass it on to is seen by both.
    pb_source_close(run->source);
    run->source = NULL;
    return wait_for_child(child);
  }
  enum pb_ending ending = print_here(run);
  pb_report_free(run->report);
  _exit((int)ending);
}

static int
end(const struct run *run, enum pb_ending ending)
{
  pb_cups_t *cups     = NULL;
  pb_error_t err      = {0};
  bool       is_abort = false;

  if (pb_exit_is_end(ending) && !pb_attempt_end(run->marks, run->arguments.job_uuid, &err))
    pb_log(/*ctx*/ NULL, PB_LOG_WARN, "%s", err.message);
  // Only a failed job needs to know the queue's policy.
  if (pb_exit_code(ending, true) != pb_exit_code(ending, false) && run->arguments.queue != NULL &&
      (!pb_cups_open(/*server*/ NULL, &cups, &err) ||
       !pb_cups_has_abort_policy(cups, run->arguments.queue, &is_abort, &err)))
    pb_log(/*ctx*/ NULL, PB_LOG_WARN, "%s", err.message);
  pb_cups_close(cups);
  return pb_exit_code(ending, is_abort);
}

static int
print_job(int argc, char **argv)
{
  struct run     run    = {0};
  pb_error_t     err    = {0};
  enum pb_ending ending = PB_END_AGAIN;
  int            code   = 1;

  run.report = pb_report_new(STDERR_FILENO);
  if (run.report == NULL)
    return pb_exit_code(ending, false);
  pb_log_set_sink(pb_report_sink, run.report);
  pb_log_set_level(PB_LOG_DEBUG);
  pb_interrupt_install();
  if (!pb_arguments_parse(argc, argv, getenv_text, &run.arguments, &err) ||
      !choose_marks(&run, &err) || !open_document(&run, &err) ||
      !pb_attempt_get(run.marks, run.arguments.job_uuid, run.arguments.job_id, run.arguments.user,
                      run.client_job_uuid, &err))
  {
    pb_report_error(run.report, "%s", err.message);
    ending = pb_exit_get_ending(&err);
  }
  else
  {
    open_ppd(&run);
    ending = pb_privilege_is_root() ? print_in_child(&run) : print_here(&run);
  }
  code = end(&run, ending);
  pb_source_close(run.source);
  pb_ppd_map_close(run.ppd);
  pb_log_set_sink(pb_log_sink_stderr, NULL);
  pb_report_free(run.report);
  return code;
}

int
main(int argc, char **argv)
{
  if (argc > 1)
    return print_job(argc, argv);
  pb_log_set_level(PB_LOG_ERROR);
  pb_discovery_list(stdout);
  pb_discovery_refresh();
  return 0;
}
