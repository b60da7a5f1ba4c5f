#include "storage.h"

#include <string.h>

#include "apus_region.h"
#include "halves.h"

#define CONVERTER(name, Out, In, expression)                                 \
  APUS_VECTORIZED static void name(void *out, const void *in, int64_t n) {   \
    Out *d = out;                                                            \
    const In *x = in;                                                        \
    APUS_LOOP for (int64_t i = 0; i < n; i++) {                              \
      const In a = x[i];                                                     \
      d[i] = (expression);                                                   \
    }                                                                        \
  }

CONVERTER(unpack_bf16, float, uint16_t, float_of_brain(a))
CONVERTER(unpack_f16, float, uint16_t, float_of_half(a))
CONVERTER(unpack_u8, int32_t, uint8_t, a)
CONVERTER(unpack_bool, int32_t, uint8_t, a != 0)
CONVERTER(pack_bf16, uint16_t, float, brain_of(a))
CONVERTER(pack_f16, uint16_t, float, half_of_float(a))
CONVERTER(pack_u8, uint8_t, int32_t, (uint8_t)a)
CONVERTER(pack_bool, uint8_t, int32_t, a != 0)

const apus_converter apus_unpack[8] = {
  [apus_bf16] = unpack_bf16, [apus_f16] = unpack_f16,
  [apus_u8] = unpack_u8, [apus_bool] = unpack_bool};
const apus_converter apus_pack[8] = {
  [apus_bf16] = pack_bf16, [apus_f16] = pack_f16, [apus_u8] = pack_u8, [apus_bool] = pack_bool};

int64_t apus_storage_size(int32_t storage) {
  static const uint8_t sizes[8] = {
    [apus_f32] = 4, [apus_f64] = 8, [apus_bf16] = 2, [apus_f16] = 2,
    [apus_i32] = 4, [apus_i64] = 8, [apus_u8] = 1, [apus_bool] = 1};
  return sizes[storage & 7];
}

int32_t apus_storage_compute(int32_t storage) {
  static const uint8_t computes[8] = {
    [apus_f32] = apus_compute_f32, [apus_f64] = apus_compute_f64,
    [apus_bf16] = apus_compute_f32, [apus_f16] = apus_compute_f32,
    [apus_i32] = apus_compute_i32, [apus_i64] = apus_compute_i64,
    [apus_u8] = apus_compute_i32, [apus_bool] = apus_compute_i32};
  return computes[storage & 7];
}

void apus_convert(
  void *destination, int32_t destination_storage, const void *source, int32_t source_storage,
  int64_t count) {
  enum { block = 256 };
  static const char *const names[4] = {"cvt_f32", "cvt_f64", "cvt_i32", "cvt_i64"};
  _Alignas(64) char first[block * 8], second[block * 8];
  int32_t from = apus_storage_compute(source_storage);
  int32_t to = apus_storage_compute(destination_storage);
  int64_t in_size = apus_storage_size(source_storage);
  int64_t out_size = apus_storage_size(destination_storage);
  const double none[4] = {0};
  const apus_operation *conversion = apus_instruction_lookup(names[from], to);
  memset(first, 0, sizeof first);
  for (int64_t done = 0; done < count; done += block) {
    int64_t n = count - done < block ? count - done : block;
    const char *in = (const char *)source + done * in_size;
    char *out = (char *)destination + done * out_size;
    if (apus_unpack[source_storage])
      apus_unpack[source_storage](first, in, n);
    else
      memcpy(first, in, (size_t)(n * in_size));
    conversion->run(second, first, 0, 0, none, (n + 15) & ~(int64_t)15);
    if (apus_pack[destination_storage])
      apus_pack[destination_storage](out, second, n);
    else
      memcpy(out, second, (size_t)(n * out_size));
  }
}
