/// Devices laid out along named axes, over which arrays are split.
///
/// Batches are split over the axis `data`; where there is an axis `model`, so are the weights. The
/// partitioner of XLA splits everything between and exchanges what has to be: a step over a mesh
/// computes what one device would with the whole batch.
/// - Source: Xu et al. 2021, "GSPMD: General and scalable parallelization for ML computation graphs".
public struct Mesh: Sendable, Hashable, CustomStringConvertible {
  /// One axis: how many devices it counts.
  public struct Axis: Sendable, Hashable {
    public let name: String
    public let count: Int
  }

  /// How parameters and what the optimizer remembers of them lie on the devices.
  public enum ParameterSharding: Sendable, Hashable {
    /// Whole on every device.
    case replicated
    /// Split along their first axis over an axis of the mesh, where it divides them; vectors stay
    /// whole.
    case split(over: String)
  }

  /// The axes, the first of which changes slowest over the devices.
  public let axes: [Axis]
  public let platform: String
  /// The axis that batches are split over.
  public let batchAxis: String
  public let parameters: ParameterSharding

  /// - Parameters:
  ///   - axes: Names and extents, such as `["data": 2, "model": 2]`: in all as many devices as the
  ///     extents multiplied.
  ///   - parameters: Split over `model` where there is such an axis, unless given.
  public init(
    _ axes: KeyValuePairs<String, Int>, on platform: String = "cuda", batchAxis: String = "data",
    parameters: ParameterSharding? = nil
  ) {
    self.init(
      axes: axes.map { Axis(name: $0.key, count: $0.value) }, on: platform, batchAxis: batchAxis,
      parameters: parameters)
  }

  public init(
    axes: [Axis], on platform: String = "cuda", batchAxis: String = "data",
    parameters: ParameterSharding? = nil
  ) {
    self.axes = axes
    self.platform = platform
    self.batchAxis = batchAxis
    let hasModel = axes.contains { $0.name == "model" }
    self.parameters = parameters ?? (hasModel ? .split(over: "model") : .replicated)
  }

  /// A mesh as a command line names it: `data=2,model=2@cuda`, with the platform `cuda` unless
  /// given.
  init?(text: Substring) {
    let halves = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
    var axes: [Axis] = []
    for part in halves[0].split(separator: ",", omittingEmptySubsequences: false) {
      let pair = part.split(separator: "=", omittingEmptySubsequences: false)
      guard pair.count == 2, let count = Int(pair[1]) else { return nil }
      axes.append(Axis(name: String(pair[0]), count: count))
    }
    let platform = halves.count > 1 ? halves[1] : "cuda"
    if platform.isEmpty { return nil }
    self.init(axes: axes, on: String(platform))
  }

  /// How many devices there are.
  public var count: Int { axes.reduce(1) { $0.timesClamped($1.count) } }

  /// The extent of an axis; 1 for one that there is not.
  public func count(of name: String) -> Int { axes.first { $0.name == name }?.count ?? 1 }

  /// Why this is no mesh, if it is none.
  package var mistake: String? {
    if axes.isEmpty { return "a mesh needs an axis" }
    for (place, axis) in axes.enumerated() {
      if axis.count < 1 { return "axis \(axis.name) of the mesh has \(axis.count) devices" }
      let isName = !axis.name.isEmpty && axis.name.allSatisfy { $0.isLetter || $0 == "_" }
      if !isName || !axis.name.allSatisfy(\.isASCII) {
        return "'\(axis.name)' cannot name an axis of a mesh: use letters"
      }
      if axes[..<place].contains(where: { $0.name == axis.name }) {
        return "axis \(axis.name) is twice in the mesh"
      }
    }
    if case .split(let name) = parameters, !axes.contains(where: { $0.name == name }) {
      return "parameters are to be split over axis \(name), which the mesh has not"
    }
    return nil
  }

  public var description: String {
    let list = axes.map { "\($0.name): \($0.count)" }.joined(separator: ", ")
    return "mesh [\(list)] on \(platform)" + (parameters == .replicated ? "" : ", \(parameters)")
  }
}
