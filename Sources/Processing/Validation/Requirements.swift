/// What exhibit promises and `exhibit validate` measures; docs/validation.md describes how.
///
/// Identifiers are stable: a requirement whose meaning changes gets a new one, and one that is gone leaves a hole.
struct Requirement: Sendable {
  let identifier: String
  /// What is promised, for people who know nothing of networks.
  let text: String
  /// Whose promise it is; nil for the program as a whole.
  let decoder: String?

  private init(_ identifier: String, _ decoder: String?, _ text: String) {
    self.identifier = identifier
    self.decoder = decoder
    self.text = text
  }

  static let original = Requirement(
    "REQ-ORIGINAL-1", nil,
    "The recordings that are examined are not changed: content, size and time of last change are the same before and after."
  )
  static let fingerprint = Requirement(
    "REQ-CAPTURE-1", nil,
    "Size and fingerprint (SHA-256) of each recording in the bundle are those of the file handed in.")
  static let times = Requirement(
    "REQ-CAPTURE-2", nil, "The first and the last packet of each recording have the times that stand in the recording.")
  static let account = Requirement(
    "REQ-ACCOUNT-1", nil,
    "Every packet and every captured byte of a recording stands in the account once, and none is lost or invented.")
  static let transferredFiles = Requirement(
    "REQ-HTTP-1", "http",
    "Every file that was sent over the web (HTTP) is recovered byte for byte, and none is invented.")
  static let transfers = Requirement(
    "REQ-HTTP-2", "http",
    "Every web request (HTTP) is recorded with its address, its answer and both parties, and none is invented.")
  static let calls = Requirement(
    "REQ-SIP-1", "sip",
    "Every telephone call (SIP) is recorded with caller, called party, how it ended and who ended it, and none is invented."
  )
  static let callMessages = Requirement(
    "REQ-SIP-2", "sip", "Every signalling message of a call (SIP) is recorded with its packet, and none is invented.")
  static let voiceStreams = Requirement(
    "REQ-RTP-1", "rtp",
    "Every voice stream (RTP) is recorded with its call, direction, coding, and numbers of packets received and lost.")
  static let audio = Requirement(
    "REQ-AUDIO-1", "audio",
    "The sound of every voice stream is what another program (FFmpeg) makes of the same packets, sample for sample.")
  static let names = Requirement(
    "REQ-DNS-1", "dns", "Every answer to a name query (DNS) is recorded as the asking program printed it.")
  static let questions = Requirement(
    "REQ-DNS-2", "dns",
    "Every name query (DNS) that the name server logged is recorded with who asked; none is invented.")
  static let repetition = Requirement(
    "REQ-REPEAT-1", nil,
    "Two runs over the same recordings, with other numbers of workers, give the same files to the bit.")
  static let reproduction = Requirement(
    "REQ-REPEAT-2", nil, "What a bundle holds can be made again from its recordings, and every file is then the same.")
  static let verification = Requirement(
    "REQ-VERIFY-1", nil, "A bundle that nobody changed passes every check of the verification.")
  static let detection = Requirement(
    "REQ-VERIFY-2", nil, "The change of a single byte anywhere in a bundle is found by the verification.")

  static let all = [
    original, fingerprint, times, account, transferredFiles, transfers, calls, callMessages, voiceStreams, audio, names,
    questions, repetition, reproduction, verification, detection,
  ]
  /// Those that every case measures, whatever facts it brings.
  static let ofEveryCase = [original, repetition, reproduction, verification, detection]

  static func named(_ identifier: String) -> Requirement? { all.first { $0.identifier == identifier } }

  /// What a validation does not show; docs/limits.md says more.
  static let limits = [
    "The cases are small: they show that what they hold is decoded right, not that everything else is.",
    "Only the decoders that are named under decoders were measured; what no decoder takes is listed in a bundle's account.",
    "Encrypted traffic (TLS, IPsec, HTTP/3) is not decrypted, SRTP only by keys of the signalling.",
    "A finding names every coding of voice and video that is not decoded; fax is not.",
    "HTTP/2, mail, FTP, SMB and chat are not decoded.",
    "Times are those of the recorder's clock; whether it was right is not known.",
    "Whether a recording is complete and honest cannot be seen from it; known gaps are findings.",
    "A limit that a run meets (docs/limits.md) is a finding in its bundle.",
  ]
}
