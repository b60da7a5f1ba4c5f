import ApusCore
import ApusTestSupport
import Testing

@Suite("bad input: operations") struct BadInputOperationTests {
  typealias Unary = (name: String, call: (Tensor) -> [Tensor])

  @Test("no operand of one tensor ends the process")
  func unary() {
    TestExecutor.cpu.run {
      let functions: [Unary] = [
        ("abs", { [$0.abs()] }), ("sign", { [$0.sign()] }), ("square", { [$0.square()] }),
        ("sqrt", { [$0.sqrt()] }), ("rsqrt", { [$0.rsqrt()] }),
        ("reciprocal", { [$0.reciprocal()] }), ("exp", { [$0.exp()] }), ("expm1", { [$0.expm1()] }),
        ("log", { [$0.log()] }), ("log1p", { [$0.log1p()] }), ("sin", { [$0.sin()] }),
        ("cos", { [$0.cos()] }), ("tan", { [$0.tan()] }), ("asin", { [$0.asin()] }),
        ("acos", { [$0.acos()] }), ("atan", { [$0.atan()] }), ("sinh", { [$0.sinh()] }),
        ("cosh", { [$0.cosh()] }), ("tanh", { [$0.tanh()] }), ("asinh", { [$0.asinh()] }),
        ("acosh", { [$0.acosh()] }), ("atanh", { [$0.atanh()] }), ("erf", { [$0.erf()] }),
        ("erfInverse", { [$0.erfInverse()] }), ("sigmoid", { [$0.sigmoid()] }),
        ("softplus", { [$0.softplus()] }), ("relu", { [$0.relu()] }), ("gelu", { [$0.gelu()] }),
        ("geluTanh", { [$0.geluTanh()] }), ("silu", { [$0.silu()] }), ("mish", { [$0.mish()] }),
        ("elu", { [$0.elu(alpha: .nan)] }), ("selu", { [$0.selu()] }),
        ("softsign", { [$0.softsign()] }), ("leakyRelu", { [$0.leakyRelu(slope: .infinity)] }),
        ("relu6", { [$0.relu6()] }), ("hardSigmoid", { [$0.hardSigmoid()] }),
        ("hardSwish", { [$0.hardSwish()] }), ("step", { [$0.step()] }),
        ("floor", { [$0.floor()] }), ("ceil", { [$0.ceil()] }), ("rounded", { [$0.rounded()] }),
        ("truncated", { [$0.truncated()] }), ("isFinite", { [$0.isFinite()] }),
        ("isNaN", { [$0.isNaN()] }), ("isInfinite", { [$0.isInfinite()] }),
        ("globalAveragePooled", { [$0.globalAveragePooled()] }),
        ("globalMaxPooled", { [$0.globalMaxPooled()] }),
      ]
      var bad = BadInput()
      for x in BadInput.operands {
        for (name, call) in functions {
          bad.call(name, [x]) { call($0[0]) }
          bad.call("gradient of \(name)", [x], named: false) { operands in
            [gradient(at: operands[0]) { x in call(x)[0].sum() }]
          }
        }
        for dtype in DType.allCases {
          bad.call("converted \(dtype)", [x], named: false) { [$0[0].converted(to: dtype)] }
        }
        bad.call("negated", [x], named: false) { [-$0[0]] }
        bad.call("not", [x], named: false) { [.!$0[0]] }
        bad.call("stoppingGradient", [x], named: false) { [$0[0].stoppingGradient()] }
      }
      #expect(bad.calls > 2_000 && bad.refusals > 500)
    }
  }

