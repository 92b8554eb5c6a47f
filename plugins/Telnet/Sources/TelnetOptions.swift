import DecoderKit

/// What both sides said of options, and what the client's tell of it.
struct TelnetOptions {
  static let maximumStatements = 256
  static let maximumVariables = 256
  /// Bytes of a value that are kept.
  static let maximumValue = 4_096

  private(set) var statements: [String] = []
  private var known: Set<String> = []
  private(set) var terminalType: [UInt8]?
  private(set) var terminalSpeed: [UInt8]?
  private(set) var display: [UInt8]?
  private(set) var window: (width: Int, height: Int)?
  private(set) var variables: [(name: [UInt8], value: [UInt8])] = []
  private(set) var user: [UInt8]?

  /// IANA's registry of Telnet options, and those that games use.
  static func name(_ option: UInt8) -> String? {
    let names = [
      "BINARY", "ECHO", "RECONNECTION", "SUPPRESS-GO-AHEAD", "APPROX-MESSAGE-SIZE", "STATUS", "TIMING-MARK", "RCTE",
      "OUTPUT-LINE-WIDTH", "OUTPUT-PAGE-SIZE", "NAOCRD", "NAOHTS", "NAOHTD", "NAOFFD", "NAOVTS", "NAOVTD", "NAOLFD",
      "EXTENDED-ASCII", "LOGOUT", "BYTE-MACRO", "DATA-ENTRY-TERMINAL", "SUPDUP", "SUPDUP-OUTPUT", "SEND-LOCATION",
      "TERMINAL-TYPE", "END-OF-RECORD", "TACACS-USER", "OUTPUT-MARKING", "TERMINAL-LOCATION", "3270-REGIME", "X3-PAD",
      "WINDOW-SIZE", "TERMINAL-SPEED", "REMOTE-FLOW-CONTROL", "LINEMODE", "X-DISPLAY-LOCATION", "ENVIRON",
      "AUTHENTICATION", "ENCRYPT", "NEW-ENVIRON", "TN3270E", "XAUTH", "CHARSET", "REMOTE-SERIAL-PORT",
      "COM-PORT-CONTROL",
      "SUPPRESS-LOCAL-ECHO", "START-TLS", "KERMIT", "SEND-URL", "FORWARD-X",
    ]
    if names.indices.contains(Int(option)) { return names[Int(option)] }
    return switch option {
    case 69: "MSDP"
    case 70: "MSSP"
    case 85: "MCCP"
    case 86: "MCCP2"
    case 90: "MSP"
    case 91: "MXP"
    case 138: "PRAGMA-LOGON"
    case 139: "SSPI-LOGON"
    case 140: "PRAGMA-HEARTBEAT"
    case 201: "GMCP"
    case 255: "EXTENDED-OPTIONS"
    default: nil
    }
  }

  private static func word(_ option: UInt8) -> String { name(option) ?? "option \(option)" }

  mutating func state(_ verb: UInt8, _ option: UInt8, isClient: Bool) {
    let verb =
      switch verb {
      case 0xfb: "WILL"
      case 0xfc: "WONT"
      case 0xfd: "DO"
      default: "DONT"
      }
    keep("\(isClient ? "client" : "server") \(verb) \(Self.word(option))")
  }

  private mutating func keep(_ statement: String) {
    guard statements.count < Self.maximumStatements, known.insert(statement).inserted else { return }
    statements.append(statement)
  }

  /// Learns from a subnegotiation; false when it has not the form of its option.
  mutating func learn(_ option: UInt8, _ content: [UInt8], isClient: Bool) -> Bool {
    keep("\(isClient ? "client" : "server") SB \(Self.word(option))")
    let value = Array(content.dropFirst().prefix(Self.maximumValue))
    // IS is 0, SEND 1, INFO 2, NAME 3 in all of these.
    switch option {
    case 24:
      guard let first = content.first else { return false }
      if first == 0, terminalType == nil { terminalType = value }
    case 31:
      guard content.count == 4 else { return false }
      window = (Int(content[0]) << 8 | Int(content[1]), Int(content[2]) << 8 | Int(content[3]))
    case 32: if content.first == 0 { terminalSpeed = value }
    case 35: if content.first == 0 { display = value }
    case 36, 39: if let first = content.first, first == 0 || first == 2 { learnVariables(content.dropFirst()) }
    case 37: if content.first == 3 { user = value }
    default: break
    }
    return true
  }

  /// VAR 0 or USERVAR 3, a name, VALUE 1, a value; ESC 2 before a byte that would be one of these (RFC 1572).
  private mutating func learnVariables(_ content: ArraySlice<UInt8>) {
    var name: [UInt8]?
    var text: [UInt8] = []
    var isValue = false
    var isEscaped = false
    func place(_ list: inout [(name: [UInt8], value: [UInt8])]) {
      guard let name, list.count < Self.maximumVariables else { return }
      list.append((name, Array(text.prefix(Self.maximumValue))))
    }
    for byte in content {
      if isEscaped {
        isEscaped = false
        text.append(byte)
        continue
      }
      switch byte {
      case 2: isEscaped = true
      case 1:
        name = text
        text = []
        isValue = true
      case 0, 3:
        if isValue { place(&variables) }
        name = nil
        text = []
        isValue = false
      default: text.append(byte)
      }
    }
    if isValue { place(&variables) }
    if let last = variables.last(where: { $0.name.elementsEqual("USER".utf8) }), !last.value.isEmpty {
      user = last.value
    }
  }

  func place(in fields: inout Fields) {
    if let terminalType { fields.set("terminalType", wire: terminalType) }
    if let terminalSpeed { fields.set("terminalSpeed", wire: terminalSpeed) }
    if let display { fields.set("displayLocation", wire: display) }
    if let window {
      fields.set("windowWidth", window.width)
      fields.set("windowHeight", window.height)
    }
    if !variables.isEmpty {
      fields.set(
        "environment",
        .list(
          variables.map { variable in
            var entry = Fields()
            entry.set("name", wire: variable.name)
            entry.set("value", wire: variable.value)
            return .object(entry)
          }))
    }
    if !statements.isEmpty { fields.set("negotiation", .list(statements.map { .text($0) })) }
  }
}
