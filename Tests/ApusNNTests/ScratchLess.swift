import ApusCore
import ApusNN
import ApusTestSupport
import Testing
@Suite struct ScratchLess {
  @Test func a() throws { try TestExecutor.cpu.run {
    let l = Tensor([] as [Int64])
    do { _ = try paddingMask(lengths: l, steps: 4).bytes() } catch { print("A", error) }
    let k = Tensor([1,2,3] as [Int64]).sliced(axis: 0, 0..<0)
    do { _ = try paddingMask(lengths: k, steps: 4).bytes() } catch { print("B", error) }
    do { _ = try GRU(2).run(Tensor.zeros([0,4,2]), lengths: k).output.bytes() } catch { print("C", error) }
    do { _ = try GRU(2).run(Tensor.zeros([0,4,2]), lengths: l).output.bytes() } catch { print("D", error) }
    let enc = RecurrentEncoder(vocabulary: 3, width: 2, recurrent: GRU(2, returnsSequences: true))
    do { _ = try enc.run(Tensor.zeros([0,4], dtype: .int64), lengths: l).output.bytes() } catch { print("E", error) }
    let t = Tensor.zeros([3,4], dtype: .int64)
    let f = Tensor([4,2,1] as [Int64])
    for part in [true, false] { for m in [DotAttention()] {
      let model = Seq2Seq(encoder: enc, decoder: RecurrentDecoder(vocabulary: 3, width: 2, recurrent: GRU(2, returnsSequences: true), attention: m))
      let (x, n) = part ? (t.sliced(axis: 0, 0..<0), f.sliced(axis: 0, 0..<0)) : (t, f)
      do { _ = try model(x, x, lengths: n).bytes() } catch { print("F", part, error) }
    } }
  } }
}
