import EvidenceBundle
public import EvidenceModel
import Foundation
public import Signing

/// Time-stamps for a laboratory without a network: a request goes out on a medium, an authority's answer comes back.
public enum TimeStamping {
  /// What an answer was attached to.
  public struct Attached: Sendable {
    /// The stamped file, relative to the bundle.
    public let text: String
    public let time: CaptureTime
    public let verdict: SignatureVerdict
  }

  /// A request over the newest renewal, or the seal when there is none, or the renewal of that number. Writes nothing.
  public static func request(_ path: String, renewal: Int? = nil) throws(CustodyError) -> (text: String, bytes: [UInt8])
  {
    let renewals = SealFiles.renewals(path)
    let text = renewal.map { SealFiles.renewal($0) } ?? renewals.last ?? BundleLayout.seal
    guard let content = BundleFile.read("\(path)/\(text)", limit: BundleFile.largeLimit) else {
      throw CustodyError(
        .input, "\(path)/\(text)", "there is nothing to time-stamp: the bundle has no such seal or renewal")
    }
    let request = try CustodyError.signing { () throws(SigningError) in
      try TimeStampRequest(over: content, isLong: text != BundleLayout.seal)
    }
    return (text, request.bytes)
  }

  /// Puts an authority's answer beside the seal or the renewal that it is over.
  ///
  /// Throws when it is over neither, or its signature does not fit; one that nobody vouches for is taken and said so.
  public static func attach(
    _ answer: [UInt8], request: [UInt8]?, to path: String, by act: CustodyAct, trust: TrustStore
  ) throws(CustodyError) -> Attached {
    let stamp = try CustodyError.signing { () throws(SigningError) in try TimeStamp(answer) }
    if let request, !stamp.answers(request) {
      throw CustodyError(.usage, path, "the answer is to another request")
    }
    var attached: Attached?
    try BundleChange.perform("timestamp", of: path, by: act) { change throws(CustodyError) in
      let texts = SealFiles.renewals(change.bundle).reversed() + [BundleLayout.seal]
      for text in texts {
        guard let content = BundleFile.read("\(change.bundle)/\(text)", limit: BundleFile.largeLimit),
          stamp.covers(content)
        else { continue }
        let verdict = stamp.verify(over: content, trust: trust)
        guard verdict.word != .broken, trust.isEmpty || verdict.word == .valid else {
          throw CustodyError(.checkFailed, text, "the time-stamp is \(verdict.word.rawValue): \(verdict.reason)")
        }
        try write(answer, request, text, &change)
        attached = Attached(text: text, time: stamp.time, verdict: verdict)
        return [
          "stamped": .text(text), "stampTime": .text(stamp.time.description), "verdict": .text(verdict.word.rawValue),
        ]
      }
      throw CustodyError(
        .checkFailed, change.bundle, "the time-stamp is over something else than its seal or a renewal")
    }
    guard let attached else { throw CustodyError(.output, path, "nothing was attached") }
    return attached
  }

  private static func write(
    _ answer: [UInt8], _ request: [UInt8]?, _ text: String, _ change: inout BundleChange
  ) throws(CustodyError) {
    let number = SealFiles.existing(change.bundle, { SealFiles.timeStamp(of: text, $0) }).count + 1
    guard number <= SealFiles.maximumCount else {
      throw CustodyError(.usage, text, "it has \(SealFiles.maximumCount) time-stamps already")
    }
    let name = SealFiles.timeStamp(of: text, number)
    try change.write(answer, to: name)
    if let request { try change.write(request, to: String(name.dropLast(3)) + "tsq") }
  }
}
