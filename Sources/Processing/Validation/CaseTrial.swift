import Custody
import DecoderKit
import EvidenceBundle
import EvidenceModel
import Fingerprinting
import Foundation

/// Runs a case through this program and measures every requirement that the case can.
struct CaseTrial {
  let `case`: ValidationCase
  let decoders: [any EvidenceDecoder.Type]
  let scratch: String
  let progress: (ProcessingProgress) -> Void

  private var bundle: String { "\(scratch)/\(`case`.name)" }

  /// Gives what came of each requirement, in the order of the case. Throws when the disk or the expected facts fail us.
  func run() throws(ProcessingError) -> [(requirement: Requirement, measurement: Measurement)] {
    let before = try state()
    do throws(ProcessingError) { try process(bundle, jobs: 2) } catch {
      guard error.code != .output else { throw error }
      let wanted = `case`.measures.map(\.requirement) + Requirement.ofEveryCase
      return wanted.map { ($0, Measurement("runs", failure: "the case could not be processed: \(error.message)")) }
    }
    let facts = CaseFacts(case: `case`, bundle: bundle)
    var results: [(requirement: Requirement, measurement: Measurement)] = []
    for (file, requirement) in `case`.measures {
      results.append((requirement, try facts.measure(requirement, file)))
    }
    results.append((.repetition, try repetition()))
    results.append((.reproduction, try reproduction()))
    results.append((.verification, verification()))
    results.append((.detection, try detection()))
    results.append((.original, Measurement("recordings", expected: before, found: try state())))
    return results
  }

  /// Content, size and time of last change of each recording.
  private func state() throws(ProcessingError) -> [String] {
    var states: [String] = []
    for path in `case`.inputs {
      let facts = try OriginalIntake.FileFacts(path: path)
      let hash = try OriginalIntake.read(path, into: nil) { _ in }
      let modified = CaptureTime(nanoseconds: facts.modified)
      states.append("\((path as NSString).lastPathComponent) \(hash.hex) \(facts.byteCount) \(modified)")
    }
    return states
  }

  private func process(_ output: String, jobs: Int) throws(ProcessingError) {
    var request = ProcessingRequest(inputs: `case`.inputs, output: output)
    request.jobs = jobs
    request.isValidating = true
    _ = try Supervisor(request, decoders: decoders).run(progress: progress)
  }

  private func repetition() throws(ProcessingError) -> Measurement {
    let again = "\(bundle)-again"
    do throws(ProcessingError) { try process(again, jobs: 5) } catch {
      guard error.code != .output else { throw error }
      return Measurement("files", failure: "the second run failed: \(error.message)")
    }
    let files = { (bundle: String) in
      ManifestFile(bundle, BundleLayout.manifest).entries.map { "\($0.key) \($0.value.hex)" }
    }
    return Measurement("files", expected: files(bundle), found: files(again))
  }

  private func reproduction() throws(ProcessingError) -> Measurement {
    var request = ReproductionRequest(bundle: bundle)
    request.jobs = 3
    request.scratch = scratch
    let result: ReproductionResult
    do throws(ProcessingError) { result = try Reproduction(request, decoders: decoders).run(progress: progress) } catch
    {
      guard error.code != .output else { throw error }
      return Measurement("files", failure: "it could not be made again: \(error.message)")
    }
    let listed = ManifestFile(bundle, BundleLayout.manifest).entries.keys.filter {
      !$0.hasPrefix(BundleLayout.originals + "/")
    }
    let differing = Set(result.differences.map(\.path))
    return Measurement(
      "files", expected: Array(listed),
      found: listed.filter { !differing.contains($0) }
        + result.differences.filter { $0.kind == .notInBundle }.map(\.path))
  }

  private func verification() -> Measurement {
    let checks = BundleVerifier.verify(bundle).filter { $0.verdict != .notApplicable }
    return Measurement(
      "checks", expected: checks.map(\.name), found: checks.filter { $0.verdict == .passed }.map(\.name))
  }

  /// Changes a byte in one file of every folder and kind of the bundle, one after the other, and verifies each time.
  private func detection() throws(ProcessingError) -> Measurement {
    var kinds: Set<String> = []
    var chosen: [String] = []
    let names = (try? FileManager.default.subpathsOfDirectory(atPath: bundle)) ?? []
    for name in names.sorted() where isRegularFile("\(bundle)/\(name)") && fileSize("\(bundle)/\(name)") > 0 {
      let parts = name.split(separator: "/")
      let folder = parts.first == "data" ? parts.prefix(2).joined(separator: "/") : parts.dropLast().joined()
      // Files that stand alone in their folder are each a kind of their own.
      let kind = parts.count == 1 || folder == "meta" ? name : "\(folder) \((name as NSString).pathExtension)"
      if kinds.insert(kind).inserted { chosen.append(name) }
    }
    var found: [String] = []
    for (index, name) in chosen.enumerated() {
      let stage = "changing a byte and verifying"
      progress(ProcessingProgress(stage: stage, done: UInt64(index), total: UInt64(chosen.count)))
      try flip("\(bundle)/\(name)")
      if BundleVerifier.verify(bundle).contains(where: { $0.verdict == .failed }) { found.append(name) }
      try flip("\(bundle)/\(name)")
    }
    let isWholeAgain = !BundleVerifier.verify(bundle).contains { $0.verdict == .failed }
    return Measurement(
      "changed bytes found", expected: chosen, found: isWholeAgain ? found : found + ["the bundle after all is undone"])
  }

  /// Inverts the lowest bit of the byte in the middle of a file; done twice, the file is what it was.
  private func flip(_ path: String) throws(ProcessingError) {
    // Safe here and below: the path is a string of ours.
    unsafe _ = chmod(path, 0o644)
    let descriptor = unsafe open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC)
    guard descriptor >= 0 else { throw .writing(path, errno) }
    defer { close(descriptor) }
    let place = off_t(fileSize(path) / 2)
    var byte: UInt8 = 0
    // Safe: one byte is read into and written from a variable of ours.
    guard unsafe pread(descriptor, &byte, 1, place) == 1 else { throw .writing(path, errno) }
    byte ^= 1
    guard unsafe pwrite(descriptor, &byte, 1, place) == 1 else { throw .writing(path, errno) }
  }
}
