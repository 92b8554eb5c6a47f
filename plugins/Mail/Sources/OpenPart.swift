import DecoderKit

/// A part of a message that is being read.
struct OpenPart {
  let head: MessageHead
  /// Where it stands: `1.2`; empty for a message that has one part only, whose head is the message's.
  let path: [Int]
  let mediaType: MediaType
  var trace: Trace
  var content: ContentHandle?

  init(_ head: MessageHead, path: [Int], isInDigest: Bool, trace: Trace) {
    self.head = head
    self.path = path
    self.trace = trace
    let declared = MediaType(head.first("Content-Type") ?? [])
    // Without a type it is plain text, in a digest a message (RFC 2045, 5.2; RFC 2046, 5.1.5).
    mediaType =
      declared.name.isEmpty ? MediaType(Array((isInDigest ? "message/rfc822" : "text/plain").utf8)) : declared
  }

  var disposition: FieldParameters { FieldParameters(head.first("Content-Disposition") ?? []) }

  var fileName: [UInt8]? {
    let name = disposition.extended("filename") ?? mediaType.parameter("name")
    return name.flatMap { $0.isEmpty ? nil : EncodedWords.decode($0) }
  }

  var isAttachment: Bool {
    disposition.value.equalsIgnoringCase("attachment")
      || (fileName != nil && !disposition.value.equalsIgnoringCase("inline"))
  }

  var transferCoding: [UInt8]? {
    head.first("Content-Transfer-Encoding").map { FieldParameters($0).value }
  }

  /// The codings that the host undoes; of a kind that nobody knows the content stays as it came (RFC 2045, 6.4).
  var codings: [ContentCoding] {
    guard let coding = transferCoding else { return [] }
    if let known = ContentCoding(transferCoding: coding) { return [known] }
    if coding.equalsIgnoringCase("x-uuencode") || coding.equalsIgnoringCase("uuencode")
      || coding.equalsIgnoringCase("x-uue")
    {
      return [.uuencode]
    }
    return []
  }

  /// The boundary, where it is a multipart that can be read.
  var boundary: [UInt8]? {
    guard mediaType.isMultipart, let boundary = mediaType.parameter("boundary"),
      (1...EntityScanner.maximumBoundaryByteCount).contains(boundary.count)
    else { return nil }
    return boundary
  }

  var description: ContentDescription {
    var description = ContentDescription(
      role: isAttachment ? "mail attachment" : "mail body", mediaType: mediaType.name,
      parameters: mediaType.parameters, codings: codings)
    description.name = fileName
    return description
  }
}

extension MessageHead {
  /// The fields as records list them, encoded words undone.
  var decoded: Value { fields.listed { EncodedWords.decode($0.value) } }
}
