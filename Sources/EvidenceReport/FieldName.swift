/// Names of fields as words.
enum FieldName {
  /// `snapLength` as `snap length`, `sha256` as `SHA-256`; names that are not plain stay as they are.
  static func words(_ name: String) -> String {
    switch name {
    case "sha256": return "SHA-256"
    case "sha1": return "SHA-1"
    case "md5": return "MD5"
    default: break
    }
    guard LocalLink.isPlain(name) else { return name }
    var result: [UInt8] = []
    var isAfterCapital = true
    for unit in name.utf8 {
      let isCapital = (0x41...0x5a).contains(unit)
      if isCapital, !isAfterCapital {
        result += [0x20, unit + 0x20]
      } else {
        result.append(unit)
      }
      isAfterCapital = isCapital
    }
    return String(decoding: result, as: UTF8.self)
  }
}
