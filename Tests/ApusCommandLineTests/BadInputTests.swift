import Apus
import Foundation
import Testing

@Suite("Bad files give one error and exit code 1")
struct BadInputTests {
  private func expect(
    _ arguments: [String], _ message: String, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let outcome = try Tool.run(Tool.path, arguments)
    #expect(outcome.status == 1, sourceLocation: sourceLocation)
    #expect(outcome.output.isEmpty, sourceLocation: sourceLocation)
    #expect(outcome.errors == "error: " + message + "\n", sourceLocation: sourceLocation)
  }

  private func write(_ bytes: [UInt8], to path: String) throws {
    try Data(bytes).write(to: URL(fileURLWithPath: path))
  }

  @Test("A model that is not there, foreign, or of other software")
  func models() throws {
    try Folder.temporary { folder in
      let missing = folder + "/none.safetensors"
      for command in ["evaluate", "summary"] {
        try expect([command, missing], "\(missing): cannot read: No such file or directory")
      }
      let foreign = folder + "/foreign"
      try write(Array("hello, world; this is no model".utf8), to: foreign)
      try expect(
        ["evaluate", foreign],
        "\(foreign): not a valid safetensors file: a header of 8583909746840200552 bytes; "
          + "the limit is 100000000")
      let other = folder + "/other.safetensors"
      try Safetensors([.init(name: "w", tensor: Tensor([1.0, 2.0]))]).write(to: other)
      try expect(
        ["evaluate", other],
        "\(other): is not a model that apus train wrote: the note apus.architecture is missing")
    }
  }

  @Test("A truncated model; parameters that do not fit")
  func truncated() throws {
    try Folder.temporary { folder in
      let made = try Tool.run("train", "iris", "--epochs", "1", "--output", folder, "--quiet")
      #expect(made.status == 0)
      let whole = folder + "/model.safetensors"
      let bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: whole)))
      let part = folder + "/part.safetensors"
      try write(Array(bytes.dropLast(10)), to: part)
      let outcome = try Tool.run("evaluate", part)
      #expect(outcome.status == 1)
      #expect(outcome.errors.hasPrefix("error: \(part): not a valid safetensors file: "))
      try write(Array(bytes.prefix(20)), to: part)
      let header = bytes.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
      try expect(
        ["predict", part, "1,2,3,4"],
        "\(part): not a valid safetensors file: truncated: a header of \(header) bytes, "
          + "the file has 12")
      try expect(
        ["predict", whole, "1,2,x,4"], "predict: \"x\" in \"1,2,x,4\" is not a number")
      try expect(
        ["predict", whole, "1,2,3"], "predict: the model takes 4 numbers, \"1,2,3\" has 3")
      var file = try Safetensors(contentsOf: whole)
      file.entries.removeLast()
      try file.write(to: part)
      let unfit = try Tool.run("summary", part)
      #expect(unfit.status == 1)
      #expect(unfit.errors.hasPrefix("error: \(part): does not fit the model:\n  missing: "))
    }
  }

  @Test("An empty data folder; other data than IDX; iris pixels")
  func data() throws {
    try Folder.temporary { folder in
      try expect(
        ["train", "mlp", "--data", folder],
        "\(folder): cannot open train-images-idx3-ubyte or train-images-idx3-ubyte.gz: "
          + "there is no such file")
      try write([1, 2, 3], to: folder + "/train-images-idx3-ubyte")
      try write([1, 2, 3], to: folder + "/train-labels-idx1-ubyte")
      let outcome = try Tool.run("train", "mlp", "--data", folder)
      #expect(outcome.status == 1)
      #expect(outcome.errors.hasPrefix("error: \(folder)/train-images-idx3-ubyte: "))
      #expect(outcome.errors.split(separator: "\n").count == 1)
    }
  }

  @Test("Nothing to resume, or a run of another network")
  func resume() throws {
    try Folder.temporary { folder in
      try expect(
        ["train", "iris", "--resume", "--output", folder + "/none"],
        "\(folder)/none: holds no run to resume: config.json is missing or not readable")
      #expect(
        try Tool.run("train", "iris", "--epochs", "1", "--output", folder, "--quiet").status == 0)
      try expect(
        ["train", "mlp", "--resume", "--output", folder],
        "\(folder): holds a run of iris, not mlp")
    }
  }

  @Test("A full disk, for the files of a run and for standard output")
  func fullDisk() throws {
    try Folder.temporary { folder in
      let limited = try Tool.shell(
        "trap '' XFSZ; ulimit -f 1; exec \"$0\" train iris --epochs 1 --quiet --output \(folder)")
      #expect(limited.status == 1)
      #expect(limited.errors.hasPrefix("error: \(folder)/"), "\(limited.errors)")
      #expect(limited.errors.hasSuffix(": cannot write: File too large\n"), "\(limited.errors)")
    }
    for command in ["data list", "info", "train iris --epochs 1", "train iris --epochs 1 --quiet"] {
      let full = try Tool.shell("exec \"$0\" \(command) > /dev/full")
      #expect(full.status == 1)
      #expect(
        full.errors == "error: standard output: cannot write: No space left on device\n",
        "\(full.errors)")
    }
  }

  @Test("A reader that goes away ends the process quietly")
  func brokenPipe() throws {
    let outcome = try Tool.shell("\"$0\" train iris --epochs 30 | head -n 1")
    #expect(outcome.status == 0)
    #expect(outcome.errors.isEmpty, "\(outcome.errors)")
  }
}
