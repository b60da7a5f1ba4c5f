#include <string.h>

#include "apus_region.h"

extern const apus_operation apus_operations_f32[], apus_operations_f64[];
extern const apus_operation apus_operations_i32[], apus_operations_i64[];

const apus_operation *apus_instruction_lookup(const char *name, int32_t compute_type) {
  const apus_operation *const tables[] = {
    [apus_compute_f32] = apus_operations_f32,
    [apus_compute_f64] = apus_operations_f64,
    [apus_compute_i32] = apus_operations_i32,
    [apus_compute_i64] = apus_operations_i64,
  };
  if (compute_type < apus_compute_f32 || compute_type > apus_compute_i64) return 0;
  for (const apus_operation *operation = tables[compute_type]; operation->name; operation++)
    if (strcmp(operation->name, name) == 0) return operation;
  return 0;
}
