import ApusCore

/// Writes the body of a StableHLO function, operation by operation.
///
/// Values are numbered through the whole module, those of regions too: a name is written once.
/// - Source: StableHLO specification, version 1.
final class StableHLOBuilder {
  private(set) var lines: [String] = []
  private var valueCount = 0
  private var indentation = "    "
  /// Checks of data made so far in the function or region being written.
  var checks: [DataCheck] = []
  /// Checks that the host makes before a run.
  private(set) var hostChecks: [HostCheck] = []
  /// Integers that are an input of the program, of another shape or wider: the input's number.
  var hostInputs: [String: Int] = [:]
  /// The operation being lowered: whom a failed check names.
  var origin = Origin()
  /// The 16-bit numbers that values of 32 bits were made of: products take those where they can.
  var halves: [String: StableHLOValue] = [:]
  /// The 32-bit numbers that statistics of 16 bits were rounded from: gradients take those.
  var statistics: [String: StableHLOValue] = [:]
  /// Whether every result is checked for NaN and infinity.
  var watchesNonFinite = false
  /// Constants of the function or region, written once.
  private var constants: [String: StableHLOValue] = [:]
  /// How exactly products of 32-bit numbers are computed: `HIGHEST` or `DEFAULT`.
  let precision: String

  init(precision: String = "HIGHEST") { self.precision = precision }

  /// Where a value came from in the program.
  struct Origin {
    var operation = ""
    var layerPath: String?
    var site: CallSite?
  }

  /// Lets the host check indices that it has at hand; `false` where the program computes them.
  func isChecked(_ indices: StableHLOValue, _ rule: IndexRule) -> Bool {
    guard let input = hostInputs[indices.name] else { return false }
    if !hostChecks.contains(where: { $0.input == input && $0.rule == rule }) {
      hostChecks.append(HostCheck(input: input, rule: rule, origin: origin))
    }
    return true
  }

  // MARK: Text

  func freshName() -> String {
    defer { valueCount += 1 }
    return "%\(valueCount)"
  }

  func write(_ line: String) { lines.append(indentation + line) }

  /// Writes an operation with one result: `%n = text`.
  func emit(_ text: String, _ type: StableHLOType) -> StableHLOValue {
    let value = StableHLOValue(name: freshName(), type: type)
    write("\(value.name) = \(text)")
    return value
  }

  /// Writes an operation with several results: `%n:k = text`.
  func emit(_ text: String, _ types: [StableHLOType]) -> [StableHLOValue] {
    let name = freshName()
    write("\(name):\(types.count) = \(text)")
    return types.indices.map { StableHLOValue(name: "\(name)#\($0)", type: types[$0]) }
  }

  /// Writes the lines of a region apart, with constants of their own, and returns them together with
  /// what `body` returns.
  func captured<R, E: Error>(_ body: () throws(E) -> R) throws(E) -> (lines: [String], result: R) {
    let outside = (lines, indentation, constants)
    (lines, indentation, constants) = ([], indentation + "  ", [:])
    defer { (lines, indentation, constants) = outside }
    let result = try body()
    return (lines, result)
  }

  /// `(tensor<…>, tensor<…>)`.
  static func list(_ types: [StableHLOType]) -> String {
    "(" + types.map(\.description).joined(separator: ", ") + ")"
  }

  static func names(_ values: [StableHLOValue]) -> String {
    values.map(\.name).joined(separator: ", ")
  }

  // MARK: Constants

  /// A constant in every element, exact for the element type.
  func constant(_ literal: Literal, _ type: StableHLOType) -> StableHLOValue {
    if type.count == 0 { return empty(type) }
    let text = "stablehlo.constant dense<\(type.element.spelling(literal))> : \(type)"
    if let known = constants[text] { return known }
    let value = emit(text, type)
    constants[text] = value
    return value
  }

  /// The one value of a type without elements.
  func empty(_ type: StableHLOType) -> StableHLOValue {
    emit("stablehlo.constant dense<> : \(type)", type)
  }

  func constant(_ value: Double, _ type: StableHLOType) -> StableHLOValue {
    constant(Literal(value), type)
  }

  func constant(integer value: Int, _ type: StableHLOType) -> StableHLOValue {
    constant(Literal(Int64(value)), type)
  }

  /// An array of integers.
  func constant(integers values: [Int], _ element: StableHLOType.Element) -> StableHLOValue {
    let type = StableHLOType(element, [values.count])
    let list = values.map(String.init).joined(separator: ", ")
    return emit("stablehlo.constant dense<[\(list)]> : \(type)", type)
  }

  /// An array of 32-bit or 64-bit floats.
  func constant(doubles values: [Double], _ element: StableHLOType.Element) -> StableHLOValue {
    let type = StableHLOType(element, [values.count])
    if element == .f64 { return values.withUnsafeBytes { constant(bytes: $0, type) } }
    return values.map { Float($0) }.withUnsafeBytes { constant(bytes: $0, type.with(.f32)) }
  }

  /// An array given by its bytes, row-major.
  func constant(bytes: UnsafeRawBufferPointer, _ type: StableHLOType) -> StableHLOValue {
    if type.count == 0 { return empty(type) }
    let isSplat = type.count == 1
    let digits = Array("0123456789ABCDEF".utf8)
    // Truth values are packed to bits in hexadecimal text, so they are written as words.
    if type.element == .i1 {
      let words = bytes.map { $0 == 0 ? "false" : "true" }
      let flat = type.with(dims: [type.count])
      let text = isSplat ? words[0] : "[" + words.joined(separator: ", ") + "]"
      return reshape(emit("stablehlo.constant dense<\(text)> : \(flat)", flat), type.dims)
    }
    var text: [UInt8] = []
    text.reserveCapacity(bytes.count * 2)
    for byte in bytes {
      text.append(digits[Int(byte >> 4)])
      text.append(digits[Int(byte & 15)])
    }
    let string = String(decoding: text, as: UTF8.self)
    return emit("stablehlo.constant dense<\"0x\(string)\"> : \(type)", type)
  }

  func iota(_ axis: Int, _ type: StableHLOType) -> StableHLOValue {
    emit("stablehlo.iota dim = \(axis) : \(type)", type)
  }
}

extension StableHLOType.Element {
  /// A number as StableHLO writes constants: floats by their bits, since decimal text would round.
  func spelling(_ literal: Literal) -> String {
    func hex(_ bits: some FixedWidthInteger & UnsignedInteger, _ width: Int) -> String {
      let text = String(bits, radix: 16, uppercase: true)
      return "0x" + String(repeating: "0", count: width - text.count) + text
    }
    switch self {
    case .f32: return hex(Float(lossy: literal).bitPattern, 8)
    case .f64: return hex(literal.asDouble.bitPattern, 16)
    case .f16: return hex(Float16(lossy: literal).bitPattern, 4)
    case .bf16: return hex(BFloat16(lossy: literal).bitPattern, 4)
    case .i1: return literal.asDouble != 0 ? "true" : "false"
    case .i32: return "\(Int32(truncatingIfNeeded: literal.asInt64))"
    case .i64: return "\(literal.asInt64)"
    case .ui8: return "\(UInt8(truncatingIfNeeded: literal.asInt64))"
    case .ui32: return "\(UInt32(truncatingIfNeeded: literal.asInt64))"
    case .ui64: return "\(UInt64(bitPattern: literal.asInt64))"
    }
  }
}

extension TensorScalar {
  fileprivate init(lossy literal: Literal) {
    if literal.isInteger {
      self.init(lossy: literal.asInt64)
    } else {
      self.init(lossy: literal.asDouble)
    }
  }
}
