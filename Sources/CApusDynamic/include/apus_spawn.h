// Starts programs that do not outlive this process.
#ifndef APUS_SPAWN_H
#define APUS_SPAWN_H

#include <stdint.h>

// Starts a program, found as a shell finds it, at the head of a process group of its own, without
// input and with two descriptors as its output. Where the system can, it is killed when the calling
// thread ends. Returns its number, or the negative `errno` that kept it from starting.
int32_t apus_spawn(
    const char *program, char *const *arguments, char *const *variables, int32_t output,
    int32_t errors);

// Whether a child has ended; it stays known to the system. `status` is its exit code, or the
// negative number of the signal that ended it.
int32_t apus_has_ended(int32_t process, int32_t *status);

// Forgets a child that has ended.
void apus_reap(int32_t process);

#endif
