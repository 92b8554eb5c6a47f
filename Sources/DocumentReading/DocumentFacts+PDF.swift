import ByteReading
import CQPDF
import Glibc

/// The document information dictionary (ISO 32000-1, 14.3.3) and the XMP of a PDF, through qpdf.
extension DocumentFacts {
  mutating func readPDF(_ bytes: RawSpan) {
    var context: qpdf_data? = unsafe qpdf_init()
    guard let file = unsafe context else { return faults.append("qpdf has no memory") }
    defer { unsafe qpdf_cleanup(&context) }
    unsafe qpdf_set_suppress_warnings(file, QPDF_TRUE)
    // Safe: the bytes stay where they are until `qpdf_cleanup`, which is within this closure's function.
    unsafe bytes.withUnsafeBytes { buffer in
      let status = unsafe qpdf_read_memory(
        file, "document", buffer.baseAddress?.assumingMemoryBound(to: CChar.self), UInt64(buffer.count), nil)
      if status & Int32(QPDF_ERRORS) != 0 {
        let error = unsafe qpdf_get_error(file)
        if unsafe qpdf_get_error_code(file, error) == qpdf_e_password {
          isEncrypted = true
        } else {
          let reason = unsafe Self.text(qpdf_get_error_message_detail(file, error))
          faults.append("qpdf: \(reason)")
        }
        return
      }
      unsafe readOpened(file)
      // An error of a later call, which left out what was asked for.
      if unsafe qpdf_has_error(file) != 0 {
        let reason = unsafe Self.text(qpdf_get_error_message_detail(file, qpdf_get_error(file)))
        faults.append("qpdf: \(reason)")
      }
    }
  }

  @unsafe private mutating func readOpened(_ file: qpdf_data) {
    isEncrypted = unsafe qpdf_is_encrypted(file) != 0
    if let version = unsafe qpdf_get_pdf_version(file) {
      add("PDF", "Version", Array(unsafe String(cString: version).utf8))
    }
    let pages = unsafe qpdf_get_num_pages(file)
    if pages >= 0 { pageCount = Int(pages) }
    let trailer = unsafe qpdf_get_trailer(file)
    let info = unsafe qpdf_oh_get_key(file, trailer, "/Info")
    if unsafe qpdf_oh_is_dictionary(file, info) != 0 {
      unsafe qpdf_oh_begin_dict_key_iter(file, info)
      while unsafe qpdf_oh_dict_more_keys(file) != 0, properties.count < DocumentLimits.properties {
        guard let key = unsafe qpdf_oh_dict_next_key(file) else { break }
        let name = unsafe Self.name(key)
        // The key itself, for a name that is no UTF-8 could not be found by our text of it.
        let value = unsafe qpdf_oh_get_key(file, info, key)
        var start: UnsafePointer<CChar>?
        var count = 0
        if unsafe qpdf_oh_get_value_as_utf8(file, value, &start, &count) != 0, let start = unsafe start {
          // Safe: qpdf holds `count` bytes there until its next call.
          add("Info", name, unsafe [UInt8](UnsafeRawBufferPointer(start: start, count: count)))
        } else if unsafe qpdf_oh_is_name(file, value) != 0 {
          add("Info", name, Array(unsafe Self.name(qpdf_oh_get_name(file, value)).utf8))
        } else if unsafe qpdf_oh_is_null(file, value) == 0 {
          // Numbers, lists and the like, as PDF writes them; an entry that is null counts as absent.
          add("Info", name, Array(unsafe Self.text(qpdf_oh_unparse_resolved(file, value)).utf8))
        }
      }
      if unsafe qpdf_oh_dict_more_keys(file) != 0 { noteTooMany() }
    } else if unsafe qpdf_oh_is_null(file, info) == 0 {
      faults.append("the information dictionary of the PDF is none")
    }
    let root = unsafe qpdf_get_root(file)
    // A damaged file may have none.
    guard unsafe qpdf_oh_is_initialized(file, root) != 0 else { return }
    let metadata = unsafe qpdf_oh_get_key(file, root, "/Metadata")
    guard unsafe qpdf_oh_is_stream(file, metadata) != 0 else { return }
    var filtered: QPDF_BOOL = 0
    var start: UnsafeMutablePointer<UInt8>?
    var count = 0
    let status = unsafe qpdf_oh_get_stream_data(file, metadata, qpdf_dl_generalized, &filtered, &start, &count)
    guard status & Int32(QPDF_ERRORS) == 0, let start = unsafe start else {
      return faults.append("the XMP of the PDF cannot be decoded")
    }
    // Safe: qpdf allocated `count` bytes, which are given back once.
    defer { unsafe free(start) }
    guard count <= DocumentLimits.partBytes else {
      return faults.append("the XMP is longer than \(DocumentLimits.partBytes) bytes")
    }
    readXMP(unsafe [UInt8](UnsafeRawBufferPointer(start: start, count: count)))
  }

  /// A name of PDF without its slash; bytes that are no UTF-8 as `#` and their number (ISO 32000-1, 7.3.5).
  @unsafe private static func name(_ start: UnsafePointer<CChar>?) -> String {
    guard let start = unsafe start else { return "" }
    // Safe: qpdf's names end with zero.
    let bytes = unsafe [UInt8](UnsafeRawBufferPointer(start: start, count: strnlen(start, 4_096))).dropFirst()
    if let text = String(validating: bytes, as: UTF8.self) { return text }
    return bytes.map { byte in
      byte < 0x80 ? String(Unicode.Scalar(byte)) : "#" + String(byte, radix: 16)
    }.joined()
  }

  @unsafe private static func text(_ start: UnsafePointer<CChar>?) -> String {
    unsafe start.map { unsafe String(cString: $0) } ?? ""
  }
}