  @Test("no axis of a reduction ends the process")
  func reductions() {
    TestExecutor.cpu.run {
      var bad = BadInput()
      let lists: [[Int]?] = [
        nil, [], [0], [-1], [0, 0], [0, 1], [.min], [.max], [7, 8], [1, -1],
      ]
      for x in BadInput.operands {
        for axes in lists {
          for keeping in [false, true] {
            let label = "\(axes.map { "\($0)" } ?? "all") \(keeping)"
            bad.call("sum \(label)", [x]) { [$0[0].sum(axes: axes, keepingAxes: keeping)] }
            bad.call("product \(label)", [x]) { [$0[0].product(axes: axes, keepingAxes: keeping)] }
            bad.call("max \(label)", [x]) { [$0[0].max(axes: axes, keepingAxes: keeping)] }
            bad.call("min \(label)", [x]) { [$0[0].min(axes: axes, keepingAxes: keeping)] }
            bad.call("mean \(label)", [x]) { [$0[0].mean(axes: axes, keepingAxes: keeping)] }
            bad.call("any \(label)", [x]) { [$0[0].any(axes: axes, keepingAxes: keeping)] }
            bad.call("all \(label)", [x]) { [$0[0].all(axes: axes, keepingAxes: keeping)] }
            bad.call("variance \(label)", [x]) {
              [$0[0].variance(axes: axes, unbiased: true, keepingAxes: keeping)]
            }
            bad.call("standardDeviation \(label)", [x]) {
              [$0[0].standardDeviation(axes: axes, keepingAxes: keeping)]
            }
            bad.call("logSumExp \(label)", [x]) {
              [$0[0].logSumExp(axes: axes, keepingAxes: keeping)]
            }
          }
          for order in BadInput.numbers {
            bad.call("norm \(order) \(axes ?? [])", [x]) { [$0[0].norm(order, axes: axes)] }
          }
        }
        for axis in BadInput.axes {
          bad.call("argmax \(axis)", [x]) { [$0[0].argmax(axis: axis)] }
          bad.call("argmin \(axis)", [x]) { [$0[0].argmin(axis: axis, dtype: .float32)] }
          bad.call("cumulativeSum \(axis)", [x]) { [$0[0].cumulativeSum(axis: axis)] }
          bad.call("sorted \(axis)", [x]) { [$0[0].sorted(axis: axis)] }
          bad.call("argsorted \(axis)", [x]) { [$0[0].argsorted(axis: axis, dtype: .bool)] }
          bad.call("softmax \(axis)", [x]) { [$0[0].softmax(axis: axis)] }
          bad.call("logSoftmax \(axis)", [x]) { [$0[0].logSoftmax(axis: axis)] }
          bad.call("layerNorm \(axis)", [x]) { [$0[0].layerNormalized(axisCount: axis)] }
        }
        bad.call("argmax", [x]) { [$0[0].argmax()] }
        for number in BadInput.numbers {
          bad.call("batchNorm \(number)", [x]) {
            let (y, mean, variance) = $0[0].batchNormalized(epsilon: number)
            return [y, mean, variance]
          }
          bad.call("layerNorm \(number)", [x]) { [$0[0].layerNormalized(epsilon: number)] }
          bad.call("clipped \(number)", [x]) { [$0[0].clipped(byValue: number)] }
          bad.call("clipped norm \(number)", [x]) { [$0[0].clipped(byNorm: number)] }
          bad.call("pow \(number)", [x]) { [pow($0[0], number)] }
        }
      }
      #expect(bad.calls > 5_000 && bad.refusals > 2_000)
    }
  }

