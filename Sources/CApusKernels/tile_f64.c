#define T f64
#define TYPE apus_compute_f64
#define WIDTH 8
#define ROWS "tile_f64_rows.def"
#define TABLE apus_operations_f64
#include "tile_type.def"
