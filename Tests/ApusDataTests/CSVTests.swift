import Testing

@testable import ApusData

@Suite("CSV") struct CSVTests {
  func table(
    _ text: String, delimiter: Character = ",", hasHeader: Bool = true
  ) throws -> CSVTable {
    try CSVTable(
      bytes: Array(text.utf8), source: "t.csv", delimiter: delimiter, hasHeader: hasHeader)
  }

  @Test("quotes, line ends, blank lines and a missing last line feed are read")
  func forms() throws {
    let read = try table("a,b\r\n\"x,\"\"y\"\"\nz\",1\r\n\r\n2,\n3,4")
    #expect(read.columns == ["a", "b"])
    #expect(read.rows == [["x,\"y\"\nz", "1"], ["2", ""], ["3", "4"]])
    #expect(try table("\u{FEFF}a,b\n1,").rows == [["1", ""]])
    #expect(try table("1;2\n3;4", delimiter: ";", hasHeader: false).columns == ["1", "2"])
    #expect(try table("a\tb\n1\t2", delimiter: "\t").rows == [["1", "2"]])
  }

  @Test("columns are read as numbers")
  func numbers() throws {
    let read = try table("a,b,c\n1,x,2.5\n-3e2,y, 4\n")
    let values = try read.numbers(["c", "a"])
    #expect(values.shape == [2, 2])
    #expect(values.doubles() == [2.5, 1, 4, -300])
    #expect(try read.strings("b") == ["x", "y"])
  }

  @Test("refusals name row and column")
  func refusals() throws {
    checkRefusal("t.csv: row 2: 1 fields, there are 2 columns") { try table("a,b\n1,2\n3\n") }
    checkRefusal("t.csv: row 1: 3 fields, there are 2 columns") { try table("a,b\n1,2,3") }
    checkRefusal("t.csv: row 2, column b: \"x\" is not a number") {
      try table("a,b\n1,2\n3,x").numbers(["a", "b"])
    }
    checkRefusal("t.csv: row 1, column a: is empty") { try table("a,b\n,2").numbers(["a"]) }
    checkRefusal("t.csv: row 1, column a: \"nan\" is not a number") {
      try table("a\nnan").numbers(["a"])
    }
    checkRefusal("t.csv: no column named \"z\"; there are: \"a\", \"b\"") {
      try table("a,b\n1,2").strings("z")
    }
    checkRefusal("t.csv: corrupt: a quote is opened and never closed") { try table("a\n\"x") }
    checkRefusal("t.csv: row 1: text before or after a quoted field") { try table("a\n\"x\"y\n") }
    checkRefusal("t.csv: corrupt: the table is empty") { try table("") }
    checkRefusal("t.csv: corrupt: two columns are named \"a\"") { try table("a,a\n1,2") }
    checkRefusal("t.csv: corrupt: the text is not UTF-8") {
      try CSVTable(bytes: [0x61, 0xFF], source: "t.csv")
    }
  }

  @Test("no damage traps")
  func damage() {
    checkSurvivesDamage(of: Array("a,b\n\"x\",1\n2,3\n".utf8)) { bytes in
      try CSVTable(bytes: bytes, source: "t").numbers(["a", "b"])
    }
  }
}
