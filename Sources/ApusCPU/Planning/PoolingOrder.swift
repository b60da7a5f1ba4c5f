import ApusCore

/// Moves work from one side of a maximum pooling to the other, where there are fewer elements.
///
///     maxPool(relu(x)) = relu(maxPool(x))
///     where(relu(x) > 0, maxPoolGradient(relu(x), dy), 0)
///       = maxPoolGradient(x, where(maxPool(relu(x)) > 0, dy, 0))
///     Σ maxPoolGradient(x, dy) = Σ dy      // over whole images
///
/// A window without positive elements passes nothing back on either side, and in any other its first
/// largest element is the same before and after the ReLU; so is its first NaN.
struct PoolingOrder {
  private var editor: GraphEditor

  static func apply(to graph: PlanGraph) -> PlanGraph {
    guard graph.instructions.contains(where: { $0.operation is MaxPool }) else { return graph }
    var order = PoolingOrder(editor: GraphEditor(graph))
    for place in order.editor.places {
      guard let instruction = order.editor.instruction(at: place) else { continue }
      if instruction.operation is MaxPool { order.turn(instruction, at: place) }
    }
    for place in order.editor.places {
      guard let instruction = order.editor.instruction(at: place) else { continue }
      if let reduce = instruction.operation as? Reduce {
        order.shorten(reduce, instruction, at: place)
      }
    }
    return order.editor.finished()
  }

  /// Where the backward pass of a pooling over a ReLU stands.
  private struct Slope {
    let scatter: Int
    let comparison: Int
    let selection: Int
    let dy: Int
  }

  private mutating func turn(_ pool: PlanGraph.Instruction, at place: Int) {
    let rectified = pool.operands[0]
    guard let relu = editor.place(of: rectified), let before = editor.instruction(at: relu),
      before.operation.isUnary("relu"), var readers = editor.readersOfInner(rectified)
    else { return }
    readers.removeAll { $0 == place }
    let result = pool.results[0]
    let x = before.operands[0]
    if !readers.isEmpty {
      guard let slope = slope(of: pool, readers) else { return }
      let type = editor.graph.types[result]
      let zero = editor.newValue(type)
      let isPositive = editor.newValue(type.with(dtype: .bool))
      let passed = editor.newValue(type)
      guard let select = editor.instruction(at: slope.selection),
        let compare = editor.instruction(at: slope.comparison),
        let scatter = editor.instruction(at: slope.scatter),
        editor.replace(
          [slope.scatter, slope.comparison, slope.selection],
          by: [
            .init(Constant(Literal(0.0), type), [], results: [zero]),
            .init(compare.operation, [result, zero], results: [isPositive]),
            .init(select.operation, [isPositive, slope.dy, zero], results: [passed]),
            .init(scatter.operation, [x, passed], results: select.results),
          ])
      else { return }
    }
    let pooled = editor.newValue(editor.graph.types[result])
    editor.replace(
      [relu, place],
      by: [
        .init(pool.operation, [x], results: [pooled]),
        .init(before.operation, [pooled], results: [result]),
      ])
  }

  /// The backward pass, if it is all that `readers` of the ReLU's result do.
  private func slope(of pool: PlanGraph.Instruction, _ readers: [Int]) -> Slope? {
    guard readers.count == 2, let windows = (pool.operation as? MaxPool)?.windows,
      let scatter = readers.first(where: { isGradient($0, windows) }),
      let gradient = editor.instruction(at: scatter),
      gradient.operands[0] == pool.operands[0], gradient.operands[1] != pool.operands[0],
      let selection = editor.onlyReader(of: gradient.results[0]),
      let result = editor.instruction(at: selection)?.results.first,
      let found = editor.rectifiedSlope(result), found.y == pool.operands[0],
      found.dy == gradient.results[0], readers.contains(found.comparison),
      let compare = editor.instruction(at: found.comparison),
      editor.onlyReader(of: compare.results[0]) == selection
    else { return nil }
    return Slope(
      scatter: scatter, comparison: found.comparison, selection: selection,
      dy: gradient.operands[1])
  }

  private func isGradient(_ place: Int, _ windows: SlidingWindow) -> Bool {
    (editor.instruction(at: place)?.operation as? MaxPoolGradient)?.windows == windows
  }

  private mutating func shorten(
    _ reduce: Reduce, _ instruction: PlanGraph.Instruction, at place: Int
  ) {
    let scattered = instruction.operands[0]
    guard reduce.kind == .sum, editor.operation(of: scattered) is MaxPoolGradient else { return }
    let spatial = 1..<(editor.graph.types[scattered].rank - 1)
    guard spatial.allSatisfy(reduce.axes.contains) else { return }
    let dy = editor.operands(of: scattered)[1]
    editor.replace([place], by: [.init(reduce, [dy], results: instruction.results)])
  }
}
