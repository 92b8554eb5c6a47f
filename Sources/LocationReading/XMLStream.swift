import ByteReading
import CExpat

/// What takes the parts of a document as they come.
protocol XMLReceiver: AnyObject {
  /// An element begins; `range` is its start tag.
  func elementBegan(_ name: String, _ attributes: [XMLAttribute], at range: FileRange) throws(LocationFault)
  /// The innermost element ends; `range` is its end tag, or the last byte of an empty element's tag.
  func elementEnded(at range: FileRange) throws(LocationFault)
  /// Text of the innermost element, in pieces, in UTF-8, where the file may have another encoding.
  func text(_ text: RawSpan, at range: FileRange) throws(LocationFault)
  /// Text is missing here: an entity that is outside the document, or not known.
  func entityLeftOut(at range: FileRange)
  /// Nothing more comes: gives out what is whole.
  func abandon()
}

extension XMLReceiver {
  func abandon() {}
}

/// An attribute that stands in the tag; those that only a document type gives are not taken.
struct XMLAttribute: Hashable {
  let name: String
  let value: String
}

/// Reads an XML document with expat, piece by piece; nothing outside of the document is ever fetched.
///
/// Limits: see `LocationLimits`. Entities may not refer to others, so that neither their size nor their nesting can grow.
@safe final class XMLStream {
  /// Bytes handed to expat at once, so that what is unfinished is looked at often.
  private static let pieceByteCount = 1 << 16
  /// Bytes of text from which on the growth by entities is looked at.
  private static let amplificationThreshold: UInt64 = 1 << 18

  private let parser: XML_Parser
  private let receiver: any XMLReceiver
  private let limits: LocationLimits
  private var fault: LocationFault?
  private var fed: UInt64 = 0
  private var depth = 0
  private var entities = 0
  private var defaults = 0
  /// Where the document type begins, while it is open.
  private var documentType: UInt64?
  private var names: Set<String> = []

  /// Throws `system` when there is no memory.
  init(_ receiver: any XMLReceiver, _ limits: LocationLimits) throws(LocationFault) {
    guard let parser = unsafe XML_ParserCreate(nil) else { throw LocationFault(.system, at: 0, "out of memory") }
    unsafe self.parser = parser
    self.receiver = receiver
    self.limits = limits
    // Safe: expat hands the pointer back in calls of `append` and `finish` only, during which this object is alive.
    let context = unsafe Unmanaged.passUnretained(self).toOpaque()
    unsafe XML_SetUserData(parser, context)
    unsafe XML_SetElementHandler(
      parser,
      { context, name, attributes in
        // Safe: expat gives the pointer set above, and names that end with zero.
        guard let name = unsafe name.map({ unsafe String(cString: $0) }) else { return }
        unsafe XMLStream.of(context)?.begin(name, attributes)
      },
      { context, _ in unsafe XMLStream.of(context)?.end() })
    unsafe XML_SetCharacterDataHandler(parser) { context, bytes, count in
      // Safe: expat shows `count` bytes for the time of the call.
      let text = unsafe UnsafeRawBufferPointer(start: bytes, count: Int(max(0, count)))
      unsafe XMLStream.of(context)?.take(text.bytes)
    }
    unsafe XML_SetEntityDeclHandler(parser) { context, _, _, value, count, _, _, _, _ in
      let text = unsafe UnsafeRawBufferPointer(start: value, count: value == nil ? 0 : Int(max(0, count)))
      unsafe XMLStream.of(context)?.declare(text.bytes)
    }
    unsafe XML_SetDoctypeDeclHandler(
      parser, { context, _, _, _, _ in unsafe XMLStream.of(context)?.beginDocumentType() },
      { context in unsafe XMLStream.of(context)?.endDocumentType() })
    unsafe XML_SetAttlistDeclHandler(parser) { context, _, _, _, value, _ in
      if unsafe value != nil { unsafe XMLStream.of(context)?.declareDefault() }
    }
    unsafe _ = XML_SetBillionLaughsAttackProtectionMaximumAmplification(parser, Float(limits.entityAmplification))
    unsafe _ = XML_SetBillionLaughsAttackProtectionActivationThreshold(parser, Self.amplificationThreshold)
    unsafe XML_SetSkippedEntityHandler(parser) { context, _, _ in unsafe XMLStream.of(context)?.leaveOut() }
    unsafe XML_SetExternalEntityRefHandler(parser) { context, _, _, _, _ in
      unsafe XMLStream.of(UnsafeMutableRawPointer(context))?.leaveOut()
      return 1
    }
    unsafe XML_SetExternalEntityRefHandlerArg(parser, context)
  }

  deinit { unsafe XML_ParserFree(parser) }

  private static func of(_ context: UnsafeMutableRawPointer?) -> XMLStream? {
    // Safe: the pointer is the one that `init` made of an object which is alive.
    unsafe context.map { unsafe Unmanaged<XMLStream>.fromOpaque($0).takeUnretainedValue() }
  }

  // MARK: Feeding

  /// Reads the next bytes of the document.
  func append(_ bytes: RawSpan) throws(LocationFault) {
    var reader = ByteReader(bytes)
    while reader.remaining > 0 {
      guard let piece = try? reader.take(min(reader.remaining, Self.pieceByteCount), "piece") else { return }
      try parse(piece, isLast: false)
    }
  }

  /// Says that nothing follows. Throws `truncated` when the document is not at its end.
  func finish() throws(LocationFault) {
    let nothing: [UInt8] = []
    try parse(nothing.view, isLast: true)
  }

