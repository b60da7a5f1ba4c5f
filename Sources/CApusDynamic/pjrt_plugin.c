// Opens plugins; errors, attributes and settings.

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pjrt_abi.h"

const apus_pjrt_api *apus_pjrt_open(const char *path, char *reason, size_t reason_size) {
  void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!handle) {
    snprintf(reason, reason_size, "%s", dlerror());
    return NULL;
  }
  const apus_pjrt_api *(*get)(void);
  *(void **)&get = dlsym(handle, "GetPjrtApi");
  const apus_pjrt_api *api = get ? get() : NULL;
  if (!api) snprintf(reason, reason_size, "%s has no GetPjrtApi: it is no PJRT plugin", path);
  return api;
}

void apus_pjrt_version(const apus_pjrt_api *api, int32_t *major, int32_t *minor) {
  *major = api->version.major;
  *minor = api->version.minor;
}

bool apus_pjrt_is_complete(const apus_pjrt_api *api) {
  size_t needed = offsetof(apus_pjrt_api, functions) + pjrt_function_count * sizeof(void *);
  return api->struct_size >= needed;
}

apus_pjrt_error *apus_pjrt_initialize(const apus_pjrt_api *api) {
  pjrt_empty_args args = {sizeof args};
  return pjrt_call(api, pjrt_plugin_initialize, &args);
}

size_t apus_pjrt_attributes(
    const apus_pjrt_api *api, apus_pjrt_named_value *values, size_t capacity) {
  pjrt_attributes_args args = {sizeof args};
  apus_pjrt_error *error = pjrt_call(api, pjrt_plugin_attributes, &args);
  if (error) {
    apus_pjrt_error_take(api, error, NULL, 0);
    return 0;
  }
  for (size_t i = 0; i < args.count && i < capacity; i++) {
    const pjrt_named_value *given = &args.attributes[i];
    apus_pjrt_named_value *value = &values[i];
    memset(value, 0, sizeof *value);
    value->name = given->name;
    value->name_size = given->name_size;
    value->kind = given->kind;
    value->size = given->value_size;
    switch (given->kind) {
      case apus_pjrt_int64: value->number = given->number; break;
      case apus_pjrt_float: value->real = given->real; break;
      case apus_pjrt_bool: value->number = given->truth; break;
      default: value->text = given->pointer;
    }
  }
  return args.count;
}

int32_t apus_pjrt_error_take(
    const apus_pjrt_api *api, apus_pjrt_error *error, char *message, size_t size) {
  pjrt_error_message_args told = {sizeof told, NULL, error};
  pjrt_call(api, pjrt_error_message, &told);
  if (size > 0) {
    size_t count = told.message_size < size ? told.message_size : size - 1;
    memcpy(message, told.message, count);
    message[count] = 0;
  }
  pjrt_error_code_args code = {sizeof code, NULL, error};
  apus_pjrt_error *other = pjrt_call(api, pjrt_error_code, &code);
  pjrt_handle_args destroyed = {sizeof destroyed, NULL, other};
  if (other) pjrt_call(api, pjrt_error_destroy, &destroyed);
  destroyed.handle = error;
  pjrt_call(api, pjrt_error_destroy, &destroyed);
  return code.code;
}

pjrt_named_value *pjrt_options(const apus_pjrt_named_value *values, size_t count) {
  pjrt_named_value *options = calloc(count ? count : 1, sizeof *options);
  for (size_t i = 0; options && i < count; i++) {
    pjrt_named_value *option = &options[i];
    option->struct_size = sizeof *option;
    option->name = values[i].name;
    option->name_size = values[i].name_size;
    option->kind = values[i].kind;
    option->value_size = values[i].size;
    switch (values[i].kind) {
      case apus_pjrt_int64: option->number = values[i].number; break;
      case apus_pjrt_float: option->real = values[i].real; break;
      case apus_pjrt_bool: option->truth = values[i].number != 0; break;
      default: option->pointer = values[i].text;
    }
  }
  return options;
}

apus_pjrt_error *pjrt_finish(const apus_pjrt_api *api, apus_pjrt_event *event) {
  if (!event) return NULL;
  pjrt_handle_args args = {sizeof args, NULL, event};
  apus_pjrt_error *error = pjrt_call(api, pjrt_event_await, &args);
  apus_pjrt_event_destroy(api, event);
  return error;
}

apus_pjrt_error *apus_pjrt_event_wait(const apus_pjrt_api *api, apus_pjrt_event *event) {
  return pjrt_finish(api, event);
}

void apus_pjrt_event_destroy(const apus_pjrt_api *api, apus_pjrt_event *event) {
  pjrt_handle_args args = {sizeof args, NULL, event};
  apus_pjrt_error *error = pjrt_call(api, pjrt_event_destroy, &args);
  if (error) apus_pjrt_error_take(api, error, NULL, 0);
}
