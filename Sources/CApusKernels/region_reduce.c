#include <math.h>
#include <string.h>

#include "region_internal.h"
#include "vectorized.h"

// Accumulators are doubles for floats and i64 for integers, whatever the register type.
#define LANES 16
typedef float f32_lanes __attribute__((ext_vector_type(LANES), aligned(4)));
typedef double f64_lanes __attribute__((ext_vector_type(LANES), aligned(8)));
typedef int32_t i32_lanes __attribute__((ext_vector_type(LANES), aligned(4)));
typedef int64_t i64_lanes __attribute__((ext_vector_type(LANES), aligned(8)));
// Signed overflow is undefined, unsigned wraps: sums and products of integers run unsigned.
typedef uint32_t u32_lanes __attribute__((ext_vector_type(LANES), aligned(4)));
typedef uint64_t u64_lanes __attribute__((ext_vector_type(LANES), aligned(8)));

#define PLUS(a, b) ((a) + (b))
#define TIMES(a, b) ((a) * (b))
#define HIGHER(a, b) ((((a) > (b)) | ((a) != (a))) ? (a) : (b))
#define LOWER(a, b) ((((a) < (b)) | ((a) != (a))) ? (a) : (b))
// One instruction each: of numbers, and of NaN the second. `strange` notices NaN.
#define HIGHER_LANES(a, b) ((b) > (a) ? (b) : (a))
#define LOWER_LANES(a, b) ((b) < (a) ? (b) : (a))

// T: element; S: scalar accumulator; V: lanes; W: lanes of accumulators; B: lanes of bits.
// Lanes fold in two chains, a tile's sums join the accumulators, and lanes meet in halves: an order
// that depends on n alone.
#define FOLD_SUM(name, T, S, V, W, B)                                                 \
  APUS_VECTORIZED static void fold_##name(void *accumulator, const void *x, int64_t n) { \
    const T *in = x;                                                                  \
    S result = *(S *)accumulator;                                                     \
    int64_t i = 0;                                                                    \
    if (n >= LANES) {                                                                 \
      W sum = {0};                                                                    \
      while (i + LANES <= n) {                                                        \
        int64_t end = n - i < tile_size ? n : i + tile_size;                          \
        V even = *(const V *)(in + i), odd = {0};                                     \
        for (i += LANES; i + 2 * LANES <= end; i += 2 * LANES) {                      \
          odd += *(const V *)(in + i);                                                \
          even += *(const V *)(in + i + LANES);                                       \
        }                                                                             \
        if (i + LANES <= end) {                                                       \
          odd += *(const V *)(in + i);                                                \
          i += LANES;                                                                 \
        }                                                                             \
        sum += __builtin_convertvector(even, W) + __builtin_convertvector(odd, W);    \
      }                                                                               \
      __auto_type eight = sum.lo + sum.hi;                                            \
      __auto_type four = eight.lo + eight.hi;                                         \
      __auto_type two = four.lo + four.hi;                                            \
      result += two.lo + two.hi;                                                      \
    }                                                                                 \
    for (; i < n; i++) result += (S)in[i];                                            \
    *(S *)accumulator = result;                                                       \
  }
// The largest or smallest; NaN wins.
#define FOLD_EXTREME(name, T, S, V, W, B, OP, LANES_OP)                               \
  APUS_VECTORIZED static void fold_##name(void *accumulator, const void *x, int64_t n) { \
    const T *in = x;                                                                  \
    S result = *(S *)accumulator;                                                     \
    int64_t i = 0;                                                                    \
    if (n >= LANES) {                                                                 \
      V even = *(const V *)in, odd = even;                                            \
      B strange = (B)(even != even);                                                  \
      for (i = LANES; i + 2 * LANES <= n; i += 2 * LANES) {                           \
        V a = *(const V *)(in + i), b = *(const V *)(in + i + LANES);                 \
        odd = LANES_OP(odd, a);                                                       \
        even = LANES_OP(even, b);                                                     \
        strange |= (B)(a != a) | (B)(b != b);                                         \
      }                                                                               \
      if (i + LANES <= n) {                                                           \
        V a = *(const V *)(in + i);                                                   \
        odd = LANES_OP(odd, a);                                                       \
        strange |= (B)(a != a);                                                       \
        i += LANES;                                                                   \
      }                                                                               \
      V all = LANES_OP(even, odd);                                                    \
      __auto_type eight = LANES_OP(all.lo, all.hi);                                   \
      __auto_type four = LANES_OP(eight.lo, eight.hi);                                \
      __auto_type two = LANES_OP(four.lo, four.hi);                                   \
      S best = (S)LANES_OP(two.lo, two.hi);                                           \
      if (__builtin_reduce_or(strange)) best = (S)NAN_OF_##S;                         \
      result = OP(result, best);                                                      \
    }                                                                                 \
    for (; i < n; i++) {                                                              \
      S value = (S)in[i];                                                             \
      result = OP(result, value);                                                     \
    }                                                                                 \
    *(S *)accumulator = result;                                                       \
  }
#define FOLD_PRODUCT(name, T, S)                                                      \
  APUS_VECTORIZED static void fold_##name(void *accumulator, const void *x, int64_t n) { \
    const T *in = x;                                                                  \
    S result = *(S *)accumulator;                                                     \
    for (int64_t i = 0; i < n; i++) result *= (S)in[i];                               \
    *(S *)accumulator = result;                                                       \
  }