  @Test("no pair of operands ends the process")
  func pairs() {
    TestExecutor.cpu.run {
      typealias Binary = (name: String, named: Bool, call: (Tensor, Tensor) -> [Tensor])
      let functions: [Binary] = [
        ("+", false, { [$0 + $1] }), ("-", false, { [$0 - $1] }), ("*", false, { [$0 * $1] }),
        ("/", false, { [$0 / $1] }), ("%", false, { [$0 % $1] }), ("==", false, { [$0 .== $1] }),
        ("<", false, { [$0 .< $1] }), ("&", false, { [$0 .& $1] }), ("^", false, { [$0 .^ $1] }),
        ("maximum", true, { [maximum($0, $1)] }), ("pow", true, { [pow($0, $1)] }),
        ("atan2", true, { [atan2($0, $1)] }), ("matmul", true, { [matmul($0, $1)] }),
        ("dot", true, { [dot($0, $1)] }), ("outer", true, { [outer($0, $1)] }),
        ("where", true, { [$0.where($1, else: $0)] }),
        ("gathered", true, { [$0.gathered($1)] }),
        ("gathered -1", true, { [$0.gathered($1, axis: -1)] }),
        ("gathered min", true, { [$0.gathered($1, axis: .min)] }),
        ("gatheredElements", true, { [$0.gatheredElements($1, axis: 0)] }),
        ("scatteringAdd", true, { [$0.scatteringAdd($0, at: $1)] }),
        ("scatteringAdd max", true, { [$0.scatteringAdd($1, at: $1, axis: .max)] }),
        ("scatteringAddElements", true, { [$0.scatteringAddElements($1, at: $1, axis: -1)] }),
        ("crossEntropy", true, { [softmaxCrossEntropy(logits: $0, labels: $1)] }),
        (
          "crossEntropy weights", true,
          { [softmaxCrossEntropy(logits: $0, labels: $1, classWeights: $1, labelSmoothing: .nan)] }
        ),
        ("crossEntropy targets", true, { [softmaxCrossEntropy(logits: $0, targets: $1)] }),
        ("sigmoidCrossEntropy", true, { [sigmoidCrossEntropy(logits: $0, targets: $1)] }),
        ("layerNorm", true, { [$0.layerNormalized(gamma: $1, beta: $1)] }),
        ("batchNorm", true, { [$0.batchNormalized(gamma: $1, beta: $1).result] }),
        ("batchNorm inference", true, { [$0.batchNormalized(mean: $1, variance: $1)] }),
        ("concatenated", true, { [concatenated([$0, $1, $0], axis: -1)] }),
        ("stacked", true, { [stacked([$0, $1], axis: -1)] }),
        ("einsum", true, { [einsum("ij,ij->", $0, $1)] }),
        ("einsum ...", true, { [einsum("...i,...i->...", $0, $1)] }),
        ("einsum matrix", true, { [einsum("...ij,...jk->...ik", $0, $1)] }),
        ("convolution", true, { [convolution($0, $1)] }),
        ("transposedConvolution", true, { [transposedConvolution($0, $1)] }),
        (
          "sgd", true,
          {
            let (p, v) = sgdMomentumUpdate(
              $0, gradient: $1, velocity: $0, scalars: $1, momentum: .nan)
            return [p, v]
          }
        ),
        (
          "adam", true,
          {
            let (p, m, v) = adamUpdate(
              $0, gradient: $0, firstMoment: $1, secondMoment: $0, scalars: $1, beta1: .nan)
            return [p, m, v]
          }
        ),
        (
          "globalNorm", true,
          { clippedByGlobalNorm([$0, $1], 1).clipped }
        ),
      ]
      var bad = BadInput()
      for a in BadInput.few {
        for b in BadInput.few {
          for (name, named, call) in functions {
            bad.call(name, [a, b], named: named) { call($0[0], $0[1]) }
          }
        }
      }
      #expect(bad.calls > 10_000 && bad.refusals > 5_000)
    }
  }

