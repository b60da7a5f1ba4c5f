// Builds programs for the kinds of problems the planner hands over.
//
// The library's logical axes are always batch, channels, depth, height, width (weights: groups, out,
// in, depth, height, width); where they lie in memory is told by strides.

#include <string.h>

#include "onednn_program.h"

static layout_t strided(const struct onednn *dnnl, int rank, const int64_t *sizes, int type,
                        const int64_t *strides) {
  layout_t layout = NULL;
  const int result = dnnl->memory_desc_create_with_strides(&layout, rank, sizes, type, strides);
  return result == status_success ? layout : NULL;
}

static layout_t contiguous(const struct onednn *dnnl, int rank, const int64_t *sizes, int type) {
  int64_t strides[max_rank], stride = 1;
  for (int i = rank - 1; i >= 0; i--) {
    strides[i] = stride;
    stride *= sizes[i];
  }
  return strided(dnnl, rank, sizes, type, strides);
}

static layout_t chosen_by_library(
    const struct onednn *dnnl, int rank, const int64_t *sizes, int type) {
  layout_t layout = NULL;
  const int result = dnnl->memory_desc_create_with_tag(&layout, rank, sizes, type, tag_any);
  return result == status_success ? layout : NULL;
}

// Sizes batch, channels, spatial... over memory in the order batch, spatial..., channels.
static layout_t channels_last(const struct onednn *dnnl, int64_t batch, int64_t channels,
                              int spatial_rank, const int64_t *spatial, int type) {
  int64_t sizes[max_rank] = {batch, channels}, strides[max_rank];
  int64_t stride = channels;
  strides[1] = 1;
  for (int i = spatial_rank - 1; i >= 0; i--) {
    sizes[2 + i] = spatial[i];
    strides[2 + i] = stride;
    stride *= spatial[i];
  }
  strides[0] = stride;
  return strided(dnnl, 2 + spatial_rank, sizes, type, strides);
}

static void release(const struct onednn *dnnl, int count, const layout_t *layouts) {
  for (int i = 0; i < count; i++)
    if (layouts[i]) dnnl->memory_desc_destroy(layouts[i]);
}

static struct place in_buffer(int index) { return (struct place){index, 0}; }

struct apus_onednn_program *apus_onednn_create_matmul(const struct apus_onednn_matmul *p) {
  struct apus_onednn_program *program =
      program_create(p->threads, 3 + (p->has_bias ? 1 : 0));
  if (!program) return NULL;
  const struct onednn *dnnl = program->dnnl;
  const int previous = apus_onednn_enter(p->threads);
  const int rank = p->rank;
  int64_t bias_sizes[max_rank];
  for (int i = 0; i < rank; i++) bias_sizes[i] = i == rank - 1 ? p->c_sizes[i] : 1;
  const layout_t layouts[] = {
      strided(dnnl, rank, p->a_sizes, p->type, p->a_strides),
      strided(dnnl, rank, p->b_sizes, p->type, p->b_strides),
      contiguous(dnnl, rank, p->c_sizes, p->type),
      p->has_bias ? contiguous(dnnl, rank, bias_sizes, p->type) : NULL,
  };
  attributes_t attributes = program_attributes(dnnl, p->activation);
  primitive_desc_t description = NULL;
  if (!attributes || !layouts[0] || !layouts[1] || !layouts[2] || (p->has_bias && !layouts[3]) ||
      dnnl->matmul_primitive_desc_create(
          &description, dnnl->engine, layouts[0], layouts[1], layouts[3], layouts[2],
          attributes) != status_success)
    description = NULL;
  program_name(program, description);
  const struct argument arguments[] = {
      {argument_source, layouts[0], in_buffer(0)},
      {argument_weights, layouts[1], in_buffer(1)},
      {argument_destination, layouts[2], in_buffer(p->has_bias ? 3 : 2)},
      {argument_bias, layouts[3], in_buffer(2)},
  };
  program_append(program, description, p->has_bias ? 4 : 3, arguments);
  if (description) dnnl->primitive_desc_destroy(description);
  if (attributes) dnnl->primitive_attr_destroy(attributes);
  release(dnnl, 4, layouts);
  program = program_finish(program);
  apus_onednn_leave(previous, p->threads);
  return program;
}

