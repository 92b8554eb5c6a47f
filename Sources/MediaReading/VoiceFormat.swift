public import EvidenceModel

/// How the payloads of one RTP payload type become audio: the coding, its options, and the rates of its clock and its samples.
public struct VoiceFormat: Hashable, Sendable {
  /// A coding that libavcodec decodes, with what its packets leave to the signalling.
  public enum Coding: Hashable, Sendable {
    case aLaw, muLaw, g722, g7231
    /// Bits a sample: 2 to 5. In RTP the first sample stands in the lowest bits (RFC 3551, 4.5.4), in AAL2 in the highest.
    case g726(bits: UInt8, isLittleEndian: Bool)
    case g729, gsm
    case amr(AMRFraming)
    /// Milliseconds a frame, 20 or 30; 0 when the signalling leaves it to the packets' length.
    case ilbc(milliseconds: UInt8)
    case speex, opus
    /// Big-endian integers of 8 (unsigned), 16 or 24 bits (RFC 3551, 4.5.10; RFC 3190).
    case linear(bits: UInt8)
  }

  public let coding: Coding
  /// Hertz of the RTP timestamps.
  public let clockRate: UInt32
  /// Hertz of the decoded samples, which with G.722 are two a unit of the clock (RFC 3551, 4.5.2).
  public let sampleRate: UInt32
  /// Channels in the payload; several become one by their mean.
  public let channels: UInt8

  /// Sample rates outside these hertz are no audio of a call.
  static let sampleRates: ClosedRange<UInt32> = 4_000...192_000

  private init(_ coding: Coding, clock: UInt32, samples: UInt32, channels: UInt8 = 1) {
    self.coding = coding
    clockRate = clock
    sampleRate = samples
    self.channels = channels
  }

  /// The same rates with another coding.
  func with(_ coding: Coding) -> VoiceFormat {
    VoiceFormat(coding, clock: clockRate, samples: sampleRate, channels: channels)
  }

  /// The same format where the signalling left its frames' length to the packets; `length` is that of the first payload.
  public func settled(byPayloadOf length: Int) -> VoiceFormat {
    guard coding == .ilbc(milliseconds: 0) else { return self }
    // 38 octets are 20 milliseconds and 50 octets 30 (RFC 3952, 3).
    let isShort = length % 38 == 0 && length % 50 != 0
    return with(.ilbc(milliseconds: isShort ? 20 : 30))
  }

  /// Nil when there is no decoder for the payload type, or its parameters ask for what is not decoded.
  public init?(_ payload: MediaOffer.Payload) {
    let parameters = FormatParameters(payload.parameters)
    let isMono = payload.channels <= 1
    let isNarrow = isMono && payload.clockRate == 8_000
    switch payload.encoding {
    case "PCMA" where isMono: self.init(linearClock: .aLaw, payload)
    case "PCMU" where isMono: self.init(linearClock: .muLaw, payload)
    case "G722" where isNarrow: self.init(.g722, clock: 8_000, samples: 16_000)
    case "G723" where isNarrow: self.init(.g7231, clock: 8_000, samples: 8_000)
    case "G729", "G729A", "G729B", "G729AB": self.init(.g729, clock: 8_000, samples: 8_000)
    case "GSM" where isNarrow: self.init(.gsm, clock: 8_000, samples: 8_000)
    case "ILBC" where isNarrow:
      let mode = parameters["mode"]
      self.init(.ilbc(milliseconds: mode == "20" ? 20 : mode == "30" ? 30 : 0), clock: 8_000, samples: 8_000)
    case "AMR" where isNarrow, "AMR-WB" where isMono && payload.clockRate == 16_000:
      guard let framing = AMRFraming(parameters, isWide: payload.encoding == "AMR-WB") else { return nil }
      self.init(.amr(framing), clock: payload.clockRate, samples: payload.clockRate)
    case "SPEEX" where isMono && [8_000, 16_000, 32_000].contains(payload.clockRate):
      self.init(.speex, clock: payload.clockRate, samples: payload.clockRate)
    case "OPUS" where payload.clockRate == 48_000: self.init(.opus, clock: 48_000, samples: 48_000)
    case "L8": self.init(linearClock: .linear(bits: 8), payload)
    case "L16": self.init(linearClock: .linear(bits: 16), payload)
    case "L24": self.init(linearClock: .linear(bits: 24), payload)
    default:
      guard isNarrow, let coding = Coding(g726: payload.encoding) else { return nil }
      self.init(coding, clock: 8_000, samples: 8_000)
    }
  }

  /// A coding whose samples are counted by the clock.
  private init?(linearClock coding: Coding, _ payload: MediaOffer.Payload) {
    guard Self.sampleRates.contains(payload.clockRate), payload.channels <= 8 else { return nil }
    self.init(coding, clock: payload.clockRate, samples: payload.clockRate, channels: max(1, payload.channels))
  }

  /// Whether a byte is a sample at 8,000 hertz, which is rendered without looking at each packet.
  var isSimple: Bool { (coding == .aLaw || coding == .muLaw) && sampleRate == 8_000 }
}

extension VoiceFormat.Coding {
  /// `G726-16` to `G726-40`, and the same behind `AAL2-` (RFC 3551, 4.5.4); nil for other names.
  fileprivate init?(g726 name: String) {
    let isAAL2 = name.hasPrefix("AAL2-")
    let rates: [Substring: UInt8] = ["G726-16": 2, "G726-24": 3, "G726-32": 4, "G726-40": 5]
    guard let bits = rates[name.dropFirst(isAAL2 ? 5 : 0)] else { return nil }
    self = .g726(bits: bits, isLittleEndian: !isAAL2)
  }
}

/// The parameters of a payload type as SDP's `a=fmtp` has them: `octet-align=1; mode-set=0,2`.
struct FormatParameters {
  private var values: [String: String] = [:]

  init(_ text: String) {
    for part in text.split(separator: ";") {
      let pair = part.split(separator: "=", maxSplits: 1).map { Self.trimmed($0) }
      guard let name = pair.first, !name.isEmpty else { continue }
      values[name.lowercased()] = pair.count > 1 ? pair[1] : ""
    }
  }

  subscript(name: String) -> String? { values[name] }

  private static func trimmed(_ text: Substring) -> String {
    var text = text
    while let last = text.last, last == " " || last == "\t" { text.removeLast() }
    return String(text.drop { $0 == " " || $0 == "\t" })
  }
}
