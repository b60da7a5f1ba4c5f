/// Registers the executors that are linked into the program when it is loaded.
#ifndef CAPUS_START_H
#define CAPUS_START_H

/// Whether an executor was there to register.
int apus_started(void);

#endif
