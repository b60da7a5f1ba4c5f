import ApusCore
import ApusNN
import ApusTestSupport
import Testing

@Suite("layers on XLA", .needsPlugin) struct LayerParityTests {
  private func operand(_ row: LayerRow, _ dtype: DType) -> Tensor {
    switch row.input {
    case .numbers(let dims): return randomNumbers(dims, dtype, seed: 3)
    case .tokens(let dims, let limit):
      let count = dims.reduce(1, *)
      return Tensor((0..<count).map { Int32($0 * 7 % limit) }, shape: Shape(dims))
    }
  }

  /// What a call in training gives, what it leaves in buffers, and the gradients of everything; then
  /// what a call outside training gives.
  private func results(_ row: LayerRow, _ module: any Module, _ x: Tensor) -> [Tensor] {
    let variables = module.variables.map(\.variable)
    let places = variables.indices.filter { variables[$0].value.dtype.isFloating }
    let held = places.map { variables[$0] }
    func call(_ x: Tensor, _ values: [Tensor]) -> (y: Tensor, context: Context) {
      Bindings.$current.withValue(Bindings(held, values)) {
        let context = Context(isTraining: true, key: RandomKey(seed: 7))
        return (row.call(module, x, context), context)
      }
    }
    let values = held.map(\.value)
    let points = x.dtype.isFloating ? [x] + values : values
    let slopes = gradients(at: points) { points in
      let y = call(x.dtype.isFloating ? points[0] : x, Array(points.suffix(values.count))).y
      let weights = randomNumbers(y.shape.dims, y.dtype, seed: 8)
      return (y * weights).sum()
    }
    let (y, context) = call(x, values)
    return [y] + slopes + context.updates.map(\.value) + [row.call(module, x, .inference)]
  }

  @Test(
    "values, gradients and statistics agree with the CPU executor", arguments: LayerRow.all)
  func agree(row: LayerRow) throws {
    let x = operand(row, .float32)
    let module = row.make()
    // The first call makes the parameters, which are the same for both.
    try TestExecutor.cpu.run {
      try eval([x, row.call(module, x, Context(isTraining: true, key: RandomKey(seed: 1)))])
      try eval(module.variables.map(\.variable.value))
    }
    try expectParity([x], within: 2e-5, "\(row)") { results(row, module, $0[0]) }
  }
}
