/* Writes the execution counts of this executable or shared library to a file when the process ends.
 *
 * $VECGNN_COUNTS names the file, "vecgnn.counts" where it is not set; %p in it becomes the process id. A file that
 * stands is replaced, except that the images (executable, shared libraries) of one process share one. A forked child
 * counts from 0 and writes a file of its own accord: give it one with %p. A process that ends by a signal, _exit or
 * exec writes nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HEAD = 7 }; /* words of a record before its counters: magic, size, key (4), number of counters */

extern uint64_t __start_vecgnn_counts[] __attribute__((weak, visibility("hidden")));
extern uint64_t __stop_vecgnn_counts[] __attribute__((weak, visibility("hidden")));

/* What a file begins with: a magic word, and which process wrote it. */
struct head {
  char magic[8];
  uint64_t process;
  uint64_t started;
};

/* When the process started, in the system's ticks: process ids come round again. 0 where nothing tells it. */
static uint64_t started(void) {
  char text[1024];
  int file = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
  if (file < 0)
    return 0;
  ssize_t length = read(file, text, sizeof text - 1);
  close(file);
  if (length <= 0)
    return 0;
  text[length] = 0;
  char *place = strrchr(text, ')'); /* the program's name may hold anything */
  for (int field = 2; place && field < 22; field++)
    place = strchr(place + 1, ' ');
  return place ? strtoull(place + 1, NULL, 10) : 0;
}

static int write_all(int file, const void *data, size_t size) {
  const char *place = data;
  while (size) {
    ssize_t done = write(file, place, size);
    if (done < 0 && errno == EINTR)
      continue;
    if (done <= 0)
      return -1;
    place += done;
    size -= (size_t)done;
  }
  return 0;
}

/* Copy what another image of this very process has written already. */
static int copy_own(const char *path, const struct head *head, int to) {
  int from = open(path, O_RDONLY | O_CLOEXEC);
  if (from < 0)
    return 0;
  char data[4096];
  ssize_t length = read(from, data, sizeof *head);
  int status = 0;
  if (length == (ssize_t)sizeof *head && !memcmp(data, head, sizeof *head))
    while (!status && (length = read(from, data, sizeof data)) > 0)
      status = write_all(to, data, (size_t)length);
  close(from);
  return status;
}

/* The name with the process id for each %p; to be freed. */
static char *named(const char *pattern) {
  size_t room = strlen(pattern) + 1;
  for (const char *place = pattern; (place = strstr(place, "%p")); place += 2)
    room += 20;
  char *name = malloc(room), *end = name;
  if (!name)
    return NULL;
  for (; *pattern; pattern++)
    if (pattern[0] == '%' && pattern[1] == 'p') {
      end += sprintf(end, "%ld", (long)getpid());
      pattern++;
    } else {
      *end++ = *pattern;
    }
  *end = 0;
  return name;
}

static void forget(void) {
  uint64_t *record = __start_vecgnn_counts;
  while (record < __stop_vecgnn_counts) {
    memset(record + HEAD, 0, 8 * record[HEAD - 1]);
    record += record[1] / 8;
  }
}

__attribute__((constructor)) static void vecgnn_start(void) {
  if (__start_vecgnn_counts != __stop_vecgnn_counts)
    pthread_atfork(NULL, NULL, forget);
}

/* The last of the destructors: what the others do is counted too. */
__attribute__((destructor(101))) static void vecgnn_write(void) {
  size_t size = (size_t)((char *)__stop_vecgnn_counts - (char *)__start_vecgnn_counts);
  if (!size)
    return;
  const char *pattern = getenv("VECGNN_COUNTS");
  char *path = named(pattern && *pattern ? pattern : "vecgnn.counts");
  char *temporary = path ? malloc(strlen(path) + sizeof ".XXXXXX") : NULL;
  int written = 0;
  if (temporary) {
    sprintf(temporary, "%s.XXXXXX", path);
    struct head head = {{'v', 'e', 'c', 'g', 'n', 'n', 'C', '1'}, (uint64_t)getpid(), started()};
    int file = mkstemp(temporary);
    if (file >= 0) {
      mode_t mask = umask(0);
      umask(mask);
      written = !fchmod(file, 0666 & ~mask) && !write_all(file, &head, sizeof head) &&
                !copy_own(path, &head, file) && !write_all(file, __start_vecgnn_counts, size);
      written = !close(file) && written && !rename(temporary, path);
      if (!written) {
        int reason = errno;
        unlink(temporary);
        errno = reason;
      }
    }
  }
  if (!written)
    fprintf(stderr, "vecgnn: execution counts not written to %s: %s\n", path ? path : "a file", strerror(errno));
  free(temporary);
  free(path);
}
