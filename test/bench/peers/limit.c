// The limit of the load generator: an echo node that handles only the lines of this benchmark. It
// finds fields by name instead of parsing JSON, and writes once per read.
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char *in, *out;
static size_t in_size = 1 << 16, out_size, out_length;

static void put(const char *text, size_t length) {
  if (out_length + length > out_size) {
    out_size = 2 * (out_length + length);
    out = realloc(out, out_size);
  }
  memcpy(out + out_length, text, length);
  out_length += length;
}

#define PUT(text) put(text, sizeof(text) - 1)

// Copies the text between `name` and the first `end` after it.
static void put_field(const char *line, size_t length, const char *name, const char *end) {
  const char *from = memmem(line, length, name, strlen(name));
  if (from == NULL) abort();
  from += strlen(name);
  const char *to = memmem(from, line + length - from, end, strlen(end));
  if (to == NULL) abort();
  put(from, to - from);
}

static void answer(const char *line, size_t length) {
  PUT("{\"src\":\"n0\",\"dest\":\"");
  put_field(line, length, "\"src\":\"", "\"");
  if (memmem(line, length, "\"type\":\"echo\"", 13) != NULL) {
    PUT("\",\"body\":{\"type\":\"echo_ok\",\"echo\":\"");
    put_field(line, length, "\"echo\":\"", "\"}}");
    PUT("\",\"in_reply_to\":");
  } else {
    PUT("\",\"body\":{\"type\":\"init_ok\",\"in_reply_to\":");
  }
  put_field(line, length, "\"msg_id\":", ",");
  PUT("}}\n");
}

int main(void) {
  size_t held = 0;
  in = malloc(in_size);
  for (;;) {
    if (held == in_size) in = realloc(in, in_size *= 2);
    ssize_t got = read(0, in + held, in_size - held);
    if (got <= 0) return 0;
    size_t from = 0, scanned = held;
    held += got;
    char *end;
    while ((end = memchr(in + scanned, '\n', held - scanned)) != NULL) {
      answer(in + from, end - (in + from));
      from = scanned = end + 1 - in;
    }
    memmove(in, in + from, held - from);
    held -= from;
    for (size_t written = 0; written < out_length;) {
      ssize_t took = write(1, out + written, out_length - written);
      if (took < 0) return 1;
      written += took;
    }
    out_length = 0;
  }
}
