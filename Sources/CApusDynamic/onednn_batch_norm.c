#include "onednn_layout.h"

struct apus_onednn_program *apus_onednn_create_batch_norm(
    int32_t type, int32_t threads, int64_t batch, int64_t spatial, int64_t channels, float epsilon,
    enum apus_onednn_pass pass) {
  const bool backward = pass == apus_onednn_input_gradient;
  const bool inference = pass == apus_onednn_inference;
  struct apus_onednn_program *program = apus_program_create(threads, backward ? 8 : 6);
  if (!program) return NULL;
  const struct onednn *dnnl = program->dnnl;
  const int previous = apus_onednn_enter(threads);
  const int64_t extents[] = {spatial, 1};
  const layout_t layouts[] = {
      apus_layout_channels_last(dnnl, batch, channels, 2, extents, type),
      apus_layout_contiguous(dnnl, 1, &channels, type_f32),
  };
  const layout_t data = layouts[0], vector = layouts[1];
  const unsigned flags = use_scale | use_shift | (inference ? use_global_statistics : 0);
  attributes_t attributes = apus_program_attributes(dnnl, apus_onednn_linear);
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
  apus_program_name(program, description);
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
    apus_program_append(program, description, 8, arguments);
  } else {
    const struct argument arguments[] = {
        {argument_source, data, in_buffer(0)},
        {argument_scale, vector, in_buffer(1)},
        {argument_shift, vector, in_buffer(2)},
        {argument_mean, vector, in_buffer(inference ? 3 : 4)},
        {argument_variance, vector, in_buffer(inference ? 4 : 5)},
        {argument_destination, data, in_buffer(inference ? 5 : 3)},
    };
    apus_program_append(program, description, 6, arguments);
  }
  if (description && description != hint) dnnl->primitive_desc_destroy(description);
  if (hint) dnnl->primitive_desc_destroy(hint);
  if (attributes) dnnl->primitive_attr_destroy(attributes);
  apus_layouts_release(dnnl, 2, layouts);
  program = apus_program_finish(program);
  apus_onednn_leave(previous, threads);
  return program;
}
