/// Recurrent layers name their weights as PyTorch does, whatever holds them.
extension ModuleContainer where Self: RecurrentLayer {
  var namedContents: [(label: String, value: Any)] {
    let parameters: [any Sendable] = stack.weights.flatMap { $0 }.flatMap(\.all)
    return (parameters + stack.kept).enumerated().map { ("\($0)", $1) }
  }
}
