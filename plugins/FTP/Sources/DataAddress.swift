import DecoderKit

/// Where a data connection goes to, as a command or a reply names it.
struct DataAddress: Hashable {
  /// Nil where only the port is named: then it is the host that says so (RFC 2428, 3).
  let address: InternetAddress?
  let port: UInt16

  /// Reads the argument of PORT (RFC 959, 5.3.2) or EPRT (RFC 2428, 2).
  init?(argument: some Collection<UInt8>, of command: String) {
    let bytes = Array(argument).trimmed
    guard let found = command == "PORT" ? Self.numbers(bytes) : Self.extended(bytes), found.address != nil else {
      return nil
    }
    self = found
  }

  /// Reads the reply 227 (RFC 1123, 4.1.2.6: the numbers stand anywhere) or 229 (RFC 2428, 3).
  init?(reply: some Collection<UInt8>, code: Int) {
    let bytes = Array(reply)
    if code == 229 {
      guard let open = bytes.firstIndex(of: 0x28), let close = bytes[open...].firstIndex(of: 0x29),
        let found = Self.extended(Array(bytes[(open + 1)..<close]))
      else { return nil }
      self = found
      return
    }
    // Behind the code.
    for place in bytes.indices.dropFirst(3) where bytes[place].isDigit && !bytes[place - 1].isDigit {
      let run = bytes[place...].prefix { $0.isDigit || $0 == 0x2c || $0 == 0x20 }
      if let found = Self.numbers(Array(run)) {
        self = found
        return
      }
    }
    return nil
  }

  private init(_ address: InternetAddress?, _ port: UInt16) {
    self.address = address
    self.port = port
  }

  /// Six numbers between commas.
  private static func numbers(_ bytes: [UInt8]) -> DataAddress? {
    let parts = bytes.split(separator: 0x2c, maxSplits: 6, omittingEmptySubsequences: false).map { $0.trimmed.decimal }
    guard parts.count == 6 else { return nil }
    var values: [UInt32] = []
    for part in parts {
      guard let part, part <= 255 else { return nil }
      values.append(UInt32(part))
    }
    let address = values[..<4].reduce(UInt32(0)) { $0 << 8 | $1 }
    return DataAddress(InternetAddress(version4: address), UInt16(values[4] << 8 | values[5]))
  }

  /// `|1|192.0.2.1|5000|` or `|||5000|`, with any delimiter.
  private static func extended(_ bytes: [UInt8]) -> DataAddress? {
    guard let delimiter = bytes.first, !delimiter.isDigit else { return nil }
    let parts = bytes.split(separator: delimiter, maxSplits: 5, omittingEmptySubsequences: false)
    guard parts.count >= 4, let number = parts[3].trimmed.decimal, let port = UInt16(exactly: number), port > 0 else {
      return nil
    }
    if parts[2].isEmpty { return DataAddress(nil, port) }
    guard let address = InternetAddress(String(decoding: parts[2], as: UTF8.self)) else { return nil }
    return DataAddress(address, port)
  }
}
