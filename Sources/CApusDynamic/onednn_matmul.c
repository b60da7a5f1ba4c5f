#include "onednn_layout.h"

struct apus_onednn_program *apus_onednn_create_matmul(const struct apus_onednn_matmul *p) {
  struct apus_onednn_program *program =
      apus_program_create(p->threads, 3 + (p->has_bias ? 1 : 0));
  if (!program) return NULL;
  const struct onednn *dnnl = program->dnnl;
  const int previous = apus_onednn_enter(p->threads);
  const int rank = p->rank;
  int64_t bias_sizes[max_rank];
  for (int i = 0; i < rank; i++) bias_sizes[i] = i == rank - 1 ? p->c_sizes[i] : 1;
  const layout_t layouts[] = {
      apus_layout_strided(dnnl, rank, p->a_sizes, p->type, p->a_strides),
      apus_layout_strided(dnnl, rank, p->b_sizes, p->type, p->b_strides),
      apus_layout_contiguous(dnnl, rank, p->c_sizes, p->result_type),
      p->packs_b ? apus_layout_any(dnnl, rank, p->b_sizes, p->type) : NULL,
      p->has_bias ? apus_layout_contiguous(dnnl, rank, bias_sizes, p->type) : NULL,
  };
  attributes_t attributes = apus_program_attributes(dnnl, p->activation);
  primitive_desc_t description = NULL;
  const layout_t a = layouts[0], b = layouts[1], c = layouts[2], any = layouts[3],
                 bias = layouts[4];
  if (!attributes || !a || !b || !c || (p->packs_b && !any) || (p->has_bias && !bias) ||
      dnnl->matmul_primitive_desc_create(
          &description, dnnl->engine, a, any ? any : b, bias, c, attributes) != status_success)
    description = NULL;
  apus_program_name(program, description);
  const const_layout_t used =
      program->failed
          ? b
          : apus_program_pack_weights(
                program, b, dnnl->primitive_desc_query_md(description, query_weights, 0));
  const struct argument arguments[] = {
      {argument_source, a, in_buffer(0)},
      {argument_weights, used, in_buffer(1)},
      {argument_destination, c, in_buffer(p->has_bias ? 3 : 2)},
      {argument_bias, bias, in_buffer(2)},
  };
  apus_program_append(program, description, p->has_bias ? 4 : 3, arguments);
  if (description) dnnl->primitive_desc_destroy(description);
  if (attributes) dnnl->primitive_attr_destroy(attributes);
  apus_layouts_release(dnnl, 5, layouts);
  program = apus_program_finish(program);
  apus_onednn_leave(previous, p->threads);
  return program;
}
