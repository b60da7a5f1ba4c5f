import ApusCore

extension Loss {
  /// The loss of YOLO v1: places, sizes, confidences and classes of boxes on a grid.
  ///
  ///     λcoord·Σ 1obj·((x - x̂)² + (y - ŷ)²) + λcoord·Σ 1obj·((√w - √ŵ)² + (√h - √ĥ)²)
  ///     + Σ 1obj·(C - Ĉ)² + λnoobj·Σ 1noobj·C² + Σ over cells with an object, Σ over classes (p - p̂)²
  ///
  /// summed over each image, the mean over images. In a cell with an object the box that overlaps it
  /// most (the first of equals) is responsible, `1obj`; all other boxes are `1noobj`.
  ///
  /// The last axis holds `boxes` times `(x, y, w, h, C)`, then the classes: 7 × 7 × 30 with two boxes
  /// and 20 classes. `x` and `y` are the centre within the cell, 0…1; `w` and `h` are shares of the
  /// image. Predictions hold `√w` and `√h` there, as in the paper, unless `predictsRoots` is off.
  /// A target has the object in its first box, `C` being 1, and ones and zeros for the classes; in
  /// cells with `C` 0 nothing else is looked at, nor are its other boxes anywhere.
  /// - Shape: `prediction[N, H, W, 5·boxes + K], target[N, H, W, 5·boxes + K] →` scalar; terms `[N]`.
  /// - Parameters:
  ///   - predictsRoots: Whether predictions are square roots of sizes. If not, the root of a negative
  ///     size `s` counts as `-√-s`.
  ///   - rescoresConfidence: Whether the confidence aimed at, `Ĉ`, is the overlap of the responsible
  ///     box with the object (a constant, no gradient), as in the paper, or 1.
  /// - Source: Redmon et al. 2016, equation 3 and section 2.
  public static func yolo(
    boxes: Int = 2, classes: Int = 20, coordinateWeight: Double = 5, emptyWeight: Double = 0.5,
    predictsRoots: Bool = true, rescoresConfidence: Bool = true
  ) -> Loss {
    Loss("yolo") { (prediction, target) throws(Violation) in
      try requireSame(prediction, target)
      try requireNotNegative("coordinateWeight", coordinateWeight)
      try requireNotNegative("emptyWeight", emptyWeight)
      try require(boxes > 0, "\(boxes) boxes: a cell predicts one or more")
      try require(classes >= 0, "\(classes) classes")
      let width = boxes.timesClamped(5).plusClamped(classes)
      try require(
        prediction.rank == 4 && prediction.shape[-1] == width,
        "\(boxes) boxes and \(classes) classes take [N, H, W, \(width)], prediction is "
          + "\(prediction.shape)")
      let found = GridCells(prediction, boxes: boxes)
      let truth = GridCells(target.stoppingGradient(), boxes: boxes)
      let object = truth.confidence.sliced(axis: -1, 0..<1) .> 0
      let box = truth.firstBox(where: object)
      let sides = predictsRoots ? (found.width.square(), found.height.square()) : found.sides
      let overlap = found.overlap(sides, box).stoppingGradient()
      let best = overlap.argmax(axis: -1).expanded(at: -1)
      let choice = Tensor.iota(overlap.shape, axis: -1, dtype: best.dtype)
      let one = object.converted(to: prediction.dtype)
      let responsible = (choice .== best).converted(to: prediction.dtype) * one

      let places = (found.x - box.x).square() + (found.y - box.y).square()
      let roots = predictsRoots ? found.sides : (found.width.root(), found.height.root())
      let sizes = (roots.0 - box.width.root()).square() + (roots.1 - box.height.root()).square()
      let aim = rescoresConfidence ? overlap : Tensor(1, like: overlap)
      let score = (found.confidence - aim).square()
      let empty = found.confidence.square() * (1 - responsible)
      let perBox = responsible * ((places + sizes) * coordinateWeight + score) + empty * emptyWeight
      let zero = Tensor(0, like: found.classes)
      let errors = (found.classes - truth.classes).square().where(object, else: zero)
      return perBox.sumPerSample() + errors.sumPerSample()
    }
  }
}

/// What a grid of cells holds: boxes `[N, H, W, B]` by number, and classes `[N, H, W, K]`.
private struct GridCells {
  let x: Tensor
  let y: Tensor
  let width: Tensor
  let height: Tensor
  let confidence: Tensor
  let classes: Tensor
  var sides: (Tensor, Tensor) { (width, height) }

  init(_ cells: Tensor, boxes: Int) {
    let end = 5 * boxes
    func part(_ place: Int) -> Tensor {
      cells.sliced(axis: -1, from: place, to: end, stride: 5)
    }
    (x, y, width, height, confidence) = (part(0), part(1), part(2), part(3), part(4))
    classes = cells.sliced(axis: -1, end..<cells.shape[-1])
  }

  /// The object of each cell, `[N, H, W, 1]`; zeros in cells without.
  func firstBox(where object: Tensor) -> (x: Tensor, y: Tensor, width: Tensor, height: Tensor) {
    func first(_ part: Tensor) -> Tensor {
      let one = part.sliced(axis: -1, 0..<1)
      return one.where(object, else: Tensor(0, like: one))
    }
    return (first(x), first(y), first(width).relu(), first(height).relu())
  }

  /// How much each box covers of the cell's object; places within a cell become shares of the image.
  func overlap(
    _ sides: (Tensor, Tensor), _ box: (x: Tensor, y: Tensor, width: Tensor, height: Tensor)
  ) -> Tensor {
    let (rows, columns) = (Double(x.shape[1]), Double(x.shape[2]))
    let mine = Boxes(x: x / columns, y: y / rows, width: sides.0, height: sides.1)
    let its = Boxes(x: box.x / columns, y: box.y / rows, width: box.width, height: box.height)
    return ApusNN.overlap(mine, its).ratio
  }
}

extension Tensor {
  /// `√x`, and `-√-x` below 0; no gradient at 0.
  fileprivate func root() -> Tensor { sign() * abs().whereNotZero { $0.sqrt() } }
}