struct apus_onednn_program *apus_onednn_create_convolution(
    const struct apus_onednn_window *w, enum apus_onednn_pass pass, bool has_bias,
    enum apus_onednn_activation activation) {
  const bool forward = pass == apus_onednn_inference || pass == apus_onednn_training;
  if (pass == apus_onednn_input_gradient) has_bias = false;
  struct apus_onednn_program *program = program_create(w->threads, 3 + (has_bias ? 1 : 0));
  if (!program) return NULL;
  const struct onednn *dnnl = program->dnnl;
  const int previous = apus_onednn_enter(w->threads);

  int64_t kernel[max_rank], dilation[3];
  int rank = 0;
  if (w->groups > 1) kernel[rank++] = w->groups;
  kernel[rank++] = w->out_channels / w->groups;
  kernel[rank++] = w->in_channels / w->groups;
  for (int i = 0; i < w->spatial_rank; i++) {
    kernel[rank++] = w->kernel[i];
    dilation[i] = w->dilation[i] - 1;
  }
  const layout_t layouts[] = {
      channels_last(dnnl, w->batch, w->in_channels, w->spatial_rank, w->input, w->type),
      channels_last(dnnl, w->batch, w->out_channels, w->spatial_rank, w->output, w->type),
      contiguous(dnnl, rank, kernel, w->type),
      chosen_by_library(dnnl, rank, kernel, w->type),
      has_bias ? contiguous(dnnl, 1, &w->out_channels, w->type) : NULL,
  };
  const layout_t x = layouts[0], y = layouts[1], plain = layouts[2], any = layouts[3],
                 bias = layouts[4];
  attributes_t attributes =
      program_attributes(dnnl, forward ? activation : apus_onednn_linear);
  primitive_desc_t hint = NULL, description = NULL;
  if (x && y && plain && any && attributes && (bias || !has_bias) &&
      dnnl->convolution_forward_primitive_desc_create(
          &hint, dnnl->engine,
          pass == apus_onednn_inference ? forward_inference : forward_training,
          convolution_direct, x, any, bias, y, w->stride, dilation, w->pad_low, w->pad_high,
          attributes) == status_success) {
    int result = status_success;
    if (forward)
      description = hint;
    else if (pass == apus_onednn_input_gradient)
      result = dnnl->convolution_backward_data_primitive_desc_create(
          &description, dnnl->engine, convolution_direct, x, any, y, w->stride, dilation,
          w->pad_low, w->pad_high, hint, attributes);
    else
      result = dnnl->convolution_backward_weights_primitive_desc_create(
          &description, dnnl->engine, convolution_direct, x, any, bias, y, w->stride, dilation,
          w->pad_low, w->pad_high, hint, attributes);
    if (result != status_success) description = NULL;
  }
  program_name(program, description);
  if (!program->failed) {
    const int query =
        pass == apus_onednn_weight_gradient ? query_weights_gradient : query_weights;
    const_layout_t packed = dnnl->primitive_desc_query_md(description, query, 0);
    struct place given = in_buffer(pass == apus_onednn_weight_gradient ? 2 : 1), used = given;
    const bool reorders = !dnnl->memory_desc_equal(packed, plain);
    if (reorders) used = program_reserve(program, dnnl->memory_desc_get_size(packed));
    if (pass == apus_onednn_weight_gradient) {
      const struct argument arguments[] = {
          {argument_source, x, in_buffer(0)},
          {argument_destination_gradient, y, in_buffer(1)},
          {argument_weights_gradient, packed, used},
          {argument_bias_gradient, bias, in_buffer(3)},
      };
      program_append(program, description, has_bias ? 4 : 3, arguments);
      if (reorders) program_append_reorder(program, packed, used, plain, given);
    } else {
      if (reorders) program_append_reorder(program, plain, given, packed, used);
      const struct argument arguments[] = {
          {forward ? argument_source : argument_destination_gradient, forward ? x : y,
           in_buffer(0)},
          {argument_weights, packed, used},
          {forward ? argument_destination : argument_source_gradient, forward ? y : x,
           in_buffer(has_bias ? 3 : 2)},
          {argument_bias, bias, in_buffer(2)},
      };
      program_append(program, description, has_bias ? 4 : 3, arguments);
    }
  }
  if (description && description != hint) dnnl->primitive_desc_destroy(description);
  if (hint) dnnl->primitive_desc_destroy(hint);
  if (attributes) dnnl->primitive_attr_destroy(attributes);
  release(dnnl, 5, layouts);
  program = program_finish(program);
  apus_onednn_leave(previous, w->threads);
  return program;
}

