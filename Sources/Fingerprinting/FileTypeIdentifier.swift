import CMagic
import Glibc

/// Names the type of files by libmagic, as `file --mime-type` and `file` do.
@safe public final class FileTypeIdentifier {
  public struct FileType: Hashable, Sendable {
    /// Such as `image/png`.
    public let mediaType: String
    /// Such as `PNG image data, 8 x 8, 8-bit/color RGBA, non-interlaced`.
    public let description: String
    public init(mediaType: String, description: String) {
      self.mediaType = mediaType
      self.description = description
    }
  }

  private let mediaTypes: magic_t
  private let descriptions: magic_t

  /// The files that libmagic's database is read from, in its order: those of the variable MAGIC, or the system's.
  public static var databasePaths: [String] {
    // Safe: the text is libmagic's own; 1 asks for the places of the system, without those of a user.
    guard let places = unsafe magic_getpath(nil, 1) else { return [] }
    return unsafe String(cString: places).split(separator: ":").compactMap { place in
      // Safe: the paths are strings of ours.
      ["\(place).mgc", String(place)].first { unsafe access($0, R_OK) == 0 }
    }
  }

  /// Loads libmagic's compiled database; nil when it is not there.
  public init?() {
    guard let first = unsafe magic_open(MAGIC_MIME_TYPE), let second = unsafe magic_open(MAGIC_NONE),
      unsafe magic_load(first, nil) == 0, unsafe magic_load(second, nil) == 0
    else { return nil }
    // libmagic writes times that stand in files; the time zone's file is read now, while files may be opened.
    tzset()
    unsafe mediaTypes = first
    unsafe descriptions = second
  }

  deinit {
    unsafe magic_close(mediaTypes)
    unsafe magic_close(descriptions)
  }

  public func identify(_ bytes: [UInt8]) -> FileType {
    // Safe: libmagic reads the bytes within the call; its texts are copied before the next one.
    unsafe bytes.withUnsafeBytes { buffer in
      unsafe FileType(
        mediaType: text(magic_buffer(mediaTypes, buffer.baseAddress, buffer.count)),
        description: text(magic_buffer(descriptions, buffer.baseAddress, buffer.count)))
    }
  }

  /// Identifies an open file from its position, which stays.
  public func identify(descriptor: Int32) -> FileType {
    // Safe: libmagic's texts are copied before the next call.
    unsafe FileType(
      mediaType: text(magic_descriptor(mediaTypes, descriptor)),
      description: text(magic_descriptor(descriptions, descriptor)))
  }

  private func text(_ result: UnsafePointer<CChar>?) -> String {
    guard let result = unsafe result else { return "application/octet-stream" }
    return unsafe String(cString: result)
  }

  /// The extension under which a file of a type is stored; `bin` for every type that is not in the table.
  public static func fileExtension(forMediaType mediaType: String) -> String {
    extensions[mediaType] ?? "bin"
  }

  /// The extension of a file by its type and how it begins; 64 bytes are looked at.
  ///
  /// libmagic calls many messages plain text, which a mail program opens only with the extension of messages (RFC 5322, 2.2).
  /// `beginning` is asked only for types of which it decides.
  public static func fileExtension<Fault: Error>(
    forMediaType mediaType: String, beginning: () throws(Fault) -> [UInt8]
  ) throws(Fault) -> String {
    guard mediaType == "text/plain" || mediaType == "application/octet-stream" || mediaType == "text/html" else {
      return fileExtension(forMediaType: mediaType)
    }
    let name = try beginning().prefix(64).prefix { $0 != 0x3a }.map { (0x41...0x5a).contains($0) ? $0 + 0x20 : $0 }
    let isMail = name.count < 64 && messageFields.contains(String(decoding: name, as: UTF8.self))
    return isMail ? "eml" : fileExtension(forMediaType: mediaType)
  }

  /// Header fields with which messages begin.
  private static let messageFields: Set<String> = [
    "return-path", "received", "delivered-to", "x-original-to", "envelope-to", "from", "sender", "to", "cc", "subject",
    "date", "message-id", "mime-version", "content-type", "dkim-signature", "authentication-results", "reply-to",
    "user-agent", "x-mailer", "arc-seal", "received-spf", "content-transfer-encoding",
  ]

  private static let extensions: [String: String] = [
    "application/gzip": "gz", "application/json": "json", "application/msword": "doc", "application/pdf": "pdf",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/x-7z-compressed": "7z", "application/x-bzip2": "bz2", "application/x-rar": "rar",
    "application/x-ndjson": "ndjson", "application/x-tar": "tar", "application/x-xz": "xz", "application/zip": "zip",
    "application/zstd": "zst",
    "audio/amr": "amr", "audio/midi": "mid", "audio/mpeg": "mp3", "audio/ogg": "ogg", "audio/x-wav": "wav",
    "audio/vnd.wave": "wav", "image/bmp": "bmp", "image/gif": "gif", "image/jpeg": "jpg", "image/png": "png",
    "image/svg+xml": "svg", "image/tiff": "tif", "image/vnd.microsoft.icon": "ico", "image/webp": "webp",
    "image/x-icon": "ico", "image/x-ms-bmp": "bmp", "message/rfc822": "eml", "text/calendar": "ics",
    "text/css": "css", "text/csv": "csv", "text/html": "html", "text/plain": "txt", "text/vcard": "vcf",
    "text/xml": "xml", "video/3gpp": "3gp", "video/mp4": "mp4", "video/quicktime": "mov", "video/webm": "webm",
    "video/x-msvideo": "avi",
  ]
}
