/// Softmax over rows, and the cross-entropy of class labels.
#ifndef APUS_SOFTMAX_H
#define APUS_SOFTMAX_H

#include "apus_plan.h"

#ifdef __cplusplus
extern "C" {
#endif

/// Rows of adjacent elements: [rows, columns].
typedef struct apus_softmax_params {
  int64_t rows, columns;
} apus_softmax_params;

/// y = exp(x − max) / Σ exp(x − max) per row; buffers: x, y (may be x).
void apus_softmax_f32(void *const *buffers, const void *params, apus_context *context);

/// `apus_softmax_f32` for doubles.
void apus_softmax_f64(void *const *buffers, const void *params, apus_context *context);

/// y = x − log Σ exp(x) per row; buffers: x, y (may be x).
void apus_log_softmax_f32(void *const *buffers, const void *params, apus_context *context);

/// `apus_log_softmax_f32` for doubles.
void apus_log_softmax_f64(void *const *buffers, const void *params, apus_context *context);

/// dx = y · (dy − Σ y · dy) per row; buffers: y, dy, dx (may be dy).
void apus_softmax_backward_f32(void *const *buffers, const void *params, apus_context *context);

/// `apus_softmax_backward_f32` for doubles.
void apus_softmax_backward_f64(void *const *buffers, const void *params, apus_context *context);

/// dx = dy − exp(y) · Σ dy per row; buffers: y, dy, dx (may be dy).
void apus_log_softmax_backward_f32(
    void *const *buffers, const void *params, apus_context *context);

/// `apus_log_softmax_backward_f32` for doubles.
void apus_log_softmax_backward_f64(
    void *const *buffers, const void *params, apus_context *context);

/// Cross-entropy of logits [rows, classes] and labels [rows].
///
/// loss = (1 − s) · w[label] · (lse − x[label]) + s / classes · Σ w[c] · (lse − x[c]), with s the
/// smoothing and lse the logarithm of Σ exp(x).
typedef struct apus_cross_entropy_params {
  int64_t rows, classes;
  /// Rows with this label have zero loss and gradient, when `has_ignore_index` is set.
  int64_t ignore_index;
  double label_smoothing;
  int32_t has_ignore_index;
  /// Bytes of one label: 4 or 8.
  int32_t label_bytes;
} apus_cross_entropy_params;

/// Buffers: logits, labels, class weights or NULL, loss [rows], lse [rows].
///
/// A label outside 0..<classes is reported with its row; the loss of that row is NaN.
void apus_cross_entropy_forward_f32(
    void *const *buffers, const void *params, apus_context *context);

/// `apus_cross_entropy_forward_f32` for doubles.
void apus_cross_entropy_forward_f64(
    void *const *buffers, const void *params, apus_context *context);

/// Buffers: logits, labels, class weights or NULL, lse [rows], dloss [rows], dlogits.
///
/// Rows with a label out of range get a zero gradient.
void apus_cross_entropy_backward_f32(
    void *const *buffers, const void *params, apus_context *context);

/// `apus_cross_entropy_backward_f32` for doubles.
void apus_cross_entropy_backward_f64(
    void *const *buffers, const void *params, apus_context *context);

#ifdef __cplusplus
}
#endif

#endif
