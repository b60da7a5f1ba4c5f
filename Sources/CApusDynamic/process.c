#include "include/apus_process.h"

#include <stddef.h>

#if defined(__APPLE__)
#include <crt_externs.h>
#else
extern char **environ;
#endif

const char *apus_package_directory(void) {
#if defined(APUS_PACKAGE_DIRECTORY)
  return APUS_PACKAGE_DIRECTORY;
#else
  return NULL;
#endif
}

char *const *apus_environment(void) {
#if defined(__APPLE__)
  return *_NSGetEnviron();
#else
  return environ;
#endif
}
