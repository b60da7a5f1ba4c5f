#include "onednn_layout.h"

layout_t apus_layout_strided(const struct onednn *dnnl, int rank, const int64_t *sizes, int type,
                        const int64_t *strides) {
  layout_t layout = NULL;
  const int result = dnnl->memory_desc_create_with_strides(&layout, rank, sizes, type, strides);
  return result == status_success ? layout : NULL;
}

layout_t apus_layout_contiguous(
    const struct onednn *dnnl, int rank, const int64_t *sizes, int type) {
  int64_t strides[max_rank], stride = 1;
  for (int i = rank - 1; i >= 0; i--) {
    strides[i] = stride;
    stride *= sizes[i];
  }
  return apus_layout_strided(dnnl, rank, sizes, type, strides);
}

layout_t apus_layout_any(const struct onednn *dnnl, int rank, const int64_t *sizes, int type) {
  layout_t layout = NULL;
  const int result = dnnl->memory_desc_create_with_tag(&layout, rank, sizes, type, tag_any);
  return result == status_success ? layout : NULL;
}

layout_t apus_layout_channels_last(const struct onednn *dnnl, int64_t batch, int64_t channels,
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
  return apus_layout_strided(dnnl, 2 + spatial_rank, sizes, type, strides);
}

void apus_layouts_release(const struct onednn *dnnl, int count, const layout_t *layouts) {
  for (int i = 0; i < count; i++)
    if (layouts[i]) dnnl->memory_desc_destroy(layouts[i]);
}
