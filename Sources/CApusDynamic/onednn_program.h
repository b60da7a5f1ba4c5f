// A program under construction and at run time.

#ifndef APUS_ONEDNN_PROGRAM_H
#define APUS_ONEDNN_PROGRAM_H

#include <stdbool.h>

#include "include/apus_onednn.h"
#include "onednn_api.h"

enum { max_steps = 4, max_arguments = 12, max_bindings = 24 };

// Where a memory object's bytes are at run time.
struct place {
  int buffer;
  size_t offset;
};

struct binding {
  memory_t memory;
  struct place place;
  char *bound;
};

struct step {
  primitive_t primitive;
  int count;
  struct execution_argument arguments[max_arguments];
};

struct apus_onednn_program {
  const struct onednn *dnnl;
  stream_t stream;
  int threads, step_count, binding_count, scratch_buffer;
  bool failed;
  size_t packed_bytes, scratchpad_bytes, workspace_bytes;
  char implementation[64];
  // Weights as the caller has them and as the primitive asked for them; null where it takes them
  // as they lie.
  layout_t plain_weights, packed_weights;
  struct step steps[max_steps];
  struct binding bindings[max_bindings];
};

// An argument of a primitive: its layout as the primitive wants it, and its bytes.
struct argument {
  int id;
  const_layout_t layout;
  struct place place;
};

struct apus_onednn_program *apus_program_create(int threads, int buffers);

// Attributes of every primitive we create: caller-owned scratch memory, then an activation.
attributes_t apus_program_attributes(
    const struct onednn *dnnl, enum apus_onednn_activation activation);

// Sets aside bytes at the front of the scratch buffer, kept for the whole run.
struct place apus_program_reserve(struct apus_onednn_program *program, size_t bytes);

void apus_program_append(struct apus_onednn_program *program, const_primitive_desc_t description,
                    int count, const struct argument *arguments);

void apus_program_append_reorder(struct apus_onednn_program *program, const_layout_t from,
                            struct place source, const_layout_t to, struct place destination);

// Notes in which order the weights are expected, where it is not the plain one; returns that order.
const_layout_t apus_program_pack_weights(
    struct apus_onednn_program *program, const_layout_t plain, const_layout_t packed);

// Notes the implementation behind the main primitive; a reference one fails the program.
void apus_program_name(struct apus_onednn_program *program, const_primitive_desc_t description);

// The program when all went well, else null after freeing it.
struct apus_onednn_program *apus_program_finish(struct apus_onednn_program *program);

int apus_onednn_enter(int count);
void apus_onednn_leave(int previous, int count);

#endif
