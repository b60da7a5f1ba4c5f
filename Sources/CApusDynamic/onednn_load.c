// Finds, opens and checks oneDNN once per process.

#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "include/apus_onednn.h"
#include "onednn_api.h"

#if defined(__APPLE__)
#define LIBRARY_NAME "libdnnl.3.dylib"
#else
#define LIBRARY_NAME "libdnnl.so.3"
#endif

enum { path_capacity = 4096 };

static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct onednn library;
static struct apus_openmp openmp;
static int loaded, shares_openmp;
static char status[2 * path_capacity];

static void report(const char *format, const char *first, const char *second) {
  snprintf(status, sizeof status, format, first, second);
}

static int exists(const char *path) {
  struct stat information;
  return stat(path, &information) == 0;
}

static int is_directory(const char *path) {
  struct stat information;
  return stat(path, &information) == 0 && S_ISDIR(information.st_mode);
}

// Fills `library` from an opened handle. False, with the reason in `status`, if it does not fit.
static int bind(void *handle, const char *path) {
  const struct library_version *(*version)(void);
  *(void **)&version = dlsym(handle, "dnnl_version");
  const struct library_version *found = version ? version() : NULL;
  if (!found) {
    report("oneDNN not used: %s has no dnnl_version%s", path, "");
    return 0;
  }
  char number[64];
  snprintf(number, sizeof number, "%d.%d.%d", found->major, found->minor, found->patch);
  if (found->major != 3) {
    report("oneDNN not used: %s is version %s, this build speaks to version 3", path, number);
    return 0;
  }
  // Other runtimes execute asynchronously or need a thread pool passed in.
  const unsigned runtime = found->cpu_runtime;
  if (runtime != runtime_openmp && runtime != runtime_tbb && runtime != runtime_sequential) {
    report("oneDNN not used: %s (version %s) has a CPU runtime that is not supported", path,
           number);
    return 0;
  }
#define RESOLVE(result, name, parameters) \
  if (!(*(void **)&library.name = dlsym(handle, "dnnl_" #name))) { \
    report("oneDNN not used: %s lacks dnnl_%s", path, #name); \
    return 0; \
  }
  APUS_ONEDNN_FUNCTIONS(RESOLVE)
#undef RESOLVE
  if (library.engine_create(&library.engine, engine_cpu, 0) != status_success) {
    report("oneDNN not used: %s (version %s) cannot create a CPU engine", path, number);
    return 0;
  }
  if (runtime == runtime_openmp) {
    // A handle also resolves the symbols of what it depends on: the very runtime it runs on.
    *(void **)&openmp.parallel = dlsym(handle, "GOMP_parallel");
    *(void **)&openmp.thread_number = dlsym(handle, "omp_get_thread_num");
    *(void **)&openmp.thread_count = dlsym(handle, "omp_get_num_threads");
    *(void **)&openmp.max_threads = dlsym(handle, "omp_get_max_threads");
    *(void **)&openmp.set_threads = dlsym(handle, "omp_set_num_threads");
    library.has_openmp = openmp.max_threads && openmp.set_threads;
    shares_openmp = library.has_openmp && openmp.parallel && openmp.thread_number
      && openmp.thread_count;
  }
  Dl_info information;
  const char *real = path;
  if (dladdr(*(void **)&version, &information) && information.dli_fname)
    real = information.dli_fname;
  report("oneDNN %s from %s", number, real);
  return 1;
}

// True when the search is over: the library was loaded, or this path was the user's choice.
static int try_path(const char *path) {
  void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!handle) {
    const char *reason = dlerror();
    report("oneDNN not used: %s%s", reason ? reason : "cannot open ", reason ? "" : path);
    return 0;
  }
  loaded = bind(handle, path);
  if (!loaded) dlclose(handle);
  return loaded;
}

static int try_directory(const char *directory, const char *suffix) {
  char path[path_capacity];
  const int length =
      snprintf(path, sizeof path, "%s%s/" LIBRARY_NAME, directory, suffix);
  return length > 0 && length < path_capacity && exists(path) && try_path(path);
}

static int try_executable_directory(void) {
#if defined(__linux__)
  char path[path_capacity];
  const ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
  if (length <= 0) return 0;
  path[length] = 0;
  char *slash = strrchr(path, '/');
  if (!slash) return 0;
  *slash = 0;
  return try_directory(path, "") || try_directory(path, "/lib");
#else
  return 0;
#endif
}

static void load(void) {
  const char *chosen = getenv("APUS_ONEDNN");
  if (chosen && (!strcmp(chosen, "none") || !strcmp(chosen, "off"))) {
    report("oneDNN not used: switched off by APUS_ONEDNN=%s%s", chosen, "");
    return;
  }
  // Workers of GNU OpenMP otherwise spin for a millisecond and steal cores from each other.
  setenv("GOMP_SPINCOUNT", "10000", 0);
  if (chosen && *chosen) {
    if (!is_directory(chosen)) {
      try_path(chosen);
    } else if (!try_directory(chosen, "") && !*status) {
      report("oneDNN not used: no " LIBRARY_NAME " in APUS_ONEDNN=%s%s", chosen, "");
    }
    return;
  }
  if (try_executable_directory()) return;
#if defined(APUS_PACKAGE_DIRECTORY)
  if (try_directory(APUS_PACKAGE_DIRECTORY, "/.deps/lib")) return;
#endif
  const char *home = getenv("HOME");
  if (home && try_directory(home, "/.cache/apus/lib")) return;
  // A library that was found but does not fit is the better explanation than one not found.
  char earlier[sizeof status];
  memcpy(earlier, status, sizeof status);
  if (try_path(LIBRARY_NAME)) return;
  if (*earlier)
    memcpy(status, earlier, sizeof status);
  else if (strstr(status, LIBRARY_NAME ": cannot open"))
    report("oneDNN not found: run Scripts/fetch-onednn, or set APUS_ONEDNN to %s%s",
           LIBRARY_NAME, "");
}

const struct onednn *apus_onednn_library(void) {
  pthread_once(&once, load);
  return loaded ? &library : NULL;
}

const char *apus_onednn_status(void) {
  pthread_once(&once, load);
  return status;
}

bool apus_onednn_available(void) { return apus_onednn_library() != NULL; }

const struct apus_openmp *apus_onednn_openmp(void) {
  pthread_once(&once, load);
  return loaded && shares_openmp ? &openmp : NULL;
}

void apus_onednn_set_threads(int32_t count) {
  const struct onednn *dnnl = apus_onednn_library();
  if (dnnl && dnnl->has_openmp && count > 0) openmp.set_threads(count);
}

// Makes regions started by this thread use `count` threads; answers the earlier count.
int apus_onednn_enter(int count) {
  if (!library.has_openmp) return 0;
  const int previous = openmp.max_threads();
  if (count > 0 && previous != count) openmp.set_threads(count);
  return previous;
}

void apus_onednn_leave(int previous, int count) {
  if (library.has_openmp && count > 0 && previous != count) openmp.set_threads(previous);
}
