import ByteReading
import Foundation
import Glibc
import TestSupport
import Testing

@testable import MediaReading

/// Bytes of the originals, however near each other those that are asked for stand.
@Suite struct PayloadSourceTests {
  private let folder: TemporaryFolder
  private let bytes: [UInt8]
  private let descriptor: Int32

  init() throws {
    folder = try TemporaryFolder()
    var generator = SeededGenerator(3)
    bytes = (0..<700_001).map { _ in UInt8.random(in: 0...255, using: &generator) }
    try Data(bytes).write(to: folder.url("original"))
    descriptor = unsafe open(folder.path("original"), O_RDONLY)
  }

  private func read(_ source: PayloadSource, _ offset: Int, _ length: Int) -> [UInt8]? {
    var result: [UInt8] = []
    let isRead = source.read(1, UInt64(offset), length) { span in
      for index in 0..<span.byteCount { result.append(span[index]) }
    }
    return isRead ? result : nil
  }

  @Test(arguments: [1, 160, 4_000, 9_000]) func givesWhatStandsThere(_ step: Int) {
    let source = PayloadSource([1: descriptor])
    var offset = 0
    while offset + 160 <= bytes.count {
      #expect(read(source, offset, 160) == Array(bytes[offset..<(offset + 160)]))
      offset += step == 1 ? 997 : step
    }
    close(descriptor)
  }

  @Test func givesItWhereverReadingJumpsTo() {
    let source = PayloadSource([1: descriptor, 2: -1])
    var generator = SeededGenerator(5)
    var offset = 0
    for _ in 0..<5_000 {
      let length = Int.random(in: 0...2_000, using: &generator)
      offset = Bool.random(using: &generator) ? offset + length : Int.random(in: 0...bytes.count, using: &generator)
      let isThere = offset + length <= bytes.count
      #expect(read(source, offset, length) == (isThere ? Array(bytes[offset..<(offset + length)]) : nil))
      if Int.random(in: 0..<50, using: &generator) == 0 { #expect(!source.read(2, UInt64(offset), 1) { _ in }) }
    }
    close(descriptor)
  }

  @Test func refusesWhatIsNotThere() {
    let source = PayloadSource([1: descriptor])
    #expect(read(source, bytes.count - 1, 1) == [bytes[bytes.count - 1]])
    #expect(read(source, bytes.count - 1, 2) == nil)
    #expect(!source.read(2, 0, 1) { _ in })
    #expect(!source.read(1, .max, 1) { _ in })
    #expect(!source.read(1, 0, -1) { _ in })
    #expect(!source.read(1, 0, 65_536) { _ in })
    close(descriptor)
  }
}
