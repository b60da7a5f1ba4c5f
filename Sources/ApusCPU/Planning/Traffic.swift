import ApusCore

/// What a kernel reads and writes: for each buffer the bytes it touches, each element once.
struct Traffic {
  struct Touch {
    let buffer: Int
    var bytes: Int
    /// How the elements lie; in order unless a view says otherwise.
    var view: StridedView?
  }

  var reads: [Touch] = []
  var writes: [Touch] = []
  /// Whether the kernel does nothing but move elements.
  var isCopy = false

  init() {}

  /// The traffic of a kernel: its operands as their views show them, and whole buffers otherwise.
  ///
  /// - Parameters:
  ///   - writes: Buffers among them that are results or scratch memory.
  ///   - updates: Those of them that hold an operand before.
  init(
    of references: [BufferRef?], writes written: Set<Int>, updates: Set<Int>,
    _ instruction: PlanGraph.Instruction?, _ builder: PlanBuilder
  ) {
    var views: [Int: [StridedView: Int]] = [:]
    for operand in instruction?.operands ?? [] {
      let view = builder.fusion.views[operand]
      guard let buffer = builder.bufferOfValue[view.buffer] else { continue }
      views[buffer, default: [:]][view] = builder.graph.types[operand].dtype.byteCount
    }
    var seen: Set<Int> = []
    for case let buffer? in references.map({ $0?.buffer }) where seen.insert(buffer).inserted {
      let whole = builder.buffers[buffer].byteCount
      guard builder.buffers[buffer].role != .scratch else { continue }
      if written.contains(buffer) { writes.append(Touch(buffer: buffer, bytes: whole)) }
      if written.contains(buffer), !updates.contains(buffer) { continue }
      let shown = views[buffer] ?? [:]
      let bytes = shown.isEmpty ? whole : shown.reduce(0) { $0 + $1.key.reach * $1.value }
      let view = shown.keys.first { !$0.isContiguous }
      reads.append(Touch(buffer: buffer, bytes: min(bytes, whole), view: view))
    }
  }

  /// The traffic of a copy.
  init(copying source: StridedView, to target: StridedView, size: Int) {
    isCopy = true
    reads = [
      Touch(
        buffer: source.buffer, bytes: source.reach * size,
        view: source.isContiguous ? nil : source)
    ]
    writes = [Touch(buffer: target.buffer, bytes: target.reach * size)]
  }

  /// Says that no more than these bytes of a buffer are touched.
  mutating func limit(_ buffer: Int?, to bytes: Int) {
    for index in reads.indices where reads[index].buffer == buffer {
      reads[index].bytes = min(reads[index].bytes, bytes)
    }
    for index in writes.indices where writes[index].buffer == buffer {
      writes[index].bytes = min(writes[index].bytes, bytes)
    }
  }
}

extension StridedView {
  /// How many different elements the view shows.
  var reach: Int {
    zip(dims, strides).reduce(1) { $1.1 == 0 && $1.0 > 0 ? $0 : $0 * $1.0 }
  }
}
