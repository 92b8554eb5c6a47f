import DecoderKit

/// What a message's body means to its call.
struct MessageContents {
  var media: [MediaOffer] = []
  /// The key of the telephone that it tells of; empty when it tells of none.
  var key = ""
  /// The status of a transfer that it tells of (RFC 3515, 2.4.5).
  var progress: StartLine?
  /// Message sessions that its descriptions set up.
  var messageSessions: [MessageSessionOffer] = []
  /// What it says of what a recording session records.
  var recording: RecordingMetadata?
}
