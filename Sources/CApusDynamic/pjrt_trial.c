// The child opens the plugin and writes what it finds; the parent reads until both pipes are closed.

#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif

#include "include/apus_pjrt_trial.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { text_capacity = 4096 };

struct apus_pjrt_trial {
  char report[65536];
  char noise[4096];
  int32_t status;
  bool has_timed_out;
};

const char *apus_pjrt_trial_report(const apus_pjrt_trial *trial) { return trial->report; }
const char *apus_pjrt_trial_noise(const apus_pjrt_trial *trial) { return trial->noise; }
int32_t apus_pjrt_trial_status(const apus_pjrt_trial *trial) { return trial->status; }
bool apus_pjrt_trial_has_timed_out(const apus_pjrt_trial *trial) { return trial->has_timed_out; }
void apus_pjrt_trial_free(apus_pjrt_trial *trial) { free(trial); }

// In the child ------------------------------------------------------------------------------------

// Replaces what would end a line.
static void flatten(char *text) {
  for (; *text; text++)
    if (*text == '\n' || *text == '\r') *text = ' ';
}

// A copy of text of a length, on one line.
static const char *line(char *target, const char *text, size_t size) {
  size_t count = size < text_capacity ? size : text_capacity - 1;
  memcpy(target, text, count);
  target[count] = 0;
  flatten(target);
  return target;
}

// Reports an error and ends the child.
static void stop(int report, const apus_pjrt_api *api, apus_pjrt_error *error) {
  char message[text_capacity];
  int32_t code = apus_pjrt_error_take(api, error, message, sizeof message);
  flatten(message);
  dprintf(report, "error %d %s\n", code, message);
  _exit(0);
}

static void tell_attributes(int report, const apus_pjrt_api *api) {
  apus_pjrt_named_value values[64];
  size_t count = apus_pjrt_attributes(api, values, 64);
  char name[text_capacity], text[text_capacity];
  for (size_t i = 0; i < count && i < 64; i++) {
    const apus_pjrt_named_value *value = &values[i];
    line(name, value->name, value->name_size);
    dprintf(report, "attribute %s ", name);
    switch (value->kind) {
      case apus_pjrt_string:
        dprintf(report, "%s\n", line(text, value->text, value->size));
        break;
      case apus_pjrt_int64_list: {
        const int64_t *numbers = value->text;
        for (size_t j = 0; j < value->size; j++)
          dprintf(report, "%s%" PRId64, j ? "." : "", numbers[j]);
        dprintf(report, "\n");
        break;
      }
      case apus_pjrt_float: dprintf(report, "%g\n", value->real); break;
      default: dprintf(report, "%" PRId64 "\n", value->number);
    }
  }
}

static void tell_devices(int report, const apus_pjrt_api *api, apus_pjrt_client *client) {
  const char *name, *version;
  size_t name_size, version_size;
  char text[text_capacity];
  apus_pjrt_error *error =
      apus_pjrt_platform(api, client, &name, &name_size, &version, &version_size);
  if (error) stop(report, api, error);
  dprintf(report, "platform %s\n", line(text, name, name_size));
  dprintf(report, "version %s\n", line(text, version, version_size));
  apus_pjrt_device *const *devices;
  size_t count;
  error = apus_pjrt_addressable_devices(api, client, &devices, &count);
  if (error) stop(report, api, error);
  for (size_t i = 0; i < count; i++) {
    int32_t id;
    const char *kind;
    size_t kind_size;
    int64_t used, limit;
    error = apus_pjrt_device_describe(api, devices[i], &id, &kind, &kind_size);
    if (error) stop(report, api, error);
    error = apus_pjrt_device_memory(api, devices[i], &used, &limit);
    if (error) apus_pjrt_error_take(api, error, NULL, 0);
    dprintf(report, "device %d %" PRId64 " %" PRId64 " %s\n", id, used, limit,
            line(text, kind, kind_size));
  }
}

// Some settings are read when the first program is compiled.
static void compile_nothing(int report, const apus_pjrt_api *api, apus_pjrt_client *client) {
  static const char code[] =
      "module { func.func public @main(%x: tensor<f32>) -> tensor<f32> {"
      " %y = stablehlo.add %x, %x : tensor<f32> return %y : tensor<f32> } }";
  // One replica of one partition.
  static const char options[] = {0x1A, 4, 0x20, 1, 0x28, 1};
  apus_pjrt_loaded *loaded;
  apus_pjrt_error *error =
      apus_pjrt_compile(api, client, code, sizeof code - 1, options, sizeof options, &loaded);
  if (error) stop(report, api, error);
}

