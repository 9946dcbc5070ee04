// floor FILE: runs the commands in FILE (one a line, words between blanks), and each again as soon as it has ended. The least that it can cost in C.
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

extern char **environ;
static char lines[64][4096];
static char *words[64][16];
static pid_t pids[64];

static void start(int unit) { posix_spawn(&pids[unit], words[unit][0], NULL, NULL, words[unit], environ); }

int main(int count, char **args) {
  FILE *file = count > 1 ? fopen(args[1], "r") : NULL;
  if (file == NULL) return 2;
  int units = 0;
  while (units < 64 && fgets(lines[units], sizeof lines[0], file) != NULL) {
    int at = 0;
    for (char *word = strtok(lines[units], " \n"); word != NULL && at < 15; word = strtok(NULL, " \n")) words[units][at++] = word;
    start(units++);
  }
  for (;;) {
    pid_t pid = wait(NULL);
    for (int unit = 0; unit < units; unit++)
      if (pids[unit] == pid) start(unit);
  }
}
