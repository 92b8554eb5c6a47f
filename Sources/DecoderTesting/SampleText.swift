public import DecoderKit

/// Why a line of a sample cannot be read.
public struct SampleError: Error, Hashable, Sendable {
  /// The line as it stands.
  public let line: String
}

/// Samples as text: a line for each segment or datagram.
public enum SampleText {
  /// Reads a sample of one conversation: `>` from the initiator or `<` from the responder, a space, hexadecimal digits.
  public static func steps(_ text: String) throws(SampleError) -> [ConversationStep] {
    var steps: [ConversationStep] = []
    for line in text.split(separator: "\n") {
      guard let bytes = Hexadecimal.decode(line.dropFirst(2)) else { throw SampleError(line: String(line)) }
      steps.append(.bytes(bytes, from: line.hasPrefix(">") ? .initiator : .responder))
    }
    return steps
  }

  /// Reads a sample of several conversations, each begun by whoever speaks first in it.
  ///
  /// A line is `>` or `<`, the sender's endpoint, the receiver's, and hexadecimal digits, or `end` when the sender says no more.
  public static func conversations(
    _ text: String, over carry: (_ initiator: Endpoint, _ responder: Endpoint) -> DecodingContext.Carrier
  ) throws(SampleError) -> [(carrier: DecodingContext.Carrier, step: ConversationStep)] {
    var known: [Set<Endpoint>: (first: Endpoint, carrier: DecodingContext.Carrier)] = [:]
    var steps: [(carrier: DecodingContext.Carrier, step: ConversationStep)] = []
    for line in text.split(separator: "\n") {
      let words = line.split(separator: " ")
      guard words.count == 4, let from = endpoint(words[1]), let to = endpoint(words[2]) else {
        throw SampleError(line: String(line))
      }
      let entry = known[[from, to]] ?? (from, carry(from, to))
      known[[from, to]] = entry
      let side: Side = entry.first == from ? .initiator : .responder
      if words[3] == "end" {
        steps.append((entry.carrier, .end(.finished, of: side)))
      } else {
        guard let bytes = Hexadecimal.decode(words[3]) else { throw SampleError(line: String(line)) }
        steps.append((entry.carrier, .bytes(bytes, from: side)))
      }
    }
    return steps
  }

  private static func endpoint(_ text: Substring) -> Endpoint? {
    guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else { return nil }
    let address = text[..<colon].drop { $0 == "[" }.prefix { $0 != "]" }
    return InternetAddress(address).map { Endpoint($0, port: port) }
  }
}
