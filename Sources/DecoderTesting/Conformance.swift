public import DecoderKit
import Testing

/// Checks that a decoder survives every cut and every changed byte of a conversation, and keeps the rules of the API.
///
/// Each step is cut at every length and each of its bytes set to eight values; streams are also shown byte by byte and with
/// a gap at every place. Nothing may trap, stall, leave content open, or write a kind that is not declared.
public func checkTotality(
  of decoder: some EvidenceDecoder, on steps: [ConversationStep], over carrier: DecodingContext.Carrier
) {
  checkRules(decoder, steps, carrier)
  for (place, step) in steps.enumerated() {
    guard case .bytes(let bytes, let side) = step else { continue }
    for length in 0...bytes.count {
      let cut = Array(steps[..<place]) + [.bytes(Array(bytes.prefix(length)), from: side)]
      checkRules(decoder, cut, carrier)
      checkRules(decoder, cut + steps[(place + 1)...], carrier)
      _ = claim(of: decoder, on: Array(bytes.prefix(length)), from: side, over: carrier)
      if carrier.isOfMessages { continue }
      let rest = Array(bytes.dropFirst(length + 1))
      checkRules(decoder, cut + [.gap(1, from: side), .bytes(rest, from: side)] + steps[(place + 1)...], carrier)
    }
    for index in bytes.indices {
      for value: UInt8 in [0x00, 0x01, 0x0a, 0x3f, 0x7f, 0x80, 0xc0, 0xff] where bytes[index] != value {
        var changed = bytes
        changed[index] = value
        var all = steps
        all[place] = .bytes(changed, from: side)
        checkRules(decoder, all, carrier)
        _ = claim(of: decoder, on: changed, from: side, over: carrier)
      }
    }
  }
  if carrier.isOfMessages { return }
  let whole = run(decoder, on: steps, over: carrier)
  let numbered = steps.enumerated().flatMap { place, step in
    byteByByte(step).map { (packet: UInt64(place) + 1, step: $0) }
  }
  let split = run(decoder, on: numbered, over: carrier)
  #expect(
    split.recordLines == whole.recordLines && split.contents.map(\.bytes) == whole.contents.map(\.bytes),
    "byte by byte gives other results than whole")
}

private func byteByByte(_ step: ConversationStep) -> [ConversationStep] {
  guard case .bytes(let bytes, let side) = step else { return [step] }
  return bytes.map { .bytes([$0], from: side) }
}

private func checkRules<Decoder: EvidenceDecoder>(
  _ decoder: Decoder, _ steps: [ConversationStep], _ carrier: DecodingContext.Carrier
) {
  let outcome = run(decoder, on: steps, over: carrier)
  if !outcome.violations.isEmpty {
    Issue.record("\(Decoder.identity.name) breaks the rules: \(outcome.violations) on \(steps)")
  }
  for record in outcome.records {
    guard let kind = Decoder.identity.kinds.first(where: { $0.name == record.kind }) else {
      Issue.record("\(record.kind) is not declared")
      continue
    }
    for entry in record.fields.entries {
      let name = entry.name.hasSuffix("Hex") ? String(entry.name.dropLast(3)) : entry.name
      if !kind.fields.contains(where: { $0.name == entry.name || $0.name == name }) {
        Issue.record("\(record.kind) has no declared field \(entry.name)")
      }
    }
  }
}
