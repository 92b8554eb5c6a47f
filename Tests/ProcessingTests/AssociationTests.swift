import EvidenceModel
import Testing

/// SCTP through the whole program: `Run` also verifies that every byte stands in the account once.
@Suite struct AssociationTests {
  static func packet(_ id: Int, _ chunks: [UInt8]..., fromA: Bool = true) -> [UInt8] {
    let ports = DuplicateTests.big16(36_412) + DuplicateTests.big16(36_412)
    return DuplicateTests.ethernet(
      DuplicateTests.ip(
        132, ports + DuplicateTests.big32(7) + [0, 0, 0, 0] + chunks.flatMap { $0 }, id: id, fromA: fromA))
  }

  static func chunk(_ type: UInt8, _ flags: UInt8, _ body: [UInt8]) -> [UInt8] {
    let padding = [UInt8](repeating: 0, count: (4 - body.count % 4) % 4)
    return [type, flags] + DuplicateTests.big16(4 + body.count) + body + padding
  }

  static func data(_ number: Int, _ kind: UInt8, _ text: String, protocol: Int = 18) -> [UInt8] {
    chunk(0, kind, DuplicateTests.big32(number) + [0, 0, 0, 0] + DuplicateTests.big32(`protocol`) + Array(text.utf8))
  }

  static let acknowledgement = chunk(3, 0, DuplicateTests.big32(11) + [0, 1, 0, 0, 0, 0, 0, 0])

  /// Pieces, messages beside an acknowledgement, one alone, and one that came twice.
  @Test(arguments: [1, 3]) func countsEveryByteOfAssociations(jobs: Int) throws {
    let capture = DuplicateTests.capture([
      (0, Self.packet(1, Self.data(10, 2, "first"))),
      (10, Self.packet(2, Self.acknowledgement, Self.data(11, 1, "second"), Self.data(12, 3, "other", protocol: 60))),
      (20, Self.packet(3, Self.acknowledgement, fromA: false)),
      (30, Self.packet(4, Self.data(12, 3, "other", protocol: 60))),
      (40, Self.packet(5, Self.data(20, 1, "an end without a beginning"))),
    ])
    let run = try DuplicateTests.Run([capture], jobs: jobs)
    let rows = try #require(run.rows().first)
    #expect(rows["unclaimed sctp"] == 2 && rows["noPayload"] == 1 && rows["retransmission not compared"] == 1)
    #expect(rows["fragment incomplete"] == 1)
    #expect(run.findings("sctp/gap").count == 1 && run.findings("sctp/incompleteMessage").count == 1)
  }
}
