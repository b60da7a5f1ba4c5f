import Testing

@Suite("Wrong command lines end with 64 and say why")
struct UsageTests {
  @Test(
    "Unknown options and values",
    arguments: [
      (["train", "iris", "--bogus"], "Error: Unknown option '--bogus'\n"),
      (
        ["train", "iris", "--precision", "float8"],
        "Error: The value 'float8' is invalid for '--precision <precision>'. "
          + "Please provide one of 'float32', 'float64' or 'bfloat16'.\n"
      ),
      (["train", "iris", "--epochs", "0"], "Error: --epochs is 0, must be from 1 to 1000000.\n"),
      (
        ["train", "iris", "--learning-rate", "nan"],
        "Error: --learning-rate is nan, must be a number above 0.\n"
      ),
      (["train", "iris", "--threads", "0"], "Error: --threads is 0, must be from 1 to 1024.\n"),
      (
        ["train", "iris", "--device", "cuda:one"],
        "Error: The value 'cuda:one' is invalid for '--device <device>': 'cuda:one' names no device: "
          + "write a platform, or platform:number\n"
      ),
      (
        ["predict", "m", "1", "--device", "mesh:data"],
        "Error: The value 'mesh:data' is invalid for '--device <device>': 'mesh:data' names no mesh: "
          + "write mesh:axis=count,axis=count@platform\n"
      ),
      (
        ["evaluate", "m", "--device", "mesh:data=0@cpu"],
        "Error: The value 'mesh:data=0@cpu' is invalid for '--device <device>': axis data of the mesh "
          + "has 0 devices\n"
      ),
      (["train", "iris", "--resume"], "Error: --resume needs the folder of --output.\n"),
      (
        ["train", "iris", "--data", "x"],
        "Error: iris is embedded: --data and --download are for lenet and mlp.\n"
      ),
      (["data", "show", "mnist"], "Error: mnist needs the folder of its files: --data.\n"),
    ])
  func refusals(arguments: [String], message: String) throws {
    let outcome = try Tool.run(Tool.path, arguments)
    #expect(outcome.status == 64)
    #expect(outcome.output.isEmpty)
    #expect(outcome.errors.hasPrefix(message), "\(outcome.errors)")
    #expect(outcome.errors.contains("\nUsage: apus "))
  }

  @Test(
    "Every command explains itself",
    arguments: [
      [], ["train"], ["evaluate"], ["predict"], ["summary"], ["data"], ["data", "list"],
      ["data", "show"], ["info"], ["devices"], ["explain"], ["launch"],
    ])
  func help(command: [String]) throws {
    let outcome = try Tool.run(Tool.path, command + ["--help"])
    #expect(outcome.status == 0)
    #expect(outcome.errors.isEmpty)
    #expect(outcome.output.hasPrefix("OVERVIEW: "))
    #expect(outcome.output.contains("USAGE: apus " + command.joined(separator: " ")))
  }

  @Test("The exit codes are in the help")
  func exitCodes() throws {
    let outcome = try Tool.run("--help")
    for code in ["0 success", "1 the work failed", "64 the command", "130 interrupted"] {
      #expect(outcome.output.contains(code))
    }
  }
}
