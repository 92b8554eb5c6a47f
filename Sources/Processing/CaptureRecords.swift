import CaptureReading
import DecoderHosting
import EvidenceBundle
import EvidenceModel
import Foundation

/// Writes what an original says of itself and what is wrong with it, and sums it up for the ledger.
struct CaptureRecords {
  let original: UInt16
  let output: ShardOutput
  /// Only the worker of slice 0 speaks, so that everything is said once.
  let isSpeaking: Bool
  private var ordinal: UInt32 = 0
  private var first: CaptureTime?
  private var latest: CaptureTime?
  private var linkTypes: [UInt16] = []
  private var backwardSteps: UInt64 = 0
  private var backwardPackets: [UInt64] = []
  private var largestStep: Int64 = 0
  private var unreadable: UInt64 = 0

  /// Backward steps of time whose packets are named.
  static let maximumNamedSteps = 100

  init(original: UInt16, output: ShardOutput, isSpeaking: Bool) {
    self.original = original
    self.output = output
    self.isSpeaking = isSpeaking
  }

  private mutating func takeOrdinal() -> UInt32 {
    ordinal += 1
    return ordinal
  }

  mutating func take(_ facts: [CaptureFact]) {
    for fact in facts {
      var fields = fact.fields
      fields.set("decoder", "capture 1.0")
      if fact.kind == "capture/interface", case .integer(let linkType) = fields["linkType"] {
        fields.set("linkTypeName", linkTypeName(UInt16(truncatingIfNeeded: linkType)))
      }
      fields.set("provenance", Self.provenance(original, packet: fact.packet, bytes: fact.bytes))
      output.record(
        fact.kind, fields,
        RecordKey(
          position: PacketPosition(original: original, packet: fact.packet ?? 0), decoder: 0xfff0,
          ordinal: takeOrdinal()))
    }
  }

  static func provenance(_ original: UInt16, packet: UInt64?, bytes: ClosedRange<UInt64>?) -> Value {
    provenance(original, packet: packet, bytes: bytes.map { text($0) })
  }

  /// Bytes of an original as a provenance names them.
  static func text(_ bytes: ClosedRange<UInt64>) -> String { "\(bytes.lowerBound)-\(bytes.upperBound)" }

  /// `bytes` are ranges as text.
  static func provenance(_ original: UInt16, packet: UInt64?, bytes: String?) -> Value {
    var entry: Fields = ["original": .text(OriginalName(original).description)]
    if let packet { entry.set("packets", String(packet)) }
    if let bytes, !bytes.isEmpty { entry.set("bytes", bytes) }
    return .list([.object(entry)])
  }

  /// Writes a finding that concerns an original as a file.
  static func finding(
    _ finding: Finding, original: UInt16, packet: UInt64?, bytes: ClosedRange<UInt64>?, ordinal: UInt32,
    decoder: String = "capture 1.0", _ output: ShardOutput
  ) {
    output.record(
      "finding", fields(finding, original, packet: packet, bytes: bytes, decoder: decoder),
      RecordKey(
        position: PacketPosition(original: original, packet: packet ?? 0xff_ffff_ffff), decoder: 0xfff1,
        ordinal: ordinal))
  }

  static func fields(
    _ finding: Finding, _ original: UInt16, packet: UInt64?, bytes: ClosedRange<UInt64>?, decoder: String
  ) -> Fields {
    var fields = finding.recordFields
    fields.set("decoder", decoder)
    fields.set("provenance", provenance(original, packet: packet, bytes: bytes))
    return fields
  }

  mutating func see(_ packet: CapturedPacket) {
    if !linkTypes.contains(packet.linkType), linkTypes.count < 64 { linkTypes.append(packet.linkType) }
    guard packet.time.isKnown else { return }
    if first == nil || packet.time < first ?? packet.time { first = packet.time }
    if let known = latest, packet.time < known {
      backwardSteps += 1
      if backwardPackets.count < Self.maximumNamedSteps { backwardPackets.append(packet.number) }
      let step = known.nanoseconds.subtractingReportingOverflow(packet.time.nanoseconds)
      largestStep = max(largestStep, step.overflow ? .max : step.partialValue)
    } else {
      latest = packet.time
    }
  }

  /// Notes what the file said beside its packets and could not be written.
  mutating func noteLimits(dropped: UInt64, damaged: UInt64, firstAt: UInt64) {
    if dropped > 0 {
      Self.finding(
        Finding(
          .warning, "capture/factLimit",
          "\(dropped) facts that the file states beside its packets are not written: too many stand between two packets.",
          ["count": .integer(Int64(clamping: dropped)), "limit": .integer(Int64(CaptureReader.maximumFactCount))]),
        original: original, packet: nil, bytes: nil, ordinal: takeOrdinal(), output)
    }
    if damaged > 0 {
      Self.finding(
        Finding(
          .warning, "capture/damagedBlock",
          "\(damaged) blocks beside the packets are damaged or have more options than the limit; what could be read stands in their records.",
          ["count": .integer(Int64(clamping: damaged)), "byteOffset": .integer(Int64(clamping: firstAt))]),
        original: original, packet: nil, bytes: nil, ordinal: takeOrdinal(), output)
    }
  }

  /// Notes that reading stopped at a fault.
  mutating func fault(_ fault: CaptureFault, after packet: UInt64) {
    guard isSpeaking else { return }
    Self.finding(
      Finding(
        .error, "capture/\(fault.code.rawValue)",
        "The original could not be read further than packet \(packet): \(fault.message).",
        ["byteOffset": .integer(Int64(clamping: fault.offset))]), original: original,
      packet: packet > 0 ? packet : nil, bytes: nil, ordinal: takeOrdinal(), output)
  }

  /// Notes that an original is no capture at all; it stays fingerprinted in the bundle.
  mutating func unreadable(_ fault: CaptureFault) {
    guard isSpeaking else { return }
    Self.finding(
      Finding(
        .error, "capture/\(fault.code.rawValue)", "The original could not be read as a capture: \(fault.message).",
        ["byteOffset": .integer(Int64(clamping: fault.offset))]), original: original, packet: nil, bytes: nil,
      ordinal: takeOrdinal(), output)
  }

  func emptyLedger(path: String) -> LedgerCount.Original {
    let size = fileSize(path)
    return LedgerCount.Original(
      number: original,
      totals: .init(
        format: "unknown", byteCount: size, packetCount: 0, packetBytes: 0, unreadableBytes: size, linkTypes: []))
  }

  mutating func ledger(
    format: String, offset: UInt64, packets: UInt64, bytes: UInt64, path: String
  ) -> LedgerCount.Original {
    if backwardSteps > 0, let packet = backwardPackets.first {
      Self.finding(
        Finding(
          .notice, "capture/timeStep",
          "Time goes backwards at \(backwardSteps) packets; the largest step is \(largestStep) nanoseconds.",
          [
            "count": .integer(Int64(clamping: backwardSteps)), "largestStepNanoseconds": .text(String(largestStep)),
            "packets": .text(backwardPackets.map { String($0) }.joined(separator: ",")),
          ]), original: original, packet: packet, bytes: nil, ordinal: takeOrdinal(), output)
    }
    let size = fileSize(path)
    return LedgerCount.Original(
      number: original,
      totals: .init(
        format: format, byteCount: size, packetCount: packets, packetBytes: bytes,
        unreadableBytes: size > offset ? size - offset : 0, firstTime: first?.nanoseconds,
        lastTime: latest?.nanoseconds, linkTypes: linkTypes.map { linkTypeName($0) }))
  }
}
