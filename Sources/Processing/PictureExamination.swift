import DecoderHosting
import EvidenceBundle
import EvidenceModel
import Fingerprinting
import Foundation
import MediaReading

/// The perceptual hash of a picture, as a record.
struct PictureExamination {
  static let decoder = "picture 1.0"
  static let kind = "picture/fingerprint"

  private let inspection: FileInspection
  private let subject: FileInspection.Subject

  init(_ inspection: FileInspection, _ subject: FileInspection.Subject) {
    self.inspection = inspection
    self.subject = subject
  }

  func run(_ descriptor: Int32, _ byteCount: UInt64, _ form: StillPicture.Form) throws {
    let fingerprint: PictureFingerprint
    do throws(RecordingFault) {
      fingerprint = try PictureFingerprint(descriptor, byteCount, form) { inspection.tick() }
    } catch {
      return try note(error, form)
    }
    if let complaint = fingerprint.complaint {
      try note(
        Finding(
          .notice, "picture/damaged",
          "A picture was decoded with errors; its perceptual hash may be that of another picture: \(complaint).",
          ["reason": .text(complaint)]))
    }
    var fields = fingerprint.fields
    fields.set("isComplete", subject.isComplete && fingerprint.complaint == nil)
    try inspection.add(Self.kind, fields, subject, decoder: Self.decoder)
  }

  private func note(_ fault: RecordingFault, _ form: StillPicture.Form) throws {
    if fault.code == .limit {
      try note(
        Finding(
          .warning, "picture/limit", "A picture has no perceptual hash: \(fault.message).",
          [
            "reason": .text(fault.message), "limitBytes": .integer(Int64(StillPicture.maximumBytes)),
            "limitPixels": .integer(Int64(StillPicture.maximumPixels)),
          ]))
    } else {
      try note(
        Finding(
          .notice, "picture/damaged",
          "A file begins as a picture (\(form.rawValue)) and could not be decoded; it has no perceptual hash: \(fault.message).",
          ["reason": .text(fault.message)]))
    }
  }

  private func note(_ finding: Finding) throws { try inspection.note(finding, subject, decoder: Self.decoder) }
}

/// What a picture file looks like, in numbers.
struct PictureFingerprint: Codable, Sendable {
  var form: String
  /// Pixels.
  var width: Int
  var height: Int
  var pdq: String
  var quality: Int
  /// What libavcodec complained of.
  var complaint: String?

  /// Decodes a file and computes its hash. Throws when it is too large or gives no picture. `tick` is called in between.
  init(
    _ descriptor: Int32, _ byteCount: UInt64, _ form: StillPicture.Form, tick: () -> Void = {}
  ) throws(RecordingFault) {
    guard byteCount <= UInt64(StillPicture.maximumBytes) else {
      throw RecordingFault(.limit, "the file is larger than \(StillPicture.maximumBytes) bytes")
    }
    let bytes = fileBytes(descriptor, at: 0, Int(byteCount))
    // Safe: the view ends before `bytes` does.
    let picture = try unsafe StillPicture(decoding: bytes.span.bytes, as: form)
    tick()
    // Safe: the view ends before `picture` does.
    guard let hash = unsafe PDQHash(rgb: picture.rgb.span.bytes, width: picture.width, height: picture.height) else {
      throw RecordingFault(.damaged, "it has no pixels")
    }
    tick()
    self.form = form.rawValue
    (width, height, complaint) = (picture.width, picture.height, picture.complaint)
    (pdq, quality) = (hash.text, hash.quality ?? 0)
  }

  var isWeak: Bool { quality < PDQHash.leastQuality }

  var fields: Fields {
    [
      "pictureType": .text(form), "width": .integer(Int64(width)), "height": .integer(Int64(height)),
      "pdq": .text(pdq), "pdqQuality": .integer(Int64(quality)), "isWeak": .boolean(isWeak),
    ]
  }
}

extension StillPicture {
  /// The form of a file by its first bytes; nil when it is no picture that is read.
  static func form(of descriptor: Int32) -> Form? {
    form(ofHead: fileBytes(descriptor, at: 0, headByteCount))
  }
}

/// What a worker in the sandbox found in a picture that a bundle's are compared with.
struct PictureReport: Codable, Sendable {
  var fingerprint: PictureFingerprint?
  /// Why there is none.
  var reason: String?

  /// Reads the one file that the order names.
  static func run(_ order: WorkOrder) throws {
    guard let path = order.originals.first?.path else { return }
    var report = PictureReport()
    // Safe: the path is a string of ours.
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw ProcessingError(.input, path, ProcessingError.systemText(errno)) }
    defer { close(descriptor) }
    if let form = StillPicture.form(of: descriptor) {
      do throws(RecordingFault) {
        report.fingerprint = try PictureFingerprint(descriptor, fileSize(path), form)
      } catch { report.reason = error.message }
    }
    try JSONEncoder().encode(report).write(to: URL(filePath: ScratchLayout(order.scratch).picture))
  }

  /// Has a worker of this program read a picture; a worker that dies of it is a reason, too.
  static func make(of path: String) throws(ProcessingError) -> PictureReport {
    let scratch = try ScratchDirectory(in: nil, named: "exhibit-similar")
    let layout = ScratchLayout(scratch.path)
    let absolute = URL(filePath: path).standardizedFileURL.path(percentEncoded: false)
    var order = WorkOrder(scratch: scratch.path, worker: 0, originals: [.init(number: 1, path: absolute)])
    order.supervisor = getpid()
    let place = layout.order("picture", 0)
    do { try order.write(to: place) } catch { throw ProcessingError(.output, place, "\(error)") }
    let status = try MemoryFile("exhibit-status")
    let page = try StatusPage(status)
    page.clear()
    let job = WorkerPool.Job(
      stage: "picture", worker: 0, orderPath: place, messages: try MemoryFile("exhibit-messages"), status: status)
    var killed: Int32?
    var isFailed = false
    let clock = ContinuousClock()
    let end = clock.now + .seconds(maximumSeconds)
    let pool = WorkerPool(executable: try ToolIdentity(isWhole: false).executable, limit: 1)
    try pool.run(
      [job],
      tick: { running in
        // Nobody waits longer for one picture.
        guard clock.now > end else { return }
        for process in running.keys { kill(process, SIGKILL) }
      },
      ended: { (_, ending) throws(ProcessingError) in
        if case .killed(let signal) = ending { killed = signal }
        if case .exited(let code) = ending, code != 0 { isFailed = true }
        return nil
      })
    if let killed { return PictureReport(reason: "reading it ended with signal \(killed)") }
    guard !isFailed, let data = FileManager.default.contents(atPath: layout.picture),
      let report = try? JSONDecoder().decode(PictureReport.self, from: data)
    else { throw ProcessingError(.defect, path, "the picture's worker left no result") }
    return report
  }

  private static let maximumSeconds: Int64 = 60
}
