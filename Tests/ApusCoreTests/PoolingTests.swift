import ApusCore
import ApusTestSupport
import Testing

@Suite("pooling") struct PoolingTests {
  @Test("values and gradients agree with PyTorch")
  func values() throws {
    for golden in try goldens("pooling", op: "maxPool") {
      try checkGolden(golden) {
        [
          $0[0].maxPooled(
            window: golden.ints("window"), stride: golden.ints("stride"), padding: golden.padding)
        ]
      }
    }
    for golden in try goldens("pooling", op: "averagePool") {
      try checkGolden(golden) {
        [
          $0[0].averagePooled(
            window: golden.ints("window"), stride: golden.ints("stride"), padding: golden.padding,
            countingPadding: golden.truth("countingPadding"))
        ]
      }
    }
  }

  @Test(
    "gradient agrees with central differences at both orders",
    arguments: [
      ([2, 7, 2], [3], 2, 1), ([1, 5, 6, 2], [2, 3], 1, 1), ([1, 4, 3, 4, 1], [2, 2, 2], 2, 0),
    ])
  func gradient(_ shape: [Int], _ window: [Int], _ stride: Int, _ padding: Int) throws {
    let around = Padding.symmetric(padding)
    try expectGradient(of: [shape], seed: 5) {
      $0[0].square().maxPooled(window: window, stride: [stride], padding: around).square()
    }
    for counting in [false, true] {
      try expectGradient(of: [shape], seed: 8) {
        $0[0].square().averagePooled(
          window: window, stride: [stride], padding: around, countingPadding: counting
        ).square()
      }
    }
  }

  @Test("the first of equal elements takes the gradient; dilated windows skip")
  func ties() throws {
    let x = Tensor([1.0, 1, 0, 2, 2], shape: [1, 5, 1])
    try onExecutors {
      let dx = ApusCore.gradient(at: x) { $0.maxPooled(window: [2], stride: [1]).sum() }
      try expectClose(dx, [1, 1, 0, 2, 0])
      let y = x.maxPooled(window: [2], stride: [1], dilation: [3])
      try expectClose(y, [2, 2], shape: [1, 2, 1])
    }
  }

  @Test("global pooling reduces all spatial axes")
  func global() throws {
    let x = Tensor((0..<12).map { Double($0) }, shape: [1, 2, 3, 2])
    try onExecutors {
      try expectClose(x.globalAveragePooled(), [5, 6], shape: [1, 2])
      try expectClose(x.globalMaxPooled(), [10, 11], shape: [1, 2])
    }
  }

  @Test("refusals name windows and padding with their numbers")
  func refusals() {
    let x = standIn(.float32, [1, 8, 8, 3])
    expectRefusal(
      x.maxPooled(window: [9], file: "App/Model.swift", line: 3),
      """
      maxPool: window of 9 does not fit spatial axis 0 with 8 padded elements
        a: f32[1, 8, 8, 3]
        called at App/Model.swift:3
      """)
    #expect(
      x.maxPooled(window: [2], padding: .symmetric(2)).error?.reason
        == "padding 2 of spatial axis 0 is not below the window of 2")
    #expect(
      x.averagePooled(window: [0]).error?.reason == "window 0 of spatial axis 0 is not positive")
    #expect(
      x.averagePooled(window: [2, 2, 2]).error?.reason
        == "window [2, 2, 2] has 3 numbers for 2 spatial axes")
    #expect(
      standIn(.int32, [1, 8, 3]).maxPooled(window: [2]).error?.reason
        == "needs a floating dtype, not i32")
    #expect(
      standIn(.float32, [8, 3]).globalAveragePooled().error?.reason
        == "needs spatial axes, [N, spatial…, C]: the rank is 2")
  }
}
