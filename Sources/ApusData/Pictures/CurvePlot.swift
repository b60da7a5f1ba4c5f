import Foundation

/// Curves over numbered steps, such as loss per epoch, as a self-contained SVG.
///
/// Values that are NaN or infinite leave a gap.
public struct CurvePlot: Sendable {
  /// One curve; `values[i]` stands at `firstStep + i`.
  public struct Curve: Sendable {
    public var name: String
    public var values: [Double]

    public init(_ name: String, _ values: [Double]) {
      self.name = name
      self.values = values
    }
  }

  public var title: String
  public var xLabel: String
  public var yLabel: String
  public var firstStep: Int
  public var curves: [Curve]

  public init(
    title: String, xLabel: String = "epoch", yLabel: String = "", firstStep: Int = 1,
    curves: [Curve]
  ) {
    self.title = title
    self.xLabel = xLabel
    self.yLabel = yLabel
    self.firstStep = firstStep
    self.curves = curves
  }

  /// Colours that stay apart for colour-blind readers.
  ///
  /// - Source: Okabe and Ito, "Color universal design" (2008).
  private static let colours = [
    "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000",
  ]
  private static let (width, height) = (720.0, 440.0)
  private static let (left, right, top, bottom) = (70.0, 24.0, 44.0, 56.0)

  /// The picture as SVG text.
  public var svg: String {
    let finite = curves.flatMap(\.values).filter(\.isFinite)
    let yTicks = AxisTicks(covering: finite.min() ?? 0, finite.max() ?? 1)
    let steps = max(2, curves.map(\.values.count).max() ?? 2)
    let xTicks = AxisTicks(
      covering: Double(firstStep), Double(firstStep) + Double(steps - 1), count: min(8, steps - 1))
    let frame = Frame(
      x: (xTicks.values.first ?? 0, xTicks.values.last ?? 1),
      y: (yTicks.values.first ?? 0, yTicks.values.last ?? 1))
    let head = """
      <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 720 440" width="720" height="440" \
      font-family="sans-serif" font-size="12">
      <rect width="720" height="440" fill="white"/>
      <text x="360" y="24" text-anchor="middle" font-size="16">\(Self.escaped(title))</text>
      """
    let parts =
      [head] + axes(frame, xTicks, yTicks)
      + curves.indices.flatMap { curve($0, frame) + legend($0) }
    return parts.joined(separator: "\n") + "\n</svg>\n"
  }

  /// Writes the picture to `path`.
  ///
  /// - Throws: `DataError` when the disk refuses.
  public func write(to path: String) throws { try AtomicFile.write(Array(svg.utf8), to: path) }

  /// Maps values to picture coordinates.
  private struct Frame {
    let x: (low: Double, high: Double)
    let y: (low: Double, high: Double)

    func px(_ value: Double) -> String {
      let share = (value - x.low) / (x.high - x.low)
      return String(format: "%.1f", left + share * (width - left - right))
    }

    func py(_ value: Double) -> String {
      let share = (value - y.low) / (y.high - y.low)
      return String(format: "%.1f", height - bottom - share * (height - top - bottom))
    }
  }

  private func axes(_ frame: Frame, _ xTicks: AxisTicks, _ yTicks: AxisTicks) -> [String] {
    let (x0, x1) = (frame.px(frame.x.low), frame.px(frame.x.high))
    let (y0, y1) = (frame.py(frame.y.low), frame.py(frame.y.high))
    var parts = yTicks.values.flatMap { value in
      [
        "<line x1=\"\(x0)\" y1=\"\(frame.py(value))\" x2=\"\(x1)\" y2=\"\(frame.py(value))\" "
          + "stroke=\"#dddddd\"/>",
        "<text x=\"62\" y=\"\(frame.py(value))\" dy=\"4\" text-anchor=\"end\">"
          + "\(yTicks.label(value))</text>",
      ]
    }
    parts += xTicks.values.flatMap { value in
      [
        "<line x1=\"\(frame.px(value))\" y1=\"\(y0)\" x2=\"\(frame.px(value))\" y2=\"389\" "
          + "stroke=\"black\"/>",
        "<text x=\"\(frame.px(value))\" y=\"404\" text-anchor=\"middle\">"
          + "\(xTicks.label(value))</text>",
      ]
    }
    parts.append("<path d=\"M\(x0) \(y1)V\(y0)H\(x1)\" fill=\"none\" stroke=\"black\"/>")
    parts.append(
      "<text x=\"360\" y=\"428\" text-anchor=\"middle\">\(Self.escaped(xLabel))</text>")
    parts.append(
      "<text transform=\"translate(18 214) rotate(-90)\" text-anchor=\"middle\">"
        + "\(Self.escaped(yLabel))</text>")
    return parts
  }

  /// Unbroken runs become lines, lone values dots.
  private func curve(_ index: Int, _ frame: Frame) -> [String] {
    let colour = Self.colours[index % Self.colours.count]
    let values = curves[index].values
    return values.indices.split { !values[$0].isFinite }.map { run in
      let points = run.map { (frame.px(Double(firstStep) + Double($0)), frame.py(values[$0])) }
      if points.count == 1 {
        return "<circle cx=\"\(points[0].0)\" cy=\"\(points[0].1)\" r=\"3\" fill=\"\(colour)\"/>"
      }
      let list = points.map { "\($0.0),\($0.1)" }.joined(separator: " ")
      return "<polyline points=\"\(list)\" fill=\"none\" stroke=\"\(colour)\" stroke-width=\"2\"/>"
    }
  }

  private func legend(_ index: Int) -> [String] {
    let colour = Self.colours[index % Self.colours.count]
    let y = 60 + 18 * index
    return [
      "<line x1=\"560\" y1=\"\(y)\" x2=\"584\" y2=\"\(y)\" stroke=\"\(colour)\" "
        + "stroke-width=\"2\"/>",
      "<text x=\"590\" y=\"\(y)\" dy=\"4\">\(Self.escaped(curves[index].name))</text>",
    ]
  }

  private static func escaped(_ text: String) -> String {
    text.replacingOccurrences(of: "&", with: "&amp;").replacingOccurrences(of: "<", with: "&lt;")
      .replacingOccurrences(of: ">", with: "&gt;")
  }
}
