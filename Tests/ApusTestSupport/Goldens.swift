import ApusCore
import Foundation

/// Values and gradients that PyTorch computed; see `Tests/Goldens/README.md`.
package struct GoldenCase: Decodable, Sendable, CustomStringConvertible {
  package struct Array: Decodable, Sendable {
    package let shape: [Int]
    package let values: [Double]
    package let dtype: String?

    private struct Number: Decodable {
      let value: Double
      init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let number = try? container.decode(Double.self) {
          value = number
        } else {
          value = Double(try container.decode(String.self)) ?? .nan
        }
      }
    }

    private enum CodingKeys: CodingKey { case shape, values, dtype }

    package init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: CodingKeys.self)
      shape = try container.decode([Int].self, forKey: .shape)
      dtype = try container.decodeIfPresent(String.self, forKey: .dtype)
      values = try container.decode([Number].self, forKey: .values).map(\.value)
    }

    /// The array as a tensor: indices as `int64`, everything else as `float64`.
    package var tensor: Tensor {
      Tensor(values, shape: Shape(shape), dtype: dtype == "int64" ? .int64 : .float64)
    }
  }

  /// An attribute: a number, a list of numbers, a word or a truth value.
  package enum Attribute: Decodable, Sendable {
    case truth(Bool)
    case number(Double)
    case numbers([Double])
    case pairs([[Int]])
    case word(String)

    package init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let value = try? container.decode(Bool.self) {
        self = .truth(value)
      } else if let value = try? container.decode(Double.self) {
        self = .number(value)
      } else if let value = try? container.decode([Double].self) {
        self = .numbers(value)
      } else if let value = try? container.decode([[Int]].self) {
        self = .pairs(value)
      } else {
        self = .word(try container.decode(String.self))
      }
    }
  }

  package let op: String
  package let attributes: [String: Attribute]
  package let inputs: [Array]
  package let outputs: [Array]
  package let upstream: [Array?]?
  package let gradients: [Array?]?

  package var description: String {
    "\(op) \(attributes.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }) "
      + "of \(inputs.map(\.shape))"
  }

  package func int(_ key: String) -> Int { Int(double(key)) }
  package func double(_ key: String) -> Double {
    if case .number(let value)? = attributes[key] { value } else { 0 }
  }
  package func truth(_ key: String) -> Bool {
    if case .truth(let value)? = attributes[key] { value } else { false }
  }
  package func doubles(_ key: String) -> [Double] {
    if case .numbers(let values)? = attributes[key] { values } else { [] }
  }
  package func ints(_ key: String) -> [Int] {
    if case .numbers(let values)? = attributes[key] { values.map { Int($0) } } else { [] }
  }
  package func pairs(_ key: String) -> [[Int]] {
    if case .pairs(let values)? = attributes[key] { values } else { [] }
  }
  package func word(_ key: String) -> String {
    if case .word(let value)? = attributes[key] { value } else { "" }
  }
}

/// The cases of one family; an empty list when the file is not there.
package func goldens(_ family: String) throws -> [GoldenCase] {
  struct File: Decodable { let cases: [GoldenCase] }
  let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("Goldens")
  let data = try Data(contentsOf: folder.appendingPathComponent(family + ".json"))
  return try JSONDecoder().decode(File.self, from: data).cases
}
