#define _GNU_SOURCE
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "threads_internal.h"

enum { most_workers = 64 };

// How long a worker watches for the next loop before it sleeps.
static const int64_t spin_nanoseconds = 20000;

static struct {
  pthread_mutex_t owner;  // held by the thread whose loop runs
  pthread_mutex_t lock;
  pthread_cond_t wake;
  int32_t workers;  // besides the caller
  void (*body)(void *, int32_t);
  void *arg;
  // Low 32 bits: how many workers the loop wants; high: number of the loop.
  atomic_uint_fast64_t ticket;
  atomic_int pending, sleeping;
  atomic_int ids[most_workers];
} pool = {.owner = PTHREAD_MUTEX_INITIALIZER, .lock = PTHREAD_MUTEX_INITIALIZER,
          .wake = PTHREAD_COND_INITIALIZER};

static void relax(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

static int64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static uint64_t next_ticket(uint64_t seen) {
  int64_t end = now() + spin_nanoseconds;
  do {
    for (int i = 0; i < 32; i++) {
      uint64_t ticket = atomic_load_explicit(&pool.ticket, memory_order_acquire);
      if (ticket != seen) return ticket;
      relax();
    }
  } while (now() < end);
  pthread_mutex_lock(&pool.lock);
  atomic_fetch_add(&pool.sleeping, 1);
  uint64_t ticket;
  while ((ticket = atomic_load(&pool.ticket)) == seen) pthread_cond_wait(&pool.wake, &pool.lock);
  atomic_fetch_sub(&pool.sleeping, 1);
  pthread_mutex_unlock(&pool.lock);
  return ticket;
}

typedef struct start {
  int32_t worker;
  uint64_t seen;
} start;

static void *work(void *arg) {
  start self = *(start *)arg;
  free(arg);
#ifdef __linux__
  atomic_store(&pool.ids[self.worker], gettid());
#endif
  for (uint64_t seen = self.seen;;) {
    seen = next_ticket(seen);
    if (self.worker >= (int32_t)(uint32_t)seen) continue;
    pool.body(pool.arg, self.worker);
    atomic_fetch_sub_explicit(&pool.pending, 1, memory_order_release);
  }
  return 0;
}

// Starts missing workers; says whether there are enough.
static int grow(int32_t workers) {
  while (pool.workers < workers - 1) {
    start *self = malloc(sizeof *self);
    if (!self) return 0;
    *self = (start){pool.workers + 1, atomic_load(&pool.ticket)};
    pthread_t thread;
    if (pthread_create(&thread, 0, work, self) != 0) {
      free(self);
      return 0;
    }
    pthread_detach(thread);
    pool.workers++;
  }
  return 1;
}

int apus_pool_identify(int32_t *ids, int32_t workers) {
  for (int32_t worker = 1; worker < workers; worker++)
    if ((ids[worker] = atomic_load(&pool.ids[worker])) == 0) return 0;
  return 1;
}

int apus_pool_run(void (*body)(void *arg, int32_t worker), void *arg, int32_t workers) {
  if (workers >= most_workers || pthread_mutex_trylock(&pool.owner) != 0) return 0;
  if (!grow(workers)) {
    pthread_mutex_unlock(&pool.owner);
    return 0;
  }
  pool.body = body;
  pool.arg = arg;
  atomic_store_explicit(&pool.pending, workers - 1, memory_order_relaxed);
  uint64_t number = (atomic_load(&pool.ticket) >> 32) + 1;
  atomic_store(&pool.ticket, number << 32 | (uint32_t)workers);
  if (atomic_load(&pool.sleeping)) {
    pthread_mutex_lock(&pool.lock);
    pthread_cond_broadcast(&pool.wake);
    pthread_mutex_unlock(&pool.lock);
  }
  body(arg, 0);
  for (int spins = 0; atomic_load_explicit(&pool.pending, memory_order_acquire) > 0; spins++) {
    relax();
    // A worker may be waiting for this very processor.
    if (spins % 4096 == 4095) {
      struct timespec moment = {0, 1000};
      nanosleep(&moment, 0);
    }
  }
  pthread_mutex_unlock(&pool.owner);
  return 1;
}
