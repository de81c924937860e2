// SPDX-License-Identifier: Apache-2.0
// Lists a directory as the C library of a 32-bit program does: by getdents64, refusing positions of more than
// 31 bits. Then goes back to places in it and finds what was there.
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct {
  long position;
  char name[256];
} seen[10000];

int main(int count, char** arguments) {
  DIR* directory = count > 1 ? opendir(arguments[1]) : NULL;
  if (directory == NULL) {
    perror("opendir");
    return 1;
  }
  int entries = 0;
  while (entries < 10000) {
    const long position = telldir(directory);
    const struct dirent* entry = readdir(directory);
    if (entry == NULL) break;
    if (entry->d_off < 0 || entry->d_off > 0x7fffffff) {
      printf("position 0x%lx does not fit\n", (long)entry->d_off);
      return 1;
    }
    seen[entries].position = position;
    strcpy(seen[entries++].name, entry->d_name);
  }
  for (int i = entries - 1; i > 0; i -= 97) {
    seekdir(directory, seen[i].position);
    const struct dirent* entry = readdir(directory);
    if (entry == NULL || strcmp(entry->d_name, seen[i].name) != 0) {
      printf("at position 0x%lx was %s, is %s\n", seen[i].position, seen[i].name,
             entry ? entry->d_name : "nothing");
      return 1;
    }
  }
  printf("%d entries\n", entries);
  return 0;
}
