import ByteReading
import DecoderKit
import EvidenceModel

/// An artefact that is being written: its codings, its holes, its packets, and the file decoder that reads along.
final class OpenContent {
  private let content: ContentDescription
  private let side: Side
  private let host: DecoderHost
  private let number: Int
  private let reversers: [any CodingReverser]
  private var trace = Trace()
  private var holes: [Value] = []
  private var holeByteCount = 0
  private var receivedCount = 0
  private var storedCount = 0
  private var fault: String?
  private var isComplete = true
  private var child: FileReading?
  private var isChildSought = false

  static let maximumHoleCount = 10_000

  init(_ content: ContentDescription, _ side: Side, _ host: DecoderHost) {
    self.content = content
    self.side = side
    self.host = host
    number = host.output.beginArtefact()
    reversers = content.codings.map(makeReverser)
  }

  func append(_ bytes: RawSpan, _ source: Trace, _ packet: PacketContext, _ unit: DecodingUnit) {
    trace.formUnion(source)
    receivedCount += bytes.byteCount
    guard fault == nil else { return }
    push(bytes, 0, source, packet, unit)
  }

  private func push(_ bytes: RawSpan, _ stage: Int, _ source: Trace, _ packet: PacketContext, _ unit: DecodingUnit) {
    guard fault == nil else { return }
    guard stage < reversers.count else {
      store(bytes, source, packet, unit)
      return
    }
    let state = reversers[stage].push(bytes) { push($0, stage + 1, source, packet, unit) }
    switch state {
    case .fine: break
    case .ended(let trailing):
      if trailing > 0 {
        stop("\(trailing) bytes stand behind the end of the \(content.codings[stage].rawValue) data", unit)
      }
    case .damaged(let reason): stop("\(content.codings[stage].rawValue): \(reason)", unit)
    }
  }

  private func store(_ bytes: RawSpan, _ source: Trace, _ packet: PacketContext, _ unit: DecodingUnit) {
    if !reversers.isEmpty {
      let total = storedCount + bytes.byteCount
      guard total <= host.limits.expandedBytes,
        total <= host.limits.expansionFloor || total / host.limits.expansionRatio <= receivedCount
      else {
        stop("expands beyond the limits (\(total) bytes from \(receivedCount))", unit)
        return
      }
    }
    storedCount += bytes.byteCount
    host.output.append(bytes, toArtefact: number)
    if !isChildSought {
      isChildSought = true
      child = FileReading(content, side, bytes, packet, unit)
    }
    child?.take(bytes, source, packet)
  }

  /// Ends the storing: what follows cannot be used.
  private func stop(_ reason: String, _ unit: DecodingUnit) {
    fault = reason
    isComplete = false
    unit.note(
      Finding(
        .warning, "host/coding", "An artefact could not be decoded to its end: \(reason).",
        ["role": .text(content.role), "byteOffset": .integer(Int64(receivedCount))]), from: side, trace: trace)
  }

  func skip(_ byteCount: Int, _ unit: DecodingUnit) {
    isComplete = false
    guard fault == nil else { return }
    guard reversers.isEmpty else {
      stop("\(byteCount) bytes of the encoded data are missing", unit)
      return
    }
    // A file decoder that lacks the beginning can do nothing.
    isChildSought = true
    guard byteCount <= host.limits.holeBytes - holeByteCount, holes.count < Self.maximumHoleCount else {
      stop("a hole of \(byteCount) bytes is over the limit", unit)
      return
    }
    holes.append(.object(["at": .integer(Int64(storedCount)), "byteCount": .integer(Int64(byteCount))]))
    var rest = byteCount
    let zeros = [UInt8](repeating: 0, count: min(rest, 65_536))
    while rest > 0 {
      let step = min(rest, zeros.count)
      // Safe: the view ends before `zeros` does.
      unsafe host.output.append(zeros.span.bytes.extracting(first: step), toArtefact: number)
      rest -= step
    }
    storedCount += byteCount
    holeByteCount += byteCount
    child?.skip(byteCount)
  }

  func close(isWhole: Bool, _ packet: PacketContext, _ unit: DecodingUnit) -> ContentReference? {
    if fault == nil {
      for (stage, reverser) in reversers.enumerated() {
        (reverser as? Base64Reverser)?.finish { push($0, stage + 1, trace, packet, unit) }
        (reverser as? QuotedPrintableReverser)?.finish { push($0, stage + 1, trace, packet, unit) }
      }
    }
    if receivedCount > 0, !reversers.allSatisfy(\.isAtEnd) { isComplete = false }
    let complete = isWhole && isComplete
    let inner = child?.finish() ?? []
    guard let stored = host.output.endArtefact(number) else { return nil }
    unit.describe(fields(stored, complete), from: side, trace)
    for (fields, trace) in inner {
      var known = fields
      if known["parentSha256"] == nil { known.set("parentSha256", stored.sha256.hex) }
      unit.describe(known, from: side, trace)
    }
    return ContentReference(
      hash: stored.sha256, byteCount: stored.byteCount, isComplete: complete, trace: trace)
  }

  private func fields(_ stored: StoredArtefact, _ complete: Bool) -> Fields {
    var fields = stored.fields
    fields.set("role", content.role)
    fields.set("origin", "captured")
    fields.set("isComplete", complete)
    if !content.mediaType.isEmpty { fields.set("declaredMediaType", content.mediaType) }
    if let name = content.name { fields.set("name", wire: name) }
    if !holes.isEmpty { fields.set("holes", .list(holes)) }
    if !content.codings.isEmpty {
      fields.set("codings", .list(content.codings.map { .text($0.rawValue) }))
      fields.set("encodedByteCount", receivedCount)
    }
    return fields
  }
}
