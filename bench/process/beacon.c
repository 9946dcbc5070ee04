// beacon ID FOLDER [exit]: the unit of the bench. At the top of main() it writes "ID PID MONOTONIC_NS" into FOLDER/news, and keeps the write end of
// FOLDER/life open, so that its reader learns of the last beacon's end. With `exit` it ends at once with code 1.
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

int main(int count, char **words) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  char path[4096], line[128];
  if (count < 3) return 2;
  snprintf(path, sizeof path, "%s/life", words[2]);
  if (open(path, O_WRONLY | O_NONBLOCK) < 0) { /* nobody wants to know */ }
  snprintf(path, sizeof path, "%s/news", words[2]);
  int news = open(path, O_WRONLY | O_NONBLOCK);
  int length = snprintf(line, sizeof line, "%s %d %lld\n", words[1], getpid(), (long long)now.tv_sec * 1000000000LL + now.tv_nsec);
  if (news >= 0) {
    if (write(news, line, length) != length) return 3;
    close(news);
  }
  if (count > 3 && strcmp(words[3], "exit") == 0) return 1;
  for (;;) pause();
}
