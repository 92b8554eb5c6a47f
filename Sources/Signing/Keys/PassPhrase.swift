import Foundation

/// Where a pass-phrase or PIN comes from: never an argument or the environment, which others can read.
public enum PassPhrase: Hashable, Sendable {
  /// The terminal, without echo.
  case prompt
  /// The next line of an open file, by its number.
  case descriptor(Int32)
  /// The first line of a file.
  case file(String)

  /// Reads it. `purpose` says what it opens, such as "key.pem".
  ///
  /// A line ends at its line feed or at the end; a carriage return before that does not belong to it.
  public func read(for purpose: String) throws(SigningError) -> Secret {
    switch self {
    case .prompt: return try TerminalPrompt.ask("Pass-phrase of \(purpose): ", for: purpose)
    case .descriptor(let number): return try Self.line(from: number, "file descriptor \(number)")
    case .file(let path): return try Self.line(in: path)
    }
  }

  /// Reads the PIN of a token.
  func readPIN(of token: String, note: String) throws(SigningError) -> Secret {
    if case .prompt = self { return try TerminalPrompt.ask("PIN of \(token)\(note): ", for: token) }
    return try read(for: token)
  }

  /// Reads one for a new key: twice at the terminal, and at least eight bytes.
  public func choose(for purpose: String) throws(SigningError) -> Secret {
    let secret = try read(for: purpose)
    guard secret.count >= Self.least else {
      throw SigningError(.passPhrase, purpose, "the pass-phrase is shorter than \(Self.least) bytes")
    }
    if case .prompt = self {
      let again = try TerminalPrompt.ask("The same again: ", for: purpose)
      guard secret.equals(again) else { throw SigningError(.passPhrase, purpose, "the two pass-phrases differ") }
    }
    return secret
  }

  /// The fewest bytes for a new key.
  static let least = 8

  /// What is worth saying about the file that holds it, as far as others can read it.
  var warning: String? {
    guard case .file(let path) = self else { return nil }
    return KeyFile.warning(path)
  }

  private static func line(in path: String) throws(SigningError) -> Secret {
    // Safe: the path is a string of ours.
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY)
    guard descriptor >= 0 else { throw SigningError(.passPhrase, path, systemMessage(errno)) }
    defer { close(descriptor) }
    return try line(from: descriptor, path)
  }

  /// Reads byte by byte, so that what follows stays for whoever reads next.
  private static func line(from descriptor: Int32, _ subject: String) throws(SigningError) -> Secret {
    var secret = Secret()
    while true {
      var byte: UInt8 = 0
      // Safe: one byte into a variable of ours.
      let got = unsafe Foundation.read(descriptor, &byte, 1)
      if got < 0, errno == EINTR { continue }
      guard got >= 0 else { throw SigningError(.passPhrase, subject, systemMessage(errno)) }
      if got == 0 || byte == 0x0a { break }
      guard secret.append(byte) else {
        throw SigningError(.passPhrase, subject, "the line has more than \(Secret.limit) bytes, or a zero in it")
      }
    }
    secret.removeCarriageReturn()
    return secret
  }
}

/// The system's message for an error number.
func systemMessage(_ number: Int32) -> String {
  // Safe: strerror gives a string that ends with zero, and it is copied at once.
  unsafe String(cString: strerror(number))
}
