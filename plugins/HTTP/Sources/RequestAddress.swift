import DecoderKit

/// What a request asks for, put together from its target and its Host field (RFC 9112, 3.2 and 3.3).
struct RequestAddress {
  /// The host and port as they stood; nil when the request names none.
  private(set) var host: [UInt8]?
  /// The whole address; without a Host field the server's endpoint stands in. Nil of CONNECT.
  private(set) var url: [UInt8]?

  init(method: [UInt8], target: [UInt8], hostField: [UInt8]?, server: Endpoint?) {
    if method.equals("CONNECT") {
      host = target
      return
    }
    if let authority = Self.authority(of: target) {
      host = Array(authority)
      url = target
      return
    }
    host = hostField.flatMap { $0.isEmpty ? nil : $0 }
    let authority = host ?? server.map { Array($0.description.utf8) } ?? []
    url = Array("http://".utf8) + authority
    if target != [0x2a] { url?.append(contentsOf: target) }
  }

  /// The authority of a target in absolute form (RFC 3986, 3.2); nil of other targets.
  private static func authority(of target: [UInt8]) -> ArraySlice<UInt8>? {
    guard let colon = target.prefix(32).firstIndex(of: 0x3a), colon > 0, target.first != 0x2f,
      target[(colon + 1)...].starts(with: [0x2f, 0x2f])
    else { return nil }
    return target[(colon + 3)...].prefix { $0 != 0x2f && $0 != 0x3f && $0 != 0x23 }
  }

  /// The last part of a target's path, without the query; nil when there is none.
  static func lastPathPart(of target: [UInt8]) -> [UInt8]? {
    var path = target.prefix { $0 != 0x3f && $0 != 0x23 }
    if let authority = authority(of: target) { path = path.dropFirst(authority.endIndex - path.startIndex) }
    guard let slash = path.lastIndex(of: 0x2f), slash + 1 < path.endIndex else { return nil }
    return Array(path[(slash + 1)...])
  }
}
