// What is used of the PJRT C API: layouts of argument structs and places of functions, version 0.81
// and later. No struct has lost or moved a field since; a plugin accepts structs as large as its own
// or larger.
//
// Each call takes one struct that begins with its size and a chain of extensions, and returns an
// error or NULL. The test "PJRT layouts" compares all of this with a header where one is installed.
#ifndef APUS_PJRT_ABI_H
#define APUS_PJRT_ABI_H

#include "include/apus_pjrt.h"

#define PJRT_HEAD \
  size_t struct_size; \
  void *extension

struct apus_pjrt_api {
  PJRT_HEAD;
  struct {
    PJRT_HEAD;
    int major, minor;
  } version;
  void *functions[];
};

// Places in the table of functions.
enum pjrt_function {
  pjrt_error_destroy = 0,
  pjrt_error_message = 1,
  pjrt_error_code = 2,
  pjrt_plugin_initialize = 3,
  pjrt_plugin_attributes = 4,
  pjrt_event_destroy = 5,
  pjrt_event_await = 8,
  pjrt_client_create = 10,
  pjrt_client_destroy = 11,
  pjrt_client_platform_name = 12,
  pjrt_client_platform_version = 14,
  pjrt_client_devices = 15,
  pjrt_client_addressable_devices = 16,
  pjrt_client_compile = 20,
  pjrt_buffer_from_host = 22,
  pjrt_description_id = 23,
  pjrt_description_kind = 26,
  pjrt_device_description = 29,
  pjrt_device_memory_stats = 34,
  pjrt_executable_destroy = 40,
  pjrt_executable_output_count = 44,
  pjrt_executable_serialize = 49,
  pjrt_loaded_destroy = 50,
  pjrt_loaded_get_executable = 51,
  pjrt_loaded_addressable_devices = 52,
  pjrt_loaded_execute = 55,
  pjrt_deserialize_and_load = 56,
  pjrt_buffer_destroy = 58,
  pjrt_buffer_to_host = 70,
  pjrt_buffer_ready_event = 72,
  pjrt_topology_create = 82,
  pjrt_topology_destroy = 83,
  pjrt_compile = 89,
  pjrt_copy_raw_to_host = 100,
  // All functions below this place must be there.
  pjrt_function_count = 101
};

typedef struct {
  PJRT_HEAD;
  void *handle;
} pjrt_handle_args;

typedef struct {
  PJRT_HEAD;
  const void *error;
  const char *message;
  size_t message_size;
} pjrt_error_message_args;

typedef struct {
  PJRT_HEAD;
  const void *error;
  int code;
} pjrt_error_code_args;

typedef struct {
  PJRT_HEAD;
} pjrt_empty_args;

typedef struct {
  PJRT_HEAD;
  const char *name;
  size_t name_size;
  int kind;
  union {
    const void *pointer;
    int64_t number;
    float real;
    bool truth;
  };
  size_t value_size;
} pjrt_named_value;

typedef struct {
  PJRT_HEAD;
  const pjrt_named_value *attributes;
  size_t count;
} pjrt_attributes_args;

// Makes an error of a code and a message, for callbacks.
typedef void *(*pjrt_callback_error)(int code, const char *message, size_t message_size);

typedef struct {
  PJRT_HEAD;
  const char *key;
  size_t key_size;
  int timeout_milliseconds;
  pjrt_callback_error *error;
  void *context;
  char *value;
  size_t value_size;
  void (*delete_value)(char *);
} pjrt_get_args;

typedef struct {
  PJRT_HEAD;
  const char *key;
  size_t key_size;
  pjrt_callback_error *error;
  void *context;
  char *value;
  size_t value_size;
  void (*delete_value)(char *);
} pjrt_try_get_args;

typedef struct {
  PJRT_HEAD;
  const char *key;
  size_t key_size;
  const char *value;
  size_t value_size;
  pjrt_callback_error *error;
  void *context;
} pjrt_put_args;

typedef struct {
  PJRT_HEAD;
  const pjrt_named_value *options;
  size_t option_count;
  void *(*get)(pjrt_get_args *);
  void *get_context;
  void *(*put)(pjrt_put_args *);
  void *put_context;
  apus_pjrt_client *client;
  void *(*try_get)(pjrt_try_get_args *);
  void *try_get_context;
} pjrt_client_create_args;

