#define _GNU_SOURCE
#include "apus_threads.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "threads_internal.h"
#include "vectorized.h"

static _Atomic(apus_gomp_parallel) gomp_parallel;
static int (*gomp_thread_number)(void);
static int (*gomp_thread_count)(void);

// Nested loops run on their caller: it is one of the threads already.
static _Thread_local int inside_loop;

typedef struct loop {
  apus_body body;
  void *arg;
  int64_t count;
  int32_t parts;
} loop;

static void run_part(const loop *work, int32_t part) {
  int64_t size = work->count / work->parts, extra = work->count % work->parts;
  int64_t begin = part * size + (part < extra ? part : extra);
  work->body(work->arg, begin, begin + size + (part < extra), part);
}

static void pool_body(void *arg, int32_t worker) {
  inside_loop++;
  uint64_t mode = apus_float_mode_begin();
  run_part(arg, worker);
  apus_float_mode_end(mode);
  inside_loop--;
}

static void gomp_body(void *arg) {
  const loop *work = arg;
  inside_loop++;
  uint64_t mode = apus_float_mode_begin();
  // The team may be smaller than asked for.
  int32_t team = gomp_thread_count();
  for (int32_t part = gomp_thread_number(); part < work->parts; part += team) run_part(work, part);
  apus_float_mode_end(mode);
  inside_loop--;
}

int32_t apus_parallel_parts(const apus_context *context, int64_t count, int64_t grain) {
  int64_t parts = count / (grain > 0 ? grain : 1);
  if (parts > context->threads) parts = context->threads;
  return parts < 1 || inside_loop ? 1 : (int32_t)parts;
}

void apus_parallel_for(
  apus_context *context, int64_t count, int64_t grain, apus_body body, void *arg) {
  if (count <= 0) return;
  if (context->threads == 1 || count < 2 * grain) {
    body(arg, 0, count, 0);
    return;
  }
  loop work = {body, arg, count, apus_parallel_parts(context, count, grain)};
  if (work.parts == 1) {
    body(arg, 0, count, 0);
    return;
  }
  apus_gomp_parallel parallel = atomic_load_explicit(&gomp_parallel, memory_order_acquire);
  if (parallel) {
    parallel(gomp_body, &work, (unsigned)work.parts, 0);
  } else if (!apus_pool_run(pool_body, &work, work.parts)) {
    for (int32_t part = 0; part < work.parts; part++) run_part(&work, part);
  }
}

void apus_threads_use_gomp(
  apus_gomp_parallel parallel, int (*thread_number)(void), int (*thread_count)(void)) {
  int complete = parallel && thread_number && thread_count;
  if (complete) {
    gomp_thread_number = thread_number;
    gomp_thread_count = thread_count;
  }
  atomic_store_explicit(&gomp_parallel, complete ? parallel : 0, memory_order_release);
}

const char *apus_threads_runtime_name(void) { return atomic_load(&gomp_parallel) ? "gomp" : "pool"; }

int32_t apus_processor_count(void) {
#ifdef __linux__
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof allowed, &allowed) == 0) return CPU_COUNT(&allowed);
#endif
  long count = sysconf(_SC_NPROCESSORS_ONLN);
  return count > 0 ? (int32_t)count : 1;
}

static int widest_instruction_set(void) {
#if defined(__x86_64__) && defined(__linux__)
  if (__builtin_cpu_supports("x86-64-v4")) return apus_avx512;
  if (__builtin_cpu_supports("x86-64-v3")) return apus_avx2;
  return apus_baseline;
#elif defined(__aarch64__)
  return apus_neon;
#else
  return apus_baseline;
#endif
}

static const char *const instruction_sets[] = {
  [apus_baseline] = "baseline", [apus_neon] = "neon", [apus_avx2] = "avx2+fma",
  [apus_avx512] = "avx512"};

// What the environment allows, or the widest.
static int allowed_instruction_set(void) {
  const int widest = widest_instruction_set();
  const char *wish = getenv("APUS_INSTRUCTIONS");
  if (!wish || !*wish) return widest;
  if (strcmp(wish, "avx2") == 0) wish = instruction_sets[apus_avx2];
  for (int set = apus_baseline; set <= apus_avx512; set++)
    if (set != apus_neon && strcmp(wish, instruction_sets[set]) == 0)
      return set < widest ? set : widest;
  fprintf(stderr, "APUS_INSTRUCTIONS=%s is not one of baseline, avx2, avx512: ignored\n", wish);
  return widest;
}

int apus_instruction_set(void) {
  static _Atomic int known = -1;
  int set = atomic_load_explicit(&known, memory_order_relaxed);
  if (set < 0) {
    set = allowed_instruction_set();
    atomic_store_explicit(&known, set, memory_order_relaxed);
  }
  return set;
}

const char *apus_instruction_set_name(void) { return instruction_sets[apus_instruction_set()]; }

#ifdef __linux__

enum { most_workers = 64 };

// libgomp keeps one team per calling thread, so what is known about a team is kept per thread too.
static _Thread_local struct team {
  apus_gomp_parallel runtime;  // 0: the own pool
  int32_t threads;
  pid_t ids[most_workers];
  int processors[most_workers];
  cpu_set_t allowed;
} team;

static void note_worker(void *arg) {
  int32_t number = gomp_thread_number();
  if (number < most_workers) ((struct team *)arg)->ids[number] = gettid();
}

static void pin(struct team *team, int32_t worker, int caller) {
  for (int processor = 0; processor < CPU_SETSIZE; processor++) {
    if (!CPU_ISSET(processor, &team->allowed) || processor == caller) continue;
    int taken = 0;
    for (int32_t other = 1; other < team->threads; other++)
      taken |= other != worker && team->processors[other] == processor;
    if (taken) continue;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(processor, &one);
    if (sched_setaffinity(team->ids[worker], sizeof one, &one) == 0)
      team->processors[worker] = processor;
    return;
  }
}

// Learns who the workers are; 0 while the own pool has not started them.
static int identify(struct team *team) {
  if (!team->runtime) return apus_pool_identify(team->ids, team->threads);
  team->runtime(note_worker, team, (unsigned)team->threads, 0);
  return 1;
}

void apus_threads_separate(int32_t threads) {
  apus_gomp_parallel runtime = atomic_load_explicit(&gomp_parallel, memory_order_acquire);
  if (inside_loop || threads > most_workers) return;
  // Small plans never start the own pool: they must not pay for system calls every time.
  int32_t ids[most_workers];
  if (!runtime && !apus_pool_identify(ids, threads)) return;
  int caller = sched_getcpu();
  if (team.threads != threads || team.runtime != runtime) {
    struct team fresh = {.runtime = runtime, .threads = threads};
    for (int32_t worker = 0; worker < most_workers; worker++) fresh.processors[worker] = -1;
    if (sched_getaffinity(0, sizeof fresh.allowed, &fresh.allowed) != 0) return;
    if (CPU_COUNT(&fresh.allowed) >= threads && !identify(&fresh)) return;
    team = fresh;
    for (int32_t worker = 1; worker < threads; worker++)
      if (team.ids[worker]) pin(&team, worker, caller);
    return;
  }
  for (int32_t worker = 1; worker < threads; worker++)
    if (team.processors[worker] == caller) {
      pin(&team, worker, caller);
      return;
    }
}

#else

void apus_threads_separate(int32_t threads) { (void)threads; }

#endif
