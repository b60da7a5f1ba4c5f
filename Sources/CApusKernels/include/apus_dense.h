/// Dense kernels: matrix products, convolution, pooling, normalization, indexing.
#ifndef APUS_DENSE_H
#define APUS_DENSE_H

#include "apus_convolution.h"
#include "apus_gemm.h"
#include "apus_pooling.h"
#include "apus_softmax.h"

#endif
