import CApusDynamic
import Foundation
import Testing

@testable import ApusXLA

@Suite("The store as plugins call it", .timeLimit(.minutes(2)))
struct StoreCallbacksTests {
  /// Calls the table as C does: by pointers alone.
  struct Table: @unchecked Sendable {
    // Unchecked: the table is read only, and its owner outlives the test.
    let table: UnsafePointer<apus_pjrt_store>

    func get(_ key: [UInt8], _ timeout: Int64) -> (code: Int32, value: [UInt8]?, message: String?) {
      var value: UnsafeMutablePointer<CChar>?
      var message: UnsafeMutablePointer<CChar>?
      var size = 0
      let code = key.withUnsafeBytes { key in
        table.pointee.get(
          table.pointee.context, key.baseAddress?.assumingMemoryBound(to: CChar.self), key.count,
          timeout, &value, &size, &message)
      }
      defer {
        free(value)
        free(message)
      }
      return (
        code, value.map { Array(UnsafeRawBufferPointer(start: $0, count: size)) },
        message.map { String(cString: $0) }
      )
    }

    func put(_ key: [UInt8], _ value: [UInt8]) -> (code: Int32, message: String?) {
      var message: UnsafeMutablePointer<CChar>?
      let code = key.withUnsafeBytes { key in
        value.withUnsafeBytes { value in
          table.pointee.put(
            table.pointee.context, key.baseAddress?.assumingMemoryBound(to: CChar.self), key.count,
            value.baseAddress?.assumingMemoryBound(to: CChar.self), value.count, &message)
        }
      }
      defer { free(message) }
      return (code, message.map { String(cString: $0) })
    }
  }

  private func callbacks(_ server: StoreServer) throws -> StoreCallbacks {
    StoreCallbacks(try StoreClient(server.address, token: StoreServerTests.token))
  }

  @Test("values come back as C memory; codes tell what is missing and what came too late")
  func codes() throws {
    let server = try StoreServer(token: StoreServerTests.token)
    let (one, other) = (try callbacks(server), try callbacks(server))
    let (first, second) = (Table(table: one.callbacks), Table(table: other.callbacks))
    #expect(first.put([0, 1], [9, 0, 8]).code == 0)
    let found = second.get([0, 1], 1000)
    #expect(found.code == 0 && found.value == [9, 0, 8] && found.message == nil)
    #expect(first.put([], []).code == 0)
    let empty = second.get([], 0)
    #expect(empty.code == 0 && empty.value == [])
    let absent = first.get([7], 0)
    #expect(absent.code == 5 && absent.value == nil)
    #expect(absent.message == "no value for '07'")
    let late = first.get([7], 120)
    #expect(late.code == 4 && late.value == nil)
    #expect(late.message == "no value for '07' within 120 ms")
    let refused = first.put([UInt8](repeating: 1, count: 5000), [])
    #expect(refused.code == 3 && refused.message != nil)
    server.stop()
    #expect(first.get([0, 1], 1000).code == 14)
    #expect(first.put([0, 1], []).code == 14)
    withExtendedLifetime((one, other)) {}
  }

  @Test("as many threads as a plugin likes wait at once, for values of other processes")
  func threads() throws {
    let server = try StoreServer(token: StoreServerTests.token)
    let (one, other) = (try callbacks(server), try callbacks(server))
    let (reading, writing) = (Table(table: one.callbacks), Table(table: other.callbacks))
    let outcomes = OutcomeList()
    let group = DispatchGroup()
    for number in 0..<32 {
      group.enter()
      Thread.detachNewThread {
        defer { group.leave() }
        let found = reading.get([UInt8(number)], 60_000)
        if found.code != 0 || found.value != [UInt8](repeating: UInt8(number), count: number) {
          outcomes.add("\(number): \(found)")
        }
      }
    }
    usleep(100_000)
    for number in (0..<32).reversed() {
      #expect(
        writing.put([UInt8(number)], [UInt8](repeating: UInt8(number), count: number)).code == 0)
    }
    group.wait()
    #expect(outcomes.texts == [])
    withExtendedLifetime((one, other)) {}
  }
}
