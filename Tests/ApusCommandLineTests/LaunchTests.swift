import Apus
import Foundation
import Testing

@Suite("apus launch starts processes, and none is left", .timeLimit(.minutes(2)))
struct LaunchTests {
  /// Runs `apus launch` with a line of shell for every process.
  private func launch(_ options: [String], _ script: String) throws -> Tool.Outcome {
    try Tool.run(Tool.path, ["launch"] + options + ["--", "/bin/sh", "-c", script])
  }

  private func lines(_ text: String) -> [String] {
    text.split(separator: "\n").map(String.init).sorted()
  }

  /// Whether a process is there.
  private func exists(_ number: String) -> Bool {
    guard let number = Int32(number.trimmingCharacters(in: .whitespacesAndNewlines)) else {
      return false
    }
    guard kill(number, 0) == 0 else { return false }
    // One that waits for its parent to look has ended.
    let state = try? String(contentsOfFile: "/proc/\(number)/stat", encoding: .utf8)
    return state?.contains(") Z ") != true
  }

  /// The numbers of processes that scripts wrote into a folder.
  private func numbers(_ folder: String, _ count: Int) throws -> [String] {
    let end = ContinuousClock.now + .seconds(30)
    while true {
      let names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
      let found = names.compactMap {
        try? String(contentsOfFile: folder + "/" + $0, encoding: .utf8)
      }
      .filter { $0.hasSuffix("\n") }
      if found.count == count { return found }
      try #require(ContinuousClock.now < end, "\(found.count) of \(count) processes began")
      usleep(5_000)
    }
  }

  private func expectGone(
    _ numbers: [String], sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let end = ContinuousClock.now + .seconds(20)
    while numbers.contains(where: exists), .now < end { usleep(5_000) }
    #expect(numbers.filter(exists) == [], sourceLocation: sourceLocation)
  }

