import BuiltInDecoders
import ByteReading
import DecoderHosting
import DecoderKit
import DecoderTesting
import EvidenceModel

/// Undoes codings that the input's first bytes choose, of what follows in pieces.
@Sendable func fuzzCodings(_ input: RawSpan) {
  var source = FuzzInput(input)
  let chosen = source.half()
  var pieces = FuzzContent(ContentDescription(role: "fuzz"))
  let all = ContentCoding.allCases
  for step in 0..<3 {
    let number = Int(chosen >> (4 * UInt16(step)) & 7)
    if number < all.count { pieces.description.codings.append(all[number]) }
  }
  if chosen & 0x8000 != 0 { pieces.description.mediaType = "multipart/form-data" }
  pieces.description.parameters = "boundary=b"
  pieces.steps = parts(source.rest().array()).map { .bytes($0, from: .initiator) }
  let output = CountingOutput()
  CarryingDecoder.carry(pieces, output)
  let most = max(16 << 20, input.byteCount * 250) + 65_536
  demand(output.artefactBytes <= most + input.byteCount, "bombs meet their limit: \(output.artefactBytes)")
}

/// An artefact and how it comes.
struct FuzzContent: Sendable {
  var description: ContentDescription
  var steps: [ConversationStep] = []
  init(_ description: ContentDescription) { self.description = description }
}

/// A decoder that carries what it is told to as one artefact, through the real host.
struct CarryingDecoder: EvidenceDecoder {
  static let identity = DecoderIdentity(name: "carrying", version: "1.0", summary: "", kinds: [])
  nonisolated(unsafe) static var content = FuzzContent(ContentDescription(role: ""))

  func claim(_ bytes: RawSpan, from side: Side, in context: borrowing DecodingContext) -> Claim {
    if case .udp = context.carrier { .content } else { .none }
  }
  func makeSession(in context: borrowing DecodingContext) -> Session { Session() }

  struct Session: DecodingSession {
    mutating func decode(
      _ bytes: RawSpan, from side: Side, into sink: inout EvidenceSink
    ) throws(ReadError) -> DecodingProgress {
      let content = unsafe CarryingDecoder.content
      let handle = try sink.open(content.description, from: side)
      for step in content.steps {
        switch step {
        // Safe: the view ends with this call.
        case .bytes(let bytes, _): unsafe sink.append(bytes.span.bytes, to: handle)
        case .gap(let count, _): sink.skip(count, in: handle)
        case .end: break
        }
      }
      _ = sink.close(handle, isWhole: true)
      return .consumed(bytes.byteCount)
    }
  }

  /// Hands a file to whichever decoder claims it.
  static func carry(_ file: FuzzConversation, _ output: CountingOutput) {
    guard case .file(let mediaType, let parameters) = file.carrier else { return }
    var content = FuzzContent(ContentDescription(role: "fuzz", mediaType: mediaType, parameters: parameters))
    content.steps = file.steps
    carry(content, output)
  }

  static func carry(_ content: FuzzContent, _ output: CountingOutput) {
    unsafe self.content = content
    let host = DecoderHost([CarryingDecoder.self] + builtInDecoders, output: output)
    let endpoint = Endpoint(InternetAddress(version4: 1), port: 9)
    let hosted = HostedDatagrams(host, initiator: endpoint, responder: endpoint, at: FuzzConversation.packet(1))
    // Safe: the view ends with this call.
    unsafe hosted.take(
      [0].span.bytes, from: .initiator, isCut: false, FuzzConversation.packet(1), counted: LedgerSum(packets: 1))
    hosted.finish()
  }
}
