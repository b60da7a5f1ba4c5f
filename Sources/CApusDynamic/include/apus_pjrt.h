// The calls of the PJRT C API that the XLA executor makes, behind plain functions.
//
// Handles are those of the plugin. A function that can fail returns NULL or an error of the plugin,
// which `apus_pjrt_error_take` turns into a code and a message and destroys.
#ifndef APUS_PJRT_H
#define APUS_PJRT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct apus_pjrt_api apus_pjrt_api;
typedef struct apus_pjrt_error apus_pjrt_error;
typedef struct apus_pjrt_client apus_pjrt_client;
typedef struct apus_pjrt_device apus_pjrt_device;
typedef struct apus_pjrt_buffer apus_pjrt_buffer;
typedef struct apus_pjrt_event apus_pjrt_event;
typedef struct apus_pjrt_executable apus_pjrt_executable;
typedef struct apus_pjrt_loaded apus_pjrt_loaded;
typedef struct apus_pjrt_topology apus_pjrt_topology;

// Kinds of a named value.
enum {
  apus_pjrt_string = 0,
  apus_pjrt_int64 = 1,
  apus_pjrt_int64_list = 2,
  apus_pjrt_float = 3,
  apus_pjrt_bool = 4
};

// A setting or a property: `text` holds a string or the numbers of a list.
typedef struct {
  const char *name;
  size_t name_size;
  int32_t kind;
  const void *text;
  int64_t number;
  float real;
  // Bytes of a string, numbers of a list, otherwise 1.
  size_t size;
} apus_pjrt_named_value;

// Plugin ---------------------------------------------------------------------------------------

// Opens a plugin: NULL with a message in `reason` when the file is no library or no plugin. A plugin
// is never closed: its threads may still run.
const apus_pjrt_api *apus_pjrt_open(const char *path, char *reason, size_t reason_size);
void apus_pjrt_version(const apus_pjrt_api *api, int32_t *major, int32_t *minor);
// Whether the plugin has all functions that are used here.
bool apus_pjrt_is_complete(const apus_pjrt_api *api);
apus_pjrt_error *apus_pjrt_initialize(const apus_pjrt_api *api);
// Writes up to `capacity` attributes and returns how many there are.
size_t apus_pjrt_attributes(
    const apus_pjrt_api *api, apus_pjrt_named_value *values, size_t capacity);

// Writes the message, cut to the size and ended by 0, and destroys the error. Returns its code.
int32_t apus_pjrt_error_take(
    const apus_pjrt_api *api, apus_pjrt_error *error, char *message, size_t size);

// Client and devices ----------------------------------------------------------------------------

// Exchange of values between processes. Functions return a code, 0 for success, and an allocated
// message (freed by the caller) with it; `get` allocates the value with malloc.
typedef struct {
  void *context;
  int32_t (*get)(
      void *context, const char *key, size_t key_size, int64_t timeout_milliseconds, char **value,
      size_t *value_size, char **message);
  int32_t (*put)(
      void *context, const char *key, size_t key_size, const char *value, size_t value_size,
      char **message);
} apus_pjrt_store;

apus_pjrt_error *apus_pjrt_client_create(
    const apus_pjrt_api *api, const apus_pjrt_named_value *options, size_t count,
    const apus_pjrt_store *store, apus_pjrt_client **client);
void apus_pjrt_client_destroy(const apus_pjrt_api *api, apus_pjrt_client *client);
apus_pjrt_error *apus_pjrt_platform(
    const apus_pjrt_api *api, apus_pjrt_client *client, const char **name, size_t *name_size,
    const char **version, size_t *version_size);
apus_pjrt_error *apus_pjrt_devices(
    const apus_pjrt_api *api, apus_pjrt_client *client, apus_pjrt_device *const **all,
    size_t *count);
apus_pjrt_error *apus_pjrt_addressable_devices(
    const apus_pjrt_api *api, apus_pjrt_client *client, apus_pjrt_device *const **devices,
    size_t *count);
apus_pjrt_error *apus_pjrt_device_describe(
    const apus_pjrt_api *api, apus_pjrt_device *device, int32_t *id, const char **kind,
    size_t *kind_size);
