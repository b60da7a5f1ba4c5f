import Foundation

/// Where a store is: a host and a port, written `host:port`, or `[host]:port` for IPv6 numbers.
package struct StoreAddress: Sendable, Hashable, CustomStringConvertible {
  package let host: String
  package let port: Int

  package init(host: String, port: Int) {
    self.host = host
    self.port = port
  }

  package init(_ text: String) throws(StoreError) {
    let colon = text.lastIndex(of: ":")
    var host = colon.map { text[..<$0] } ?? ""
    if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
    guard let colon, !host.isEmpty, let port = Int(text[text.index(after: colon)...]),
      (0...65_535).contains(port)
    else {
      throw StoreError(.invalid, "'\(text)' is no address: write host:port")
    }
    self.init(host: String(host), port: port)
  }

  package var description: String {
    host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
  }

  /// Calls `body` with every address of the host until it gives something.
  private func first<R>(
    isServer: Bool, _ body: (UnsafePointer<addrinfo>) -> R?
  ) throws(StoreError) -> R? {
    var hints = addrinfo()
    #if canImport(Glibc)
      hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    #else
      hints.ai_socktype = SOCK_STREAM
    #endif
    hints.ai_flags = AI_NUMERICSERV | (isServer ? AI_PASSIVE : 0)
    var list: UnsafeMutablePointer<addrinfo>?
    let code = getaddrinfo(host, "\(port)", &hints, &list)
    guard code == 0 else {
      throw StoreError(.unavailable, "cannot find \(host): \(String(cString: gai_strerror(code)))")
    }
    defer { freeaddrinfo(list) }
    var next = list
    while let entry = next {
      if let result = body(entry) { return result }
      next = entry.pointee.ai_next
    }
    return nil
  }

  /// A socket that others can connect to, and its port: a free one where 0 is asked for.
  func listening() throws(StoreError) -> (socket: Descriptor, port: Int) {
    var reason = "it has no address"
    let opened = try first(isServer: true) { entry -> (Descriptor, Int)? in
      let number = socket(entry.pointee.ai_family, entry.pointee.ai_socktype, 0)
      guard number >= 0 else {
        reason = String(cString: strerror(errno))
        return nil
      }
      let descriptor = Descriptor(number)
      descriptor.set(SOL_SOCKET, SO_REUSEADDR, 1)
      guard bind(number, entry.pointee.ai_addr, entry.pointee.ai_addrlen) == 0,
        listen(number, 512) == 0
      else {
        reason = String(cString: strerror(errno))
        return nil
      }
      return (descriptor, Self.port(of: number))
    }
    guard let opened else {
      throw StoreError(.unavailable, "cannot open a store at \(self): \(reason)")
    }
    return opened
  }

  private static func port(of number: Int32) -> Int {
    var storage = sockaddr_storage()
    var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
    return withUnsafeMutablePointer(to: &storage) { pointer in
      let address = UnsafeMutableRawPointer(pointer)
      guard getsockname(number, address.assumingMemoryBound(to: sockaddr.self), &size) == 0 else {
        return 0
      }
      // Both kinds of internet address have the port after two bytes, high byte first.
      let bytes = address.assumingMemoryBound(to: UInt8.self)
      return Int(bytes[2]) << 8 | Int(bytes[3])
    }
  }

  /// A connection.
  ///
  /// - Parameter isPatient: Whether to try until the deadline, since the store may start later than
  ///   its clients.
  func connected(
    until deadline: Int64, isPatient: Bool = true
  ) throws(StoreError) -> Descriptor {
    let start = SteadyClock.milliseconds()
    var pause: UInt32 = 20_000
    while true {
      var reason = "it has no address"
      do throws(StoreError) {
        let connected = try first(isServer: false) { entry in
          Self.connect(entry, until: deadline, &reason)
        }
        if let connected { return connected }
      } catch { reason = error.reason }
      let now = SteadyClock.milliseconds()
      guard isPatient, now + Int64(pause / 1000) < deadline else {
        throw StoreError(
          .unavailable,
          "no store answers at \(self) (\(reason)), tried for \(now - start) ms: does the first "
            + "process run there?")
      }
      usleep(pause)
      pause = min(pause * 2, 500_000)
    }
  }

  private static func connect(
    _ entry: UnsafePointer<addrinfo>, until deadline: Int64, _ reason: inout String
  ) -> Descriptor? {
    let number = socket(entry.pointee.ai_family, entry.pointee.ai_socktype, 0)
    guard number >= 0 else {
      reason = String(cString: strerror(errno))
      return nil
    }
    let descriptor = Descriptor(number)
    let outcome = Foundation.connect(number, entry.pointee.ai_addr, entry.pointee.ai_addrlen)
    if outcome != 0, errno != EINPROGRESS, errno != EINTR {
      reason = String(cString: strerror(errno))
      return nil
    }
    guard descriptor.wait(for: Int32(POLLOUT), until: deadline) else {
      reason = "no answer"
      return nil
    }
    var code: Int32 = 0
    var size = socklen_t(MemoryLayout<Int32>.size)
    getsockopt(number, SOL_SOCKET, SO_ERROR, &code, &size)
    guard code == 0 else {
      reason = String(cString: strerror(code))
      return nil
    }
    descriptor.tune()
    return descriptor
  }
}