struct apus_onednn_program *apus_onednn_create_pooling(
    const struct apus_onednn_window *w, enum apus_onednn_pass pass,
    enum apus_onednn_pooling_kind kind) {
  const bool backward = pass == apus_onednn_input_gradient;
  const bool has_workspace = kind == apus_onednn_pooling_max && pass != apus_onednn_inference;
  struct apus_onednn_program *program = program_create(w->threads, 2 + (has_workspace ? 1 : 0));
  if (!program) return NULL;
  const struct onednn *dnnl = program->dnnl;
  const int previous = apus_onednn_enter(w->threads);
  int64_t dilation[3];
  for (int i = 0; i < w->spatial_rank; i++) dilation[i] = w->dilation[i] - 1;
  const layout_t layouts[] = {
      channels_last(dnnl, w->batch, w->in_channels, w->spatial_rank, w->input, w->type),
      channels_last(dnnl, w->batch, w->in_channels, w->spatial_rank, w->output, w->type),
  };
  const layout_t x = layouts[0], y = layouts[1];
  const int algorithm = kind == apus_onednn_pooling_max       ? pooling_max
                        : kind == apus_onednn_pooling_average ? pooling_average
                                                              : pooling_average_with_padding;
  attributes_t attributes = program_attributes(dnnl, apus_onednn_linear);
  primitive_desc_t hint = NULL, description = NULL;
  if (x && y && attributes &&
      dnnl->pooling_forward_primitive_desc_create(
          &hint, dnnl->engine,
          pass == apus_onednn_inference ? forward_inference : forward_training, algorithm, x, y,
          w->stride, w->kernel, dilation, w->pad_low, w->pad_high, attributes) == status_success) {
    if (!backward)
      description = hint;
    else if (dnnl->pooling_backward_primitive_desc_create(
                 &description, dnnl->engine, algorithm, x, y, w->stride, w->kernel, dilation,
                 w->pad_low, w->pad_high, hint, attributes) != status_success)
      description = NULL;
  }
  program_name(program, description);
  if (!program->failed) {
    const_layout_t workspace =
        has_workspace ? dnnl->primitive_desc_query_md(hint, query_workspace, 0) : NULL;
    if (has_workspace && workspace)
      program->workspace_bytes = dnnl->memory_desc_get_size(workspace);
    // A maximum without a workspace would leave the buffers out of step with the documented order.
    if (has_workspace && program->workspace_bytes == 0) program->failed = true;
    const struct argument arguments[] = {
        {backward ? argument_destination_gradient : argument_source, backward ? y : x,
         in_buffer(0)},
        {backward ? argument_source_gradient : argument_destination, backward ? x : y,
         in_buffer(backward && has_workspace ? 2 : 1)},
        {argument_workspace, workspace, in_buffer(backward ? 1 : 2)},
    };
    program_append(program, description, has_workspace ? 3 : 2, arguments);
  }
  if (description && description != hint) dnnl->primitive_desc_destroy(description);
  if (hint) dnnl->primitive_desc_destroy(hint);
  if (attributes) dnnl->primitive_attr_destroy(attributes);
  release(dnnl, 2, layouts);
  program = program_finish(program);
  apus_onednn_leave(previous, w->threads);
  return program;
}

struct apus_onednn_program *apus_onednn_create_batch_norm(
    int32_t type, int32_t threads, int64_t batch, int64_t spatial, int64_t channels, float epsilon,
    enum apus_onednn_pass pass) {
  const bool backward = pass == apus_onednn_input_gradient;
  const bool inference = pass == apus_onednn_inference;
  struct apus_onednn_program *program = program_create(threads, backward ? 8 : 6);
  if (!program) return NULL;
  const struct onednn *dnnl = program->dnnl;
  const int previous = apus_onednn_enter(threads);
  const int64_t extents[] = {spatial, 1};
  const layout_t layouts[] = {
      channels_last(dnnl, batch, channels, 2, extents, type),
      contiguous(dnnl, 1, &channels, type_f32),
  };
  const layout_t data = layouts[0], vector = layouts[1];
  const unsigned flags = use_scale | use_shift | (inference ? use_global_statistics : 0);
  attributes_t attributes = program_attributes(dnnl, apus_onednn_linear);
  primitive_desc_t hint = NULL, description = NULL;
  if (data && vector && attributes &&
      dnnl->batch_normalization_forward_primitive_desc_create(
          &hint, dnnl->engine, inference ? forward_inference : forward_training, data, data,
          epsilon, flags, attributes) == status_success) {
    if (!backward)
      description = hint;
    else if (dnnl->batch_normalization_backward_primitive_desc_create(
                 &description, dnnl->engine, backward_all, data, data, data, epsilon, flags, hint,
                 attributes) != status_success)
      description = NULL;
  }
  program_name(program, description);
  if (backward) {
    const struct argument arguments[] = {
        {argument_source, data, in_buffer(0)},
        {argument_mean, vector, in_buffer(1)},
        {argument_variance, vector, in_buffer(2)},
        {argument_destination_gradient, data, in_buffer(3)},
        {argument_scale, vector, in_buffer(4)},
        {argument_source_gradient, data, in_buffer(5)},
        {argument_scale_gradient, vector, in_buffer(6)},
        {argument_shift_gradient, vector, in_buffer(7)},
    };
    program_append(program, description, 8, arguments);
  } else {
    const struct argument arguments[] = {
        {argument_source, data, in_buffer(0)},
        {argument_scale, vector, in_buffer(1)},
        {argument_shift, vector, in_buffer(2)},
        {argument_mean, vector, in_buffer(inference ? 3 : 4)},
        {argument_variance, vector, in_buffer(inference ? 4 : 5)},
        {argument_destination, data, in_buffer(inference ? 5 : 3)},
    };
    program_append(program, description, 6, arguments);
  }
  if (description && description != hint) dnnl->primitive_desc_destroy(description);
  if (hint) dnnl->primitive_desc_destroy(hint);
  if (attributes) dnnl->primitive_attr_destroy(attributes);
  release(dnnl, 2, layouts);
  program = program_finish(program);
  apus_onednn_leave(previous, threads);
  return program;
}
