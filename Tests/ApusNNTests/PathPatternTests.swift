import ApusNN
import Testing

@Suite("path patterns") struct PathPatternTests {
  @Test(
    "stars stand for parts of a path",
    arguments: [
      ("encoder.*.weight", "encoder.0.weight", true),
      ("encoder.*.weight", "encoder.0.1.weight", false),
      ("encoder.**", "encoder.layers.3.norm.bias", true), ("encoder.**", "encoder", true),
      ("encoder.**", "encoders.weight", false), ("**.bias", "bias", true),
      ("**.bias", "a.b.bias", true), ("**.bias", "a.bias.b", false), ("**", "", true),
      ("conv*.weight", "conv12.weight", true), ("conv*.weight", "conv.weight", true),
      ("*a*b", "xxaxxbxb", true), ("*a*b", "xxaxx", false), ("**.a.**.b", "a.a.b.b", true),
      ("**.a.**.b", "a.a.b.c", false), ("", "", true), ("", "a", false), ("a.b", "a.b", true),
    ])
  func matching(_ pattern: String, _ path: String, _ expected: Bool) {
    #expect(PathPattern(pattern).matches(path) == expected)
  }

  @Test("many stars cost no more than the product of the lengths")
  func cost() {
    let pattern = PathPattern(String(repeating: "**.a.", count: 200) + "b")
    #expect(!pattern.matches(String(repeating: "a.", count: 4000) + "c"))
  }
}
