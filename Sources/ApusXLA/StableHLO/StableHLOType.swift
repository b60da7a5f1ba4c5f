import ApusCore

/// The type of a StableHLO value: elements and extents.
///
/// Elements include unsigned words, which tensors do not have and random bits are computed in.
struct StableHLOType: Hashable, CustomStringConvertible {
  enum Element: String, Sendable {
    case f32, f64, bf16, f16, i32, i64, ui8, ui32, ui64, i1

    init(_ dtype: DType) {
      switch dtype {
      case .float32: self = .f32
      case .float64: self = .f64
      case .bfloat16: self = .bf16
      case .float16: self = .f16
      case .int32: self = .i32
      case .int64: self = .i64
      case .uint8: self = .ui8
      case .bool: self = .i1
      }
    }

    var isFloating: Bool {
      switch self {
      case .f32, .f64, .bf16, .f16: true
      default: false
      }
    }

    /// Whether every integer of another type is one of this.
    func holdsAll(of other: Self) -> Bool {
      switch (self, other) {
      case (.i64, .i32), (.i64, .ui8), (.i32, .ui8): true
      default: false
      }
    }

    /// Whether sums of many such numbers need a wider type.
    var isHalf: Bool { self == .bf16 || self == .f16 }
  }

  var element: Element
  var dims: [Int]

  init(_ element: Element, _ dims: [Int] = []) {
    self.element = element
    self.dims = dims
  }

  init(_ type: TensorType) { self.init(Element(type.dtype), type.dims) }

  var rank: Int { dims.count }
  var count: Int { dims.reduce(1, *) }
  /// The type of one element.
  var scalar: StableHLOType { StableHLOType(element) }

  func with(_ element: Element) -> StableHLOType { StableHLOType(element, dims) }
  func with(dims: [Int]) -> StableHLOType { StableHLOType(element, dims) }

  var description: String {
    "tensor<" + dims.map { "\($0)x" }.joined() + element.rawValue + ">"
  }
}

/// A value of a StableHLO function: its name in the text, and its type.
struct StableHLOValue: Hashable {
  let name: String
  let type: StableHLOType

  var dims: [Int] { type.dims }
  var rank: Int { type.rank }
  var element: StableHLOType.Element { type.element }
}
