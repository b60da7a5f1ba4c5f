// Descriptions of how tensors lie in memory, in the library's terms.
//
// The library's logical axes are always batch, channels, depth, height, width (weights: groups,
// out, in, depth, height, width); where they lie in memory is told by strides.

#ifndef APUS_ONEDNN_LAYOUT_H
#define APUS_ONEDNN_LAYOUT_H

#include "onednn_program.h"

// Each answers null on failure; the caller releases the result.

layout_t apus_layout_strided(const struct onednn *dnnl, int rank, const int64_t *sizes, int type,
                        const int64_t *strides);
layout_t apus_layout_contiguous(
    const struct onednn *dnnl, int rank, const int64_t *sizes, int type);

// Leaves the layout to the primitive.
layout_t apus_layout_any(const struct onednn *dnnl, int rank, const int64_t *sizes, int type);

// Logical axes batch, channels, spatial... over memory in the order batch, spatial..., channels.
layout_t apus_layout_channels_last(const struct onednn *dnnl, int64_t batch, int64_t channels,
                              int spatial_rank, const int64_t *spatial, int type);

// Skips nulls.
void apus_layouts_release(const struct onednn *dnnl, int count, const layout_t *layouts);

static inline struct place in_buffer(int index) { return (struct place){index, 0}; }

#endif