// Bytes in use and the limit; each -1 where the plugin does not tell.
apus_pjrt_error *apus_pjrt_device_memory(
    const apus_pjrt_api *api, apus_pjrt_device *device, int64_t *used, int64_t *limit);

// Buffers ---------------------------------------------------------------------------------------

// Element types as the ABI numbers them.
enum {
  apus_pjrt_pred = 1,
  apus_pjrt_s32 = 4,
  apus_pjrt_s64 = 5,
  apus_pjrt_u8 = 6,
  apus_pjrt_f16 = 10,
  apus_pjrt_f32 = 11,
  apus_pjrt_f64 = 12,
  apus_pjrt_bf16 = 13
};

// Copies row-major elements to a device. The memory may change once the call has returned.
apus_pjrt_error *apus_pjrt_upload(
    const apus_pjrt_api *api, apus_pjrt_client *client, apus_pjrt_device *device, const void *data,
    int32_t type, const int64_t *dims, size_t rank, apus_pjrt_buffer **buffer);
// Copies `size` bytes, row-major, to memory of the host, and waits for them.
apus_pjrt_error *apus_pjrt_download(
    const apus_pjrt_api *api, apus_pjrt_buffer *buffer, void *data, size_t size);
// Waits until the buffer holds its values; an error where computing them failed.
apus_pjrt_error *apus_pjrt_buffer_wait(const apus_pjrt_api *api, apus_pjrt_buffer *buffer);
void apus_pjrt_buffer_destroy(const apus_pjrt_api *api, apus_pjrt_buffer *buffer);

// Programs --------------------------------------------------------------------------------------

apus_pjrt_error *apus_pjrt_compile(
    const apus_pjrt_api *api, apus_pjrt_client *client, const char *code, size_t code_size,
    const char *options, size_t options_size, apus_pjrt_loaded **loaded);
void apus_pjrt_loaded_destroy(const apus_pjrt_api *api, apus_pjrt_loaded *loaded);
apus_pjrt_error *apus_pjrt_loaded_devices(
    const apus_pjrt_api *api, apus_pjrt_loaded *loaded, apus_pjrt_device *const **devices,
    size_t *count);
apus_pjrt_error *apus_pjrt_output_count(
    const apus_pjrt_api *api, apus_pjrt_loaded *loaded, size_t *count);

// Starts a program on `device_count` devices: `arguments[d * argument_count + i]`, and as many
// outputs a device, which the caller owns. Completion events are written to `events` where that is
// not NULL: one for each device, to be waited for or destroyed.
apus_pjrt_error *apus_pjrt_execute(
    const apus_pjrt_api *api, apus_pjrt_loaded *loaded, apus_pjrt_buffer *const *arguments,
    size_t argument_count, const int64_t *kept, size_t kept_count, size_t device_count,
    apus_pjrt_buffer **outputs, size_t output_count, apus_pjrt_event **events);
// Waits for an event and destroys it.
apus_pjrt_error *apus_pjrt_event_wait(const apus_pjrt_api *api, apus_pjrt_event *event);
void apus_pjrt_event_destroy(const apus_pjrt_api *api, apus_pjrt_event *event);

// The executable as bytes, allocated with malloc, which `apus_pjrt_deserialize` loads again.
apus_pjrt_error *apus_pjrt_serialize(
    const apus_pjrt_api *api, apus_pjrt_loaded *loaded, void **bytes, size_t *size);
apus_pjrt_error *apus_pjrt_deserialize(
    const apus_pjrt_api *api, apus_pjrt_client *client, const void *bytes, size_t size,
    apus_pjrt_loaded **loaded);

// Compiling for a device that is not at hand ------------------------------------------------------

apus_pjrt_error *apus_pjrt_topology_create(
    const apus_pjrt_api *api, const apus_pjrt_named_value *options, size_t count,
    apus_pjrt_topology **topology);
void apus_pjrt_topology_destroy(const apus_pjrt_api *api, apus_pjrt_topology *topology);
// Compiles and throws the result away.
apus_pjrt_error *apus_pjrt_compile_for(
    const apus_pjrt_api *api, const apus_pjrt_topology *topology, const char *code,
    size_t code_size, const char *options, size_t options_size);

#endif
