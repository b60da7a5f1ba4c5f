#include "onednn_program.h"

#include <stdlib.h>
#include <string.h>

// Laid out like the record of the CPU kernels, which declare it for themselves.
struct apus_context {
  int32_t threads, deterministic, error_code, error_node;
  int64_t error_value, error_limit, error_position;
};

enum { scratch_alignment = 64, error_library = 2 };

// Primitive scratchpads share the end of the scratch buffer; the offset is known when all is built.
static const size_t at_scratchpad = SIZE_MAX;

static size_t aligned(size_t bytes) {
  return (bytes + scratch_alignment - 1) / scratch_alignment * scratch_alignment;
}

struct apus_onednn_program *apus_program_create(int threads, int buffers) {
  const struct onednn *dnnl = apus_onednn_library();
  struct apus_onednn_program *program = dnnl ? calloc(1, sizeof *program) : NULL;
  if (!program) return NULL;
  program->dnnl = dnnl;
  program->threads = threads;
  program->scratch_buffer = buffers;
  if (dnnl->stream_create(&program->stream, dnnl->engine, stream_in_order) != status_success)
    program->failed = true;
  return program;
}

attributes_t apus_program_attributes(
    const struct onednn *dnnl, enum apus_onednn_activation activation) {
  attributes_t attributes = NULL;
  if (dnnl->primitive_attr_create(&attributes) != status_success) return NULL;
  bool good =
      dnnl->primitive_attr_set_scratchpad_mode(attributes, scratchpad_user) == status_success;
  if (good && activation != apus_onednn_linear) {
    const int algorithm = activation == apus_onednn_relu       ? eltwise_relu
                          : activation == apus_onednn_gelu_erf ? eltwise_gelu_erf
                                                               : eltwise_gelu_tanh;
    post_ops_t operations = NULL;
    good = dnnl->post_ops_create(&operations) == status_success &&
           dnnl->post_ops_append_eltwise(operations, algorithm, 0, 0) == status_success &&
           dnnl->primitive_attr_set_post_ops(attributes, operations) == status_success;
    if (operations) dnnl->post_ops_destroy(operations);
  }
  if (good) return attributes;
  dnnl->primitive_attr_destroy(attributes);
  return NULL;
}

struct place apus_program_reserve(struct apus_onednn_program *program, size_t bytes) {
  const struct place place = {program->scratch_buffer, program->packed_bytes};
  program->packed_bytes += aligned(bytes);
  return place;
}

static void append_argument(
    struct apus_onednn_program *program, struct step *step, struct argument argument) {
  if (program->failed || step->count == max_arguments || program->binding_count == max_bindings) {
    program->failed = true;
    return;
  }
  struct binding *binding = &program->bindings[program->binding_count];
  binding->place = argument.place;
  if (program->dnnl->memory_create(
          &binding->memory, argument.layout, program->dnnl->engine, NULL) != status_success) {
    program->failed = true;
    return;
  }
  program->binding_count += 1;
  step->arguments[step->count++] = (struct execution_argument){argument.id, binding->memory};
}

void apus_program_append(struct apus_onednn_program *program, const_primitive_desc_t description,
                    int count, const struct argument *arguments) {
  const struct onednn *dnnl = program->dnnl;
  if (program->failed) return;
  if (!description || program->step_count == max_steps) {
    program->failed = true;
    return;
  }
  struct step *step = &program->steps[program->step_count];
  if (dnnl->primitive_create(&step->primitive, description) != status_success) {
    program->failed = true;
    return;
  }
  program->step_count += 1;
  for (int i = 0; i < count; i++) append_argument(program, step, arguments[i]);
  const_layout_t scratchpad = dnnl->primitive_desc_query_md(description, query_scratchpad, 0);
  const size_t bytes = scratchpad ? dnnl->memory_desc_get_size(scratchpad) : 0;
  if (bytes == 0) return;
  if (bytes > program->scratchpad_bytes) program->scratchpad_bytes = bytes;
  append_argument(program, step,
                  (struct argument){argument_scratchpad, scratchpad,
                                    {program->scratch_buffer, at_scratchpad}});
}

void apus_program_append_reorder(struct apus_onednn_program *program, const_layout_t from,
                            struct place source, const_layout_t to, struct place destination) {
  const struct onednn *dnnl = program->dnnl;
  if (program->failed) return;
  attributes_t attributes = apus_program_attributes(dnnl, apus_onednn_linear);
  primitive_desc_t description = NULL;
  if (dnnl->reorder_primitive_desc_create(
          &description, from, dnnl->engine, to, dnnl->engine, attributes) != status_success)
    description = NULL;
  const struct argument arguments[] = {
      {argument_source, from, source}, {argument_destination, to, destination}};
  apus_program_append(program, description, 2, arguments);
  if (description) dnnl->primitive_desc_destroy(description);
  if (attributes) dnnl->primitive_attr_destroy(attributes);
}

