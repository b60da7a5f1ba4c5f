import ApusCore

/// What a convolution is told apart from its operands, in StableHLO's words.
struct ConvolutionForm {
  /// What each axis is: `b` or `f`, `i` or `o`, or the number of a spatial axis.
  var operand: [String]
  var kernel: [String]
  var result: [String]
  var stride: [Int]
  var low: [Int]
  var high: [Int]
  var operandDilation: [Int]
  var kernelDilation: [Int]
  var featureGroups = 1
  var batchGroups = 1

  /// A convolution of `rank` spatial axes with stride 1, no padding and no dilation.
  init(_ operand: [String], _ kernel: [String], _ result: [String], rank: Int) {
    (self.operand, self.kernel, self.result) = (operand, kernel, result)
    let ones = Array(repeating: 1, count: rank)
    (stride, operandDilation, kernelDilation) = (ones, ones, ones)
    (low, high) = (ones.map { _ in 0 }, ones.map { _ in 0 })
  }

  /// `window = {…}` and the names of the axes.
  fileprivate var text: String {
    let axes = [operand, kernel, result].map { "[" + $0.joined(separator: ", ") + "]" }
    let pad = zip(low, high).map { "[\($0), \($1)]" }.joined(separator: ", ")
    return "dim_numbers = \(axes[0])x\(axes[1])->\(axes[2]), window = {stride = \(stride), "
      + "pad = [\(pad)], lhs_dilate = \(operandDilation), rhs_dilate = \(kernelDilation)}"
  }
}

extension StableHLOBuilder {
  /// Slides a kernel over an operand; 16-bit numbers are added up in 32 bits.
  func convolution(
    _ x: StableHLOValue, _ kernel: StableHLOValue, _ form: ConvolutionForm, to dims: [Int]
  ) -> StableHLOValue {
    let type = x.type.with(dims: dims)
    // Nothing to add up, or nothing to write.
    if [x.type.count, kernel.type.count, type.count].contains(0) {
      return constant(integer: 0, type)
    }
    let groups =
      "batch_group_count = \(form.batchGroups) : i64, "
      + "feature_group_count = \(form.featureGroups) : i64"
    let exact = "#stablehlo<precision \(precision)>"
    let config = x.element == .f32 ? ", precision_config = [\(exact), \(exact)]" : ""
    return emit(
      "stablehlo.convolution(\(x.name), \(kernel.name)) \(form.text) {\(groups)\(config)} : "
        + "(\(x.type), \(kernel.type)) -> \(type)", type)
  }
}
