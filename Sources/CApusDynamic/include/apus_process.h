// What this process is and was started with.
#ifndef APUS_PROCESS_H
#define APUS_PROCESS_H

// The folder that the package was built from; NULL where the build did not tell.
const char *apus_package_directory(void);

// The variables of the process, "name=value" each, ended by NULL.
char *const *apus_environment(void);

#endif