const_layout_t apus_program_pack_weights(
    struct apus_onednn_program *program, const_layout_t plain, const_layout_t packed) {
  const struct onednn *dnnl = program->dnnl;
  if (program->failed || dnnl->memory_desc_equal(packed, plain)) return plain;
  if (dnnl->memory_desc_clone(&program->plain_weights, plain) != status_success ||
      dnnl->memory_desc_clone(&program->packed_weights, packed) != status_success)
    program->failed = true;
  return packed;
}

struct apus_onednn_program *apus_onednn_create_packing(const struct apus_onednn_program *of) {
  if (!of->packed_weights) return NULL;
  struct apus_onednn_program *program = apus_program_create(of->threads, 2);
  if (!program) return NULL;
  const int previous = apus_onednn_enter(of->threads);
  apus_program_append_reorder(
      program, of->plain_weights, (struct place){0, 0}, of->packed_weights, (struct place){1, 0});
  program = apus_program_finish(program);
  apus_onednn_leave(previous, of->threads);
  return program;
}

size_t apus_onednn_packed_bytes(const struct apus_onednn_program *program) {
  return program->packed_weights ? program->dnnl->memory_desc_get_size(program->packed_weights) : 0;
}

bool apus_onednn_packs_alike(
    const struct apus_onednn_program *a, const struct apus_onednn_program *b) {
  return a->packed_weights && b->packed_weights &&
         a->dnnl->memory_desc_equal(a->packed_weights, b->packed_weights) &&
         a->dnnl->memory_desc_equal(a->plain_weights, b->plain_weights);
}

void apus_program_name(struct apus_onednn_program *program, const_primitive_desc_t description) {
  const char *name = NULL;
  if (!description ||
      program->dnnl->primitive_desc_query(description, query_implementation, 0, &name) !=
          status_success ||
      !name || strncmp(name, "ref", 3) == 0) {
    program->failed = true;
    return;
  }
  strncpy(program->implementation, name, sizeof program->implementation - 1);
}

struct apus_onednn_program *apus_program_finish(struct apus_onednn_program *program) {
  if (program->failed || program->step_count == 0) {
    apus_onednn_destroy(program);
    return NULL;
  }
  for (int i = 0; i < program->binding_count; i++)
    if (program->bindings[i].place.offset == at_scratchpad)
      program->bindings[i].place.offset = program->packed_bytes;
  return program;
}

void apus_onednn_destroy(struct apus_onednn_program *program) {
  if (!program) return;
  const struct onednn *dnnl = program->dnnl;
  for (int i = 0; i < program->step_count; i++)
    dnnl->primitive_destroy(program->steps[i].primitive);
  for (int i = 0; i < program->binding_count; i++)
    dnnl->memory_destroy(program->bindings[i].memory);
  if (program->stream) dnnl->stream_destroy(program->stream);
  if (program->plain_weights) dnnl->memory_desc_destroy(program->plain_weights);
  if (program->packed_weights) dnnl->memory_desc_destroy(program->packed_weights);
  free(program);
}

size_t apus_onednn_scratch_bytes(const struct apus_onednn_program *program) {
  return program->packed_bytes + aligned(program->scratchpad_bytes);
}

size_t apus_onednn_workspace_bytes(const struct apus_onednn_program *program) {
  return program->workspace_bytes;
}

const char *apus_onednn_implementation(const struct apus_onednn_program *program) {
  return program->implementation;
}

void apus_onednn_run(void *const *buffers, const void *params, struct apus_context *context) {
  struct apus_onednn_program *program = (struct apus_onednn_program *)params;
  const struct onednn *dnnl = program->dnnl;
  int result = status_success;
  for (int i = 0; i < program->binding_count; i++) {
    struct binding *binding = &program->bindings[i];
    char *address = (char *)buffers[binding->place.buffer] + binding->place.offset;
    if (address == binding->bound) continue;
    result |= dnnl->memory_set_data_handle(binding->memory, address);
    binding->bound = address;
  }
  // Work is divided as it was planned: scratch is sized for that number of threads.
  const int previous = apus_onednn_enter(program->threads);
  for (int i = 0; i < program->step_count && result == status_success; i++) {
    const struct step *step = &program->steps[i];
    result =
        dnnl->primitive_execute(step->primitive, program->stream, step->count, step->arguments);
  }
  apus_onednn_leave(previous, program->threads);
  if (result != status_success && context) {
    context->error_code = error_library;
    context->error_value = result;
  }
}

const void *apus_onednn_kernel(void) {
  void (*function)(void *const *, const void *, struct apus_context *) = apus_onednn_run;
  return *(const void **)&function;
}
