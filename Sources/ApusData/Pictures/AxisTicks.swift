import Foundation

/// Round numbers along an axis: steps of 1, 2 or 5 times a power of ten.
struct AxisTicks {
  let values: [Double]
  private let digits: Int

  /// Chooses about `count` ticks that cover `low ... high`, both finite.
  init(covering low: Double, _ high: Double, count: Int = 5) {
    let span = high - low
    guard span.isFinite, span > 1e-12 * max(abs(low), abs(high)), span > 1e-290 else {
      // One value only: a band around it.
      let room = max(abs(low) * 0.1, 1e-6)
      guard low.isFinite, room.isFinite, abs(low) < 1e290 else {
        (values, digits) = ([0, 1], 0)
        return
      }
      values = [low - room, low, low + room]
      digits = Self.digits(of: room)
      return
    }
    let rough = span / Double(max(1, count))
    let power = pow(10, floor(log10(rough)))
    let step = power * ([1, 2, 5, 10].first { $0 * power >= rough * 0.999 } ?? 10)
    let first = floor(low / step + 1e-9)
    let last = ceil(high / step - 1e-9)
    values = (0...max(1, Int(min(last - first, 50)))).map { (first + Double($0)) * step }
    digits = Self.digits(of: step)
  }

  /// Returns the text of a tick, with as many decimals as the steps need.
  func label(_ value: Double) -> String {
    if digits > 5 || abs(value) >= 1e7 { return String(format: "%.2e", value) }
    return String(format: "%.\(digits)f", value == 0 ? 0 : value)
  }

  private static func digits(of step: Double) -> Int {
    max(0, Int((-floor(log10(step) + 1e-9)).rounded()))
  }
}
