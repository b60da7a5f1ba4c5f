#ifndef CAPUS_DYNAMIC_H
#define CAPUS_DYNAMIC_H

#include "apus_onednn.h"
#include "apus_pjrt.h"

#endif