  private func parse(_ piece: RawSpan, isLast: Bool) throws(LocationFault) {
    if let fault { throw fault }
    fed += UInt64(piece.byteCount)
    // Safe: expat reads `count` bytes, and keeps a copy of what it needs later.
    let status = unsafe piece.withUnsafeBytes { bytes in
      unsafe XML_Parse(
        parser, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(bytes.count), isLast ? 1 : 0)
    }
    if status != XML_STATUS_OK, fault == nil { fault = expatFault() }
    if fault == nil, fed - min(place, fed) > UInt64(limits.tokenByteCount), !isLast {
      fault = LocationFault(.limitExceeded, at: place, "a tag or comment is longer than \(limits.tokenByteCount) bytes")
    }
    if fault == nil { checkDocumentType() }
    if let fault { throw fault }
  }

  private func expatFault() -> LocationFault {
    let error = unsafe XML_GetErrorCode(parser)
    let text = unsafe XML_ErrorString(error).map { unsafe String(cString: $0) } ?? "not readable"
    let code: LocationFault.Code =
      switch error {
      case XML_ERROR_NO_ELEMENTS, XML_ERROR_UNCLOSED_TOKEN, XML_ERROR_PARTIAL_CHAR, XML_ERROR_UNCLOSED_CDATA_SECTION:
        .truncated
      case XML_ERROR_UNKNOWN_ENCODING, XML_ERROR_INCORRECT_ENCODING: .unsupportedEncoding
      case XML_ERROR_AMPLIFICATION_LIMIT_BREACH: .limitExceeded
      case XML_ERROR_NO_MEMORY: .system
      default: .malformed
      }
    return LocationFault(code, at: code == .truncated ? min(place, fed) : place, "the XML cannot be read on: \(text)")
  }

  /// The offset of what expat has in hand.
  private var place: UInt64 { UInt64(max(0, unsafe XML_GetCurrentByteIndex(parser))) }

  private var range: FileRange {
    FileRange(from: place, count: UInt64(max(0, unsafe XML_GetCurrentByteCount(parser))))
  }

  // MARK: What expat gives

  /// Does `step` unless something went wrong before; stops expat when it goes wrong now.
  private func guarded(_ step: () throws(LocationFault) -> Void) {
    guard fault == nil else { return }
    do throws(LocationFault) { try step() } catch { stop(error) }
  }

  private func stop(_ error: LocationFault) {
    fault = error
    unsafe _ = XML_StopParser(parser, 0)
  }

  private func know(_ name: String) throws(LocationFault) {
    guard name.utf8.count <= limits.nameByteCount else {
      throw LocationFault(.limitExceeded, at: place, "a name is longer than \(limits.nameByteCount) bytes")
    }
    guard names.insert(name).inserted, names.count > limits.nameCount else { return }
    throw LocationFault(.limitExceeded, at: place, "more than \(limits.nameCount) different names")
  }

  private func begin(_ name: String, _ list: UnsafeMutablePointer<UnsafePointer<CChar>?>?) {
    guarded { () throws(LocationFault) in
      depth += 1
      guard depth <= limits.depth else {
        throw LocationFault(.limitExceeded, at: place, "more than \(limits.depth) elements inside each other")
      }
      try know(name)
      var attributes: [XMLAttribute] = []
      // Names and values by turns; those behind the count come from a document type.
      let count = unsafe Int(XML_GetSpecifiedAttributeCount(parser))
      for index in stride(from: 0, to: count - 1, by: 2) {
        // Safe: expat's list has at least `count` texts that end with zero.
        guard let list = unsafe list, let key = unsafe list[index], let value = unsafe list[index + 1] else { break }
        attributes.append(unsafe XMLAttribute(name: String(cString: key), value: String(cString: value)))
        if let last = attributes.last { try know(last.name) }
      }
      try receiver.elementBegan(name, attributes, at: range)
    }
  }

  private func end() {
    guarded { () throws(LocationFault) in
      depth -= 1
      // Of an empty element's tag expat shows no more than where it ends.
      let isEmpty = unsafe XML_GetCurrentByteCount(parser) == 0
      try receiver.elementEnded(at: isEmpty && place > 0 ? FileRange(from: place - 1, count: 1) : range)
    }
  }

  private func take(_ text: RawSpan) {
    guard fault == nil else { return }
    do throws(LocationFault) { try receiver.text(text, at: range) } catch { stop(error) }
  }

  private func beginDocumentType() { documentType = place }

  private func endDocumentType() {
    if fault == nil { checkDocumentType() }
    documentType = nil
  }

  private func checkDocumentType() {
    if let documentType, place > documentType, place - documentType > UInt64(limits.documentTypeByteCount) {
      let message = "the document type is longer than \(limits.documentTypeByteCount) bytes"
      stop(LocationFault(.limitExceeded, at: documentType, message))
    }
  }

  private func declare(_ value: RawSpan) {
    entities += 1
    let isPlain =
      value.byteCount <= limits.entityByteCount && value.firstOffset(of: 0x26) == nil
      && value.firstOffset(of: 0x3c) == nil
    if fault == nil, entities > limits.entityCount || !isPlain {
      stop(LocationFault(.limitExceeded, at: place, "the document declares many, long or nested entities"))
    }
  }

  private func declareDefault() {
    defaults += 1
    if fault == nil, defaults > limits.entityCount {
      stop(LocationFault(.limitExceeded, at: place, "the document type gives more than \(limits.entityCount) defaults"))
    }
  }

  private func leaveOut() {
    if fault == nil { receiver.entityLeftOut(at: range) }
  }
}
