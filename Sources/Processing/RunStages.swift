import DecoderHosting
import EvidenceBundle
import EvidenceModel
import Foundation

/// Takes the originals through the worker stages: prepare, shard beside witness, render, merge.
///
/// A worker that crashes is started again without what it had in hand; so the rest of the result is that of a run without it.
final class RunStages {
  /// Conversations on which a decoder, or places at which the looking into files, may crash before it is off for the run.
  static let maximumCrashes = 64
  /// CPU time for the reading of one document or picture by its library, in seconds.
  static let fileSeconds = 20.0
  /// Packets on which the program may crash outside of decoders before the run gives up.
  static let maximumPackets = 16
  /// Times that a worker which somebody else ended is started again.
  static let maximumRestarts = 3

  private let layout: ScratchLayout
  private let pool: WorkerPool
  private let jobs: Int
  private let decoderNames: [String]
  private let filter: String?
  private let userLinks: [Int: UInt16]
  private let callSeconds: Double
  private let hashSets: [WorkOrder.HashSet]
  private let rules: [WorkOrder.RuleFile]
  private let progress: (ProcessingProgress) -> Void
  private var excluded: [WorkOrder.Exclusion]
  private let former: FormerRun?
  /// Originals by what they are, once their first bytes were looked at.
  private var captures: [WorkOrder.Original] = []
  private var recordings: [WorkOrder.Original] = []
  private var examineCount: Int { min(jobs, recordings.count) }
  private var retried: Set<WorkOrder.Exclusion> = []
  private var pages: [String: (file: MemoryFile, page: StatusPage)] = [:]
  private var watches: [pid_t: (steps: UInt64, cpu: Double)] = [:]
  private var overdue: Set<String> = []
  private var isStartingOver = false
  /// Workers that ended for no reason of their own, and were started again.
  private(set) var restarts = 0

  /// What was left out after crashes, in the order of the evidence.
  var exclusions: [WorkOrder.Exclusion] {
    excluded.sorted {
      ($0.original, $0.packet, $0.part, $0.file ?? "") < ($1.original, $1.packet, $1.part, $1.file ?? "")
    }
  }

  init(
    scratch: String, executable: String, jobs: Int, decoderNames: [String], filter: String?,
    userLinks: [Int: UInt16], callSeconds: Double, hashSets: [WorkOrder.HashSet], rules: [WorkOrder.RuleFile],
    former: FormerRun? = nil,
    progress: @escaping (ProcessingProgress) -> Void
  ) {
    self.former = former
    excluded = former?.exclusions ?? []
    layout = ScratchLayout(scratch)
    pool = WorkerPool(executable: executable, limit: jobs)
    self.jobs = jobs
    self.decoderNames = decoderNames
    self.filter = filter
    self.userLinks = Dictionary(userLinks.map { (147 + $0, $1) }) { first, _ in first }
    self.callSeconds = callSeconds
    self.hashSets = hashSets
    self.rules = rules
    self.progress = progress
  }

  /// Reads the sets of hashes and writes their indexes. Throws when one cannot be used.
  func indexHashSets() throws {
    guard !hashSets.isEmpty else { return }
    try run(hashSets.map { ("sets", $0.number) }, [], "reading hash sets")
  }

  /// Compiles the rules once, to see that they can be used. Throws when they cannot.
  func checkRules() throws { if !rules.isEmpty { try run([("rules", 0)], [], "compiling rules") } }

  /// Runs every stage that reads originals; the results stand in the scratch directory.
  func run(_ originals: [WorkOrder.Original]) throws {
    try FileManager.default.createDirectory(atPath: layout.records, withIntermediateDirectories: true)
    try run([("prepare", 0)], originals, "expanding originals")
    let preparation = try Preparation.read(layout)
    let expanded = originals.map { original in
      let entry = preparation.entries.first { $0.number == original.number }
      return WorkOrder.Original(number: original.number, path: entry?.expandedPath ?? original.path)
    }
    let others = Set(preparation.entries.filter { !$0.isCapture }.map(\.number))
    captures = expanded.filter { !others.contains($0.number) }
    recordings = expanded.filter { others.contains($0.number) }
    let examining = (0..<examineCount).map { (stage: "examine", number: $0) }
    try run((0..<jobs).map { ("shard", $0) } + [("witness", 0)] + examining, expanded, "decoding")
    try run((0..<jobs).flatMap { [("render", $0), ("inspect", $0)] }, expanded, "decoding media, opening files")
  }

