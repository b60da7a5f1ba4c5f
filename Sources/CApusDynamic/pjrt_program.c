// Programs: compiling, running, keeping them as bytes.

#include <stdlib.h>
#include <string.h>

#include "pjrt_abi.h"

static pjrt_program mlir(const char *code, size_t size) {
  return (pjrt_program){sizeof(pjrt_program), NULL, (char *)code, size, "mlir", 4};
}

apus_pjrt_error *apus_pjrt_compile(
    const apus_pjrt_api *api, apus_pjrt_client *client, const char *code, size_t code_size,
    const char *options, size_t options_size, apus_pjrt_loaded **loaded) {
  pjrt_program program = mlir(code, code_size);
  pjrt_client_compile_args args = {sizeof args, NULL, client, &program, options, options_size};
  apus_pjrt_error *error = pjrt_call(api, pjrt_client_compile, &args);
  *loaded = error ? NULL : args.loaded;
  return error;
}

void apus_pjrt_loaded_destroy(const apus_pjrt_api *api, apus_pjrt_loaded *loaded) {
  pjrt_handle_args args = {sizeof args, NULL, loaded};
  apus_pjrt_error *error = pjrt_call(api, pjrt_loaded_destroy, &args);
  if (error) apus_pjrt_error_take(api, error, NULL, 0);
}

// The unloaded executable of a loaded one, to be destroyed by the caller.
static apus_pjrt_error *unloaded(
    const apus_pjrt_api *api, apus_pjrt_loaded *loaded, void **executable) {
  pjrt_result_args args = {sizeof args, NULL, loaded};
  apus_pjrt_error *error = pjrt_call(api, pjrt_loaded_get_executable, &args);
  *executable = error ? NULL : args.result;
  return error;
}

static void destroy(const apus_pjrt_api *api, void *executable) {
  pjrt_handle_args args = {sizeof args, NULL, executable};
  apus_pjrt_error *error = pjrt_call(api, pjrt_executable_destroy, &args);
  if (error) apus_pjrt_error_take(api, error, NULL, 0);
}

apus_pjrt_error *apus_pjrt_output_count(
    const apus_pjrt_api *api, apus_pjrt_loaded *loaded, size_t *count) {
  void *executable;
  apus_pjrt_error *error = unloaded(api, loaded, &executable);
  if (error) return error;
  pjrt_count_args args = {sizeof args, NULL, executable};
  error = pjrt_call(api, pjrt_executable_output_count, &args);
  *count = error ? 0 : args.count;
  destroy(api, executable);
  return error;
}

apus_pjrt_error *apus_pjrt_execute(
    const apus_pjrt_api *api, apus_pjrt_loaded *loaded, apus_pjrt_buffer *const *arguments,
    size_t argument_count, const int64_t *kept, size_t kept_count, size_t device_count,
    apus_pjrt_buffer **outputs, size_t output_count, apus_pjrt_event **events) {
  apus_pjrt_buffer *const *inputs[device_count];
  apus_pjrt_buffer **results[device_count];
  for (size_t d = 0; d < device_count; d++) {
    inputs[d] = arguments + d * argument_count;
    results[d] = outputs + d * output_count;
  }
  pjrt_execute_options options = {sizeof options};
  options.kept = kept;
  options.kept_count = kept_count;
  pjrt_execute_args args = {sizeof args, NULL, loaded, &options, inputs, device_count};
  args.argument_count = argument_count;
  args.outputs = results;
  args.events = events;
  return pjrt_call(api, pjrt_loaded_execute, &args);
}

apus_pjrt_error *apus_pjrt_serialize(
    const apus_pjrt_api *api, apus_pjrt_loaded *loaded, void **bytes, size_t *size) {
  *bytes = NULL;
  *size = 0;
  void *executable;
  apus_pjrt_error *error = unloaded(api, loaded, &executable);
  if (error) return error;
  pjrt_serialize_args args = {sizeof args, NULL, executable};
  error = pjrt_call(api, pjrt_executable_serialize, &args);
  if (!error) {
    *bytes = malloc(args.size ? args.size : 1);
    if (*bytes) {
      memcpy(*bytes, args.bytes, args.size);
      *size = args.size;
    }
    if (args.delete_owner) args.delete_owner(args.owner);
  }
  destroy(api, executable);
  return error;
}

apus_pjrt_error *apus_pjrt_deserialize(
    const apus_pjrt_api *api, apus_pjrt_client *client, const void *bytes, size_t size,
    apus_pjrt_loaded **loaded) {
  pjrt_deserialize_args args = {sizeof args, NULL, client, bytes, size};
  apus_pjrt_error *error = pjrt_call(api, pjrt_deserialize_and_load, &args);
  *loaded = error ? NULL : args.loaded;
  return error;
}

apus_pjrt_error *apus_pjrt_topology_create(
    const apus_pjrt_api *api, const apus_pjrt_named_value *options, size_t count,
    apus_pjrt_topology **topology) {
  pjrt_topology_create_args args = {sizeof args, NULL, "", 0};
  pjrt_named_value *list = pjrt_options(options, count);
  args.options = list;
  args.option_count = list ? count : 0;
  apus_pjrt_error *error = pjrt_call(api, pjrt_topology_create, &args);
  free(list);
  *topology = error ? NULL : args.topology;
  return error;
}

void apus_pjrt_topology_destroy(const apus_pjrt_api *api, apus_pjrt_topology *topology) {
  pjrt_handle_args args = {sizeof args, NULL, topology};
  apus_pjrt_error *error = pjrt_call(api, pjrt_topology_destroy, &args);
  if (error) apus_pjrt_error_take(api, error, NULL, 0);
}

apus_pjrt_error *apus_pjrt_compile_for(
    const apus_pjrt_api *api, const apus_pjrt_topology *topology, const char *code,
    size_t code_size, const char *options, size_t options_size) {
  pjrt_program program = mlir(code, code_size);
  pjrt_compile_args args = {sizeof args, NULL, topology, &program, options, options_size};
  apus_pjrt_error *error = pjrt_call(api, pjrt_compile, &args);
  if (!error) destroy(api, args.executable);
  return error;
}
