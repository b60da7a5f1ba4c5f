import Foundation

/// The zlib library, found at run time.
///
/// Only the entry points used here are declared, by us; nothing is needed to build.
struct Zlib: Sendable {
  typealias Initialize =
    @convention(c) (
      UnsafeMutableRawPointer, Int32, UnsafePointer<CChar>, Int32
    ) -> Int32
  typealias InitializeDeflate =
    @convention(c) (
      UnsafeMutableRawPointer, Int32, Int32, Int32, Int32, Int32, UnsafePointer<CChar>, Int32
    ) -> Int32
  typealias Step = @convention(c) (UnsafeMutableRawPointer, Int32) -> Int32
  typealias Finish = @convention(c) (UnsafeMutableRawPointer) -> Int32

  let inflateInit: Initialize
  let inflate: Step
  let inflateReset: Finish
  let inflateEnd: Finish
  let deflateInit: InitializeDeflate
  let deflate: Step
  let deflateEnd: Finish

  /// The library of this machine, if there is one.
  static let shared = Zlib(names: ["libz.so.1", "libz.so", "libz.dylib", "libz.1.dylib"])

  /// The version that our declarations are written for; zlib compares the first digit.
  static let version = "1.2.11"

  init?(names: [String]) {
    for name in names {
      guard let handle = dlopen(name, RTLD_NOW | RTLD_LOCAL) else { continue }
      guard
        let inflateInit = dlsym(handle, "inflateInit2_"),
        let inflate = dlsym(handle, "inflate"),
        let inflateReset = dlsym(handle, "inflateReset"),
        let inflateEnd = dlsym(handle, "inflateEnd"),
        let deflateInit = dlsym(handle, "deflateInit2_"),
        let deflate = dlsym(handle, "deflate"),
        let deflateEnd = dlsym(handle, "deflateEnd")
      else { continue }
      self.inflateInit = unsafeBitCast(inflateInit, to: Initialize.self)
      self.inflate = unsafeBitCast(inflate, to: Step.self)
      self.inflateReset = unsafeBitCast(inflateReset, to: Finish.self)
      self.inflateEnd = unsafeBitCast(inflateEnd, to: Finish.self)
      self.deflateInit = unsafeBitCast(deflateInit, to: InitializeDeflate.self)
      self.deflate = unsafeBitCast(deflate, to: Step.self)
      self.deflateEnd = unsafeBitCast(deflateEnd, to: Finish.self)
      return
    }
    return nil
  }

  /// The library's `z_stream`, field by field; it refuses us if the size differs from its own.
  struct Stream {
    var nextIn: UnsafePointer<UInt8>?
    var availableIn: UInt32 = 0
    var totalIn: UInt = 0
    var nextOut: UnsafeMutablePointer<UInt8>?
    var availableOut: UInt32 = 0
    var totalOut: UInt = 0
    var message: UnsafePointer<CChar>?
    var state: UnsafeMutableRawPointer?
    var allocate: UnsafeMutableRawPointer?
    var free: UnsafeMutableRawPointer?
    var opaque: UnsafeMutableRawPointer?
    var dataType: Int32 = 0
    var adler: UInt = 0
    var reserved: UInt = 0
  }

  /// Codes of the library that are looked at.
  enum Code {
    static let ok: Int32 = 0
    static let streamEnd: Int32 = 1
    static let bufferError: Int32 = -5
    static let noFlush: Int32 = 0
    static let finish: Int32 = 4
    static let deflated: Int32 = 8
  }
}