// A handle asked for a string.
typedef struct {
  PJRT_HEAD;
  void *handle;
  const char *text;
  size_t text_size;
} pjrt_text_args;

// A handle asked for devices.
typedef struct {
  PJRT_HEAD;
  void *handle;
  apus_pjrt_device *const *devices;
  size_t count;
} pjrt_devices_args;

// A handle asked for another handle.
typedef struct {
  PJRT_HEAD;
  void *handle;
  void *result;
} pjrt_result_args;

typedef struct {
  PJRT_HEAD;
  void *handle;
  int id;
} pjrt_id_args;

typedef struct {
  PJRT_HEAD;
  apus_pjrt_device *device;
  int64_t used;
  struct {
    int64_t value;
    bool is_set;
  } figures[10];
} pjrt_memory_args;

typedef struct {
  PJRT_HEAD;
  char *code;
  size_t code_size;
  const char *format;
  size_t format_size;
} pjrt_program;

typedef struct {
  PJRT_HEAD;
  apus_pjrt_client *client;
  const pjrt_program *program;
  const char *options;
  size_t options_size;
  apus_pjrt_loaded *loaded;
} pjrt_client_compile_args;

typedef struct {
  PJRT_HEAD;
  const apus_pjrt_topology *topology;
  const pjrt_program *program;
  const char *options;
  size_t options_size;
  apus_pjrt_client *client;
  apus_pjrt_executable *executable;
} pjrt_compile_args;

typedef struct {
  PJRT_HEAD;
  apus_pjrt_client *client;
  const void *data;
  int type;
  const int64_t *dims;
  size_t rank;
  const int64_t *byte_strides;
  size_t byte_stride_count;
  int semantics;
  apus_pjrt_device *device;
  void *memory;
  void *layout;
  apus_pjrt_event *done;
  apus_pjrt_buffer *buffer;
} pjrt_upload_args;

typedef struct {
  PJRT_HEAD;
  apus_pjrt_buffer *buffer;
  void *layout;
  void *data;
  size_t size;
  apus_pjrt_event *event;
} pjrt_download_args;

typedef struct {
  PJRT_HEAD;
  apus_pjrt_buffer *buffer;
  void *data;
  int64_t offset;
  int64_t size;
  apus_pjrt_event *event;
} pjrt_copy_raw_args;

typedef struct {
  PJRT_HEAD;
  void *send_callbacks;
  void *receive_callbacks;
  size_t send_count;
  size_t receive_count;
  int launch;
  const int64_t *kept;
  size_t kept_count;
  void *context;
  const char *place;
  size_t task_count;
  int *tasks;
  int64_t *incarnations;
} pjrt_execute_options;

typedef struct {
  PJRT_HEAD;
  apus_pjrt_loaded *loaded;
  pjrt_execute_options *options;
  apus_pjrt_buffer *const *const *arguments;
  size_t device_count;
  size_t argument_count;
  apus_pjrt_buffer **const *outputs;
  apus_pjrt_event **events;
  apus_pjrt_device *device;
} pjrt_execute_args;

typedef struct {
  PJRT_HEAD;
  void *executable;
  size_t count;
} pjrt_count_args;

typedef struct {
  PJRT_HEAD;
  const void *executable;
  const char *bytes;
  size_t size;
  void *owner;
  void (*delete_owner)(void *);
} pjrt_serialize_args;

typedef struct {
  PJRT_HEAD;
  apus_pjrt_client *client;
  const char *bytes;
  size_t size;
  apus_pjrt_loaded *loaded;
  const char *options;
  size_t options_size;
} pjrt_deserialize_args;

typedef struct {
  PJRT_HEAD;
  const char *name;
  size_t name_size;
  const pjrt_named_value *options;
  size_t option_count;
  apus_pjrt_topology *topology;
} pjrt_topology_create_args;

// Calls a function of the table.
static inline apus_pjrt_error *pjrt_call(
    const apus_pjrt_api *api, enum pjrt_function function, void *arguments) {
  apus_pjrt_error *(*call)(void *);
  *(void **)&call = api->functions[function];
  return call(arguments);
}

// Option lists of settings, allocated with malloc.
pjrt_named_value *pjrt_options(const apus_pjrt_named_value *values, size_t count);

// Waits for an event and destroys it; NULL is none.
apus_pjrt_error *pjrt_finish(const apus_pjrt_api *api, apus_pjrt_event *event);

#endif
