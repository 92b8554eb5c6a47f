import Foundation

/// A question at the terminal whose answer nobody sees.
enum TerminalPrompt {
  /// Asks on /dev/tty. `purpose` stands in errors.
  static func ask(_ question: String, for purpose: String) throws(SigningError) -> Secret {
    let terminal = unsafe open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC)
    guard terminal >= 0 else { throw missing(purpose) }
    defer { close(terminal) }
    var before = termios()
    // Safe: the structures are variables of ours.
    guard unsafe tcgetattr(terminal, &before) == 0 else { throw missing(purpose) }
    var quiet = before
    // Keys come one by one and raise no signal: an interrupt must not leave a terminal without echo.
    quiet.c_lflag &= ~tcflag_t(ECHO | ICANON | ISIG)
    (quiet.c_cc.5, quiet.c_cc.6) = (0, 1)
    // Safe: as above.
    guard unsafe tcsetattr(terminal, TCSAFLUSH, &quiet) == 0 else { throw missing(purpose) }
    defer {
      show("\n", on: terminal)
      // Safe: as above.
      _ = unsafe tcsetattr(terminal, TCSAFLUSH, &before)
    }
    show(question, on: terminal)
    return try answer(from: terminal, purpose)
  }

  private static func answer(from terminal: Int32, _ purpose: String) throws(SigningError) -> Secret {
    var secret = Secret()
    while true {
      var key: UInt8 = 0
      // Safe: one byte into a variable of ours.
      let got = unsafe read(terminal, &key, 1)
      if got < 0, errno == EINTR { continue }
      guard got == 1 else { throw missing(purpose) }
      switch key {
      case 0x0a, 0x0d: return secret
      case 0x03, 0x04, 0x1c: throw SigningError(.passPhrase, purpose, "no pass-phrase was given")
      case 0x08, 0x7f: secret.removeLastCharacter()
      case 0x15: secret.removeAll()
      default:
        guard secret.append(key) else {
          throw SigningError(.passPhrase, purpose, "the pass-phrase has more than \(Secret.limit) bytes")
        }
      }
    }
  }

  private static func missing(_ purpose: String) -> SigningError {
    SigningError(
      .passPhrase, purpose, "a pass-phrase or PIN is needed and there is no terminal: use --pass-fd or --pass-file")
  }

  /// Shows text of ours, with control characters of file names and labels left out.
  private static func show(_ text: String, on terminal: Int32) {
    let visible = text.unicodeScalars.filter { $0 == "\n" || $0.properties.generalCategory != .control }
    let bytes = Array(String(String.UnicodeScalarView(visible)).utf8)
    // Safe: the array's own bytes. Nothing depends on whether the question could be shown.
    _ = unsafe bytes.withUnsafeBytes { unsafe write(terminal, $0.baseAddress, $0.count) }
  }
}
