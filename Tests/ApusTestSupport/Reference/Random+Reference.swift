import ApusCore

/// Philox4x32-10, written down from the paper: Salmon et al. 2011, section 3.3.
private func philox(_ counter: [UInt32], seed: Int64) -> [UInt32] {
  var c = counter
  var k0 = UInt32(truncatingIfNeeded: seed)
  var k1 = UInt32(truncatingIfNeeded: seed >> 32)
  for _ in 0..<10 {
    let a = UInt64(0xD251_1F53) * UInt64(c[0])
    let b = UInt64(0xCD9E_8D57) * UInt64(c[2])
    let (aHigh, bHigh) = (UInt32(a >> 32), UInt32(b >> 32))
    c = [
      bHigh ^ c[1] ^ k0, UInt32(truncatingIfNeeded: b),
      aHigh ^ c[3] ^ k1, UInt32(truncatingIfNeeded: a),
    ]
    k0 &+= 0x9E37_79B9
    k1 &+= 0xBB67_AE85
  }
  return c
}

private func halves(_ word: Int64) -> [UInt32] {
  [UInt32(truncatingIfNeeded: word), UInt32(truncatingIfNeeded: word >> 32)]
}

private func joined(_ low: UInt32, _ high: UInt32) -> Int64 {
  Int64(bitPattern: UInt64(high) << 32 | UInt64(low))
}

/// The 32-bit or 64-bit words of a key.
private func words(_ key: ReferenceValue, _ count: Int, wide: Bool) -> [Int64] {
  let (seed, stream) = (key.integers[0], key.integers[1])
  return (0..<count).map { index in
    let block = philox(halves(Int64(index / (wide ? 2 : 4))) + halves(stream), seed: seed)
    if !wide { return Int64(block[index % 4]) }
    return joined(block[2 * (index % 2)], block[2 * (index % 2) + 1])
  }
}

extension RandomBits: ReferenceRule {
  func evaluate(
    _ operands: [ReferenceValue], _ types: [TensorType]
  ) throws(TensorError) -> [ReferenceValue] {
    let isWide = type.dtype == .int64
    return [.init(types[0], integers: words(operands[0], type.count, wide: isWide))]
  }
}

extension RandomUniform: ReferenceRule {
  func evaluate(
    _ operands: [ReferenceValue], _ types: [TensorType]
  ) throws(TensorError) -> [ReferenceValue] {
    let isWide = type.dtype == .float64
    let bits = words(operands[0], type.count, wide: isWide)
    let numbers = bits.map { word in
      isWide ? Double(UInt64(bitPattern: word) >> 11) * 0x1p-53 : Double(word >> 8) * 0x1p-24
    }
    return [.init(types[0], floats: numbers)]
  }
}

extension FoldIn: ReferenceRule {
  func evaluate(
    _ operands: [ReferenceValue], _ types: [TensorType]
  ) throws(TensorError) -> [ReferenceValue] {
    let key = operands[0].integers
    let w = philox(halves(operands[1].integers[0]) + [0x66, 0], seed: key[0])
    return [.init(types[0], integers: [joined(w[0], w[1]), key[1] ^ joined(w[2], w[3])])]
  }
}
