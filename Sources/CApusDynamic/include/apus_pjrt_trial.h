// Tries a plugin in a child process: a plugin that ends its process ends that one only.
#ifndef APUS_PJRT_TRIAL_H
#define APUS_PJRT_TRIAL_H

#include "apus_pjrt.h"

typedef struct apus_pjrt_trial apus_pjrt_trial;

// How far a trial goes.
enum { apus_pjrt_trial_open = 0, apus_pjrt_trial_devices = 1, apus_pjrt_trial_program = 2 };

// Opens the plugin in a child, makes a client there and compiles a small program, as far as `extent`
// says; `flags` takes the place of XLA_FLAGS unless NULL. NULL where no child could be made.
apus_pjrt_trial *apus_pjrt_try(
    const char *path, const apus_pjrt_named_value *options, size_t count, int32_t extent,
    const char *flags, int32_t timeout_milliseconds);
void apus_pjrt_trial_free(apus_pjrt_trial *trial);

// What was found, a line each:
//   api MAJOR MINOR, complete 0|1, attribute NAME VALUE, platform NAME, version TEXT,
//   device ID USED LIMIT KIND, error CODE TEXT, done
const char *apus_pjrt_trial_report(const apus_pjrt_trial *trial);
// The end of what the child wrote to its standard output and error.
const char *apus_pjrt_trial_noise(const apus_pjrt_trial *trial);
// 0 for a child that came to its end; else its exit status, or the negative number of the signal.
int32_t apus_pjrt_trial_status(const apus_pjrt_trial *trial);
bool apus_pjrt_trial_has_timed_out(const apus_pjrt_trial *trial);

#endif
