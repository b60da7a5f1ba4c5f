#include "onednn_layout.h"

// Whether a pass is worth bringing the activations into the library's own layout: in groups of whole
// vectors, its weight gradient has no fast kernel on channels-last memory.
static bool prefers_packed(const struct apus_onednn_window *w, enum apus_onednn_pass pass) {
  return pass == apus_onednn_weight_gradient && w->groups > 1 &&
         w->in_channels / w->groups % 16 == 0 && w->out_channels / w->groups % 16 == 0;
}

static layout_t any_activations(
    const struct onednn *dnnl, const struct apus_onednn_window *w, int64_t channels,
    const int64_t *spatial) {
  int64_t sizes[max_rank] = {w->batch, channels};
  for (int i = 0; i < w->spatial_rank; i++) sizes[2 + i] = spatial[i];
  return apus_layout_any(dnnl, 2 + w->spatial_rank, sizes, w->type);
}

// Appends a copy of a buffer in the layout that a primitive asked for; returns where it lies.
static struct place packed_copy(
    struct apus_onednn_program *program, const_layout_t plain, const_layout_t packed, int buffer) {
  const struct onednn *dnnl = program->dnnl;
  if (program->failed || dnnl->memory_desc_equal(packed, plain)) return in_buffer(buffer);
  const struct place copy =
      apus_program_reserve(program, dnnl->memory_desc_get_size(packed));
  apus_program_append_reorder(program, plain, in_buffer(buffer), packed, copy);
  return copy;
}

struct apus_onednn_program *apus_onednn_create_convolution(
    const struct apus_onednn_window *w, enum apus_onednn_pass pass, bool has_bias,
    enum apus_onednn_activation activation) {
  const bool forward = pass == apus_onednn_inference || pass == apus_onednn_training;
  if (pass == apus_onednn_input_gradient) has_bias = false;
  struct apus_onednn_program *program = apus_program_create(w->threads, 3 + (has_bias ? 1 : 0));
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
  // Gradients of weights are 32-bit sums whatever the elements are.
  const int weights_type = pass == apus_onednn_weight_gradient ? type_f32 : w->type;
  const layout_t layouts[] = {
      apus_layout_channels_last(
          dnnl, w->batch, w->in_channels, w->spatial_rank, w->input, w->type),
      apus_layout_channels_last(
          dnnl, w->batch, w->out_channels, w->spatial_rank, w->output, w->type),
      apus_layout_contiguous(dnnl, rank, kernel, weights_type),
      apus_layout_any(dnnl, rank, kernel, w->type),
      has_bias ? apus_layout_contiguous(dnnl, 1, &w->out_channels, type_f32) : NULL,
      prefers_packed(w, pass) ? any_activations(dnnl, w, w->in_channels, w->input) : NULL,
      prefers_packed(w, pass) ? any_activations(dnnl, w, w->out_channels, w->output) : NULL,
      apus_layout_any(dnnl, rank, kernel, weights_type),
  };
  const bool packs = layouts[5] && layouts[6];
  const layout_t x = layouts[0], y = layouts[1], plain = layouts[2], any = layouts[3],
                 bias = layouts[4], any_gradient = layouts[7];
  const layout_t asked_x = packs ? layouts[5] : x, asked_y = packs ? layouts[6] : y;
  attributes_t attributes =
      apus_program_attributes(dnnl, forward ? activation : apus_onednn_linear);
  primitive_desc_t hint = NULL, description = NULL;
  if (x && y && plain && any && any_gradient && attributes && (bias || !has_bias) &&
      dnnl->convolution_forward_primitive_desc_create(
          &hint, dnnl->engine,
          pass == apus_onednn_inference ? forward_inference : forward_training,
          convolution_direct, asked_x, any, bias, asked_y, w->stride, dilation, w->pad_low,
          w->pad_high, attributes) == status_success) {
    int result = status_success;
    if (forward)
      description = hint;
    else if (pass == apus_onednn_input_gradient)
      result = dnnl->convolution_backward_data_primitive_desc_create(
          &description, dnnl->engine, convolution_direct, x, any, y, w->stride, dilation,
          w->pad_low, w->pad_high, hint, attributes);
    else
      result = dnnl->convolution_backward_weights_primitive_desc_create(
          &description, dnnl->engine, convolution_direct, asked_x, any_gradient, bias, asked_y,
          w->stride, dilation, w->pad_low, w->pad_high, hint, attributes);
    if (result != status_success) description = NULL;
  }
  apus_program_name(program, description);
  if (!program->failed) {
    if (pass == apus_onednn_weight_gradient) {
      const_layout_t packed =
          dnnl->primitive_desc_query_md(description, query_weights_gradient, 0);
      const bool reorders = !dnnl->memory_desc_equal(packed, plain);
      const struct place given = in_buffer(2),
                         used = reorders ? apus_program_reserve(
                                               program, dnnl->memory_desc_get_size(packed))
                                         : given;
      const const_layout_t used_x =
          packs ? dnnl->primitive_desc_query_md(description, query_source, 0) : x;
      const const_layout_t used_y =
          packs ? dnnl->primitive_desc_query_md(description, query_destination_gradient, 0) : y;
      const struct argument arguments[] = {
          {argument_source, used_x, packed_copy(program, x, used_x, 0)},
          {argument_destination_gradient, used_y, packed_copy(program, y, used_y, 1)},
          {argument_weights_gradient, packed, used},
          {argument_bias_gradient, bias, in_buffer(3)},
      };
      apus_program_append(program, description, has_bias ? 4 : 3, arguments);
      if (reorders) apus_program_append_reorder(program, packed, used, plain, given);
    } else {
      const const_layout_t used = apus_program_pack_weights(
          program, plain, dnnl->primitive_desc_query_md(description, query_weights, 0));
      const struct argument arguments[] = {
          {forward ? argument_source : argument_destination_gradient, forward ? x : y,
           in_buffer(0)},
          {argument_weights, used, in_buffer(1)},
          {forward ? argument_destination : argument_source_gradient, forward ? y : x,
           in_buffer(has_bias ? 3 : 2)},
          {argument_bias, bias, in_buffer(2)},
      };
      apus_program_append(program, description, has_bias ? 4 : 3, arguments);
    }
  }
  if (description && description != hint) dnnl->primitive_desc_destroy(description);
  if (hint) dnnl->primitive_desc_destroy(hint);
  if (attributes) dnnl->primitive_attr_destroy(attributes);
  apus_layouts_release(dnnl, 8, layouts);
  program = apus_program_finish(program);
  apus_onednn_leave(previous, w->threads);
  return program;
}
