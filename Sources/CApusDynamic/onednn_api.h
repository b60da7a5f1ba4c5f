// The part of oneDNN's C interface (version 3) that we call, declared by us.

#ifndef APUS_ONEDNN_API_H
#define APUS_ONEDNN_API_H

#include <stddef.h>
#include <stdint.h>

typedef struct dnnl_engine *engine_t;
typedef struct dnnl_stream *stream_t;
typedef struct dnnl_memory *memory_t;
typedef struct dnnl_memory_desc *layout_t;
typedef const struct dnnl_memory_desc *const_layout_t;
typedef struct dnnl_primitive_desc *primitive_desc_t;
typedef const struct dnnl_primitive_desc *const_primitive_desc_t;
typedef struct dnnl_primitive *primitive_t;
typedef const struct dnnl_primitive *const_primitive_t;
typedef struct dnnl_primitive_attr *attributes_t;
typedef const struct dnnl_primitive_attr *const_attributes_t;
typedef struct dnnl_post_ops *post_ops_t;
typedef const struct dnnl_post_ops *const_post_ops_t;

struct execution_argument {
  int id;
  memory_t memory;
};

struct library_version {
  int major, minor, patch;
  const char *hash;
  unsigned cpu_runtime, gpu_runtime;
};

enum {
  status_success = 0,
  max_rank = 12,
  engine_cpu = 1,
  stream_in_order = 1,
  tag_any = 1,
  scratchpad_user = 1,

  runtime_sequential = 1,
  runtime_openmp = 2,
  runtime_tbb = 4,

  type_f32 = 3,

  forward_training = 64,
  forward_inference = 96,

  convolution_direct = 0x1,
  eltwise_relu = 0x20,
  eltwise_gelu_tanh = 0x2b,
  eltwise_gelu_erf = 0x31,
  pooling_max = 0x1ff,
  pooling_average_with_padding = 0x2ff,
  pooling_average = 0x3ff,


  query_implementation = 8,
  query_source = 129,
  query_source_gradient = 130,
  query_weights = 131,
  query_weights_gradient = 132,
  query_destination = 133,
  query_destination_gradient = 134,
  query_workspace = 135,
  query_scratchpad = 136,

  argument_source = 1,
  argument_destination = 17,
  argument_weights = 33,
  argument_bias = 41,
  argument_workspace = 64,
  argument_scratchpad = 80,
  argument_source_gradient = 129,
  argument_destination_gradient = 145,
  argument_weights_gradient = 161,
  argument_bias_gradient = 169,
};

// X(result, name without its prefix, parameters)
#define APUS_ONEDNN_FUNCTIONS(X) \
  X(int, engine_create, (engine_t *, int kind, size_t index)) \
  X(int, stream_create, (stream_t *, engine_t, unsigned flags)) \
  X(int, stream_destroy, (stream_t)) \
  X(int, memory_desc_create_with_strides, \
    (layout_t *, int rank, const int64_t *sizes, int type, const int64_t *strides)) \
  X(int, memory_desc_create_with_tag, \
    (layout_t *, int rank, const int64_t *sizes, int type, int tag)) \
  X(int, memory_desc_clone, (layout_t *, const_layout_t)) \
  X(int, memory_desc_destroy, (layout_t)) \
  X(int, memory_desc_equal, (const_layout_t, const_layout_t)) \
  X(size_t, memory_desc_get_size, (const_layout_t)) \
  X(int, memory_create, (memory_t *, const_layout_t, engine_t, void *handle)) \
  X(int, memory_set_data_handle, (memory_t, void *handle)) \
  X(int, memory_destroy, (memory_t)) \
  X(int, primitive_attr_create, (attributes_t *)) \
  X(int, primitive_attr_destroy, (attributes_t)) \
  X(int, primitive_attr_set_scratchpad_mode, (attributes_t, int mode)) \
  X(int, primitive_attr_set_post_ops, (attributes_t, const_post_ops_t)) \
  X(int, post_ops_create, (post_ops_t *)) \
  X(int, post_ops_destroy, (post_ops_t)) \
  X(int, post_ops_append_eltwise, (post_ops_t, int algorithm, float alpha, float beta)) \
  X(int, primitive_desc_query, (const_primitive_desc_t, int what, int index, void *result)) \
  X(const_layout_t, primitive_desc_query_md, (const_primitive_desc_t, int what, int index)) \
  X(int, primitive_desc_destroy, (primitive_desc_t)) \
  X(int, primitive_create, (primitive_t *, const_primitive_desc_t)) \
  X(int, primitive_execute, \
    (const_primitive_t, stream_t, int count, const struct execution_argument *)) \
  X(int, primitive_destroy, (primitive_t)) \
  X(int, reorder_primitive_desc_create, \
    (primitive_desc_t *, const_layout_t source, engine_t, const_layout_t destination, engine_t, \
     const_attributes_t)) \
  X(int, matmul_primitive_desc_create, \
    (primitive_desc_t *, engine_t, const_layout_t a, const_layout_t b, const_layout_t bias, \
     const_layout_t c, const_attributes_t)) \
  X(int, convolution_forward_primitive_desc_create, \
    (primitive_desc_t *, engine_t, int propagation, int algorithm, const_layout_t x, \
     const_layout_t w, const_layout_t bias, const_layout_t y, const int64_t *strides, \
     const int64_t *dilations, const int64_t *low, const int64_t *high, const_attributes_t)) \
  X(int, convolution_backward_data_primitive_desc_create, \
    (primitive_desc_t *, engine_t, int algorithm, const_layout_t dx, const_layout_t w, \
     const_layout_t dy, const int64_t *strides, const int64_t *dilations, const int64_t *low, \
     const int64_t *high, const_primitive_desc_t forward, const_attributes_t)) \
  X(int, convolution_backward_weights_primitive_desc_create, \
    (primitive_desc_t *, engine_t, int algorithm, const_layout_t x, const_layout_t dw, \
     const_layout_t dbias, const_layout_t dy, const int64_t *strides, const int64_t *dilations, \
     const int64_t *low, const int64_t *high, const_primitive_desc_t forward, \
     const_attributes_t)) \
  X(int, pooling_forward_primitive_desc_create, \
    (primitive_desc_t *, engine_t, int propagation, int algorithm, const_layout_t x, \
     const_layout_t y, const int64_t *strides, const int64_t *kernel, const int64_t *dilations, \
     const int64_t *low, const int64_t *high, const_attributes_t)) \
  X(int, pooling_backward_primitive_desc_create, \
    (primitive_desc_t *, engine_t, int algorithm, const_layout_t dx, const_layout_t dy, \
     const int64_t *strides, const int64_t *kernel, const int64_t *dilations, \
     const int64_t *low, const int64_t *high, const_primitive_desc_t forward, \
     const_attributes_t))

struct onednn {
  engine_t engine;
  // Zero where the library runs on another runtime than OpenMP.
  int has_openmp;
#define DECLARE(result, name, parameters) result(*name) parameters;
  APUS_ONEDNN_FUNCTIONS(DECLARE)
#undef DECLARE
};

// The loaded library, or null. Loads it on the first call.
const struct onednn *apus_onednn_library(void);

#endif
