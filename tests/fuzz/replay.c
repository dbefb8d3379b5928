// replay - runs a fuzzer's corpus without libFuzzer: every file of the folders and files that are
// named. An empty corpus is a failure: it would prove nothing.
// SPDX-FileCopyrightText: The Printbridge authors
// SPDX-License-Identifier: Apache-2.0
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replayed;

static void
replay_file(const char *path)
{
  FILE    *file = fopen(path, "rb");
  uint8_t *data = NULL;
  size_t   size = 0;

  if (file == NULL)
  {
    perror(path);
    exit(1);
  }
  for (size_t got = 1; got > 0; size += got)
  {
    data = realloc(data, size + 65536);
    if (data == NULL)
      abort();
    got = fread(data + size, 1, 65536, file);
  }
  fclose(file);

  // Exactly as large as the input, so that the sanitizer sees one byte too many.
  uint8_t *exact = malloc(size > 0 ? size : 1);
  if (exact == NULL)
    abort();
  for (size_t i = 0; i < size; i++)
    exact[i] = data[i];
  LLVMFuzzerTestOneInput(exact, size);
  free(exact);
  free(data);
  replayed++;
}

static void
replay_folder(const char *path)
{
  DIR *folder = opendir(path);

  if (folder == NULL)
  {
    perror(path);
    exit(1);
  }
  for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder))
  {
    char name[4096];

    if (entry->d_name[0] == '.')
      continue;
    snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
    replay_file(name);
  }
  closedir(folder);
}

int
main(int argc, char **argv)
{
  for (int i = 1; i < argc; i++)
  {
    struct stat info;

    if (stat(argv[i], &info) == 0 && S_ISDIR(info.st_mode))
      replay_folder(argv[i]);
    else
      replay_file(argv[i]);
  }
  printf("%d inputs replayed\n", replayed);
  return replayed > 0 ? 0 : 1;
}
