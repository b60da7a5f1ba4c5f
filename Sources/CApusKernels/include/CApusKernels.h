/// Kernels of the CPU executor: plain C, no dependencies, called from a table of nodes.
#ifndef CAPUSKERNELS_H
#define CAPUSKERNELS_H

#include "apus_copy.h"
#include "apus_dense.h"
#include "apus_optimizer.h"
#include "apus_plan.h"
#include "apus_random.h"
#include "apus_region.h"
#include "apus_scan.h"
#include "apus_threads.h"

#endif
