import Foundation
import Testing

@testable import ApusData

/// The bytes of base64 text.
func base64(_ text: String) -> [UInt8] { Array(Data(base64Encoded: text) ?? Data()) }

/// Checks that `decode` throws, and does not trap, for every strict prefix of a valid file.
func checkRefusesEveryPrefix<T>(
  of bytes: [UInt8], sourceLocation: SourceLocation = #_sourceLocation,
  _ decode: ([UInt8]) throws -> T
) {
  #expect(throws: Never.self, sourceLocation: sourceLocation) { _ = try decode(bytes) }
  for length in 0..<bytes.count {
    #expect(throws: DataError.self, "prefix of \(length)", sourceLocation: sourceLocation) {
      _ = try decode(Array(bytes[..<length]))
    }
  }
}

/// Decodes damaged copies of a valid file; a result or a `DataError` is fine, a trap is not.
func checkSurvivesDamage<T>(
  of bytes: [UInt8], rounds: Int = 2000, sourceLocation: SourceLocation = #_sourceLocation,
  _ decode: ([UInt8]) throws -> T
) {
  var random = SampleRandom(seed: 99, epoch: 0, sample: bytes.count, purpose: 77)
  for round in 0..<rounds {
    var damaged = bytes
    for _ in 0...random.integer(below: 3) {
      damaged[random.integer(below: bytes.count)] = UInt8.random(in: 0...255, using: &random)
    }
    do { _ = try decode(damaged) } catch {
      #expect(error is DataError, "round \(round): \(error)", sourceLocation: sourceLocation)
    }
  }
}

/// Checks the exact text of a refusal.
func checkRefusal<T>(
  _ text: String, sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> T
) {
  let error = #expect(throws: DataError.self, sourceLocation: sourceLocation) { _ = try body() }
  #expect(error?.description == text, sourceLocation: sourceLocation)
}

/// Calls `body` with the path of an empty folder that is removed afterwards.
func withFolder<T>(_ body: (String) throws -> T) throws -> T {
  let path = NSTemporaryDirectory() + "apus-data-" + UUID().uuidString
  try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(atPath: path) }
  return try body(path)
}

/// A host array of floats.
func floats(_ values: [Float], _ shape: [Int]) throws -> HostArray {
  try HostArray(dtype: .float32, shape: shape, bytes: values.withUnsafeBytes { Array($0) })
}

/// A host array of `int32`.
func ints(_ values: [Int32], _ shape: [Int]) throws -> HostArray {
  try HostArray(dtype: .int32, shape: shape, bytes: values.withUnsafeBytes { Array($0) })
}
