import ApusCore
import CApusKernels

extension PlanLayout {
  /// What a run does.
  var report: PlanReport {
    PlanReport(kernels: kernelReports, buffers: bufferReports, arenaBytes: arenaByteCount)
  }

  private var kernelReports: [PlanReport.Kernel] {
    nodes.enumerated().map { position, node in
      var kernel = PlanReport.Kernel(
        label: node.label, operation: node.operation, layerPath: node.layerPath ?? "",
        multiplyAdds: node.multiplyAdds, isCopy: node.traffic.isCopy,
        isStanding: position < prologueCount)
      kernel.scratchBytes = node.buffers.reduce(0) { sum, reference in
        guard let buffer = reference?.buffer, buffers[buffer].role == .scratch else { return sum }
        return sum + buffers[buffer].byteCount
      }
      if let source = node.program?.source {
        describe(source, of: node, in: &kernel)
      } else {
        kernel.reads = node.traffic.reads.map(\.report)
        kernel.writes = node.traffic.writes.map(\.report)
      }
      if let (layout, repeats) = node.body {
        kernel.body = layout.kernelReports
        kernel.repeats = repeats
      }
      return kernel
    }
  }

  private func describe(
    _ source: RegionSource, of node: PlanBuilder.Node, in kernel: inout PlanReport.Kernel
  ) {
    func number(_ place: Int32) -> Int { node.buffers[Int(place)]?.buffer ?? 0 }
    let traffic = source.traffic { buffers[number($0)].byteCount }
    func report(_ touch: RegionTouch) -> PlanReport.Access {
      .init(buffer: number(touch.buffer), bytes: touch.bytes, layout: touch.layout)
    }
    kernel.reads = traffic.reads.map(report)
    kernel.writes = traffic.writes.map(report)
    kernel.instructionCount = source.instructions.count
    kernel.program = source.listing { "%\(number($0))" }
  }

  private var bufferReports: [PlanReport.Buffer] {
    var reports = buffers.indices.map { index in
      let (role, number) = buffers[index].role.report
      let home = memory.homes[index]
      return PlanReport.Buffer(
        role: role, index: number, bytes: buffers[index].byteCount, offset: memory.offsets[index],
        sharesMemoryOf: home == index ? memory.donors[index] : home)
    }
    for (position, node) in nodes.enumerated() {
      for case let buffer? in node.buffers.map({ $0?.buffer }) {
        reports[buffer].firstUse = reports[buffer].firstUse ?? position
        reports[buffer].lastUse = position
      }
    }
    return reports
  }
}

extension Traffic.Touch {
  fileprivate var report: PlanReport.Access {
    let layout = view.map { "strides \($0.strides) of \($0.dims)" } ?? PlanReport.Access.inOrder
    return .init(buffer: buffer, bytes: bytes, layout: layout)
  }
}

extension PlanBuilder.Role {
  fileprivate var report: (role: PlanReport.Buffer.Role, index: Int) {
    switch self {
    case .input(let index): (.input, index)
    case .output(let index): (.output, index)
    case .data(let index): (.constant, index)
    case .value: (.value, 0)
    case .scratch: (.scratch, 0)
    }
  }
}

extension PlanLayout: CustomStringConvertible {
  /// The plan in short: a line for every kernel with its multiply-adds.
  var description: String {
    var lines = ["plan: \(nodes.count) kernels, arena \(arenaByteCount) bytes"]
    for (index, node) in nodes.enumerated() {
      let work = node.multiplyAdds > 0 ? "  \(node.multiplyAdds) multiply-adds" : ""
      let path = node.layerPath.map { $0.isEmpty ? "" : "  in \($0)" } ?? ""
      lines.append("  \(index): \(node.label)\(work)\(path)")
    }
    return lines.joined(separator: "\n")
  }
}
