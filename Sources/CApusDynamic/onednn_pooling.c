#include "onednn_layout.h"

struct apus_onednn_program *apus_onednn_create_pooling(
    const struct apus_onednn_window *w, enum apus_onednn_pass pass,
    enum apus_onednn_pooling_kind kind) {
  const bool backward = pass == apus_onednn_input_gradient;
  const bool has_workspace = kind == apus_onednn_pooling_max && pass != apus_onednn_inference;
  struct apus_onednn_program *program =
      apus_program_create(w->threads, 2 + (has_workspace ? 1 : 0));
  if (!program) return NULL;
  const struct onednn *dnnl = program->dnnl;
  const int previous = apus_onednn_enter(w->threads);
  int64_t dilation[3];
  for (int i = 0; i < w->spatial_rank; i++) dilation[i] = w->dilation[i] - 1;
  const layout_t layouts[] = {
      apus_layout_channels_last(
          dnnl, w->batch, w->in_channels, w->spatial_rank, w->input, w->type),
      apus_layout_channels_last(
          dnnl, w->batch, w->in_channels, w->spatial_rank, w->output, w->type),
  };
  const layout_t x = layouts[0], y = layouts[1];
  const int algorithm = kind == apus_onednn_pooling_max       ? pooling_max
                        : kind == apus_onednn_pooling_average ? pooling_average
                                                              : pooling_average_with_padding;
  attributes_t attributes = apus_program_attributes(dnnl, apus_onednn_linear);
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
  apus_program_name(program, description);
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
    apus_program_append(program, description, has_workspace ? 3 : 2, arguments);
  }
  if (description && description != hint) dnnl->primitive_desc_destroy(description);
  if (hint) dnnl->primitive_desc_destroy(hint);
  if (attributes) dnnl->primitive_attr_destroy(attributes);
  apus_layouts_release(dnnl, 2, layouts);
  program = apus_program_finish(program);
  apus_onednn_leave(previous, w->threads);
  return program;
}
