import ApusCore
import ApusNN

/// Everything a training step reads and writes apart from the batch, in one row of places:
/// variables of the model, slots of the optimizer, accumulated sums.
struct TrainingState {
  let variables: [(path: String, variable: Variable)]
  /// Places of variables that training adjusts.
  let trainable: [Int]
  /// Places of variables that are buffers.
  let buffers: Range<Int>
  /// For each trainable variable, the places of its slots.
  let slots: [[Int]]
  /// Places of the sums: the loss, then the metrics.
  let sums: Range<Int>
  let held: HeldState

  static let sumType = TensorType(.float64, [Int]())

  /// Takes the memory of a model's variables for a run; `release()` gives it back.
  init(
    _ model: any Layer, optimizer: (any Optimizer)?, options: UpdateOptions = UpdateOptions(),
    slots known: [String: Tensor] = [:], sums count: Int
  ) throws(TensorError) {
    let tree = ModuleTree(model)
    let parameters = tree.parameters.map { ($0.path, $0.parameter.variable) }
    variables = parameters + tree.buffers.map { ($0.path, $0.buffer.variable) }
    buffers = parameters.count..<variables.count
    let values = variables.map { $0.variable.value }
    try Executors.onHost { () throws(TensorError) in try eval(values) }
    trainable = parameters.indices.filter {
      optimizer != nil && parameters[$0].1.isTrainable
        && !options.isFrozen(parameters[$0].0, values[$0].type)
    }
    let moving = Set(trainable)
    var storages = try values.map { value throws(TensorError) in try value.evaluatedStorage() }
    var types = values.map(\.type)
    var isWritten = types.indices.map { index in
      optimizer != nil && (index >= parameters.count || moving.contains(index))
    }
    var slots: [[Int]] = []
    for place in trainable {
      guard let optimizer else { break }
      let type = optimizer.slotType(types[place])
      slots.append([])
      for name in UpdateRule.slots(optimizer, options) {
        slots[slots.count - 1].append(types.count)
        let before = known[Self.slotName(name, variables[place].path)]
        if let before, before.type == type {
          storages.append(try before.evaluatedStorage())
        } else if name == UpdateRule.averageSlot {
          // Shared with the parameter where dtypes agree, and copied before the first update.
          storages.append(try values[place].converted(to: type.dtype).evaluatedStorage())
        } else {
          storages.append(try Self.zeros(type))
        }
        types.append(type)
        isWritten.append(true)
      }
    }
    self.slots = slots
    sums = types.count..<types.count + count
    for _ in 0..<count {
      storages.append(try Self.zeros(Self.sumType))
      types.append(Self.sumType)
      isWritten.append(true)
    }
    held = HeldState(storages, types: types, isWritten: isWritten)
    guard optimizer != nil else { return }
    for index in variables.indices {
      do throws(TensorError) { try variables[index].variable.hold(in: held, at: index) } catch {
        release()
        throw error
      }
    }
  }

  /// Gives the memory back to the variables.
  func release() {
    for (_, variable) in variables { variable.release(from: held) }
  }

  /// The slots by name, as they are now.
  func slotTensors(named names: [String]) -> [String: Tensor] {
    var result: [String: Tensor] = [:]
    for (index, place) in trainable.enumerated() {
      for (name, slot) in zip(names, slots[index]) {
        result[Self.slotName(name, variables[place].path)] = held.tensor(at: slot)
      }
    }
    return result
  }

  /// The name of a slot in checkpoints.
  static func slotName(_ slot: String, _ path: String) -> String { "\(slot).\(path)" }

  /// Sets the sums, to zero unless given.
  func setSums(_ values: [Double]? = nil) throws(TensorError) {
    let failure: TensorError? = held.contents.withLock { contents in
      contents.isRewritten = true
      do throws(TensorError) {
        for (index, place) in sums.enumerated() {
          try contents.storages[place].withUnsafeMutableBytes {
            $0.storeBytes(of: values?[index] ?? 0, as: Double.self)
          }
        }
        return nil
      } catch { return error }
    }
    if let failure { throw failure }
  }

  /// The sums as they are now, once the steps that add to them are done.
  func readSums() throws(TensorError) -> [Double] {
    let read: Result<[Double], TensorError> = held.contents.withLock { contents in
      do throws(TensorError) {
        return .success(
          try sums.map { place throws(TensorError) in
            try contents.storages[place].onHost().load(as: Double.self)
          })
      } catch { return .failure(error) }
    }
    return try read.get()
  }

  private static func zeros(_ type: TensorType) throws(TensorError) -> Storage {
    guard let storage = Storage(zeroed: type.byteCount) else {
      throw TensorError(
        operation: "fit", reason: "no memory for \(type): \(type.byteCount) bytes")
    }
    return storage
  }
}
