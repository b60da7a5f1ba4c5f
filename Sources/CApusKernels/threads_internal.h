/// What the plan runner needs from the threads.
#ifndef APUS_THREADS_INTERNAL_H
#define APUS_THREADS_INTERNAL_H

#include <stdint.h>

/// Moves workers away from the caller's processor: two spinning threads on one processor
/// each use up a whole time slice. Costs some 20 ns when there is nothing to do.
void apus_threads_separate(int32_t threads);

/// The system's numbers of the own pool's workers `1..<workers`; 0 while some have not started.
int apus_pool_identify(int32_t *ids, int32_t workers);

/// Runs `body(arg, worker)` for each worker in `0..<workers` on the own pool; 0 if it is in use.
int apus_pool_run(void (*body)(void *arg, int32_t worker), void *arg, int32_t workers);

#endif
