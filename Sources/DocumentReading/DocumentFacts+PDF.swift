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
        let name = unsafe String(cString: key)
        let value = unsafe qpdf_oh_get_key(file, info, name)
        var start: UnsafePointer<CChar>?
        var count = 0
        if unsafe qpdf_oh_get_value_as_utf8(file, value, &start, &count) != 0, let start = unsafe start {
          // Safe: qpdf holds `count` bytes there until its next call.
          add("Info", String(name.dropFirst()), unsafe [UInt8](UnsafeRawBufferPointer(start: start, count: count)))
        } else if unsafe qpdf_oh_is_name(file, value) != 0 {
          add("Info", String(name.dropFirst()), Array(unsafe Self.text(qpdf_oh_get_name(file, value)).utf8))
        }
      }
    }
    let metadata = unsafe qpdf_oh_get_key(file, qpdf_get_root(file), "/Metadata")
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

  @unsafe private static func text(_ start: UnsafePointer<CChar>?) -> String {
    unsafe start.map { unsafe String(cString: $0) } ?? ""
  }
}
