/// Kernels on dense arrays, by family.
#ifndef APUS_DENSE_H
#define APUS_DENSE_H

#include "apus_attention.h"
#include "apus_convolution.h"
#include "apus_ctc.h"
#include "apus_gemm.h"
#include "apus_indexing.h"
#include "apus_normalization.h"
#include "apus_one_hot.h"
#include "apus_pooling.h"
#include "apus_recurrent.h"
#include "apus_resample.h"
#include "apus_softmax.h"
#include "apus_sort.h"
#include "apus_winograd.h"

#endif
