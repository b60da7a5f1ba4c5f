import ApusCore
import ApusNN

/// Saves a model's parameters and buffers under their property paths, as a safetensors file.
///
/// - Throws: The error of a failed tensor; ``FileError``. The previous file is kept.
public func save(
  _ model: some Module, to path: String, metadata: [String: String] = [:]
) throws {
  let entries = model.variables.map { Safetensors.Entry(name: $0.path, tensor: $0.variable.value) }
  var notes = metadata
  if notes["format"] == nil { notes["format"] = "pt" }
  try Safetensors(entries, metadata: notes).write(to: path)
}

/// Loads a model's parameters and buffers from a safetensors file.
///
/// The names must be exactly the model's, with its dtypes and shapes; a model that has not seen an
/// input takes shapes from the file. Nothing changes unless everything fits.
///
/// - Throws: ``FileError``, listing every name that is missing, unexpected or does not fit.
public func load(_ model: some Module, from path: String) throws {
  try assign(try Safetensors(contentsOf: path).entries, to: model.variables, path: path)
}

/// Gives variables the tensors of their names, all or none.
package func assign(
  _ entries: [Safetensors.Entry], to variables: [(path: String, variable: Variable)], path: String
) throws {
  let found = Dictionary(
    entries.map { ($0.name, $0.tensor) }, uniquingKeysWith: { first, _ in first })
  let expected = Set(variables.map(\.path))
  var problems: [String] = []
  for (name, variable) in variables {
    guard let tensor = found[name] else {
      problems.append("missing: \(name)\(variable.type.map { " \($0)" } ?? "")")
      continue
    }
    if let type = variable.type, type != tensor.type {
      problems.append("mismatched: \(name) is \(type) in the model, \(tensor.type) in the file")
    }
  }
  for entry in entries where !expected.contains(entry.name) {
    problems.append("unexpected: \(entry.name) \(entry.tensor.type)")
  }
  guard problems.isEmpty else {
    throw FileError(
      path: path, reason: "does not fit the model:\n  " + problems.joined(separator: "\n  "))
  }
  for (name, variable) in variables {
    if let tensor = found[name] { try variable.assign(tensor) }
  }
}
