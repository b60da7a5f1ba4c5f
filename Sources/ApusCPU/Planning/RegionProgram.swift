import ApusCore
import CApusKernels

/// A prepared tile program.
final class RegionProgram {
  let pointer: OpaquePointer
  /// The program as it was written, for reports.
  let source: RegionSource

  init?(_ region: inout apus_region, source: RegionSource) {
    guard let pointer = apus_region_prepare(&region) else { return nil }
    self.pointer = pointer
    self.source = source
  }

  deinit { apus_region_release(pointer) }
}

/// A tile program as it was written; buffers are numbered as the region's node lists them.
struct RegionSource {
  let count: Int
  let loads: [apus_access]
  let instructions: [apus_instruction]
  let stores: [apus_access]
  let reductions: [apus_reduction]

  /// One line an instruction, `name` giving the names of buffers.
  func listing(_ name: (Int32) -> String) -> [String] {
    loads.map { load in
      let memory = load.kind == Int32(apus_iota.rawValue) ? "" : name(load.buffer) + " "
      return "r\(load.slot) = load \(memory)\(load.layout)"
    }
      + instructions.map(\.text)
      + stores.map { "store r\($0.slot) → \(name($0.buffer)) \($0.layout)" }
      + reductions.map { reduction in
        let output = reduction.output
        let scale = reduction.scale == 1 ? "" : " · \(reduction.scale)"
        return "\(reduction.name) r\(output.slot)\(scale) → \(name(output.buffer)) \(output.layout)"
      }
  }

  /// Bytes touched of each buffer read and of each written.
  func traffic(byteCount: (Int32) -> Int) -> (reads: [RegionTouch], writes: [RegionTouch]) {
    func touches(_ accesses: [(access: apus_access, elements: Int)]) -> [RegionTouch] {
      var touches: [RegionTouch] = []
      for (access, elements) in accesses where elements > 0 {
        let bytes = elements * Int(apus_storage_size(access.storage))
        if let known = touches.firstIndex(where: { $0.buffer == access.buffer }) {
          touches[known].bytes = min(touches[known].bytes + bytes, byteCount(access.buffer))
          if touches[known].layout == PlanReport.Access.inOrder {
            touches[known].layout = access.layout
          }
        } else {
          touches.append(
            RegionTouch(
              buffer: access.buffer, bytes: min(bytes, byteCount(access.buffer)),
              layout: access.layout))
        }
      }
      return touches
    }
    return (
      touches(loads.map { ($0, $0.elements(of: count)) }),
      touches(
        stores.map { ($0, $0.elements(of: count)) }
          + reductions.map { ($0.output, Int($0.output_count)) })
    )
  }
}

/// A buffer of a region, by its place in the node's list, and what the region touches of it.
struct RegionTouch {
  let buffer: Int32
  var bytes: Int
  var layout: String
}

extension apus_access {
  /// How the elements lie.
  var layout: String {
    let start = offset == 0 ? "" : " from \(offset)"
    switch UInt32(kind) {
    case apus_linear.rawValue: return PlanReport.Access.inOrder + start
    case apus_scalar.rawValue: return "one element" + start
    case apus_periodic.rawValue: return "every \(period)" + start
    case apus_repeated.rawValue: return "each \(self.repeat) times" + start
    case apus_iota.rawValue: return "numbers below \(period)"
    default:
      return "sizes \(list(sizes)) strides \(list(strides))" + start
    }
  }

  /// How many different elements an iteration over `count` places touches.
  fileprivate func elements(of count: Int) -> Int {
    switch UInt32(kind) {
    case apus_linear.rawValue: return count
    case apus_scalar.rawValue: return min(count, 1)
    case apus_periodic.rawValue: return min(count, Int(period))
    case apus_repeated.rawValue: return count / max(Int(self.repeat), 1)
    case apus_iota.rawValue: return 0
    default: return zip(list(sizes), list(strides)).reduce(1) { $1.1 == 0 ? $0 : $0 * $1.0 }
    }
  }

  private func list<Array8>(_ values: Array8) -> [Int] {
    withUnsafeBytes(of: values) { bytes in
      bytes.bindMemory(to: Int64.self).prefix(Int(rank)).map { Int($0) }
    }
  }
}

extension apus_instruction {
  /// The instruction as text, such as `r4 = add r0 r1`.
  fileprivate var text: String {
    let kernel = operation.pointee
    let name = String(cString: kernel.name)
    let operands = [a, b, c].prefix(Int(kernel.operands)).map { " r\($0)" }.joined()
    let numbers: [Double] =
      switch name {
      case "fill": [imm.0]
      case "axpb", "axpby": [imm.0, imm.1]
      default: name.hasSuffix("_i") ? [imm.0] : []
      }
    return "r\(dst) = \(name)\(operands)" + numbers.map { " \($0)" }.joined()
  }
}

extension apus_reduction {
  fileprivate var name: String {
    switch UInt32(operation) {
    case apus_reduce_sum.rawValue: "sum"
    case apus_reduce_prod.rawValue: "product"
    case apus_reduce_max.rawValue: "maximum"
    default: "minimum"
    }
  }
}
