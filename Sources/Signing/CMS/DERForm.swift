import SwiftASN1

/// A value that is encoded in DER already, so that small structures are put together without a type for each.
struct DERForm: DERSerializable {
  let bytes: [UInt8]

  init(_ bytes: some Sequence<UInt8>) { self.bytes = Array(bytes) }

  private init(_ body: (inout DER.Serializer) throws -> Void) throws {
    var serializer = DER.Serializer()
    try body(&serializer)
    bytes = serializer.serializedBytes
  }

  func serialize(into coder: inout DER.Serializer) throws { coder.serializeRawBytes(bytes) }

  static func value(_ value: some DERSerializable) throws -> DERForm { try DERForm { try $0.serialize(value) } }
  static func integer(_ value: Int) throws -> DERForm { try DERForm { try $0.serialize(value) } }
  static func integer(bytes: ArraySlice<UInt8>) throws -> DERForm { try DERForm { try $0.serialize(bytes) } }
  static func octets(_ bytes: some Sequence<UInt8>) throws -> DERForm {
    try value(ASN1OctetString(contentBytes: ArraySlice(bytes)))
  }

  static func sequence(_ parts: [DERForm]) throws -> DERForm { try constructed(.sequence, parts) }

  /// SET OF, whose members DER sorts; `tag` replaces the universal tag (IMPLICIT).
  static func set(_ parts: [DERForm], tag: ASN1Identifier = .set) throws -> DERForm {
    try DERForm { try $0.serializeSetOf(parts, identifier: tag) }
  }

  /// A context-specific constructed value: EXPLICIT when it holds one whole value.
  static func tagged(_ number: UInt, _ parts: [DERForm]) throws -> DERForm { try constructed(.context(number), parts) }

  private static func constructed(_ tag: ASN1Identifier, _ parts: [DERForm]) throws -> DERForm {
    try DERForm { serializer in
      try serializer.appendConstructedNode(identifier: tag) { inner in
        for part in parts { try inner.serialize(part) }
      }
    }
  }

  static func attribute(_ type: ASN1ObjectIdentifier, _ value: DERForm) throws -> DERForm {
    try sequence([.value(type), set([value])])
  }
}

extension ASN1Identifier {
  static func context(_ number: UInt) -> ASN1Identifier {
    ASN1Identifier(tagWithNumber: number, tagClass: .contextSpecific)
  }
}

extension ASN1Node {
  /// The values that a constructed one holds; none for a primitive one.
  var children: [ASN1Node] {
    guard case .constructed(let nodes) = content else { return [] }
    return Array(nodes)
  }

  var form: DERForm { DERForm(encodedBytes) }
}

/// The object identifiers of CMS (RFC 5652), ESS (RFC 5035), time-stamps (RFC 3161) and the algorithms.
enum ObjectIdentifier {
  static let data: ASN1ObjectIdentifier = [1, 2, 840, 113549, 1, 7, 1]
  static let signedData: ASN1ObjectIdentifier = [1, 2, 840, 113549, 1, 7, 2]
  static let contentType: ASN1ObjectIdentifier = [1, 2, 840, 113549, 1, 9, 3]
  static let messageDigest: ASN1ObjectIdentifier = [1, 2, 840, 113549, 1, 9, 4]
  static let signingTime: ASN1ObjectIdentifier = [1, 2, 840, 113549, 1, 9, 5]
  static let timeStampInfo: ASN1ObjectIdentifier = [1, 2, 840, 113549, 1, 9, 16, 1, 4]
  static let signingCertificate: ASN1ObjectIdentifier = [1, 2, 840, 113549, 1, 9, 16, 2, 12]
  static let signingCertificateV2: ASN1ObjectIdentifier = [1, 2, 840, 113549, 1, 9, 16, 2, 47]
  static let sha1: ASN1ObjectIdentifier = [1, 3, 14, 3, 2, 26]
  static let sha256: ASN1ObjectIdentifier = [2, 16, 840, 1, 101, 3, 4, 2, 1]
  static let sha384: ASN1ObjectIdentifier = [2, 16, 840, 1, 101, 3, 4, 2, 2]
  static let sha512: ASN1ObjectIdentifier = [2, 16, 840, 1, 101, 3, 4, 2, 3]
  static let ecdsaWithSHA256: ASN1ObjectIdentifier = [1, 2, 840, 10045, 4, 3, 2]
  static let ecdsaWithSHA384: ASN1ObjectIdentifier = [1, 2, 840, 10045, 4, 3, 3]
  static let ecdsaWithSHA512: ASN1ObjectIdentifier = [1, 2, 840, 10045, 4, 3, 4]
  static let rsaEncryption: ASN1ObjectIdentifier = [1, 2, 840, 113549, 1, 1, 1]
  static let sha256WithRSA: ASN1ObjectIdentifier = [1, 2, 840, 113549, 1, 1, 11]
  static let sha384WithRSA: ASN1ObjectIdentifier = [1, 2, 840, 113549, 1, 1, 12]
  static let sha512WithRSA: ASN1ObjectIdentifier = [1, 2, 840, 113549, 1, 1, 13]
}
