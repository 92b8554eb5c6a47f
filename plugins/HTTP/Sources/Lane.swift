import DecoderKit

/// What one side of a connection is in the middle of.
final class Lane {
  enum State {
    /// The start of a message is next, or has come in part.
    case head
    case body
    /// Another protocol took over.
    case tunnel
    /// The next message is being looked for.
    case lost
  }

  var state = State.head
  /// The head as far as it has come, once its start was known.
  var headBytes: [UInt8] = []
  var headEnd = HeadEndScanner()
  var headTrace = Trace()
  /// A copy of the beginning of a start line, which stays with the host until it is known for one.
  var startBytes: [UInt8] = []
  /// Where `startBytes` came from.
  var startTrace = Trace()
  /// Bytes that belong to no message, and the artefact that keeps them.
  var passedCount = 0
  var passed: ContentHandle?
  /// Whether nothing was read or missed yet.
  var isFresh = true
  /// How the side ended.
  var end: StreamEnd?

  // The message whose body is being read.
  var exchange: Exchange?
  var description: ContentDescription?
  var content: ContentHandle?
  var length = BodyFraming.Length.none
  /// How the body is delimited when it turns out not to be chunked.
  var unchunked = BodyFraming.Length.none
  var remaining = 0
  /// Bytes of a body without a head so far; nil for any other body.
  var bareByteCount: Int?
  var chunks = ChunkedBody()
  /// Whether body bytes, or a hole, came.
  var hasBody = false
  /// Whether packets are noted here, because the content's own account of them would miss some.
  var tracksPackets = false

  func resetHead() {
    headBytes = []
    headEnd = HeadEndScanner()
    headTrace = Trace()
    forgetStart()
  }

  func forgetStart() {
    if startBytes.isEmpty { return }
    startBytes = []
    startTrace = Trace()
  }
}
