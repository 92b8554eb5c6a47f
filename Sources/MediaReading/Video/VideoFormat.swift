public import EvidenceModel
import Foundation

/// How a payload type carries video, and what the signalling says of it.
public struct VideoFormat: Hashable, Sendable {
  /// The codings whose frames are put together.
  public enum Coding: String, Hashable, Sendable, CaseIterable {
    case h264 = "H264"
    case h265 = "H265"
    case vp8 = "VP8"
    case vp9 = "VP9"
    /// By the payload format of RFC 2190, and by that of RFC 4629.
    case h263 = "H263"
    case h263Plus = "H263-1998"
    case av1 = "AV1"
  }

  public let coding: Coding
  /// Parameter sets that the signalling brought for this payload type, in its order.
  public private(set) var parameterSets: [[UInt8]] = []

  /// Hertz of the timestamps, which the standards of all these codings prescribe.
  public static let clockRate: UInt32 = 90_000
  /// Parameter sets of the signalling that are kept, and bytes of each.
  static let maximumParameterSets = 64
  static let maximumParameterBytes = 4_096

  /// Nil when the payload type is no video that is put together here, or its parameters ask for what is not.
  public init?(_ payload: MediaOffer.Payload) {
    guard payload.clockRate == Self.clockRate, let coding = Coding(name: payload.encoding) else { return nil }
    self.coding = coding
    let parameters = FormatParameters(payload.parameters)
    switch coding {
    // The interleaved mode (RFC 6184, 5.3), and H.265 whose packets are not in the order of decoding (RFC 7798, 7.1).
    case .h264: if parameters["packetization-mode"] == "2" { return nil }
    case .h265: if let number = parameters["sprop-max-don-diff"], number != "0" { return nil }
    case .vp8, .vp9, .h263, .h263Plus, .av1: break
    }
    add(parameters: payload.parameters)
  }

  /// Adds the parameter sets of `a=fmtp` (RFC 6184, 8.1; RFC 7798, 7.1); what is no Base64 is passed over.
  public mutating func add(parameters text: String) {
    let parameters = FormatParameters(text)
    let names =
      switch coding {
      case .h264: ["sprop-parameter-sets"]
      case .h265: ["sprop-vps", "sprop-sps", "sprop-pps"]
      case .vp8, .vp9, .h263, .h263Plus, .av1: [String]()
      }
    for part in names.compactMap({ parameters[$0] }).flatMap({ $0.split(separator: ",") }) {
      guard part.utf8.count <= 2 * Self.maximumParameterBytes, let bytes = Data(base64Encoded: String(part)),
        !bytes.isEmpty, bytes.count <= Self.maximumParameterBytes, parameterSets.count < Self.maximumParameterSets,
        !parameterSets.contains(Array(bytes))
      else { continue }
      parameterSets.append(Array(bytes))
    }
  }
}

extension VideoFormat.Coding {
  fileprivate init?(name: String) {
    // Both names have one payload format (RFC 4629).
    self.init(rawValue: name == "H263-2000" ? "H263-1998" : name)
  }
}
