// quiet - a line from the terminal, which does not show it.
// One at a time, on the main thread.  Whatever ends the program meanwhile, the terminal shows again
// what is typed.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include "quiet.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <termios.h>
#include <unistd.h>

// Ctrl-Z would come back to a terminal that shows everything.
static const struct
{
  int  number;
  bool is_end;
} signals[] = {
  {SIGINT,  true },
  {SIGQUIT, true },
  {SIGTERM, true },
  {SIGHUP,  true },
  {SIGTSTP, false},
};
#define SIGNALS_COUNT (sizeof(signals) / sizeof(signals[0]))

static struct termios shown;  // as it was

// What ends a program comes once more when this returns.
static void
on_end(int number)
{
  (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
  raise(number);
}

static void
hide(struct sigaction before[SIGNALS_COUNT])
{
  struct termios hidden = shown;

  for (size_t i = 0; i < SIGNALS_COUNT; i++)
  {
    struct sigaction action = {.sa_handler = signals[i].is_end ? on_end : SIG_IGN,
                               .sa_flags   = (int)SA_RESETHAND};

    sigaction(signals[i].number, &action, &before[i]);
  }
  hidden.c_lflag &= ~(tcflag_t)ECHO;
  (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
}

static void
show(const struct sigaction before[SIGNALS_COUNT])
{
  (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
  for (size_t i = 0; i < SIGNALS_COUNT; i++)
    sigaction(signals[i].number, &before[i], NULL);
}

// Not through stdio, whose buffer would keep it.
static bool
read_line(char *line, size_t size)
{
  size_t  used = 0;
  char    byte = '\0';
  ssize_t got  = 0;

  while (byte != '\n')
  {
    got = read(STDIN_FILENO, &byte, 1);
    if (got == 0 || (got < 0 && errno != EINTR))
      break;
    if (got == 1 && byte != '\n' && used + 1 < size)
      line[used++] = byte;
  }
  if (used > 0 && line[used - 1] == '\r')
    used--;
  line[used] = '\0';
  return used > 0 || byte == '\n';
}

bool
quiet_has_terminal(void)
{
  return isatty(STDIN_FILENO) != 0;
}

bool
quiet_read_line(const char *question, char *line, size_t size)
{
  struct sigaction before[SIGNALS_COUNT];
  bool             is_terminal = tcgetattr(STDIN_FILENO, &shown) == 0;
  bool             ok          = false;

  if (is_terminal)
  {
    fputs(question, stderr);
    hide(before);
  }
  ok = read_line(line, size);
  if (is_terminal)
  {
    show(before);
    fputc('\n', stderr);
  }
  return ok;
}