#define SPREAD(name, T, S, OP)                                                        \
  APUS_VECTORIZED static void spread_##name(void *accumulators, const void *x, int64_t n) { \
    const T *in = x;                                                                  \
    S *out = accumulators;                                                            \
    APUS_LOOP for (int64_t i = 0; i < n; i++) {                                       \
      S value = (S)in[i];                                                             \
      S sum = out[i];                                                                 \
      out[i] = OP(sum, value);                                                        \
    }                                                                                 \
  }                                                                                   \
  APUS_VECTORIZED static void narrow_##name(void *accumulators, const void *x, int64_t n) { \
    const T *in = x;                                                                  \
    T *out = accumulators;                                                            \
    APUS_LOOP for (int64_t i = 0; i < n; i++) {                                       \
      T value = in[i];                                                                \
      T sum = out[i];                                                                 \
      out[i] = OP(sum, value);                                                        \
    }                                                                                 \
  }
#define REDUCERS(type, T, S, V, W, B, U, US, UV, UW)                                  \
  FOLD_SUM(sum_##type, U, US, UV, UW, B)                                              \
  SPREAD(sum_##type, U, US, PLUS)                                                     \
  FOLD_EXTREME(max_##type, T, S, V, W, B, HIGHER, HIGHER_LANES)                       \
  SPREAD(max_##type, T, S, HIGHER)                                                    \
  FOLD_EXTREME(min_##type, T, S, V, W, B, LOWER, LOWER_LANES)                         \
  SPREAD(min_##type, T, S, LOWER)                                                     \
  FOLD_PRODUCT(prod_##type, U, US)                                                    \
  SPREAD(prod_##type, U, US, TIMES)
#define NAN_OF_double NAN
#define NAN_OF_int64_t 0
#define NAN_OF_uint64_t 0

REDUCERS(f32, float, double, f32_lanes, f64_lanes, i32_lanes, float, double, f32_lanes, f64_lanes)
REDUCERS(f64, double, double, f64_lanes, f64_lanes, i64_lanes, double, double, f64_lanes, f64_lanes)
// Only the low half of an i32 sum or product counts, so zero-extension does.
REDUCERS(i32, int32_t, int64_t, i32_lanes, i64_lanes, i32_lanes, uint32_t, uint64_t, u32_lanes, u64_lanes)
REDUCERS(i64, int64_t, int64_t, i64_lanes, i64_lanes, i64_lanes, uint64_t, uint64_t, u64_lanes, u64_lanes)

#define ROW(type, wide)                                                  \
  {{fold_sum_##type, spread_sum_##type, narrow_sum_##type, spread_sum_##wide},              \
   {fold_max_##type, spread_max_##type, narrow_max_##type, spread_max_##wide},              \
   {fold_min_##type, spread_min_##type, narrow_min_##type, spread_min_##wide},              \
   {fold_prod_##type, spread_prod_##type, narrow_prod_##type, spread_prod_##wide}}

const reducer *reducer_for(int32_t operation, int32_t compute) {
  static const reducer table[4][4] = {
    [apus_compute_f32] = ROW(f32, f64),
    [apus_compute_f64] = ROW(f64, f64),
    [apus_compute_i32] = ROW(i32, i64),
    [apus_compute_i64] = ROW(i64, i64),
  };
  return (uint32_t)operation < 4 ? &table[compute][operation] : 0;
}

uint64_t reduction_identity(const reduction *reduction) {
  int32_t operation = reduction->operation;
  if (reduction->compute <= apus_compute_f64) {
    static const double identities[4] = {0, -(double)INFINITY, (double)INFINITY, 1};
    return __builtin_bit_cast(uint64_t, identities[operation]);
  }
  int64_t low = INT64_MIN, high = INT64_MAX;
  if (reduction->storage == apus_i32) low = INT32_MIN, high = INT32_MAX;
  if (reduction->storage == apus_u8) low = 0, high = 255;
  if (reduction->storage == apus_bool) low = 0, high = 1;
  const int64_t identities[4] = {0, low, high, 1};
  return (uint64_t)identities[operation];
}

void reduction_write(const reduction *reduction, char *buffer, int64_t output, uint64_t bits) {
  int64_t position = reduction->offset;
  for (int32_t k = reduction->kept_rank - 1; k > 0; k--) {
    int64_t next = output / reduction->kept_sizes[k];
    position += (output - next * reduction->kept_sizes[k]) * reduction->kept_strides[k];
    output = next;
  }
  if (reduction->kept_rank > 0) position += output * reduction->kept_strides[0];
  double number = __builtin_bit_cast(double, bits);
  if (reduction->operation == apus_reduce_sum) number *= reduction->scale;
  float narrow = (float)number;
  int32_t integer = (int32_t)(uint32_t)bits;
  char *out = buffer + position * apus_storage_size(reduction->storage);
  switch (reduction->storage) {
  case apus_f32: memcpy(out, &narrow, 4); break;
  case apus_f64: memcpy(out, &number, 8); break;
  case apus_i32: memcpy(out, &integer, 4); break;
  case apus_i64: memcpy(out, &bits, 8); break;
  case apus_bf16:
  case apus_f16: apus_pack[reduction->storage](out, &narrow, 1); break;
  default: apus_pack[reduction->storage](out, &integer, 1); break;
  }
}