  /// Merges what all workers left; no original is read any more.
  func merge(_ originals: [WorkOrder.Original]) throws {
    try run([("merge", 0)], originals, "putting records in order")
  }

  /// Makes the report of the bundle that grows at `bundle`.
  func report(bundle: String) throws { try run([("report", 0)], [], "writing the report", bundle: bundle) }

  /// Where workers left artefacts.
  var artefactDirectories: [String] {
    let stages = [("shard", jobs), ("render", jobs), ("examine", examineCount), ("inspect", jobs)]
    return stages.flatMap { stage, count in (0..<count).flatMap { artefactDirectories(stage, $0) } }
  }

  /// Where one worker leaves artefacts; those that it computes apart from those that it carves out, where it does both.
  private func artefactDirectories(_ stage: String, _ worker: Int) -> [String] {
    switch stage {
    case "shard", "render", "inspect": [layout.artefacts(stage, worker)]
    case "examine": [layout.artefacts(stage, worker), layout.artefacts("examine-made", worker)]
    default: []
    }
  }

  /// What this machine could not hold of the sandbox, in words.
  var missingProtection: [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: layout.root)) ?? []
    var missing: Set<String> = []
    for name in names where name.hasSuffix(".sandbox.json") {
      guard let data = FileManager.default.contents(atPath: "\(layout.root)/\(name)"),
        let state = try? JSONDecoder().decode(WorkerSandbox.self, from: data)
      else { continue }
      missing.formUnion(state.missing)
    }
    return missing.sorted()
  }

  /// How far originals were expanded before the program crashed on them.
  var expandedBytes: [UInt16: UInt64] {
    var result: [UInt16: UInt64] = [:]
    for exclusion in excluded where exclusion.part == "expansion" {
      result[exclusion.original] = fileSize(layout.expanded(exclusion.original))
    }
    return result
  }

  // MARK: A stage

  private func order(_ stage: String, _ worker: Int, _ originals: [WorkOrder.Original], _ bundle: String?) -> WorkOrder
  {
    var order = WorkOrder(scratch: layout.root, worker: worker, originals: originals)
    if stage == "shard" {
      order.slices = (0..<256).filter { $0 % jobs == worker }.map { UInt8($0) }
      order.filter = filter
      order.userLinks = userLinks
    }
    if stage == "prepare" { order.expandedBytes = former?.expandedBytes ?? [:] }
    if stage == "merge" { order.missingProtection = former?.missingProtection ?? missingProtection }
    if stage == "sets" || stage == "merge" { order.hashSets = hashSets }
    if ["rules", "inspect", "examine"].contains(stage) { order.rules = rules }
    order.bundle = bundle
    order.shardCount = jobs
    order.renderCount = jobs
    order.examineCount = examineCount
    order.inspectCount = jobs
    switch stage {
    case "shard", "witness", "render", "inspect": order.originals = captures
    case "examine": order.originals = recordings
    default: break
    }
    order.exclusions = exclusions
    order.supervisor = getpid()
    return order
  }

  private func write(_ stage: String, _ order: WorkOrder) throws(ProcessingError) -> WorkerPool.Job {
    let path = layout.order(stage, order.worker)
    do { try order.write(to: path) } catch {
      throw ProcessingError(.output, path, "\(error)")
    }
    let status: MemoryFile
    if let known = pages[path] {
      status = known.file
    } else {
      status = try MemoryFile("exhibit-status")
      pages[path] = (status, try StatusPage(status))
    }
    pages[path]?.page.clear()
    return WorkerPool.Job(
      stage: stage, worker: order.worker, orderPath: path, messages: try MemoryFile("exhibit-messages"), status: status)
  }

  private func run(
    _ workers: [(stage: String, number: Int)], _ originals: [WorkOrder.Original], _ words: String, bundle: String? = nil
  ) throws {
    let total = originals.reduce(UInt64(0)) { $0 &+ fileSize($1.path) }
    progress(ProcessingProgress(stage: words, done: 0, total: 0))
    repeat {
      isStartingOver = false
      var jobs: [WorkerPool.Job] = []
      for worker in workers {
        jobs.append(try write(worker.stage, order(worker.stage, worker.number, originals, bundle)))
      }
      do {
        try pool.run(
          jobs, tick: { watch($0, words, total) },
          ended: { (job, ending) throws(ProcessingError) in
            guard ending != .exited(0), !isStartingOver else { return nil }
            guard case .killed(let signal) = ending else { throw failure(job, ending) }
            try leaveOut(job, signal)
            removeResults(of: job)
            return try write(job.stage, order(job.stage, job.worker, originals, bundle))
          })
      } catch {
        guard isStartingOver else { throw error }
        for job in jobs { removeResults(of: job) }
      }
      watches = [:]
    } while isStartingOver
  }

  // MARK: Crashes

  private static let external: Set<Int32> = [SIGKILL, SIGTERM, SIGINT, SIGHUP, SIGQUIT]

  /// Decides what a crashed worker's next run does without. Throws when nothing can be left out.
  private func leaveOut(_ job: WorkerPool.Job, _ signal: Int32) throws(ProcessingError) {
    guard let hand = pages[job.orderPath]?.page.hand else { throw failure(job, .killed(signal: signal)) }
    let isOverdue = overdue.remove(job.orderPath) != nil
    if Self.external.contains(signal), !isOverdue, restarts < Self.maximumRestarts {
      // Somebody or the system ended it: that says nothing about what it had in hand.
      restarts += 1
      return
    }
    var position = PacketPosition(rawValue: hand[.conversation])
    var cause = isOverdue ? "no end within \(Int(seconds(for: hand.holder))) s of CPU time" : Self.words(signal)
    let part: String
    var file: String?
    switch hand.holder {
    case .packets:
      part = "packets"
      position = PacketPosition(rawValue: hand[.reading])
    case .expansion: part = "expansion"
    case .witness: part = "witness"
    case .audio: part = "audio"
    case .recording: part = "recording"
    case .inspection: part = "inspection"
    case .document, .picture:
      part = hand.holder == .document ? "document" : "picture"
      file = hand.file?.hex
    case let holder where decoderNames.indices.contains(Int(holder.rawValue)):
      part = decoderNames[Int(holder.rawValue)]
      cause += " at \(PacketPosition(rawValue: hand[.packet]))"
    default: throw failure(job, .killed(signal: signal))
    }
    let known = excluded.filter { $0.part == part }
    // What a former run crashed on is expanded again as far as it came, which may be once too far; that is kept.
    if part == "expansion", let again = known.first(where: { $0.position == position }),
      former?.exclusions.contains(again) == true, retried.insert(again).inserted
    {
      return
    }
    guard !known.contains(where: { $0.position == position && $0.file == file }),
      part != "packets" || known.count < Self.maximumPackets
    else { throw failure(job, .killed(signal: signal)) }
    excluded.append(.init(part, position, cause, file: file))
    let readers = ["inspection", "document", "picture"]
    guard known.count + 1 >= Self.maximumCrashes, decoderNames.contains(part) || readers.contains(part) else { return }
    // One line instead of those found so far: which they were depends on who was first.
    excluded.removeAll { $0.part == part }
    excluded.append(
      .init(
        part, PacketPosition(rawValue: 0),
        "it crashed on \(Self.maximumCrashes) \(readers.contains(part) ? "files" : "conversations")"))
    isStartingOver = true
    throw failure(job, .killed(signal: signal))
  }

  private static func words(_ signal: Int32) -> String {
    switch signal {
    case SIGSYS: "it asked the system for what the sandbox forbids"
    case SIGXFSZ: "a file over the limit"
    default: "signal \(signal)"
    }
  }

  private func removeResults(of job: WorkerPool.Job) {
    var paths = [layout.runs(job.stage, job.worker)]
    if job.stage == "shard" {
      paths += [layout.facts(job.worker), layout.streams(job.worker), layout.media(job.worker)]
    }
    if job.stage == "examine" { paths.append(layout.fingerprints(job.worker)) }
    if job.stage == "sets" { paths.append(layout.hashSet(job.worker)) }
    paths += artefactDirectories(job.stage, job.worker)
    for path in paths { try? FileManager.default.removeItem(atPath: path) }
  }

  /// Shows how far the stage is, and ends workers that stay with one call for longer than is allowed.
  private func watch(_ running: [pid_t: WorkerPool.Job], _ words: String, _ total: UInt64) {
    var done = UInt64.max
    for (process, job) in running {
      guard let hand = pages[job.orderPath]?.page.hand else { continue }
      if job.stage == "shard" { done = min(done, hand[.done]) }
      guard hand.holder.rawValue >= 0 || Self.watched.contains(hand.holder) else { continue }
      let steps = hand[.steps]
      let cpu = Self.cpuSeconds(of: process)
      guard let last = watches[process], last.steps == steps else {
        watches[process] = (steps, cpu)
        continue
      }
      if cpu - last.cpu > seconds(for: hand.holder), overdue.insert(job.orderPath).inserted { kill(process, SIGKILL) }
    }
    if done < UInt64.max { progress(ProcessingProgress(stage: words, done: done, total: total)) }
  }

  /// Parts of the program that may not stay with one thing for long, beside decoders.
  private static let watched: Set<WorkInHand.Holder> = [
    .packets, .audio, .recording, .inspection, .document, .picture,
  ]

  /// CPU time for one call, in seconds.
  private func seconds(for holder: WorkInHand.Holder) -> Double {
    holder == .document || holder == .picture ? min(callSeconds, Self.fileSeconds) : callSeconds
  }

  private static func cpuSeconds(of process: pid_t) -> Double {
    var clock = clockid_t()
    var time = timespec()
    // Safe: both are variables of ours.
    guard unsafe clock_getcpuclockid(process, &clock) == 0, unsafe clock_gettime(clock, &time) == 0 else { return 0 }
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }

  private func failure(_ job: WorkerPool.Job, _ ending: WorkerPool.Ending) -> ProcessingError {
    let text = String(decoding: job.messages.suffix(2_000), as: UTF8.self)
    var last = text.split(separator: "\n").last.map(String.init) ?? ""
    if last.hasPrefix("exhibit: ") { last.removeFirst("exhibit: ".count) }
    switch ending {
    case .exited(5): return ProcessingError(.output, "", "a worker (\(job.stage)) could not write: \(last)")
    case .exited(4): return ProcessingError(.input, "", last)
    case .exited(let status):
      return ProcessingError(.defect, "", "a worker (\(job.stage)) ended with status \(status): \(last)")
    case .killed(let signal):
      // Only one set is in the hands of a worker that reads sets, and the rules in those of one that compiles them.
      let read =
        job.stage == "sets"
        ? ("the hash set", hashSets.first { $0.number == job.worker }?.givenPath)
        : job.stage == "rules" ? ("the rules", rules.map(\.givenPath).joined(separator: ", ")) : ("", nil)
      guard let path = read.1 else {
        return ProcessingError(.defect, "", "a worker (\(job.stage)) was killed by signal \(signal): \(last)")
      }
      let cause = Self.words(signal)
      // What somebody else ended says nothing about the file.
      return Self.external.contains(signal)
        ? ProcessingError(.defect, path, "the worker that read \(read.0) was ended by \(cause)")
        : ProcessingError(
          .input, path,
          "\(read.0) cannot be used: reading it crashed the worker (\(cause)); that is also a defect in exhibit")
    }
  }
}
