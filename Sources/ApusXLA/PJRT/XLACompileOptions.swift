/// The settings that a program is compiled with, as bytes of XLA's protocol buffer.
///
/// - Source: XLA, `compile_options.proto`: `CompileOptionsProto` 3 (build options: 4 replicas,
///   5 partitions, 6 partitioned, 9 device assignment, 19 Shardy) and 7 (overrides).
struct XLACompileOptions: Hashable {
  /// Over how many devices one program is partitioned.
  var partitions = 1
  /// The devices, where they are not the first ones.
  var devices: [Int] = []
  /// Settings of the compiler by name.
  var overrides: [String: PJRTOption] = [:]

  var bytes: [UInt8] {
    // Without replicas and partitions the plugin ends the process.
    var build: [UInt8] = [0x20, 1, 0x28] + varint(partitions)
    if partitions > 1 { build += [0x30, 1] }
    if !devices.isEmpty {
      var assignment: [UInt8] = [0x08, 1, 0x10] + varint(devices.count)
      for device in devices { assignment += field(3, [0x0A] + counted(varint(device))) }
      build += field(9, assignment)
    }
    if partitions > 1 { build += [0x98, 0x01, 1] }
    var bytes = field(3, build)
    for (name, value) in overrides.sorted(by: { $0.key < $1.key }) {
      bytes += field(7, field(1, Array(name.utf8)) + field(2, encoded(value)))
    }
    return bytes
  }

  private func encoded(_ value: PJRTOption) -> [UInt8] {
    switch value {
    case .text(let text): field(1, Array(text.utf8))
    case .flag(let flag): [0x10, flag ? 1 : 0]
    case .integer(let number): [0x18] + varint(number)
    // The message has no lists: XLA reads them from text.
    case .integers(let numbers):
      field(1, Array(numbers.map(String.init).joined(separator: ",").utf8))
    case .real(let number):
      [0x29] + (0..<8).map { UInt8(truncatingIfNeeded: Double(number).bitPattern >> (8 * $0)) }
    }
  }

  /// A field that holds bytes.
  private func field(_ number: Int, _ bytes: [UInt8]) -> [UInt8] {
    varint(number << 3 | 2) + counted(bytes)
  }

  private func counted(_ bytes: [UInt8]) -> [UInt8] { varint(bytes.count) + bytes }

  private func varint(_ number: Int) -> [UInt8] {
    var rest = UInt64(bitPattern: Int64(number))
    var bytes: [UInt8] = []
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    return bytes + [UInt8(rest)]
  }
}
