/*
 * Shifts the wall clock of a single process: a library for LD_PRELOAD.
 *
 * The file named by CLOCK_STEP_FILE holds the shift in nanoseconds, as 8 bytes. A test may change
 * them at any time. Monotonic clocks are not shifted.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S 1000000000LL

static const volatile int64_t *step_ns;

__attribute__((constructor)) static void map_step(void) {
  const char *path = getenv("CLOCK_STEP_FILE");
  int file = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return;
  void *bytes = mmap(NULL, sizeof *step_ns, PROT_READ, MAP_SHARED, file, 0);
  if (bytes != MAP_FAILED) step_ns = bytes;
  close(file);
}

int clock_gettime(clockid_t id, struct timespec *time) {
  int result = (int)syscall(SYS_clock_gettime, id, time);
  if (result != 0 || step_ns == NULL) return result;
  if (id != CLOCK_REALTIME && id != CLOCK_REALTIME_COARSE) return result;
  int64_t ns = time->tv_sec * NS_PER_S + time->tv_nsec + *step_ns;
  time->tv_sec = ns / NS_PER_S;
  time->tv_nsec = ns % NS_PER_S;
  return 0;
}

int gettimeofday(struct timeval *restrict time, void *restrict zone) {
  (void)zone;
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  time->tv_sec = now.tv_sec;
  time->tv_usec = now.tv_nsec / 1000;
  return 0;
}

time_t time(time_t *seconds) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (seconds != NULL) *seconds = now.tv_sec;
  return now.tv_sec;
}
