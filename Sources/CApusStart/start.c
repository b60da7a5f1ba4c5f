#include "CApusStart.h"

extern void apus_register_cpu_executor(void) __attribute__((weak));
extern void apus_register_xla_executor(void) __attribute__((weak));

// Swift has no module initializers: the loader runs this before `main`.
__attribute__((constructor)) static void apus_start(void) {
  if (apus_register_cpu_executor) apus_register_cpu_executor();
  if (apus_register_xla_executor) apus_register_xla_executor();
}

int apus_started(void) { return apus_register_cpu_executor != 0; }
