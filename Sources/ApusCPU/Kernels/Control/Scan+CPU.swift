import ApusCore
import CApusKernels

extension Scan: KernelLowering {
  var kernelDTypes: Set<DType> { Set(DType.allCases) }

  func lower(_ call: KernelCall, into builder: PlanBuilder) throws(TensorError) {
    let inputs = call.operands.map { Optional(builder.contiguous($0)) }
    let results = call.results.enumerated().map { index, value in
      // The states before each step are kept only for a gradient that reads them.
      isHistory(index) && !builder.isUsed(value) ? nil : builder.output(value)
    }
    let program = try ScanProgram(self, call, hasBuffer: results.map { $0 != nil }, builder)
    builder.emit(
      apus_scan_run, pointer: program.pointer, owner: program, inputs + results,
      label: "scan \(length) × \(program.layout.nodes.count) kernels",
      multiplyAdds: length * program.layout.nodes.reduce(0) { $0 + $1.multiplyAdds })
    builder.setBody(program.layout, repeats: length)
  }

  private func isHistory(_ result: Int) -> Bool { result >= carryCount + yCount }
}

/// The body of a scan as a plan of its own, with the tables the C loop walks.
final class ScanProgram {
  let layout: PlanLayout
  let pointer: UnsafeRawPointer
  private let params: UnsafeMutablePointer<apus_scan_params>
  private let places: UnsafeMutablePointer<UnsafeMutableRawPointer?>
  private let nodes: UnsafeMutablePointer<apus_node>
  private let bindings: UnsafeMutablePointer<apus_scan_binding>
  private let carries: UnsafeMutablePointer<apus_scan_carry>
  private let blocks: [Storage]
  private let arena: Storage

  init(
    _ scan: Scan, _ call: KernelCall, hasBuffer: [Bool], _ builder: PlanBuilder
  ) throws(TensorError) {
    let layout = try PlanLayout(scan.body, CompileOptions(), builder.configuration)
    let operandCount = call.operands.count
    let states = call.operands.prefix(scan.carryCount).map(\.type)
    arena = try allocate(TensorType(.uint8, [layout.arenaByteCount]))
    let blocks = try (states + states).map { type throws(TensorError) in try allocate(type) }
    places = .allocate(capacity: max(layout.placeCount, 1))
    nodes = .allocate(capacity: max(layout.nodes.count, 1))
    layout.bind(arena: arena.pointer, pointers: places, nodes: nodes)

    carries = .allocate(capacity: max(scan.carryCount, 1))
    func place(_ result: Int) -> Int32 { hasBuffer[result] ? Int32(operandCount + result) : -1 }
    for index in 0..<scan.carryCount {
      let carry = apus_scan_carry(
        blocks: (blocks[index].pointer, blocks[scan.carryCount + index].pointer),
        bytes: Int64(states[index].byteCount), initial: Int32(index), final: place(index),
        history: place(scan.carryCount + scan.yCount + index))
      (carries + index).initialize(to: carry)
    }
    bindings = .allocate(capacity: max(layout.patches.count, 1))
    for (index, patch) in layout.patches.enumerated() {
      (bindings + index).initialize(
        to: scan.binding(
          patch, place: places + patch.place, operandCount: operandCount,
          types: scan.body.types, outputs: scan.body.outputs))
    }
    params = .allocate(capacity: 1)
    params.initialize(
      to: apus_scan_params(
        nodes: UnsafePointer(nodes), node_count: Int64(layout.nodes.count),
        length: Int64(scan.length), reversed: scan.isReversed ? 1 : 0,
        carry_count: Int32(scan.carryCount), carries: UnsafePointer(carries),
        bindings: UnsafePointer(bindings), binding_count: Int64(layout.patches.count)))
    pointer = UnsafeRawPointer(params)
    self.layout = layout
    self.blocks = blocks
  }

  deinit {
    params.deallocate()
    places.deallocate()
    nodes.deallocate()
    bindings.deallocate()
    carries.deallocate()
  }
}

extension Scan {
  /// Where an outside pointer of the body comes from in each step.
  fileprivate func binding(
    _ patch: CPUPlan.Patch, place: UnsafeMutablePointer<UnsafeMutableRawPointer?>,
    operandCount: Int, types: [TensorType], outputs: [Int]
  ) -> apus_scan_binding {
    let offset = Int64(patch.byteOffset)
    func made(_ source: apus_scan_source, _ index: Int, stride: Int = 0) -> apus_scan_binding {
      apus_scan_binding(
        place: place, source: Int32(source.rawValue), index: Int32(index), stride: Int64(stride),
        offset: offset)
    }
    let external = patch.external
    if external < carryCount { return made(apus_scan_carry_in, external) }
    if external < carryCount + sequenceCount {
      return made(apus_scan_buffer, external, stride: types[external].byteCount)
    }
    if external < operandCount { return made(apus_scan_buffer, external) }
    let output = external - operandCount
    if output < carryCount { return made(apus_scan_carry_out, output) }
    return made(
      apus_scan_buffer, operandCount + output, stride: types[outputs[output]].byteCount)
  }
}