static void try_here(
    int report, const char *path, const apus_pjrt_named_value *options, size_t count,
    int32_t extent) {
  char reason[text_capacity];
  const apus_pjrt_api *api = apus_pjrt_open(path, reason, sizeof reason);
  if (!api) {
    flatten(reason);
    dprintf(report, "error 2 %s\n", reason);
    _exit(0);
  }
  int32_t major, minor;
  apus_pjrt_version(api, &major, &minor);
  bool is_complete = apus_pjrt_is_complete(api);
  dprintf(report, "api %d %d\ncomplete %d\n", major, minor, is_complete);
  if (extent >= apus_pjrt_trial_devices && major == 0 && is_complete) {
    apus_pjrt_error *error = apus_pjrt_initialize(api);
    if (error) stop(report, api, error);
    tell_attributes(report, api);
    apus_pjrt_client *client;
    error = apus_pjrt_client_create(api, options, count, NULL, &client);
    if (error) stop(report, api, error);
    tell_devices(report, api, client);
    if (extent == apus_pjrt_trial_program) compile_nothing(report, api, client);
  }
  dprintf(report, "done\n");
  _exit(0);
}

// A child that dies must neither leave a core file nor start the debugger of its parent.
static void calm(void) {
  const struct rlimit none = {0, 0};
  setrlimit(RLIMIT_CORE, &none);
  static const int signals[] = {
    SIGABRT, SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGINT, SIGTERM, SIGPIPE, SIGALRM,
  };
  for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) signal(signals[i], SIG_DFL);
  sigset_t nothing;
  sigemptyset(&nothing);
  sigprocmask(SIG_SETMASK, &nothing, NULL);
}

// In the parent -----------------------------------------------------------------------------------

static int64_t now_milliseconds(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * (int64_t)1000 + time.tv_nsec / 1000000;
}

// Reads what there is; keeps the beginning, or the end where `keeps_end`. False at the end.
static bool gather(int from, char *text, size_t capacity, size_t *count, bool keeps_end) {
  char chunk[4096];
  ssize_t got = read(from, chunk, sizeof chunk);
  if (got < 0) return errno == EINTR || errno == EAGAIN;
  if (got == 0) return false;
  size_t size = (size_t)got;
  size_t room = capacity - 1 - *count;
  if (size > room && keeps_end) {
    size_t dropped = size - room < *count ? size - room : *count;
    memmove(text, text + dropped, *count - dropped);
    *count -= dropped;
    room += dropped;
  }
  if (size > room) size = room;
  memcpy(text + *count, chunk, size);
  *count += size;
  text[*count] = 0;
  return true;
}

static void watch(
    pid_t child, int report, int noise, int64_t deadline, apus_pjrt_trial *trial) {
  struct pollfd sources[2] = {{report, POLLIN, 0}, {noise, POLLIN, 0}};
  size_t report_count = 0, noise_count = 0;
  // The noise may stay open where the child left a process of its own: the report decides.
  while (sources[0].fd >= 0) {
    int64_t left = deadline - now_milliseconds();
    if (left <= 0) {
      trial->has_timed_out = true;
      kill(child, SIGKILL);
      break;
    }
    if (poll(sources, 2, (int)left) < 0) {
      if (errno == EINTR) continue;
      kill(child, SIGKILL);
      break;
    }
    if (sources[1].revents && sources[1].fd >= 0 &&
        !gather(noise, trial->noise, sizeof trial->noise, &noise_count, true))
      sources[1].fd = -1;
    if (sources[0].revents &&
        !gather(report, trial->report, sizeof trial->report, &report_count, false))
      sources[0].fd = -1;
  }
  // What was written last, without waiting for more.
  for (int round = 0; round < 64 && sources[1].fd >= 0 && poll(&sources[1], 1, 0) > 0; round++)
    if (!gather(noise, trial->noise, sizeof trial->noise, &noise_count, true)) break;
}

apus_pjrt_trial *apus_pjrt_try(
    const char *path, const apus_pjrt_named_value *options, size_t count, int32_t extent,
    const char *flags, int32_t timeout_milliseconds) {
  apus_pjrt_trial *trial = calloc(1, sizeof *trial);
  if (!trial) return NULL;
  int64_t deadline = now_milliseconds() + timeout_milliseconds;
  int report[2] = {-1, -1}, noise[2] = {-1, -1};
  pid_t child = -1;
  if (pipe(report) == 0 && pipe(noise) == 0) {
    for (int i = 0; i < 2; i++) {
      fcntl(report[i], F_SETFD, FD_CLOEXEC);
      fcntl(noise[i], F_SETFD, FD_CLOEXEC);
    }
    child = fork();
  }
  if (child == 0) {
    calm();
    dup2(noise[1], STDOUT_FILENO);
    dup2(noise[1], STDERR_FILENO);
    if (flags) setenv("XLA_FLAGS", flags, 1);
    try_here(report[1], path, options, count, extent);
  }
  if (child > 0) {
    close(report[1]);
    close(noise[1]);
    report[1] = noise[1] = -1;
    watch(child, report[0], noise[0], deadline, trial);
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
    trial->status = WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
  }
  for (int i = 0; i < 2; i++) {
    if (report[i] >= 0) close(report[i]);
    if (noise[i] >= 0) close(noise[i]);
  }
  if (child > 0) return trial;
  free(trial);
  return NULL;
}
