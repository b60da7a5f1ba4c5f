import ApusCore
import ApusNN
import ApusTestSupport
import Testing

/// Compares a module with a golden whose inputs are the module's data, then its variables.
///
/// Outputs, input gradients and parameter gradients are compared; then the same with the data lying
/// in transposed order in memory, and that a batch of no samples gives a result of none.
///
/// - Parameters:
///   - variables: Paths of parameters and buffers, in the order of the golden's last inputs.
///   - batchAxis: The axis of the data that counts samples; `nil` for modules without.
///   - call: Gives the golden's outputs for the data.
func checkModule(
  _ golden: GoldenCase, _ module: any Module, variables: [String] = [], isTraining: Bool = false,
  batchAxis: Int? = 0, absolute: Double = 1e-11, relative: Double = 1e-9,
  sourceLocation: SourceLocation = #_sourceLocation,
  _ call: ([Tensor], Context) -> [Tensor]
) throws {
  let dataCount = golden.inputs.count - variables.count
  let data = golden.inputs.prefix(dataCount).map(\.tensor)
  func context() -> Context { Context(isTraining: isTraining, key: RandomKey(seed: 7)) }
  // The first call allocates parameters.
  if let error = call(data, context()).compactMap(\.error).first { throw error }
  let known = Dictionary(
    module.variables.map { ($0.path, $0.variable) }, uniquingKeysWith: { a, _ in a })
  let missing = variables.filter { known[$0] == nil }
  #expect(missing.isEmpty, "\(known.keys.sorted()) \(golden)", sourceLocation: sourceLocation)
  guard missing.isEmpty else { return }
  let held = variables.compactMap { known[$0] }
  for transposed in [false, true] {
    try check(golden, absolute: absolute, relative: relative, sourceLocation: sourceLocation) {
      tensors in
      let values = Array(tensors.suffix(held.count))
      let data = tensors.prefix(dataCount).map { transposed ? $0.lyingTransposed() : $0 }
      return Bindings.$current.withValue(Bindings(held, values)) { call(data, context()) }
    }
  }
  guard let batchAxis, isTraining == false else { return }
  let none = data.map { x in
    x.rank > batchAxis ? x.sliced(axis: batchAxis, 0..<0) : x
  }
  for result in call(none, context()) {
    let values = try result.scalars(as: Double.self)
    #expect(values.isEmpty, "no samples, \(golden)", sourceLocation: sourceLocation)
  }
}

/// Compares a layer with a golden whose inputs are `x`, then its variables.
func checkLayer(
  _ golden: GoldenCase, _ layer: any Layer, variables: [String] = [], isTraining: Bool = false,
  batchAxis: Int? = 0, absolute: Double = 1e-11, relative: Double = 1e-9,
  sourceLocation: SourceLocation = #_sourceLocation
) throws {
  try checkModule(
    golden, layer, variables: variables, isTraining: isTraining, batchAxis: batchAxis,
    absolute: absolute, relative: relative, sourceLocation: sourceLocation
  ) { [layer($0[0], $1)] }
}

extension Tensor {
  /// The same tensor as a view of memory that holds it in the opposite order of axes.
  func lyingTransposed() -> Tensor {
    guard rank > 1, shape[-1] > 1 else { return self }
    let reversed = Array((0..<rank).reversed())
    let x = transposed(permutation: reversed)
    // Joining two parts writes them to memory of their own.
    let parts = [x.sliced(axis: 0, 0..<1), x.sliced(axis: 0, 1..<x.shape[0])]
    return concatenated(parts).transposed(permutation: reversed)
  }
}
