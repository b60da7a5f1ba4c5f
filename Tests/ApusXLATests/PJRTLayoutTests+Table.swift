extension PJRTLayoutTests {
  /// Own structs, those of the header, and their fields: one name, or own and theirs with a colon.
  private static let structs: [(own: String, theirs: String, fields: String)] = [
    ("pjrt_error_message_args", "PJRT_Error_Message_Args", "error message message_size"),
    ("pjrt_error_code_args", "PJRT_Error_GetCode_Args", "error code"),
    ("pjrt_empty_args", "PJRT_Plugin_Initialize_Args", ""),
    ("pjrt_attributes_args", "PJRT_Plugin_Attributes_Args", "attributes count:num_attributes"),
    (
      "pjrt_named_value", "PJRT_NamedValue",
      "name name_size kind:type pointer:string_value number:int64_value "
        + "real:float_value truth:bool_value value_size"
    ),
    (
      "pjrt_get_args", "PJRT_KeyValueGetCallback_Args",
      "key key_size timeout_milliseconds:timeout_in_ms error:callback_error "
        + "context:user_arg value value_size delete_value:value_deleter_callback"
    ),
    (
      "pjrt_try_get_args", "PJRT_KeyValueTryGetCallback_Args",
      "key key_size error:callback_error context:user_arg value value_size "
        + "delete_value:value_deleter_callback"
    ),
    (
      "pjrt_put_args", "PJRT_KeyValuePutCallback_Args",
      "key key_size value value_size error:callback_error context:user_arg"
    ),
    (
      "pjrt_client_create_args", "PJRT_Client_Create_Args",
      "options:create_options option_count:num_options get:kv_get_callback "
        + "get_context:kv_get_user_arg put:kv_put_callback put_context:kv_put_user_arg "
        + "client try_get:kv_try_get_callback try_get_context:kv_try_get_user_arg"
    ),
    (
      "pjrt_text_args", "PJRT_Client_PlatformName_Args",
      "handle:client text:platform_name text_size:platform_name_size"
    ),
    (
      "pjrt_text_args", "PJRT_Client_PlatformVersion_Args",
      "handle:client text:platform_version text_size:platform_version_size"
    ),
    (
      "pjrt_text_args", "PJRT_DeviceDescription_Kind_Args",
      "handle:device_description text:device_kind text_size:device_kind_size"
    ),
    ("pjrt_devices_args", "PJRT_Client_Devices_Args", "handle:client devices count:num_devices"),
    (
      "pjrt_devices_args", "PJRT_Client_AddressableDevices_Args",
      "handle:client devices:addressable_devices count:num_addressable_devices"
    ),
    (
      "pjrt_devices_args", "PJRT_LoadedExecutable_AddressableDevices_Args",
      "handle:executable devices:addressable_devices count:num_addressable_devices"
    ),
    (
      "pjrt_result_args", "PJRT_Device_GetDescription_Args",
      "handle:device result:device_description"
    ),
    (
      "pjrt_result_args", "PJRT_LoadedExecutable_GetExecutable_Args",
      "handle:loaded_executable result:executable"
    ),
    ("pjrt_result_args", "PJRT_Buffer_ReadyEvent_Args", "handle:buffer result:event"),
    ("pjrt_id_args", "PJRT_DeviceDescription_Id_Args", "handle:device_description id"),
    (
      "pjrt_memory_args", "PJRT_Device_MemoryStats_Args",
      "device used:bytes_in_use figures[3].value:bytes_limit "
        + "figures[3].is_set:bytes_limit_is_set"
    ),
    ("pjrt_program", "PJRT_Program", "code code_size format format_size"),
    (
      "pjrt_client_compile_args", "PJRT_Client_Compile_Args",
      "client program options:compile_options options_size:compile_options_size "
        + "loaded:executable"
    ),
    (
      "pjrt_compile_args", "PJRT_Compile_Args",
      "topology program options:compile_options options_size:compile_options_size "
        + "client executable"
    ),
    (
      "pjrt_upload_args", "PJRT_Client_BufferFromHostBuffer_Args",
      "client data type dims rank:num_dims byte_strides "
        + "byte_stride_count:num_byte_strides semantics:host_buffer_semantics device memory "
        + "layout:device_layout done:done_with_host_buffer buffer"
    ),
    (
      "pjrt_download_args", "PJRT_Buffer_ToHostBuffer_Args",
      "buffer:src layout:host_layout data:dst size:dst_size event"
    ),
    (
      "pjrt_copy_raw_args", "PJRT_Buffer_CopyRawToHost_Args",
      "buffer data:dst offset size:transfer_size event"
    ),
    (
      "pjrt_execute_options", "PJRT_ExecuteOptions",
      "send_callbacks receive_callbacks:recv_callbacks send_count:num_send_ops "
        + "receive_count:num_recv_ops launch:launch_id kept:non_donatable_input_indices "
        + "kept_count:num_non_donatable_input_indices context"
    ),
    (
      "pjrt_execute_args", "PJRT_LoadedExecutable_Execute_Args",
      "loaded:executable options arguments:argument_lists device_count:num_devices "
        + "argument_count:num_args outputs:output_lists events:device_complete_events "
        + "device:execute_device"
    ),
    ("pjrt_count_args", "PJRT_Executable_NumOutputs_Args", "executable count:num_outputs"),
    (
      "pjrt_serialize_args", "PJRT_Executable_Serialize_Args",
      "executable bytes:serialized_bytes size:serialized_bytes_size "
        + "owner:serialized_executable delete_owner:serialized_executable_deleter"
    ),
    (
      "pjrt_deserialize_args", "PJRT_Executable_DeserializeAndLoad_Args",
      "client bytes:serialized_executable size:serialized_executable_size "
        + "loaded:loaded_executable"
    ),
    (
      "pjrt_topology_create_args", "PJRT_TopologyDescription_Create_Args",
      "name:topology_name name_size:topology_name_size options:create_options "
        + "option_count:num_options topology"
    ),
    ("pjrt_handle_args", "PJRT_Error_Destroy_Args", "handle:error"),
    ("pjrt_handle_args", "PJRT_Event_Await_Args", "handle:event"),
    ("pjrt_handle_args", "PJRT_Event_Destroy_Args", "handle:event"),
    ("pjrt_handle_args", "PJRT_Buffer_Destroy_Args", "handle:buffer"),
    ("pjrt_handle_args", "PJRT_Client_Destroy_Args", "handle:client"),
    ("pjrt_handle_args", "PJRT_Executable_Destroy_Args", "handle:executable"),
    ("pjrt_handle_args", "PJRT_LoadedExecutable_Destroy_Args", "handle:executable"),
    ("pjrt_handle_args", "PJRT_TopologyDescription_Destroy_Args", "handle:topology"),
  ]

  /// Places in the table of functions, and the functions that the header has there.
  private static let places: [(own: String, theirs: String)] = [
    ("error_destroy", "Error_Destroy"),
    ("error_message", "Error_Message"),
    ("error_code", "Error_GetCode"),
    ("plugin_initialize", "Plugin_Initialize"),
    ("plugin_attributes", "Plugin_Attributes"),
    ("event_destroy", "Event_Destroy"),
    ("event_await", "Event_Await"),
    ("client_create", "Client_Create"),
    ("client_destroy", "Client_Destroy"),
    ("client_platform_name", "Client_PlatformName"),
    ("client_platform_version", "Client_PlatformVersion"),
    ("client_devices", "Client_Devices"),
    ("client_addressable_devices", "Client_AddressableDevices"),
    ("client_compile", "Client_Compile"),
    ("buffer_from_host", "Client_BufferFromHostBuffer"),
    ("description_id", "DeviceDescription_Id"),
    ("description_kind", "DeviceDescription_Kind"),
    ("device_description", "Device_GetDescription"),
    ("device_memory_stats", "Device_MemoryStats"),
    ("executable_destroy", "Executable_Destroy"),
    ("executable_output_count", "Executable_NumOutputs"),
    ("executable_serialize", "Executable_Serialize"),
    ("loaded_destroy", "LoadedExecutable_Destroy"),
    ("loaded_get_executable", "LoadedExecutable_GetExecutable"),
    ("loaded_addressable_devices", "LoadedExecutable_AddressableDevices"),
    ("loaded_execute", "LoadedExecutable_Execute"),
    ("deserialize_and_load", "Executable_DeserializeAndLoad"),
    ("buffer_destroy", "Buffer_Destroy"),
    ("buffer_to_host", "Buffer_ToHostBuffer"),
    ("buffer_ready_event", "Buffer_ReadyEvent"),
    ("topology_create", "TopologyDescription_Create"),
    ("topology_destroy", "TopologyDescription_Destroy"),
    ("compile", "Compile"),
    ("copy_raw_to_host", "Buffer_CopyRawToHost"),
  ]

  /// Numbers that mean kinds of values, element types and more.
  private static let numbers: [(own: String, theirs: String)] = [
    ("apus_pjrt_string", "PJRT_NamedValue_kString"),
    ("apus_pjrt_int64", "PJRT_NamedValue_kInt64"),
    ("apus_pjrt_int64_list", "PJRT_NamedValue_kInt64List"),
    ("apus_pjrt_float", "PJRT_NamedValue_kFloat"),
    ("apus_pjrt_bool", "PJRT_NamedValue_kBool"),
    ("apus_pjrt_pred", "PJRT_Buffer_Type_PRED"),
    ("apus_pjrt_s32", "PJRT_Buffer_Type_S32"),
    ("apus_pjrt_s64", "PJRT_Buffer_Type_S64"),
    ("apus_pjrt_u8", "PJRT_Buffer_Type_U8"),
    ("apus_pjrt_f16", "PJRT_Buffer_Type_F16"),
    ("apus_pjrt_f32", "PJRT_Buffer_Type_F32"),
    ("apus_pjrt_f64", "PJRT_Buffer_Type_F64"),
    ("apus_pjrt_bf16", "PJRT_Buffer_Type_BF16"),
  ]

  /// All that must hold, as macros of the test's C source.
  static let statements: [String] = {
    var lines = ["FIELD(apus_pjrt_api, version, PJRT_Api, pjrt_api_version)"]
    for (own, theirs, fields) in structs {
      lines.append("SIZE(\(own), \(theirs))")
      let all = "struct_size extension:extension_start " + fields
      for field in all.split(separator: " ") {
        let names = field.split(separator: ":")
        lines.append("FIELD(\(own), \(names[0]), \(theirs), \(names[names.count - 1]))")
      }
    }
    lines += places.map { "PLACE(pjrt_\($0.own), PJRT_\($0.theirs))" }
    lines += numbers.map { "NUMBER(\($0.own), \($0.theirs))" }
    return lines
  }()
}
