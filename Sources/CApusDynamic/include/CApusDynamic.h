#ifndef CAPUS_DYNAMIC_H
#define CAPUS_DYNAMIC_H

#include "apus_onednn.h"
#include "apus_pjrt.h"
#include "apus_pjrt_trial.h"
#include "apus_process.h"
#include "apus_spawn.h"

#endif
