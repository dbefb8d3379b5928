// planted - a leak and an overflow that the sanitizers must catch.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *volatile kept;
static volatile size_t past = 16;  // the compiler must not see what is planted

int
main(int argc, char **argv)
{
  char *memory = malloc(16);

  if (argc != 2 || memory == NULL)
    return 2;
  memset(memory, 'x', 16);
  if (strcmp(argv[1], "overflow") == 0)
    printf("%c\n", memory[past]);
  // The leak: nobody holds the memory any more.
  kept   = memory;
  memory = NULL;
  kept   = NULL;
  return 0;
}
