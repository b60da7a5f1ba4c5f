import ApusCore

/// Joins batch norms with what follows them: the addition of a residual, a ReLU, and on the way back
/// the ReLU's slope and the sum of two gradients.
///
///     y = relu(batchNorm(x) + residual)
///     dx = batchNormGradient(…, dz),  dz = where(y > 0, dy₁ + dy₂, 0)
///
/// Memory is what a batch norm waits for: each of these would be a pass over the activations of its
/// own.
struct BatchNormFusion {
  private var editor: GraphEditor

  static func apply(to graph: PlanGraph) -> PlanGraph {
    guard graph.instructions.contains(where: { $0.operation is BatchNorm }) else { return graph }
    var fusion = BatchNormFusion(editor: GraphEditor(graph))
    for place in fusion.editor.places {
      guard let instruction = fusion.editor.instruction(at: place) else { continue }
      if let norm = instruction.operation as? BatchNorm {
        fusion.joinForward(norm, instruction, at: place)
      }
    }
    for place in fusion.editor.places {
      guard let instruction = fusion.editor.instruction(at: place) else { continue }
      if let gradient = instruction.operation as? BatchNormGradient {
        fusion.joinBackward(gradient, instruction, at: place)
      }
    }
    return fusion.editor.finished()
  }

  private mutating func joinForward(
    _ norm: BatchNorm, _ instruction: PlanGraph.Instruction, at place: Int
  ) {
    var group = [place]
    var result = instruction.results[0]
    var operands = instruction.operands
    var rectifies = false
    if let reader = editor.onlyReader(of: result), let sum = editor.instruction(at: reader),
      sum.operation.isBinary("add"), let other = sum.operands.first(where: { $0 != result })
    {
      group.append(reader)
      operands.append(other)
      result = sum.results[0]
    }
    if let reader = editor.onlyReader(of: result), let relu = editor.instruction(at: reader),
      relu.operation.isUnary("relu")
    {
      group.append(reader)
      rectifies = true
      result = relu.results[0]
    }
    guard group.count > 1 else { return }
    let fused = FusedBatchNorm(epsilon: norm.epsilon, rectifies: rectifies)
    let results = [result] + instruction.results.dropFirst()
    editor.replace(group, by: [.init(fused, operands, results: results)])
  }

  private mutating func joinBackward(
    _ gradient: BatchNormGradient, _ instruction: PlanGraph.Instruction, at place: Int
  ) {
    let upstream = instruction.operands[4]
    var group = [place]
    var flows = [upstream]
    var mask = FusedBatchNormGradient.Mask.none
    var source: [Int] = []
    if let (y, dy, _) = editor.rectifiedSlope(upstream), let slope = editor.place(of: upstream) {
      group.insert(slope, at: 0)
      flows = [dy]
      (mask, source) = known(y, instruction)
    }
    // A sum that something else reads too has to be computed anyway.
    if let flow = flows.first, editor.operation(of: flow)?.isBinary("add") == true,
      let sum = editor.place(of: flow), flow == upstream || editor.onlyReader(of: flow) != nil
    {
      group.insert(sum, at: 0)
      flows = editor.operands(of: flow)
    }
    guard group.count > 1 else { return }
    let isRead = editor.onlyReader(of: upstream) == nil
    let kept = isRead ? upstream : editor.newValue(editor.graph.types[upstream])
    let operation = FusedBatchNormGradient(
      epsilon: gradient.epsilon, mask: mask, addsFlows: flows.count > 1)
    let operands = instruction.operands[..<4] + flows + source
    editor.replace(
      group, by: [.init(operation, Array(operands), results: instruction.results + [kept])])
  }

  /// How the gradient learns where `y` is positive: from `y`, or where the norm of its own `x` went
  /// through the ReLU alone, by computing it again, which costs less than reading it.
  private func known(
    _ y: Int, _ gradient: PlanGraph.Instruction
  ) -> (FusedBatchNormGradient.Mask, [Int]) {
    guard let place = editor.place(of: y), let norm = editor.instruction(at: place),
      let fused = norm.operation as? FusedBatchNorm, fused.rectifies, norm.results[0] == y,
      norm.operands.count == 3, Array(norm.operands[..<2]) == Array(gradient.operands[..<2]),
      Array(norm.results[1...]) == Array(gradient.operands[2..<4]),
      (gradient.operation as? BatchNormGradient)?.epsilon == fused.epsilon
    else { return (.kept, [y]) }
    return (.recomputed, [norm.operands[2]])
  }
}
