#include "apus_scan.h"

#include <string.h>

static void *bound(
  const apus_scan_params *scan, const apus_scan_binding *binding, void *const *buffers,
  int64_t step, int64_t element) {
  char *base;
  switch (binding->source) {
    case apus_scan_carry_in: base = scan->carries[binding->index].blocks[step & 1]; break;
    case apus_scan_carry_out: base = scan->carries[binding->index].blocks[(step + 1) & 1]; break;
    default: base = (char *)buffers[binding->index] + element * binding->stride; break;
  }
  return base + binding->offset;
}

void apus_scan_run(void *const *buffers, const void *params, apus_context *context) {
  const apus_scan_params *scan = params;
  for (int32_t c = 0; c < scan->carry_count; c++) {
    const apus_scan_carry *carry = &scan->carries[c];
    memcpy(carry->blocks[0], buffers[carry->initial], (size_t)carry->bytes);
  }
  for (int64_t step = 0; step < scan->length; step++) {
    int64_t element = scan->reversed ? scan->length - 1 - step : step;
    for (int32_t c = 0; c < scan->carry_count; c++) {
      const apus_scan_carry *carry = &scan->carries[c];
      if (carry->history < 0) continue;
      char *history = (char *)buffers[carry->history] + element * carry->bytes;
      memcpy(history, carry->blocks[step & 1], (size_t)carry->bytes);
    }
    for (int64_t b = 0; b < scan->binding_count; b++) {
      const apus_scan_binding *binding = &scan->bindings[b];
      *binding->place = bound(scan, binding, buffers, step, element);
    }
    for (int64_t n = 0; n < scan->node_count; n++) {
      const apus_node *node = &scan->nodes[n];
      node->run(node->buffers, node->params, context);
      if (context->error_code != apus_error_none) return;
    }
  }
  for (int32_t c = 0; c < scan->carry_count; c++) {
    const apus_scan_carry *carry = &scan->carries[c];
    if (carry->final < 0) continue;
    memcpy(buffers[carry->final], carry->blocks[scan->length & 1], (size_t)carry->bytes);
  }
}
