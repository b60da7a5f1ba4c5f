#include "apus_plan.h"

#include <pthread.h>
#include <time.h>

#include "threads_internal.h"
#include "vectorized.h"

static int32_t run(
  const apus_node *nodes, int64_t count, apus_context *context, int64_t *nanoseconds) {
  context->error_code = apus_error_none;
  if (context->threads > 1) apus_threads_separate(context->threads);
  uint64_t mode = apus_float_mode_begin();
  struct timespec before, after;
  if (nanoseconds) clock_gettime(CLOCK_MONOTONIC, &before);
  for (int64_t i = 0; i < count; i++) {
    nodes[i].run(nodes[i].buffers, nodes[i].params, context);
    if (nanoseconds) {
      clock_gettime(CLOCK_MONOTONIC, &after);
      nanoseconds[i] += (int64_t)(after.tv_sec - before.tv_sec) * 1000000000
        + (after.tv_nsec - before.tv_nsec);
      before = after;
    }
    if (context->error_code != apus_error_none) {
      context->error_node = (int32_t)i;
      break;
    }
  }
  apus_float_mode_end(mode);
  return context->error_code;
}

int32_t apus_plan_run(const apus_node *nodes, int64_t count, apus_context *context) {
  return run(nodes, count, context, 0);
}

int32_t apus_plan_run_profiled(
  const apus_node *nodes, int64_t count, apus_context *context, int64_t *nanoseconds) {
  return run(nodes, count, context, nanoseconds);
}

void apus_report(
  apus_context *context, int32_t code, int64_t value, int64_t limit, int64_t position) {
  // Reports are rare, so one lock for the whole process costs nothing.
  static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
  pthread_mutex_lock(&lock);
  if (context->error_code == apus_error_none || position < context->error_position) {
    context->error_code = code;
    context->error_value = value;
    context->error_limit = limit;
    context->error_position = position;
  }
  pthread_mutex_unlock(&lock);
}
