import ApusCore
import ApusNN

/// Saves a model's parameters and buffers under their property paths, as a safetensors file.
///
/// - Parameter renaming: From the model's paths to the names in the file.
/// - Throws: The error of a failed tensor; ``FileError``. The previous file is kept.
public func save(
  _ model: some Module, to path: String, metadata: [String: String] = [:],
  renaming: PathRenaming = .none
) throws {
  let entries = try model.namedTensors(renaming: renaming)
    .map { Safetensors.Entry(name: $0.name, tensor: $0.tensor) }
  var notes = metadata
  if notes["format"] == nil { notes["format"] = "pt" }
  try Safetensors(entries, metadata: notes).write(to: path)
}

/// Loads a model's parameters and buffers from a safetensors file.
///
/// The names must be exactly the model's, with its dtypes and shapes; a model that has not seen an
/// input takes shapes from the file. Nothing changes unless everything fits.
///
/// ```swift
/// let report = try load(
///   model, from: "bert.safetensors", renaming: .below("bert"), strict: false)
/// ```
/// - Parameters:
///   - renaming: From the names in the file to the model's paths.
///   - pattern: The paths of the model that are asked for.
///   - strict: Whether everything must fit; otherwise what fits is taken, and the report tells what
///     did not.
/// - Throws: ``FileError``, listing every name that is missing, unexpected or does not fit.
/// - Returns: What became of each value.
@discardableResult
public func load(
  _ model: some Module, from path: String, renaming: PathRenaming = .none,
  matching pattern: PathPattern = .all, strict: Bool = true
) throws -> TransferReport {
  let entries = try Safetensors(contentsOf: path).entries
  return try assign(
    entries, to: model.variables, path: path, renaming: renaming, matching: pattern,
    strict: strict)
}

/// Gives variables the tensors of their names, all or none.
@discardableResult
package func assign(
  _ entries: [Safetensors.Entry], to variables: [(path: String, variable: Variable)], path: String,
  renaming: PathRenaming = .none, matching pattern: PathPattern = .all, strict: Bool = true
) throws -> TransferReport {
  let transfer = Transfer(
    entries.map { ($0.name, $0.tensor) }, to: variables, renaming: renaming, matching: pattern)
  let problems = transfer.report.problems("file")
  guard problems.isEmpty || !strict else {
    throw FileError(
      path: path, reason: "does not fit the model:\n  " + problems.joined(separator: "\n  "))
  }
  try transfer.commit()
  return transfer.report
}
