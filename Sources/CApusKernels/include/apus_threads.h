/// Threads of the kernels: one split-the-range loop on libgomp when given, else on an own pool.
#ifndef APUS_THREADS_H
#define APUS_THREADS_H

#include "apus_plan.h"

#ifdef __cplusplus
extern "C" {
#endif

/// Handles items `begin..<end`; `worker` counts from 0 and is below `context->threads`.
typedef void (*apus_body)(void *arg, int64_t begin, int64_t end, int32_t worker);

/// Splits `0..<count` evenly into at most `context->threads` contiguous parts of at least `grain`
/// items and runs `body` on them side by side; a single part runs on the caller.
///
/// The split depends only on `count`, `grain` and `threads`. A nested call runs on its caller.
void apus_parallel_for(
  apus_context *context, int64_t count, int64_t grain, apus_body body, void *arg);

/// How many parts `apus_parallel_for` makes.
int32_t apus_parallel_parts(const apus_context *context, int64_t count, int64_t grain);

typedef void (*apus_gomp_parallel)(
  void (*body)(void *), void *data, unsigned threads, unsigned flags);

/// Runs parallel loops on libgomp from now on: pass its `GOMP_parallel`, `omp_get_thread_num` and
/// `omp_get_num_threads`, or NULLs to return to the own pool.
///
/// Sharing the runtime of a library that also uses libgomp keeps two pools from competing.
void apus_threads_use_gomp(
  apus_gomp_parallel parallel, int (*thread_number)(void), int (*thread_count)(void));

/// "gomp" or "pool".
const char *apus_threads_runtime_name(void);

/// How many processors this process may run on.
int32_t apus_processor_count(void);

enum {
  apus_baseline = 0,
  apus_neon = 1,
  apus_avx2 = 2,
  apus_avx512 = 3,
};

/// The widest vector instructions the kernels use on this machine.
///
/// `APUS_INSTRUCTIONS` in the environment, one of "baseline", "avx2" and "avx512", allows less: for
/// tests of what other machines run. Kernels that the loader chooses do not ask.
int apus_instruction_set(void);

/// "avx512", "avx2+fma", "neon" or "baseline".
const char *apus_instruction_set_name(void);

#ifdef __cplusplus
}
#endif

#endif
