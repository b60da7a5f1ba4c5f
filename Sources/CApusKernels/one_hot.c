#include "apus_one_hot.h"

#include <string.h>

void apus_one_hot(void *const *buffers, const void *params, apus_context *context) {
  const apus_one_hot_params *p = params;
  const int32_t *narrow = buffers[0];
  const int64_t *wide = buffers[0];
  char *out = buffers[1];
  const int64_t size = p->element_bytes;
  memset(out, 0, (size_t)(p->rows * p->depth * size));
  for (int64_t row = 0; row < p->rows; row++) {
    const int64_t label = p->index_bytes == 8 ? wide[row] : narrow[row];
    if (label < 0 || label >= p->depth) {
      apus_report(context, apus_error_index_out_of_range, label, p->depth, row);
      continue;
    }
    char *place = out + (row * p->depth + label) * size;
    // Little-endian: the low bytes come first.
    memcpy(place, &p->one, (size_t)size);
  }
}