  @Test("no window, stride, dilation, padding or group ends the process")
  func windows() {
    TestExecutor.cpu.run {
      var bad = BadInput()
      let x = BadInput.filled([1, 4, 4, 2])
      let w = BadInput.filled([2, 2, 3, 3])
      let images = BadInput.operands.filter { $0.tensor.rank >= 3 || $0.tensor.error != nil }
      let lists: [[Int]] =
        BadInput.sizes.map { [$0] } + [[], [1, 1], [0, 1], [.max, .max], [.min, 1], [1, 1, 1]]
      let paddings: [Padding] =
        [.valid, .same, .explicit([]), .explicit([(0, 1), (1, 0)]), .explicit([(.max, .max)])]
        + BadInput.sizes.map { .symmetric($0) }
      for padding in paddings {
        bad.call("convolution \(padding)") { _ in [convolution(x, w, padding: padding)] }
        bad.call("transposed \(padding)") { _ in [transposedConvolution(x, w, padding: padding)] }
        bad.call("maxPooled \(padding)") { _ in [x.maxPooled(window: [2], padding: padding)] }
        bad.call("averagePooled \(padding)") { _ in
          [x.averagePooled(window: [2], padding: padding)]
        }
        for list in lists {
          bad.call("convolution stride \(list) \(padding)") { _ in
            [convolution(x, w, stride: list, padding: padding)]
          }
          bad.call("convolution dilation \(list) \(padding)") { _ in
            [convolution(x, w, padding: padding, dilation: list)]
          }
          bad.call("transposed stride \(list) \(padding)") { _ in
            [transposedConvolution(x, w, stride: list, padding: padding)]
          }
          bad.call("transposed dilation \(list) \(padding)") { _ in
            [transposedConvolution(x, w, stride: [2], padding: padding, dilation: list)]
          }
          bad.call("maxPooled \(list) \(padding)") { _ in
            [x.maxPooled(window: list, padding: padding)]
          }
        }
      }
      for list in lists {
        bad.call("transposed extra \(list)") { _ in
          [transposedConvolution(x, w, stride: [3], outputPadding: list)]
        }
        bad.call("maxPooled stride \(list)") { _ in
          [x.maxPooled(window: [2], stride: list), x.maxPooled(window: [2], dilation: list)]
        }
        for image in images {
          bad.call("maxPooled \(list)", [image]) { [$0[0].maxPooled(window: list)] }
          bad.call("averagePooled \(list)", [image]) { [$0[0].averagePooled(window: list)] }
          bad.call("averagePooled stride \(list)", [image]) {
            [$0[0].averagePooled(window: [1], stride: list, countingPadding: true)]
          }
        }
      }
      for size in BadInput.sizes {
        bad.call("groups \(size)") { _ in [convolution(x, w, groups: size)] }
        bad.call("transposed groups \(size)") { _ in [transposedConvolution(x, w, groups: size)] }
      }
      let none = Tensor.zeros([1, 4, 4, 0])
      for size in BadInput.sizes {
        bad.call("no channels, groups \(size)") { _ in
          [
            convolution(none, .zeros([0, 0, 3, 3]), groups: size),
            transposedConvolution(none, .zeros([0, 0, 3, 3]), groups: size),
          ]
        }
      }
      #expect(bad.calls > 2_000 && bad.refusals > 1_000)
    }
  }

  @Test("no list of operands and no equation ends the process")
  func lists() {
    TestExecutor.cpu.run {
      var bad = BadInput()
      for axis in BadInput.axes {
        bad.call("concatenated none \(axis)") { _ in [concatenated([], axis: axis)] }
        bad.call("stacked none \(axis)") { _ in [stacked([], axis: axis)] }
        for x in BadInput.operands {
          bad.call("concatenated \(axis)", [x]) { [concatenated([$0[0]], axis: axis)] }
          bad.call("concatenated many \(axis)", [x]) {
            [concatenated(Array(repeating: $0[0], count: 300), axis: axis)]
          }
          bad.call("stacked \(axis)", [x]) { [stacked([$0[0], $0[0]], axis: axis)] }
        }
      }
      let equations = [
        "", "->", ",", "i", "ii", "i->j", "i->ii", "ij->ji", "...", "......", "...->", "->...",
        "i...j",
        "ijklmnopq", "i,j", "i,i,i", "é", "i->", "->->", "i->j->k", "1", "->i", "Ii", "i,", ",i",
        "\u{0}",
        "i..", "..i", "...i->i...", "ij...,jk...->ik...",
      ]
      for equation in equations {
        bad.call("einsum '\(equation)'") { _ in [einsum(equation)] }
        for x in BadInput.operands {
          bad.call("einsum '\(equation)'", [x]) { [einsum(equation, $0[0])] }
          bad.call("einsum '\(equation)' twice", [x]) { [einsum(equation, $0[0], $0[0])] }
        }
      }
      let none = clippedByGlobalNorm([], .nan)
      #expect(none.clipped.isEmpty && none.norm.error != nil)
      bad.attempt("eval none") { try eval([]) }
      #expect(bad.calls > 2_000 && bad.refusals > 1_000)
    }
  }
}
