import ByteReading
import DecoderKit
import EvidenceModel

/// An artefact that is being written: its codings, its holes, its packets, and the file decoder that reads along.
final class OpenContent {
  private var content: ContentDescription
  private let side: Side
  private let host: DecoderHost
  private let number: Int
  /// The codings that are undone, and what undoes them; one that turns out not to be there is taken out.
  private var codings: [ContentCoding]
  private var reversers: [any CodingReverser]
  /// The beginning as it came, in case it cannot be decoded; nil when it grew over the limit or is not needed.
  private var encoded: [UInt8]?
  /// How often a coding was taken out.
  private var attempt = 0
  /// The artefact that holds what came, once the decoded one is known to lack something.
  private var encodedNumber: Int?
  private var trace = Trace()
  private var holes: [Value] = []
  private var holeByteCount = 0
  /// Bytes that are missing before the first that came: without any that came there is no artefact.
  private var leadingHole = 0
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
    number = host.output.beginArtefact(isComputed: content.isComputed)
    codings = content.codings
    reversers = codings.map(makeReverser)
    encoded = codings.isEmpty ? nil : []
    isChildSought = content.isComputed
  }

  /// Takes the name that its sender gives it behind its bytes.
  func take(name: [UInt8]) { content.name = name }

  func append(_ bytes: RawSpan, _ source: Trace, _ packet: PacketContext, _ unit: DecodingUnit) {
    trace.formUnion(source)
    if receivedCount == 0, leadingHole > 0 { fill(leadingHole, unit) }
    receivedCount += bytes.byteCount
    if let held = encoded?.count {
      if held + bytes.byteCount <= host.limits.encodedBytes {
        encoded?.append(contentsOf: bytes.array())
      } else {
        encoded = nil
      }
    }
    guard fault == nil else {
      if let encodedNumber { host.output.append(bytes, toArtefact: encodedNumber) }
      return
    }
    push(bytes, 0, source, packet, unit)
  }

  private func push(_ bytes: RawSpan, _ stage: Int, _ source: Trace, _ packet: PacketContext, _ unit: DecodingUnit) {
    guard fault == nil else { return }
    guard stage < reversers.count else {
      store(bytes, source, packet, unit)
      return
    }
    let attempt = attempt
    let state = reversers[stage].push(bytes) {
      // What an attempt that was given up still hands out is no longer wanted.
      if attempt == self.attempt { push($0, stage + 1, source, packet, unit) }
    }
    guard attempt == self.attempt else { return }
    switch state {
    case .fine: break
    case .ended(let trailing):
      if trailing > 0 {
        stop("\(trailing) bytes stand behind the end of the \(codings[stage].rawValue) data", unit)
      }
    case .damaged(let reason):
      if storedCount == 0, fault == nil, let all = encoded {
        passOver(stage, reason, unit)
        // Safe: the view ends before `all` does.
        unsafe push(all.span.bytes, 0, source, packet, unit)
      } else {
        stop("\(codings[stage].rawValue): \(reason)", unit)
      }
    }
  }

  /// Takes out a coding that is not there, although the sender says so, and begins with the others anew.
  private func passOver(_ stage: Int, _ reason: String, _ unit: DecodingUnit) {
    let name = codings[stage].rawValue
    attempt += 1
    codings.remove(at: stage)
    reversers = codings.map(makeReverser)
    unit.note(
      Finding(
        .warning, "host/coding",
        "An artefact is not \(name) as its sender says (\(reason)); it was kept without undoing it.",
        ["role": .text(content.role), "coding": .text(name)]), from: side, trace: trace)
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

  /// Ends the storing: what follows cannot be used. What came is kept as it came, when it is not too large.
  private func stop(_ reason: String, _ unit: DecodingUnit) {
    fault = reason
    isComplete = false
    if let all = encoded, !all.isEmpty {
      let kept = host.output.beginArtefact()
      // Safe: the view ends before `all` does.
      unsafe host.output.append(all.span.bytes, toArtefact: kept)
      encodedNumber = kept
    }
    encoded = nil
    unit.note(
      Finding(
        .warning, "host/coding", "An artefact could not be decoded to its end: \(reason).",
        ["role": .text(content.role), "byteOffset": .integer(Int64(receivedCount))]), from: side, trace: trace)
  }

  func skip(_ byteCount: Int, _ unit: DecodingUnit) {
    isComplete = false
    if receivedCount == 0 { leadingHole += byteCount } else { fill(byteCount, unit) }
  }

  private func fill(_ byteCount: Int, _ unit: DecodingUnit) {
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
    let inner = child?.finish(isWhole: complete) ?? []
    let whole = encodedNumber.flatMap { host.output.endArtefact($0) }
    if let whole { unit.add("artefact", fields(encoded: whole, isWhole), from: side, trace) }
    guard let stored = host.output.endArtefact(number) else { return nil }
    unit.add("artefact", fields(stored, complete), from: side, trace)
    for record in inner {
      var fields = record.fields
      if fields["parentSha256"] == nil { fields.set("parentSha256", stored.sha256.hex) }
      unit.add(record.kind, fields, from: side, record.trace)
    }
    return ContentReference(
      hash: stored.sha256, byteCount: stored.byteCount, isComplete: complete, trace: trace)
  }

  private func fields(_ stored: StoredArtefact, _ complete: Bool) -> Fields {
    var fields = stored.fields
    fields.set("role", content.role)
    fields.set("origin", content.isComputed ? "computed" : "captured")
    fields.set("isComplete", complete)
    if !content.mediaType.isEmpty { fields.set("declaredMediaType", content.mediaType) }
    if let name = content.name { fields.set("name", wire: name) }
    if !holes.isEmpty { fields.set("holes", .list(holes)) }
    if !codings.isEmpty {
      fields.set("codings", .list(codings.map { .text($0.rawValue) }))
      fields.set("encodedByteCount", receivedCount)
    }
    return fields
  }

  /// The record of what could not be decoded to its end, as it came.
  private func fields(encoded stored: StoredArtefact, _ isWhole: Bool) -> Fields {
    var fields = stored.fields
    fields.set("role", "\(content.role), as sent")
    fields.set("origin", "captured")
    fields.set("isComplete", isWhole && stored.byteCount == receivedCount)
    if !content.mediaType.isEmpty { fields.set("declaredMediaType", content.mediaType) }
    if let name = content.name { fields.set("name", wire: name) }
    return fields
  }
}
