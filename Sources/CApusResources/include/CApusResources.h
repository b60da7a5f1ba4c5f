/// Small data sets compiled into the binary, so that a program needs no file beside it.
/// The layouts are described in Sources/CApusResources/README.md.

#ifndef C_APUS_RESOURCES_H
#define C_APUS_RESOURCES_H

#include <stddef.h>
#include <stdint.h>

/// Returns the MNIST digits resource and stores its size in bytes. Static storage; not terminated.
const uint8_t *apus_mnist5k(size_t *count);

/// Returns the iris table as ASCII CSV and stores its size in bytes. Static storage; not terminated.
const uint8_t *apus_iris(size_t *count);

#endif
