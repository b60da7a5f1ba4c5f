// Clients, their devices, and the exchange of values between processes.

#include <stdlib.h>
#include <string.h>

#include "pjrt_abi.h"

static void delete_value(char *value) { free(value); }

// Turns the outcome of a store into an error of the plugin.
static void *outcome(int32_t code, char *message, pjrt_callback_error make) {
  if (code == 0) {
    free(message);
    return NULL;
  }
  const char *text = message ? message : "the store failed";
  void *error = make(code, text, strlen(text));
  free(message);
  return error;
}

static void *get(pjrt_get_args *args) {
  const apus_pjrt_store *store = args->context;
  char *message = NULL;
  int32_t code = store->get(
      store->context, args->key, args->key_size, args->timeout_milliseconds, &args->value,
      &args->value_size, &message);
  args->delete_value = delete_value;
  return outcome(code, message, *args->error);
}

static void *try_get(pjrt_try_get_args *args) {
  const apus_pjrt_store *store = args->context;
  char *message = NULL;
  int32_t code = store->get(
      store->context, args->key, args->key_size, 0, &args->value, &args->value_size, &message);
  args->delete_value = delete_value;
  return outcome(code, message, *args->error);
}

static void *put(pjrt_put_args *args) {
  const apus_pjrt_store *store = args->context;
  char *message = NULL;
  int32_t code = store->put(
      store->context, args->key, args->key_size, args->value, args->value_size, &message);
  return outcome(code, message, *args->error);
}

apus_pjrt_error *apus_pjrt_client_create(
    const apus_pjrt_api *api, const apus_pjrt_named_value *options, size_t count,
    const apus_pjrt_store *store, apus_pjrt_client **client) {
  pjrt_client_create_args args = {sizeof args};
  pjrt_named_value *list = pjrt_options(options, count);
  args.options = list;
  args.option_count = list ? count : 0;
  if (store) {
    args.get = get;
    args.put = put;
    args.try_get = try_get;
    args.get_context = args.put_context = args.try_get_context = (void *)store;
  }
  apus_pjrt_error *error = pjrt_call(api, pjrt_client_create, &args);
  free(list);
  *client = error ? NULL : args.client;
  return error;
}

void apus_pjrt_client_destroy(const apus_pjrt_api *api, apus_pjrt_client *client) {
  pjrt_handle_args args = {sizeof args, NULL, client};
  apus_pjrt_error *error = pjrt_call(api, pjrt_client_destroy, &args);
  if (error) apus_pjrt_error_take(api, error, NULL, 0);
}

static apus_pjrt_error *text(
    const apus_pjrt_api *api, enum pjrt_function function, void *handle, const char **value,
    size_t *size) {
  pjrt_text_args args = {sizeof args, NULL, handle};
  apus_pjrt_error *error = pjrt_call(api, function, &args);
  *value = error ? "" : args.text;
  *size = error ? 0 : args.text_size;
  return error;
}

apus_pjrt_error *apus_pjrt_platform(
    const apus_pjrt_api *api, apus_pjrt_client *client, const char **name, size_t *name_size,
    const char **version, size_t *version_size) {
  apus_pjrt_error *error = text(api, pjrt_client_platform_name, client, name, name_size);
  if (error) return error;
  return text(api, pjrt_client_platform_version, client, version, version_size);
}

static apus_pjrt_error *devices(
    const apus_pjrt_api *api, enum pjrt_function function, void *handle,
    apus_pjrt_device *const **list, size_t *count) {
  pjrt_devices_args args = {sizeof args, NULL, handle};
  apus_pjrt_error *error = pjrt_call(api, function, &args);
  *list = error ? NULL : args.devices;
  *count = error ? 0 : args.count;
  return error;
}

apus_pjrt_error *apus_pjrt_devices(
    const apus_pjrt_api *api, apus_pjrt_client *client, apus_pjrt_device *const **all,
    size_t *count) {
  return devices(api, pjrt_client_devices, client, all, count);
}

apus_pjrt_error *apus_pjrt_addressable_devices(
    const apus_pjrt_api *api, apus_pjrt_client *client, apus_pjrt_device *const **list,
    size_t *count) {
  return devices(api, pjrt_client_addressable_devices, client, list, count);
}

apus_pjrt_error *apus_pjrt_loaded_devices(
    const apus_pjrt_api *api, apus_pjrt_loaded *loaded, apus_pjrt_device *const **list,
    size_t *count) {
  return devices(api, pjrt_loaded_addressable_devices, loaded, list, count);
}

apus_pjrt_error *apus_pjrt_device_describe(
    const apus_pjrt_api *api, apus_pjrt_device *device, int32_t *id, const char **kind,
    size_t *kind_size) {
  pjrt_result_args description = {sizeof description, NULL, device};
  apus_pjrt_error *error = pjrt_call(api, pjrt_device_description, &description);
  if (error) return error;
  pjrt_id_args number = {sizeof number, NULL, description.result};
  error = pjrt_call(api, pjrt_description_id, &number);
  if (error) return error;
  *id = number.id;
  return text(api, pjrt_description_kind, description.result, kind, kind_size);
}

apus_pjrt_error *apus_pjrt_device_memory(
    const apus_pjrt_api *api, apus_pjrt_device *device, int64_t *used, int64_t *limit) {
  pjrt_memory_args args = {sizeof args, NULL, device};
  apus_pjrt_error *error = pjrt_call(api, pjrt_device_memory_stats, &args);
  // The fourth of the figures after the bytes in use is the limit.
  *used = error ? -1 : args.used;
  *limit = error || !args.figures[3].is_set ? -1 : args.figures[3].value;
  return error;
}
