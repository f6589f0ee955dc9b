// Load generator for nodes. Written in C so that it is never the bottleneck: the benchmark's row
// "limit" shows its own maximum. Prints one JSON object.
//
//   load throughput REPLIES SUM INPUT COMMAND...
//     Feeds the file INPUT to a node until it has sent REPLIES replies, whose in_reply_to must add up
//     to SUM. Prints seconds from exec to the last reply, and CPU seconds of the node.
//   load roundtrip WARMUP INPUT COMMAND...
//     Sends the lines of INPUT one at a time, waiting for each reply, with node and load on one core.
//     Prints median and 99th percentile in microseconds, without the first WARMUP lines.
//   load start COUNT INPUT COMMAND...
//     Starts COUNT nodes at once and sends the first line of INPUT to each. Prints seconds until all
//     have replied, and after 300 ms the memory of all (PSS, in bytes).
//   load reads REPLIES TIMES INPUT COMMAND...
//     Feeds all lines of INPUT but the last. After REPLIES replies, sends the last line TIMES times,
//     waiting for each reply. Prints milliseconds of each, and the length of a reply in bytes.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { TIMEOUT_MS = 60000, CHUNK = 1 << 18, MAX_NODES = 256 };

typedef struct {
  pid_t pid;
  int in, out;
} node_t;

static node_t nodes[MAX_NODES];
static int node_count;
static char chunk[CHUNK];

static void kill_all(void) {
  for (int i = 0; i < node_count; i++) kill(nodes[i].pid, SIGKILL);
}

static void die(const char *what) {
  fprintf(stderr, "load: %s%s%s\n", what, errno ? ": " : "", errno ? strerror(errno) : "");
  kill_all();
  exit(1);
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec + time.tv_nsec / 1e9;
}

static node_t *start(char **command) {
  int in[2], out[2];
  if (node_count == MAX_NODES || pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC)) die("cannot start");
  // Like posix_spawn: vfork copies no memory of this process, so every node starts equally fast.
  pid_t pid = vfork();
  if (pid < 0) die("vfork");
  if (pid == 0) {
    dup2(in[0], 0);
    dup2(out[1], 1);
    execvp(command[0], command);
    _exit(127);
  }
  close(in[0]);
  close(out[1]);
  nodes[node_count] = (node_t){pid, in[1], out[0]};
  return &nodes[node_count++];
}

