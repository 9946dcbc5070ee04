/* writer bulk|line|paced COUNT [stay]: numbered lines of 100 bytes to standard output, 60 kB a write, one line a write, or ten lines, one a write,
   each 10 ms, with the microseconds of the clock in them. Ends with 1 when a write fails.
   stay: it does not end by itself, so that what its manager has used for ended children is not its own. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static char buffer[60000];

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  int bulk = strcmp(argv[1], "bulk") == 0;
  int paced = strcmp(argv[1], "paced") == 0;
  long count = atol(argv[2]);
  size_t filled = 0;
  struct timespec next, now;
  clock_gettime(CLOCK_MONOTONIC, &next);
  for (long number = 1; number <= count; number++) {
    char *line = buffer + filled;
    memset(line, 'x', 100);
    if (paced) {
      if (number % 10 == 0) {
        next.tv_nsec += 10000000;
        if (next.tv_nsec >= 1000000000) {
          next.tv_nsec -= 1000000000;
          next.tv_sec++;
        }
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
      }
      clock_gettime(CLOCK_REALTIME, &now);
      line[sprintf(line, "%012ld %016lld ", number, now.tv_sec * 1000000LL + now.tv_nsec / 1000)] = 'x';
    } else {
      line[sprintf(line, "%012ld ", number)] = 'x';
    }
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
