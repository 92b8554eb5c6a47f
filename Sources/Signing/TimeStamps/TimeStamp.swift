public import EvidenceModel
import SwiftASN1
import X509

/// A time-stamp (RFC 3161): an authority's signed word that some bytes existed at a time.
public struct TimeStamp: Sendable {
  /// What an authority's answer must be below.
  public static let maximumBytes = 1 << 20

  /// The token: a CMS SignedData over a TSTInfo.
  private let message: SignedMessage
  private let information: [UInt8]
  /// The time that the authority states, in UTC.
  public let time: CaptureTime
  private let digest: DigestAlgorithm
  private let imprint: [UInt8]
  private let nonce: [UInt8]?
  /// The authority's number of the time-stamp, in hexadecimal digits.
  public let serial: String
  /// The policy under which it was given, as dotted numbers.
  public let policy: String

  /// Reads an authority's answer (TimeStampResp) or a bare token. Throws when it is a refusal or malformed.
  public init(_ bytes: [UInt8]) throws(SigningError) {
    guard bytes.count <= Self.maximumBytes else { throw Self.malformed("it is larger than 1 MiB") }
    do { try self.init(node: DER.parse(bytes)) } catch let error as SigningError { throw error } catch {
      throw Self.malformed("\(error)")
    }
  }

  private init(node: ASN1Node) throws {
    let parts = node.children
    var token = node
    if parts.first?.identifier == .sequence {
      guard let state = parts[0].children.first else { throw Self.malformed("it has no status") }
      let status = try Int(derEncoded: state)
      guard status == 0 || status == 1, parts.count == 2 else {
        throw SigningError(.unsuitable, "", "the authority refused the time-stamp: status \(status)")
      }
      token = parts[1]
    }
    message = try SignedMessage(node: token)
    guard message.contentType == ObjectIdentifier.timeStampInfo, let content = message.content else {
      throw Self.malformed("it is no time-stamp token")
    }
    information = content
    var fields = try DER.parse(content).children[...]
    guard fields.popFirst() != nil, let policyNode = fields.popFirst(), let imprintNode = fields.popFirst(),
      let serialNode = fields.popFirst(), let timeNode = fields.popFirst(), imprintNode.children.count == 2,
      let algorithm = imprintNode.children[0].children.first
    else { throw Self.malformed("TSTInfo has too few parts") }
    policy = "\(try ASN1ObjectIdentifier(derEncoded: policyNode))"
    guard let digest = DigestAlgorithm(try ASN1ObjectIdentifier(derEncoded: algorithm)) else {
      throw Self.malformed("its digest is not accepted")
    }
    self.digest = digest
    imprint = Array(try ASN1OctetString(derEncoded: imprintNode.children[1]).bytes)
    guard case .primitive(let number) = serialNode.content else { throw Self.malformed("its serial number is none") }
    serial = Hexadecimal.encode(number)
    guard let moment = CaptureTime(try GeneralizedTime(derEncoded: timeNode)) else {
      throw Self.malformed("its time does not exist")
    }
    time = moment
    var found: [UInt8]?
    for field in fields where field.identifier == .integer {
      if case .primitive(let value) = field.content { found = Array(value) }
    }
    nonce = found
  }

  private static func malformed(_ text: String) -> SigningError {
    SigningError(.malformed, "", "malformed time-stamp: \(text)")
  }

  /// Whether it is over `content`.
  public func covers(_ content: [UInt8]) -> Bool { digest.digest(content) == imprint }

  /// Whether it answers `request`: same digest, same nonce.
  public func answers(_ request: [UInt8]) -> Bool {
    guard let parts = TimeStampRequest.parts(request), parts.imprint == imprint else { return false }
    return parts.nonce == nil || parts.nonce == nonce
  }

  /// Checks the authority's signature, and that it is over `content`; its certificate must be valid at the stated time.
  ///
  /// `now` judges the authority's certificate when the time-stamp itself is all there is: RFC 3161 lets a token be
  /// relied on after its certificate ended only while something newer vouches for it, which the caller decides.
  public func verify(over content: [UInt8], trust: TrustStore, at moment: CaptureTime? = nil) -> SignatureVerdict {
    guard covers(content) else { return SignatureVerdict(.broken, "it is a time-stamp over other bytes") }
    guard let signer = message.signers.first, message.signers.count == 1 else {
      return SignatureVerdict(.broken, "it has not exactly one signer")
    }
    return SignatureCheck.judge(
      signer, message, information, ObjectIdentifier.timeStampInfo, .timeStamping, trust, moment ?? time)
  }

  /// The certificates that it brings, in DER.
  public var certificates: [[UInt8]] { message.certificates.map(\.bytes) }
}
