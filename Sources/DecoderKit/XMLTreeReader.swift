import ByteReading
import CExpat

/// Reads a small document with expat.
@safe final class XMLTreeReader {
  private let parser: XML_Parser?
  private let namespace: String
  private let prefixes: [String: String]
  /// Elements that are open, the innermost last, and the prefixes that each declares.
  private var open: [XMLElement] = []
  private var declared: [[String: String]] = []
  private var root: XMLElement?
  /// Text of the innermost element that no other node has followed.
  private var pending = ""
  private var count = 0
  private var fault: ReadError?

  init(_ namespace: String, _ prefixes: [String: String]) {
    self.namespace = namespace
    self.prefixes = prefixes
    unsafe parser = XML_ParserCreate("UTF-8")
  }

  deinit { unsafe XML_ParserFree(parser) }

  func read(_ document: [UInt8]) throws(ReadError) -> XMLElement {
    guard unsafe parser != nil else { throw ReadError(.limitExceeded, at: 0, reading: "XML") }
    // Safe: expat hands the pointer back in the call of XML_Parse below only, during which this object is alive.
    unsafe XML_SetUserData(parser, Unmanaged.passUnretained(self).toOpaque())
    unsafe XML_SetElementHandler(
      parser,
      { context, name, attributes in
        // Safe: expat gives the pointer set above, and texts that end with zero.
        guard let name = unsafe name.map({ unsafe String(cString: $0) }) else { return }
        unsafe XMLTreeReader.of(context)?.begin(name, attributes)
      },
      { context, _ in unsafe XMLTreeReader.of(context)?.end() })
    unsafe XML_SetCharacterDataHandler(parser) { context, bytes, count in
      // Safe: expat shows `count` bytes for the time of the call.
      let text = unsafe UnsafeBufferPointer(start: bytes, count: Int(max(0, count)))
      let copy = unsafe text.map { UInt8(bitPattern: $0) }
      unsafe XMLTreeReader.of(context)?.take(String(decoding: copy, as: UTF8.self))
    }
    unsafe XML_SetStartDoctypeDeclHandler(parser) { context, _, _, _, _ in
      unsafe XMLTreeReader.of(context)?.stop(ReadError(.unsupported, at: 0, reading: "document type"))
    }
    // Safe: expat reads `count` bytes and keeps none of them.
    let status = unsafe document.withUnsafeBytes { bytes in
      unsafe XML_Parse(parser, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(clamping: bytes.count), 1)
    }
    if let fault { throw fault }
    guard status == XML_STATUS_OK, let root else {
      let place = unsafe Int(clamping: XML_GetCurrentByteIndex(parser))
      throw ReadError(.malformed, at: max(0, min(place, document.count)), reading: "XML")
    }
    return root
  }

  private static func of(_ context: UnsafeMutableRawPointer?) -> XMLTreeReader? {
    // Safe: the pointer is the one that `read` made of an object which is alive.
    unsafe context.map { unsafe Unmanaged<XMLTreeReader>.fromOpaque($0).takeUnretainedValue() }
  }

  private func stop(_ error: ReadError) {
    if fault == nil { fault = error }
    unsafe _ = XML_StopParser(parser, 0)
  }

  private func begin(_ name: String, _ list: UnsafeMutablePointer<UnsafePointer<CChar>?>?) {
    guard fault == nil else { return }
    placePending()
    count += 1
    guard count <= XMLElement.maximumElements, open.count < XMLElement.maximumDepth else {
      return stop(ReadError(.limitExceeded, at: 0, reading: "elements"))
    }
    var attributes: [XMLElement.Attribute] = []
    let total = unsafe Int(XML_GetSpecifiedAttributeCount(parser))
    // Names and values by turns.
    for index in stride(from: 0, to: total - 1, by: 2) {
      // Safe: expat's list has at least `total` texts that end with zero.
      guard let list = unsafe list, let key = unsafe list[index], let value = unsafe list[index + 1] else { break }
      let attribute = unsafe XMLElement.Attribute(name: String(cString: key), value: String(cString: value))
      attributes.append(attribute)
    }
    let parts = name.split(separator: ":", maxSplits: 1)
    let prefix = parts.count > 1 ? String(parts[0]) : ""
    declared.append(XMLElement.prefixes(declaredBy: attributes))
    let meaning =
      declared.last { $0[prefix] != nil }?[prefix] ?? (prefix.isEmpty ? namespace : prefixes[prefix] ?? "")
    open.append(
      XMLElement(
        name: parts.last.map { String($0) } ?? name, prefix: prefix, namespace: meaning, attributes: attributes))
  }

  private func end() {
    guard fault == nil else { return }
    placePending()
    guard let done = open.popLast() else { return }
    _ = declared.popLast()
    if open.isEmpty { root = done } else { open[open.count - 1].children.append(.element(done)) }
  }

  private func take(_ text: String) {
    // Expat gives text in pieces.
    if fault == nil { pending += text }
  }

  private func placePending() {
    guard !pending.isEmpty, !open.isEmpty else { return }
    open[open.count - 1].children.append(.text(pending))
    pending = ""
  }
}
