// Access to oneDNN 3.x, which is looked for when first asked for, never linked.
//
// A program is a short sequence of library primitives (reorder the weights, convolve, ...) made for
// one problem. Everything that allocates happens when it is created; running it only points the
// library at the caller's buffers.

#ifndef APUS_ONEDNN_H
#define APUS_ONEDNN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct apus_context;  // the run-time record shared by all CPU kernels
struct apus_onednn_program;

// One line: what was loaded and from where, or why nothing was. Never null; valid forever.
const char *apus_onednn_status(void);
bool apus_onednn_available(void);

// The OpenMP runtime that oneDNN itself runs on. Sharing it avoids two pools spinning on the same
// cores.
struct apus_openmp {
  void (*parallel)(void (*body)(void *), void *data, unsigned threads, unsigned flags);
  int (*thread_number)(void);
  // Threads of the current region; `max_threads` is what the next one would get.
  int (*thread_count)(void);
  int (*max_threads)(void);
  void (*set_threads)(int count);
};

// Null when oneDNN is absent or built on another runtime.
const struct apus_openmp *apus_onednn_openmp(void);

// Sets the thread count for OpenMP regions that the calling thread starts.
void apus_onednn_set_threads(int32_t count);

enum apus_onednn_type {
  apus_onednn_f16 = 1,
  apus_onednn_bf16 = 2,
  apus_onednn_f32 = 3,
};

enum apus_onednn_activation {
  apus_onednn_linear = 0,
  apus_onednn_relu = 1,
  apus_onednn_gelu_erf = 2,
  apus_onednn_gelu_tanh = 3,
};

enum apus_onednn_pass {
  apus_onednn_inference = 0,
  apus_onednn_training = 1,
  apus_onednn_input_gradient = 2,
  apus_onednn_weight_gradient = 3,
};

enum apus_onednn_pooling_kind {
  apus_onednn_pooling_max = 0,
  apus_onednn_pooling_average_with_padding = 1,
  apus_onednn_pooling_average = 2,
};

// Strides count elements. `c` is contiguous. Buffers: a, b, [bias,] c, scratch. `b` may be packed where
// it is worth it: a matrix that stays the same for many runs. `type` is that of a, b and the bias,
// `result_type` that of c.
struct apus_onednn_matmul {
  int32_t type, result_type, threads, rank, activation;
  bool has_bias, packs_b;
  int64_t a_sizes[12], a_strides[12], b_sizes[12], b_strides[12], c_sizes[12];
};

// A window sliding over 1 to 3 spatial axes: convolution and pooling. Activations are contiguous
// [batch, spatial..., channels]; weights are contiguous [out, in / groups, kernel...]. A dilation
// of 1 is none. Unused trailing entries are ignored.
struct apus_onednn_window {
  int32_t type, threads, spatial_rank;
  int64_t batch, groups, in_channels, out_channels;
  int64_t input[3], output[3], kernel[3], stride[3], dilation[3], pad_low[3], pad_high[3];
};

// Creation answers null where the library is absent, refuses, or offers only a reference
// implementation.

struct apus_onednn_program *apus_onednn_create_matmul(const struct apus_onednn_matmul *problem);

// Buffers: inference and training x, w, [bias,] y, scratch; input gradient dy, w, dx, scratch (w packed);
// weight gradient x, dy, dw, [dbias,] scratch (dw and biases are float). `activation` applies to the
// forward passes.
struct apus_onednn_program *apus_onednn_create_convolution(
    const struct apus_onednn_window *window, enum apus_onednn_pass pass, bool has_bias,
    enum apus_onednn_activation activation);

// Buffers: inference x, y, scratch; training x, y, [workspace,] scratch; input gradient
// dy, [workspace,] dx, scratch. The workspace exists when workspace_bytes is not zero (maximum).
struct apus_onednn_program *apus_onednn_create_pooling(
    const struct apus_onednn_window *window, enum apus_onednn_pass pass,
    enum apus_onednn_pooling_kind kind);

// Convolutions and products may want their weights in an order of the library's own: the program
// that brings plain weights into it, or null where they are taken as they lie. Buffers: plain,
// packed (of `apus_onednn_packed_bytes`), scratch.
struct apus_onednn_program *apus_onednn_create_packing(const struct apus_onednn_program *program);
size_t apus_onednn_packed_bytes(const struct apus_onednn_program *program);
// Whether two programs want the same weights in the same order.
bool apus_onednn_packs_alike(
    const struct apus_onednn_program *a, const struct apus_onednn_program *b);

void apus_onednn_destroy(struct apus_onednn_program *program);
size_t apus_onednn_scratch_bytes(const struct apus_onednn_program *program);
size_t apus_onednn_workspace_bytes(const struct apus_onednn_program *program);

// Name of the implementation the library chose for the main primitive.
const char *apus_onednn_implementation(const struct apus_onednn_program *program);

// The executor's kernel entry: `params` is the program, the last of `buffers` its scratch (aligned
// to 64 bytes). One run of a program at a time; different programs may run side by side.
void apus_onednn_run(void *const *buffers, const void *params, struct apus_context *context);

// `apus_onednn_run` as a plain address.
const void *apus_onednn_kernel(void);

#ifdef __cplusplus
}
#endif

#endif
