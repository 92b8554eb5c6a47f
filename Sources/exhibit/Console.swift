import EvidenceBundle
import Foundation
import Processing

/// What the commands print, with nothing captured reaching the terminal unescaped.
enum Console {
  /// The exit statuses, which are API (docs/cli.md).
  enum Status {
    static let checkFailed: Int32 = 1
    static let usage: Int32 = 2
    static let partial: Int32 = 3
    static let input: Int32 = 4
    static let output: Int32 = 5
    static let originalChanged: Int32 = 6
    static let defect: Int32 = 70
  }

  static func error(_ text: String) { writeError(safe(text, keepingLines: true) + "\n") }

  /// Writes to standard error as far as it takes it: that it is full or closed must not hide the exit status.
  static func writeError(_ text: String) {
    let bytes = Array(text.utf8)
    var done = 0
    while done < bytes.count {
      // Safe: the range from `done` to the end is inside the array.
      let step = unsafe bytes.withUnsafeBytes { unsafe write(2, $0.baseAddress! + done, bytes.count - done) }
      if step > 0 { done += step } else if step == 0 || errno != EINTR { return }
    }
  }

  static func exit(_ status: Int32) -> Never {
    fflush(nil)
    Foundation.exit(status)
  }

  /// Prints the error as one line that names the file, and ends with its exit status.
  static func fail(_ error: ProcessingError) -> Never {
    let subject = error.path.isEmpty ? "" : "\(safe(error.path)): "
    Console.error("exhibit: \(subject)\(error.message)")
    switch error.code {
    case .usage: exit(Status.usage)
    case .input, .expectation: exit(Status.input)
    case .output: exit(Status.output)
    case .originalChanged: exit(Status.originalChanged)
    case .defect: exit(Status.defect)
    }
  }

  /// Prints what is wrong with a bundle, and ends.
  static func fail(_ error: BundleError) -> Never {
    fail(ProcessingError(error.code == .malformed ? .input : .output, error.path, error.message))
  }

  /// Ends with a usage error when a new file or directory at one of the paths would lie in a bundle.
  static func keepOutOfBundles(_ paths: String?...) {
    for path in paths.compactMap(\.self) {
      if let reason = EnclosingBundle.refusal(path) { fail(ProcessingError(.usage, path, reason)) }
    }
  }

  /// Text with every control, format and invisible character made visible as `[U+XXXX]`.
  static func safe(_ text: some StringProtocol, keepingLines: Bool = false) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar.properties.generalCategory {
      case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate, .unassigned:
        if keepingLines, scalar == "\n" || scalar == "\t" {
          result.unicodeScalars.append(scalar)
        } else {
          let digits = String(scalar.value, radix: 16, uppercase: true)
          result += "[U+" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits + "]"
        }
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  static var isErrorTerminal: Bool { isatty(2) == 1 }
}
