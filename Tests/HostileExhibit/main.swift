import BuiltInDecoders
import DecoderKit
import Foundation
import Processing

/// exhibit with one decoder more, which does what a datagram tells it to: `hostile:trap`, `hostile:loop` and so on.
///
/// The tests run it to see what the supervisor and the sandbox make of such a decoder.
///
///   HostileExhibit OUTPUT JOBS INPUT...      an input called *.set is a set of hashes
///   HostileExhibit reproduce BUNDLE JOBS
struct HostileDecoder: EvidenceDecoder {
  static let identity = DecoderIdentity(name: "hostile", version: "1.0", summary: "does what it is told", kinds: [])
  static let mark = Array("hostile:".utf8)

  static func words(_ bytes: RawSpan) -> String {
    // Safe: the bytes are read within the closure.
    unsafe bytes.withUnsafeBytes { unsafe String(decoding: $0, as: UTF8.self) }
  }

  func claim(_ bytes: RawSpan, from side: Side, in context: borrowing DecodingContext) -> Claim {
    let words = Self.words(bytes)
    guard words.hasPrefix("hostile:") else { return .none }
    if words == "hostile:claim" { fatalError("told to") }
    return .content
  }

  func makeSession(in context: borrowing DecodingContext) -> HostileSession { HostileSession() }
}

final class HostileSession: DecodingSession {
  private var isLate = false

  func decode(
    _ bytes: RawSpan, from side: Side, into sink: inout EvidenceSink
  ) throws(ReadError) -> DecodingProgress {
    switch HostileDecoder.words(bytes) {
    case "hostile:trap": fatalError("told to")
    case "hostile:loop":
      var count = 0
      while !isLate { count &+= 1 }
    case "hostile:memory": while true { _ = UnsafeMutableRawPointer.allocate(byteCount: 64 << 20, alignment: 16) }
    case "hostile:stack": _ = descend(1)
    case "hostile:write": unsafe _ = open("/tmp/hostile-was-here", O_WRONLY | O_CREAT, 0o600)
    case "hostile:read": unsafe _ = open("/etc/passwd", O_RDONLY)
    case "hostile:connect": _ = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    case "hostile:spawn": _ = try? Process.run(URL(filePath: "/bin/true"), arguments: [])
    case "hostile:thread": Thread { exit(0) }.start()
    case "hostile:kill": kill(getppid(), SIGKILL)
    case "hostile:finish": isLate = true
    default: break
    }
    return .consumed(bytes.byteCount)
  }

  func finish(into sink: inout EvidenceSink) {
    if isLate { fatalError("told to, late") }
  }

  @inline(never) private func descend(_ depth: Int) -> Int { depth == .max ? 0 : descend(depth + 1) + 1 }
}

let decoders: [any EvidenceDecoder.Type] = builtInDecoders + [HostileDecoder.self]
let arguments = CommandLine.arguments
do {
  if arguments.count == 4, arguments[1] == "worker" {
    // A set of that name crashes its reader.
    if arguments[2] == "sets", try String(contentsOfFile: arguments[3], encoding: .utf8).contains("hostile-set") {
      fatalError("told to")
    }
    try Worker.run(stage: arguments[2], orderPath: arguments[3], decoders: decoders)
  } else if arguments.count == 4, arguments[1] == "reproduce" {
    var request = ReproductionRequest(bundle: arguments[2])
    request.jobs = Int(arguments[3]) ?? 1
    request.callSeconds = 2
    let result = try Reproduction(request, decoders: decoders).run { _ in }
    for line in result.lines { print(line) }
    exit(result.isSame ? 0 : 1)
  } else {
    let inputs = arguments.dropFirst(3)
    var request = ProcessingRequest(inputs: inputs.filter { !$0.hasSuffix(".set") }, output: arguments[1])
    request.hashSetPaths = inputs.filter { $0.hasSuffix(".set") }
    request.jobs = Int(arguments[2]) ?? 1
    request.callSeconds = 2
    _ = try Supervisor(request, decoders: decoders).run { _ in }
  }
} catch let error as ProcessingError {
  FileHandle.standardError.write(Data("\(error)\n".utf8))
  exit(error.code == .input ? 4 : 70)
} catch {
  FileHandle.standardError.write(Data("\(error)\n".utf8))
  exit(70)
}
