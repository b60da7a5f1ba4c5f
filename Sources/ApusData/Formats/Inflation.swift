/// One run of zlib's `inflate` over a buffer.
struct Inflation {
  let library: Zlib
  let source: String

  /// Decompresses all members of `input`.
  func run(
    _ input: UnsafeBufferPointer<UInt8>, _ wrapper: Deflate.Wrapper, limit: Int, reserve: Int
  ) throws -> [UInt8] {
    // zlib keeps the stream's address, so it must not move.
    let stream = UnsafeMutablePointer<Zlib.Stream>.allocate(capacity: 1)
    stream.initialize(to: Zlib.Stream())
    defer { stream.deallocate() }
    let size = Int32(MemoryLayout<Zlib.Stream>.size)
    let code = library.inflateInit(stream, wrapper.rawValue, Zlib.version, size)
    guard code == Zlib.Code.ok else {
      throw DataError(source, .refused(action: "start zlib", reason: "code \(code)"))
    }
    defer { _ = library.inflateEnd(stream) }

    var output: [UInt8] = []
    output.reserveCapacity(min(reserve, limit))
    var consumed = 0
    var chunk = [UInt8](repeating: 0, count: min(1 << 18, max(limit, 1 << 10)))
    while true {
      let code = step(input, &consumed, &chunk, &output, stream)
      if output.count > limit {
        throw DataError(source, .corrupt("decompresses to more than \(limit) bytes"))
      }
      switch code {
      case Zlib.Code.ok:
        continue
      case Zlib.Code.streamEnd where consumed == input.count:
        return output
      case Zlib.Code.streamEnd where wrapper == .gzip:
        // RFC 1952, section 2.2: a file may be several members, one after the other.
        _ = library.inflateReset(stream)
      case Zlib.Code.streamEnd:
        throw DataError(source, .trailing(count: input.count - consumed))
      case Zlib.Code.bufferError:
        throw DataError(
          source,
          .truncated(claim: "the compressed stream goes on", available: input.count))
      default:
        let message = stream.pointee.message.map { String(cString: $0) } ?? "zlib code \(code)"
        throw DataError(source, .corrupt("compressed stream: \(message)"))
      }
    }
  }

  private func step(
    _ input: UnsafeBufferPointer<UInt8>, _ consumed: inout Int, _ chunk: inout [UInt8],
    _ output: inout [UInt8], _ stream: UnsafeMutablePointer<Zlib.Stream>
  ) -> Int32 {
    let room = chunk.count
    return chunk.withUnsafeMutableBufferPointer { buffer in
      let fed = min(input.count - consumed, 1 << 30)
      stream.pointee.nextIn = input.baseAddress.map { $0 + consumed }
      stream.pointee.availableIn = UInt32(fed)
      stream.pointee.nextOut = buffer.baseAddress
      stream.pointee.availableOut = UInt32(room)
      let code = library.inflate(stream, Zlib.Code.noFlush)
      consumed += fed - Int(stream.pointee.availableIn)
      output.append(contentsOf: buffer[0..<(room - Int(stream.pointee.availableOut))])
      return code
    }
  }
}

/// One run of zlib's `deflate` over a buffer.
struct Deflation {
  let library: Zlib

  /// Returns the compressed bytes, or `nil` when the library refuses.
  func run(_ input: [UInt8], _ wrapper: Deflate.Wrapper, level: Int32) -> [UInt8]? {
    // zlib keeps the stream's address, so it must not move.
    let stream = UnsafeMutablePointer<Zlib.Stream>.allocate(capacity: 1)
    stream.initialize(to: Zlib.Stream())
    defer { stream.deallocate() }
    let size = Int32(MemoryLayout<Zlib.Stream>.size)
    let code = library.deflateInit(
      stream, level, Zlib.Code.deflated, wrapper.rawValue, 8, 0, Zlib.version, size)
    guard code == Zlib.Code.ok else { return nil }
    defer { _ = library.deflateEnd(stream) }

    var output: [UInt8] = []
    var consumed = 0
    let room = 1 << 16
    var chunk = [UInt8](repeating: 0, count: room)
    while true {
      let code = input.withUnsafeBufferPointer { input in
        chunk.withUnsafeMutableBufferPointer { buffer in
          let fed = min(input.count - consumed, 1 << 30)
          let last = consumed + fed == input.count
          stream.pointee.nextIn = input.baseAddress.map { $0 + consumed }
          stream.pointee.availableIn = UInt32(fed)
          stream.pointee.nextOut = buffer.baseAddress
          stream.pointee.availableOut = UInt32(room)
          let code = library.deflate(stream, last ? Zlib.Code.finish : Zlib.Code.noFlush)
          consumed += fed - Int(stream.pointee.availableIn)
          output.append(contentsOf: buffer[0..<(room - Int(stream.pointee.availableOut))])
          return code
        }
      }
      if code == Zlib.Code.streamEnd { return output }
      guard code == Zlib.Code.ok || code == Zlib.Code.bufferError else { return nil }
    }
  }
}
