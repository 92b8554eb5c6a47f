import ByteReading
import CYara

/// YARA rules from several files, compiled together; each file has names of its own.
@safe public final class RuleSet {
  private let set: OpaquePointer
  private let count: Int

  /// Modules whose answers depend on the machine or on the moment, and one that only writes to a terminal.
  private static let refusedModules: Set<String> = ["time", "cuckoo", "magic", "console"]

  /// Compiles the texts of some files. Throws with the first error, and for modules that give another answer on another day.
  public init(_ texts: [[UInt8]]) throws(RuleFault) {
    guard let made = unsafe exhibit_yara_open() else { throw RuleFault(file: 0, message: "YARA has no memory") }
    unsafe set = made
    count = texts.count
    for (file, text) in texts.enumerated() {
      guard text.count <= RuleLimits.fileBytes else {
        throw RuleFault(file: file, message: "it is larger than \(RuleLimits.fileBytes) bytes")
      }
      guard !text.contains(0) else { throw RuleFault(file: file, message: "it has zero bytes, as compiled rules do") }
      let problems = Problems()
      // Safe: the text ends with zero, and the object lives as long as the call.
      let errors = unsafe (text + [0]).withUnsafeBufferPointer { buffer in
        unsafe buffer.withMemoryRebound(to: CChar.self) { characters in
          unsafe exhibit_yara_add(
            made, characters.baseAddress, "\(file)", Unmanaged.passUnretained(problems).toOpaque()
          ) {
            context, isError, line, message in
            guard let context = unsafe context, isError != 0 else { return }
            let known = unsafe Unmanaged<Problems>.fromOpaque(context).takeUnretainedValue()
            let words = unsafe message.map { unsafe String(cString: $0) } ?? "it cannot be read"
            known.first = known.first ?? "line \(line): \(words)"
          }
        }
      }
      guard errors == 0 else { throw RuleFault(file: file, message: problems.first ?? "it cannot be compiled") }
    }
    guard unsafe exhibit_yara_finish(made) == 0 else { throw RuleFault(file: 0, message: "YARA cannot use the rules") }
    // Modules are told before any rule is looked for, so that a slow one may be given up.
    let nothing: [UInt8] = []
    // Safe: the view ends before the array does.
    let trial = unsafe scan(nothing.span.bytes, seconds: 1)
    for module in trial.modules where Self.refusedModules.contains(module) {
      throw RuleFault(
        file: 0, message: "a rule imports the module \(module), whose answers are not the same on every run and machine"
      )
    }
  }

  deinit { unsafe exhibit_yara_close(set) }

  private final class Problems { var first: String? }

  private final class Findings {
    var scan = RuleScan()
    var open: RuleMatch?
    var isOver = false
  }

  /// Looks for all rules in bytes. There is no limit of time: it would make the result depend on the machine.
  public func scan(_ bytes: RawSpan) -> RuleScan { scan(bytes, seconds: 0) }

  private func scan(_ bytes: RawSpan, seconds: Int32) -> RuleScan {
    let findings = Findings()
    // Safe: each callback gets the object that lives until the end of the call, and texts that end with zero.
    var sink = unsafe exhibit_yara_sink()
    unsafe sink.context = Unmanaged.passUnretained(findings).toOpaque()
    unsafe sink.rule = { context, identifier, space in
      guard let found = unsafe RuleSet.of(context) else { return }
      found.open = RuleMatch(rule: unsafe RuleSet.text(identifier), file: Int(unsafe RuleSet.text(space)) ?? 0)
    }
    unsafe sink.tag = { context, tag in unsafe RuleSet.of(context)?.open?.tags.append(RuleSet.text(tag)) }
    unsafe sink.text = { context, name, value in
      unsafe RuleSet.of(context)?.open?.meta.append((RuleSet.text(name), .text(RuleSet.text(value))))
    }
    unsafe sink.number = { context, name, value, isBoolean in
      unsafe RuleSet.of(context)?.open?.meta.append(
        (RuleSet.text(name), isBoolean != 0 ? .boolean(value != 0) : .integer(value)))
    }
    unsafe sink.match = { context, string, offset, length in
      guard let found = unsafe RuleSet.of(context) else { return }
      found.open?.placeCount += 1
      guard (found.open?.places.count ?? 0) < RuleLimits.places else { return }
      found.open?.places.append(.init(string: unsafe RuleSet.text(string), offset: offset, byteCount: Int64(length)))
    }
    unsafe sink.ended = { context in
      guard let found = unsafe RuleSet.of(context), let match = found.open else { return }
      found.open = nil
      if found.scan.matches.count < RuleLimits.rules {
        found.scan.matches.append(match)
      } else if !found.isOver {
        found.isOver = true
        found.scan.limits.append("more than \(RuleLimits.rules) rules match")
      }
    }
    unsafe sink.limit = { context, string in
      guard let found = unsafe RuleSet.of(context), found.scan.limits.count < RuleLimits.rules else { return }
      found.scan.limits.append("the string \(unsafe RuleSet.text(string)) matches too often to be counted further")
    }
    unsafe sink.imported = { context, name in unsafe RuleSet.of(context)?.scan.modules.append(RuleSet.text(name)) }
    // Safe: YARA reads the bytes within the call.
    let status = unsafe bytes.withUnsafeBytes { buffer in
      unsafe exhibit_yara_scan(
        set, buffer.baseAddress?.assumingMemoryBound(to: UInt8.self), buffer.count, seconds, &sink)
    }
    if status != 0 { findings.scan.limits.append("YARA stopped with its error \(status)") }
    return findings.scan
  }

  @unsafe private static func of(_ context: UnsafeMutableRawPointer?) -> Findings? {
    unsafe context.map { unsafe Unmanaged<Findings>.fromOpaque($0).takeUnretainedValue() }
  }

  @unsafe private static func text(_ start: UnsafePointer<CChar>?) -> String {
    unsafe start.map { unsafe String(cString: $0) } ?? ""
  }
}