  @Test("each process learns its place; lines tell whose they are, an unfinished last one too")
  func places() throws {
    let outcome = try launch(
      ["--processes", "3", "--start-timeout", "9"],
      """
      echo "$APUS_NODE/$APUS_NODES of ${APUS_COORDINATOR%:*} devices $APUS_LOCAL_DEVICES \
      within $APUS_START_TIMEOUT, token ${#APUS_TOKEN}"; printf 'no end' >&2
      """)
    #expect(outcome.status == 0)
    let places = lines(outcome.output)
    #expect(places.count == 3)
    for (index, line) in places.enumerated() {
      #expect(
        line.hasPrefix(
          "[\(index)] \(index)/3 of 127.0.0.1 devices \(index) within 9, token "), "\(line)")
      // More than nobody can guess.
      let length = line.split(separator: " ").last.flatMap { Int($0) } ?? 0
      #expect(length >= 32)
    }
    #expect(lines(outcome.errors) == ["[0] no end", "[1] no end", "[2] no end"])
  }

  @Test("one process has all devices; several have as many as is said")
  func devices() throws {
    let script = "echo \"<$APUS_LOCAL_DEVICES>\""
    #expect(try launch([], script).output == "[0] <>\n")
    let outcome = try launch(["--processes", "2", "--devices-per-process", "3"], script)
    #expect(lines(outcome.output) == ["[0] <0,1,2>", "[1] <3,4,5>"])
  }

  @Test("much output comes whole and in order")
  func output() throws {
    let outcome = try launch(
      ["--processes", "2"], "i=0; while [ $i -lt 20000 ]; do echo \"line $i\"; i=$((i+1)); done")
    #expect(outcome.status == 0)
    let lines = outcome.output.split(separator: "\n")
    for index in 0..<2 {
      let own = lines.filter { $0.hasPrefix("[\(index)] ") }
      #expect(own == (0..<20_000).map { Substring("[\(index)] line \($0)") })
    }
  }

  @Test("one that fails ends the others, and all that they started")
  func failing() throws {
    try Folder.temporary { folder in
      let outcome = try launch(
        ["--processes", "3"],
        """
        if [ $APUS_NODE = 1 ]; then
          while [ $(ls \(folder) | wc -l) -lt 4 ]; do sleep 0.01; done; sleep 0.1; exit 7
        fi
        sleep 600 & echo $! > \(folder)/child$APUS_NODE
        echo $$ > \(folder)/own$APUS_NODE; wait
        """)
      #expect(outcome.status == 7)
      #expect(
        outcome.errors
          == "error: launch: process 1 of 3 ended with code 7; the others were ended\n")
      expectGone(try numbers(folder, 4))
    }
  }

  @Test("one that is killed is told by its signal; one that will not end is made to")
  func killed() throws {
    try Folder.temporary { folder in
      let outcome = try launch(
        ["--processes", "2", "--grace", "1"],
        """
        if [ $APUS_NODE = 1 ]; then
          while [ $(ls \(folder) | wc -l) -lt 1 ]; do sleep 0.01; done; sleep 0.1; kill -9 $$
        fi
        trap '' TERM; echo $$ > \(folder)/own; while true; do sleep 600; done
        """)
      #expect(outcome.status == 137)
      #expect(
        outcome.errors
          == "error: launch: process 1 of 2 was ended by signal 9 (Killed); the others were ended\n"
      )
      expectGone(try numbers(folder, 1))
    }
  }

  @Test("an interrupt reaches every process, which may end in good order")
  func interrupted() throws {
    try Folder.temporary { folder in
      let (out, err) = (folder + "/out", folder + "/err")
      let marks = folder + "/marks"
      try FileManager.default.createDirectory(atPath: marks, withIntermediateDirectories: true)
      let process = try Tool.start(
        Tool.path,
        [
          "launch", "--processes", "2", "--", "/bin/sh", "-c",
          """
          trap 'echo saved; exit 0' INT
          echo $$ > \(marks)/own$APUS_NODE; while true; do sleep 0.02; done
          """,
        ], output: out, errors: err)
      let found = try numbers(marks, 2)
      kill(process.processIdentifier, SIGINT)
      process.waitUntilExit()
      #expect(process.terminationStatus == 130)
      #expect(
        lines(try String(contentsOfFile: out, encoding: .utf8)) == ["[0] saved", "[1] saved"])
      #expect(try String(contentsOfFile: err, encoding: .utf8) == "error: launch: interrupted\n")
      expectGone(found)
    }
  }

  @Test("processes do not outlive a launcher that is killed")
  func orphans() throws {
    try Folder.temporary { folder in
      let process = try Tool.start(
        Tool.path,
        [
          "launch", "--processes", "2", "--", "/bin/sh", "-c",
          "echo $$ > \(folder)/own$APUS_NODE; while true; do sleep 0.02; done",
        ])
      let found = try numbers(folder, 2)
      #expect(found.allSatisfy(exists))
      kill(process.processIdentifier, SIGKILL)
      process.waitUntilExit()
      expectGone(found)
    }
  }

  @Test("a command that is not there is told by name")
  func missing() throws {
    let outcome = try Tool.run("launch", "--processes", "2", "--", "/nonexistent/program", "x")
    #expect(outcome.status == 1)
    #expect(
      outcome.errors
        == "error: launch: cannot start /nonexistent/program: No such file or directory\n")
  }

  @Test("training on a device of one process is refused, and writes nothing")
  func oneDevice() throws {
    try Folder.temporary { folder in
      let outcome = try Tool.run(
        "launch", "--processes", "2", "--", Tool.path, "train", "iris", "--epochs", "1", "--quiet",
        "--output", folder + "/run")
      #expect(outcome.status == 1)
      #expect(outcome.output == "")
      #expect(
        outcome.errors.contains(
          "error: fit: 2 processes were started together, and cpu is a device of one: train on a "
            + "mesh, such as .mesh([\"data\": 2])"), "\(outcome.errors)")
      #expect(outcome.errors.contains("error: launch: process "))
      #expect(!FileManager.default.fileExists(atPath: folder + "/run/model.safetensors"))
    }
  }

  @Test(
    "a process that waits for others with a plugin for GPUs names those that do not come",
    .enabled(if: (try? XLAPlugins.plugin(for: "cuda")) != nil, "no PJRT plugin for GPUs"))
  func waiting() throws {
    let outcome = try launch(
      ["--processes", "3", "--start-timeout", "2"],
      """
      if [ $APUS_NODE = 2 ]; then exec "\(Tool.path)" train iris --epochs 1 --device mesh:data=3@cuda; fi
      exec sleep 600
      """)
    #expect(outcome.status == 1)
    let reason = "[2] error: processes: 1 of 3 processes came within 2 s; missing: 0, 1\n"
    #expect(outcome.errors.contains(reason), "\(outcome.errors)")
    #expect(
      outcome.errors.hasSuffix(
        "error: launch: process 2 of 3 ended with code 1; the others were ended\n"))
  }

  @Test(
    "options that make no sense",
    arguments: [
      (["--processes", "2"], "Error: Give the command to start after --.\n"),
      (["--processes", "0", "--", "x"], "Error: --processes is 0, must be from 1 to 1024.\n"),
      (["--node", "1", "--", "x"], "Error: --node needs the hosts of --nodes.\n"),
      (
        ["--nodes", "a,b", "--", "x"], "Error: --nodes needs --node: which of them this is.\n"
      ),
      (
        ["--nodes", "a,b", "--node", "2", "--", "x"], "Error: --node is 2, must be from 0 to 1.\n"
      ),
      (
        ["--nodes", "a,a", "--node", "0", "--", "x"],
        "Error: --nodes must be different names of hosts, separated by commas.\n"
      ),
      (
        ["--nodes", "a,b", "--node", "0", "--port", "0", "--", "x"],
        "Error: --port must not be 0 with --nodes: others look there.\n"
      ),
    ])
  func refusals(arguments: [String], message: String) throws {
    let outcome = try Tool.run(Tool.path, ["launch"] + arguments)
    #expect(outcome.status == 64)
    #expect(outcome.errors.hasPrefix(message), "\(outcome.errors)")
  }
}
