// Arrays on a device: there, back, and waiting for them.

#include "pjrt_abi.h"

apus_pjrt_error *apus_pjrt_upload(
    const apus_pjrt_api *api, apus_pjrt_client *client, apus_pjrt_device *device, const void *data,
    int32_t type, const int64_t *dims, size_t rank, apus_pjrt_buffer **buffer) {
  pjrt_upload_args args = {sizeof args, NULL, client, data, type, dims, rank};
  // 0: the memory stays as it is during the call alone.
  args.semantics = 0;
  args.device = device;
  apus_pjrt_error *error = pjrt_call(api, pjrt_buffer_from_host, &args);
  *buffer = error ? NULL : args.buffer;
  if (!error && args.done) apus_pjrt_event_destroy(api, args.done);
  return error;
}

apus_pjrt_error *apus_pjrt_download(
    const apus_pjrt_api *api, apus_pjrt_buffer *buffer, void *data, size_t size) {
  if (size <= 64) {
    // Raw copies are several times quicker, and scalars have one layout.
    apus_pjrt_error *error = apus_pjrt_buffer_wait(api, buffer);
    if (error) return error;
    pjrt_copy_raw_args args = {sizeof args, NULL, buffer, data, 0, (int64_t)size};
    error = pjrt_call(api, pjrt_copy_raw_to_host, &args);
    return error ? error : pjrt_finish(api, args.event);
  }
  pjrt_download_args args = {sizeof args, NULL, buffer, NULL, data, size};
  apus_pjrt_error *error = pjrt_call(api, pjrt_buffer_to_host, &args);
  return error ? error : pjrt_finish(api, args.event);
}

apus_pjrt_error *apus_pjrt_buffer_wait(const apus_pjrt_api *api, apus_pjrt_buffer *buffer) {
  pjrt_result_args args = {sizeof args, NULL, buffer};
  apus_pjrt_error *error = pjrt_call(api, pjrt_buffer_ready_event, &args);
  return error ? error : pjrt_finish(api, args.result);
}

void apus_pjrt_buffer_destroy(const apus_pjrt_api *api, apus_pjrt_buffer *buffer) {
  pjrt_handle_args args = {sizeof args, NULL, buffer};
  apus_pjrt_error *error = pjrt_call(api, pjrt_buffer_destroy, &args);
  if (error) apus_pjrt_error_take(api, error, NULL, 0);
}
