import ApusCore
import Synchronization

/// A graph compiled for the devices of a placement.
final class XLAExecutable: DeviceExecutable {
  private let graph: Graph
  private let options: CompileOptions
  private let placement: XLAPlacement
  private let program: PJRTProgram
  private let checks: [DataCheck]
  private let hostChecks: [HostCheck]
  /// Inputs whose memory an output takes over.
  private let donated: [Int]
  private let inputShardings: [XLASharding]
  private let outputShardings: [XLASharding]
  /// Runs that may not be done; the oldest first.
  private let underWay = Mutex<[XLARun]>([])

  /// How many runs are started before the first must be done.
  private static let depth = 2

  init(
    _ graph: Graph, _ options: CompileOptions, _ placement: XLAPlacement, precision: String
  ) throws(TensorError) {
    self.graph = graph
    self.options = options
    self.placement = placement
    donated = options.donations.values.sorted()
    let module = try StableHLOModule(graph, options, placement, precision: precision)
    ProgramDump.write(module.text)
    checks = module.checks
    hostChecks = module.hostChecks
    inputShardings = (0..<graph.inputCount).map {
      placement.sharding(ofInput: $0, graph.types[$0], options)
    }
    let inputs = inputShardings
    outputShardings = graph.outputs.indices.map { index in
      options.donations[index].map { inputs[$0] }
        ?? placement.replicated(graph.types[graph.outputs[index]])
    }
    if placement.isShared {
      try placement.client.agreement?.check(module.text, placement.compileOptions.bytes)
    }
    program = try ProgramCache.shared.program(module.text, placement)
    let expected = graph.outputs.count + (checks.isEmpty ? 0 : 1)
    guard program.devices.count == placement.devices.count, program.outputCount == expected else {
      throw TensorError(
        operation: TensorError.deviceOperation,
        reason: "the plugin compiled for \(program.devices.count) devices and "
          + "\(program.outputCount) results, asked for \(placement.devices.count) and \(expected)")
    }
  }

  var description: String {
    "XLA program of \(graph.instructions.count) operations on \(placement.client.platform)"
  }

  func run(on storages: [Storage], refreshed: Range<Int>) throws(TensorError) {
    precondition(
      storages.count == graph.inputCount + graph.outputs.count - options.donations.count)
    for check in hostChecks {
      let type = graph.types[check.input]
      if let error = check.error(try storages[check.input].onHost(), type) { throw error }
    }
    // Copies of batches are under way while earlier runs still compute.
    var inputs: [XLAArray] = []
    for (index, storage) in storages.prefix(graph.inputCount).enumerated() {
      inputs.append(try array(storage, index, isRefreshed: refreshed.contains(index)))
    }
    // A processor gains nothing from runs that queue up: they would only compete for its cores.
    let isProcessor = placement.client.platform == "cpu"
    for input in inputs where isProcessor || input.run?.hasChecks == true { try input.settle() }
    waitForOldest()
    // What somebody else still reads must not be overwritten.
    var kept: [Int64] = []
    for index in donated {
      _ = storages[index].takeDeviceElements()
      if !isKnownUniquelyReferenced(&inputs[index]) { kept.append(Int64(index)) }
    }
    let arguments = placement.devices.indices.flatMap { device in
      inputs.map { $0.buffers[device] }
    }
    let started: (results: [[PJRTBuffer]], events: [PJRTEvent])
    do throws(TensorError) {
      started = try program.run(arguments, keeping: kept)
    } catch {
      for index in donated { storages[index].attach(inputs[index]) }
      throw error
    }
    let run = XLARun(
      started.events, report: checks.isEmpty ? nil : started.results[0].last, checks: checks)
    var place = graph.inputCount
    for (index, sharding) in outputShardings.enumerated() {
      let input = options.donations[index]
      let result = XLAArray(
        sharding, placement, started.results.map { $0[index] }, run: run, isState: input != nil)
      storages[input ?? place].become(result)
      if input == nil { place += 1 }
    }
    // Several devices of one processor wait for each other on too few threads when runs overlap.
    if isProcessor, placement.devices.count > 1 {
      try run.finish()
    } else {
      underWay.withLock { $0.append(run) }
    }
  }

  /// The elements of an input where the program wants them.
  private func array(
    _ storage: Storage, _ index: Int, isRefreshed: Bool
  ) throws(TensorError) -> XLAArray {
    let sharding = inputShardings[index]
    if !isRefreshed, let known = storage.deviceElements as? XLAArray,
      known.fits(sharding, placement)
    {
      return known
    }
    let array = try XLAArray(try storage.onHost(), sharding, placement)
    if !isRefreshed { storage.attach(array) }
    return array
  }

  private func waitForOldest() {
    let oldest: XLARun? = underWay.withLock { runs in
      runs.count < Self.depth ? nil : runs.removeFirst()
    }
    oldest?.wait()
  }
}
