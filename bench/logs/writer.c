/* writer bulk|line COUNT [stay]: numbered lines of 100 bytes to standard output, 60 kB a write or one line a write. Ends with 1 when a write fails.
   stay: it does not end by itself, so that what its manager has used for ended children is not its own. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char buffer[60000];

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  int bulk = strcmp(argv[1], "bulk") == 0;
  long count = atol(argv[2]);
  size_t filled = 0;
  for (long number = 1; number <= count; number++) {
    char *line = buffer + filled;
    memset(line, 'x', 100);
    line[sprintf(line, "%012ld ", number)] = 'x';
    line[99] = '\n';
    filled += 100;
    if (bulk && filled < sizeof buffer && number < count) continue;
    for (char *from = buffer; filled > 0;) {
      ssize_t written = write(1, from, filled);
      if (written < 0) return 1;
      from += written;
      filled -= (size_t)written;
    }
  }
  if (argc > 3) pause();
  return 0;
}
