#include "CApusResources.h"

// `#embed` is C23; clang takes it in every mode and says so.
#pragma clang diagnostic ignored "-Wc23-extensions"

static const uint8_t apus_resource_mnist5k[] = {
#embed "data/mnist5k.bin"
};

static const uint8_t apus_resource_iris[] = {
#embed "data/iris.csv"
};

const uint8_t *apus_mnist5k(size_t *count) {
  *count = sizeof apus_resource_mnist5k;
  return apus_resource_mnist5k;
}

const uint8_t *apus_iris(size_t *count) {
  *count = sizeof apus_resource_iris;
  return apus_resource_iris;
}
