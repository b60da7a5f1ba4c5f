import Foundation
import Testing

@testable import ApusData

@Suite("pictures") struct PicturesTests {
  @Test("a grid sets pictures side by side with borders of one pixel")
  func grid() throws {
    let images = try HostArray(dtype: .uint8, shape: [3, 1, 2], bytes: [1, 2, 3, 4, 5, 6])
    let image = try ImageGrid(columns: 2, border: 9).image(of: images)
    #expect(image.width == 7 && image.height == 5 && image.channels == 1)
    #expect(
      image.pixels == [
        9, 9, 9, 9, 9, 9, 9, 9, 1, 2, 9, 3, 4, 9, 9, 9, 9, 9, 9, 9, 9, 9, 5, 6, 9, 9, 9, 9, 9, 9, 9,
        9, 9, 9, 9,
      ])
    let unit = try floats([0, 0.5, 2, .nan], [1, 2, 2])
    #expect(
      try ImageGrid(border: 7).image(of: unit).pixels
        == [7, 7, 7, 7, 7, 0, 128, 7, 7, 255, 0, 7, 7, 7, 7, 7])
    checkRefusal("image grid: needs images [N, H, W, C] and columns ≥ 1, has [1] and 10") {
      try ImageGrid().image(of: floats([1], [1]))
    }
  }

  @Test(
    "ticks are round and cover the range",
    arguments: [
      (0.0, 1.0, ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
      (1.0, 15.0, ["0", "5", "10", "15"]),
      (0.013, 0.021, ["0.012", "0.014", "0.016", "0.018", "0.020", "0.022"]),
      (3.0, 3.0, ["2.7", "3.0", "3.3"]),
    ])
  func ticks(_ low: Double, _ high: Double, _ labels: [String]) {
    let ticks = AxisTicks(covering: low, high)
    #expect(ticks.values.map(ticks.label) == labels)
  }

  @Test("a plot is well-formed XML with a line per curve, a legend and gaps at NaN")
  func plot() throws {
    let plot = CurvePlot(
      title: "loss < 1 & falling", yLabel: "loss",
      curves: [
        .init("train", [1, 0.5, 0.25]), .init("held out", [1.2, .nan, 0.5]), .init("none", []),
      ])
    let svg = plot.svg
    #expect(svg.contains("loss &lt; 1 &amp; falling"))
    #expect(svg.components(separatedBy: "<polyline").count == 2)
    #expect(svg.components(separatedBy: "<circle").count == 3)
    #expect(svg.contains(">held out</text>") && svg.contains(">epoch</text>"))
    let extremes = [
      [], [Double.nan], [1e308, -1e308], [.leastNonzeroMagnitude], [0], [1e-300, 2e-300],
    ]
    for extreme in extremes {
      #expect(CurvePlot(title: "", curves: [.init("a", extreme)]).svg.hasSuffix("</svg>\n"))
    }
    try withFolder { folder in
      try plot.write(to: "\(folder)/a.svg")
      #expect(try FileBytes.read("\(folder)/a.svg") == Array(svg.utf8))
    }
  }
}