static double cpu_seconds(node_t *node) {
  struct rusage usage;
  int status;
  kill(node->pid, SIGKILL);
  if (wait4(node->pid, &status, 0, &usage) < 0) die("wait");
  return usage.ru_utime.tv_sec + usage.ru_stime.tv_sec +
         (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static const char *input;
static size_t input_length;

static void map_input(const char *path) {
  struct stat about;
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0 || fstat(file, &about)) die(path);
  input_length = about.st_size;
  input = mmap(NULL, input_length, PROT_READ, MAP_PRIVATE | MAP_POPULATE, file, 0);
  if (input == MAP_FAILED) die(path);
}

static size_t first_line(void) {
  const char *end = memchr(input, '\n', input_length);
  if (end == NULL) die("the input has no line");
  return end + 1 - input;
}

// Writes and reads until `wanted` lines have arrived; returns the sum of their in_reply_to.
static long long converse(node_t *node, size_t length, long wanted) {
  static const char NAME[] = "\"in_reply_to\":";
  size_t written = 0, matched = 0;
  long long sum = 0, number = -1;
  long lines = 0;
  fcntl(node->in, F_SETFL, O_NONBLOCK);
  while (lines < wanted) {
    struct pollfd both[] = {{node->out, POLLIN, 0},
                            {written < length ? node->in : -1, POLLOUT, 0}};
    int ready = poll(both, 2, TIMEOUT_MS);
    if (ready < 0) die("poll");
    if (ready == 0) die("the node does not reply");
    if (both[1].revents) {
      ssize_t took = write(node->in, input + written, length - written);
      if (took < 0 && errno != EAGAIN) die("write");
      if (took > 0) written += took;
    }
    if (!both[0].revents) continue;
    ssize_t got = read(node->out, chunk, sizeof chunk);
    if (got <= 0) die("the node has exited");
    for (const char *at = chunk, *end = chunk + got; at < end; at++) {
      // Skips to the next quote, with which the name starts.
      if (number < 0 && matched == 0) {
        while (at < end && *at != '"' && *at != '\n') at++;
        if (at == end) break;
      }
      if (*at == '\n') {
        lines++;
        if (number >= 0) sum += number;
        number = -1;
        matched = 0;
      } else if (number >= 0) {
        if (*at >= '0' && *at <= '9') {
          number = number * 10 + (*at - '0');
        } else {
          sum += number;
          number = -1;
        }
      } else if (*at == NAME[matched]) {
        if (NAME[++matched] == '\0') {
          number = 0;
          matched = 0;
        }
      } else {
        matched = *at == '"';
      }
    }
  }
  fcntl(node->in, F_SETFL, 0);
  return sum;
}

// Sends a line and waits for the reply; returns the reply's length.
static size_t ask(node_t *node, const char *line, size_t length) {
  size_t total = 0;
  if (write(node->in, line, length) != (ssize_t)length) die("write");
  for (;;) {
    ssize_t got = read(node->out, chunk, sizeof chunk);
    if (got <= 0) die("the node has exited");
    total += got;
    if (chunk[got - 1] == '\n') return total;
  }
}

static int compare(const void *one, const void *other) {
  double difference = *(const double *)one - *(const double *)other;
  return (difference > 0) - (difference < 0);
}

static void throughput(long replies, long long sum, char **command) {
  double began = now();
  node_t *node = start(command);
  if (converse(node, input_length, replies) != sum) die("unexpected replies");
  double seconds = now() - began;
  printf("{\"seconds\":%.6f,\"cpuSeconds\":%.6f}\n", seconds, cpu_seconds(node));
}

static void roundtrip(size_t warmup, char **command) {
  cpu_set_t one_core;
  CPU_ZERO(&one_core);
  CPU_SET(0, &one_core);
  if (sched_setaffinity(0, sizeof one_core, &one_core)) die("cannot stay on one core");
  node_t *node = start(command);
  size_t count = 0, capacity = 1 << 20;
  double *times = malloc(capacity * sizeof *times);
  for (const char *at = input, *end = input + input_length; at < end && count < capacity;) {
    const char *next = (const char *)memchr(at, '\n', end - at) + 1;
    double began = now();
    ask(node, at, next - at);
    times[count++] = (now() - began) * 1e6;
    at = next;
  }
  if (count <= warmup) die("too few lines");
  times += warmup;
  count -= warmup;
  qsort(times, count, sizeof *times, compare);
  printf("{\"medianUs\":%.3f,\"p99Us\":%.3f}\n", times[count / 2], times[count * 99 / 100]);
  kill_all();
}

static long long pss_bytes(pid_t pid) {
  char path[64], line[256];
  long long kilobytes = -1;
  snprintf(path, sizeof path, "/proc/%d/smaps_rollup", pid);
  FILE *file = fopen(path, "r");
  if (file == NULL) die(path);
  while (fgets(line, sizeof line, file)) {
    if (sscanf(line, "Pss: %lld kB", &kilobytes) == 1) break;
  }
  fclose(file);
  return kilobytes * 1024;
}

static void start_many(int count, char **command) {
  size_t length = first_line();
  double began = now();
  for (int i = 0; i < count; i++) {
    node_t *node = start(command);
    if (write(node->in, input, length) != (ssize_t)length) die("write");
  }
  struct pollfd waiting[MAX_NODES];
  for (int i = 0; i < count; i++) waiting[i] = (struct pollfd){nodes[i].out, POLLIN, 0};
  for (int left = count; left > 0;) {
    if (poll(waiting, count, TIMEOUT_MS) <= 0) die("a node does not reply");
    for (int i = 0; i < count; i++) {
      if (!waiting[i].revents) continue;
      ssize_t got = read(waiting[i].fd, chunk, sizeof chunk);
      if (got <= 0) die("a node has exited");
      if (chunk[got - 1] != '\n') continue;
      waiting[i].fd = -1;
      waiting[i].revents = 0;
      left--;
    }
  }
  double seconds = now() - began;
  usleep(300000);
  long long bytes = 0;
  for (int i = 0; i < count; i++) bytes += pss_bytes(nodes[i].pid);
  printf("{\"seconds\":%.6f,\"pssBytes\":%lld}\n", seconds, bytes);
  kill_all();
}

static void reads(long replies, int times, char **command) {
  const char *last = memrchr(input, '\n', input_length - 1);
  if (last++ == NULL) die("the input has one line only");
  size_t length = input + input_length - last;
  node_t *node = start(command);
  converse(node, last - input, replies);
  size_t bytes = 0;
  printf("{\"milliseconds\":[");
  for (int i = 0; i < times; i++) {
    double began = now();
    bytes = ask(node, last, length);
    printf("%s%.3f", i ? "," : "", (now() - began) * 1e3);
  }
  printf("],\"bytes\":%zu,\"pssBytes\":%lld}\n", bytes, pss_bytes(node->pid));
  kill_all();
}

int main(int argc, char **argv) {
  const char *mode = argc > 1 ? argv[1] : "";
  signal(SIGPIPE, SIG_IGN);
  // Arguments: numbers, the input, the command.
  int numbers = !strcmp(mode, "throughput") || !strcmp(mode, "reads") ? 2 : 1;
  if (argc < 4 + numbers) {
    fprintf(stderr, "Usage: see the comment at the top of load.c\n");
    return 2;
  }
  map_input(argv[2 + numbers]);
  char **command = argv + 3 + numbers;
  if (!strcmp(mode, "throughput")) throughput(atol(argv[2]), atoll(argv[3]), command);
  else if (!strcmp(mode, "roundtrip")) roundtrip(atol(argv[2]), command);
  else if (!strcmp(mode, "start")) start_many(atoi(argv[2]), command);
  else if (!strcmp(mode, "reads")) reads(atol(argv[2]), atoi(argv[3]), command);
  else return 2;
  return 0;
}
