import EvidenceModel
import Foundation

/// Takes the originals through the worker stages: prepare, shard beside witness, render, merge.
final class RunStages {
  /// Crashes of one decoder in one slice group after which it is off for the run.
  static let maximumCrashes = 3
  /// Restarts of one worker before the run gives up.
  static let maximumRestarts = 64

  private let layout: ScratchLayout
  private let pool: WorkerPool
  private let jobs: Int
  private let decoderNames: [String]
  private let filter: String?
  private let progress: (ProcessingProgress) -> Void
  private(set) var exclusions: [WorkOrder.Exclusion] = []
  private var restarts: [Int: Int] = [:]

  init(
    scratch: String, executable: String, jobs: Int, decoderNames: [String], filter: String?,
    progress: @escaping (ProcessingProgress) -> Void
  ) {
    layout = ScratchLayout(scratch)
    pool = WorkerPool(executable: executable, limit: jobs)
    self.jobs = jobs
    self.decoderNames = decoderNames
    self.filter = filter
    self.progress = progress
  }

  /// Runs every stage that reads originals; the results stand in the scratch directory.
  func run(_ originals: [WorkOrder.Original]) throws -> Preparation {
    for directory in [layout.artefacts, layout.records] {
      try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    }
    try runOne("prepare", WorkOrder(scratch: layout.root, worker: 0, originals: originals), "expanding originals")
    let preparation = try Preparation.read(layout)
    let expanded = originals.map { original in
      let entry = preparation.entries.first { $0.number == original.number }
      return WorkOrder.Original(number: original.number, path: entry?.expandedPath ?? original.path)
    }
    try runShards(expanded)
    try runMany("render", expanded, "decoding media", shardCount: jobs)
    return preparation
  }

  /// Merges what all workers left; no original is read any more.
  func merge(_ originals: [WorkOrder.Original]) throws {
    var order = WorkOrder(scratch: layout.root, worker: 0, originals: originals)
    order.shardCount = jobs
    order.renderCount = jobs
    order.exclusions = exclusions
    try runOne("merge", order, "putting records in order")
  }

  /// Makes the report of the bundle that grows at `bundle`.
  func report(bundle: String) throws {
    var order = WorkOrder(scratch: layout.root, worker: 0, originals: [])
    order.bundle = bundle
    try runOne("report", order, "writing the report")
  }

  // MARK: Stages

  private func write(_ stage: String, _ order: WorkOrder) throws(ProcessingError) -> WorkerPool.Job {
    let path = layout.order(stage, order.worker)
    do { try order.write(to: path) } catch { throw ProcessingError(.output, path, "\(error)") }
    return WorkerPool.Job(
      stage: stage, worker: order.worker, orderPath: path, errorPath: layout.errors(stage, order.worker))
  }

  private func runOne(_ stage: String, _ order: WorkOrder, _ words: String) throws {
    try runJobs([write(stage, order)], words)
  }

  private func runMany(
    _ stage: String, _ originals: [WorkOrder.Original], _ words: String, shardCount: Int
  ) throws {
    var all: [WorkerPool.Job] = []
    for worker in 0..<jobs {
      var order = WorkOrder(scratch: layout.root, worker: worker, originals: originals)
      order.shardCount = shardCount
      order.renderCount = jobs
      all.append(try write(stage, order))
    }
    try runJobs(all, words)
  }

  private func runJobs(_ jobs: [WorkerPool.Job], _ words: String) throws(ProcessingError) {
    progress(ProcessingProgress(stage: words, done: 0, total: 0))
    try pool.run(
      jobs, tick: {},
      ended: { (job, ending) throws(ProcessingError) in
        guard ending != .exited(0) else { return nil }
        throw failure(job, ending)
      })
  }

  private func shardOrder(_ worker: Int, _ originals: [WorkOrder.Original]) -> WorkOrder {
    var order = WorkOrder(scratch: layout.root, worker: worker, originals: originals)
    order.slices = (0..<256).filter { $0 % jobs == worker }.map { UInt8($0) }
    order.filter = filter
    order.exclusions = exclusions
    return order
  }

  private func runShards(_ originals: [WorkOrder.Original]) throws {
    let sizes = originals.map { original in
      (try? FileManager.default.attributesOfItem(atPath: original.path)[.size] as? UInt64) ?? 0
    }
    let total = sizes.reduce(0, +)
    var all: [WorkerPool.Job] = []
    var pages: [StatusPage] = []
    for worker in 0..<jobs {
      all.append(try write("shard", shardOrder(worker, originals)))
      pages.append(try StatusPage(path: layout.status("shard", worker)))
    }
    all.append(try write("witness", WorkOrder(scratch: layout.root, worker: 0, originals: originals)))
    let words = "decoding packets"
    try pool.run(
      all, tick: { progress(ProcessingProgress(stage: words, done: pages.map { $0[.done] }.min() ?? 0, total: total)) },
      ended: { (job, ending) throws(ProcessingError) in
        if ending == .exited(0) { return nil }
        guard job.stage == "shard", case .killed(let signal) = ending else { throw failure(job, ending) }
        return try restart(job, signal, pages[job.worker], originals)
      })
  }

  // MARK: Crashes

  /// Starts a worker again after a crash, without the decoder that it had in hand for that conversation.
  private func restart(
    _ job: WorkerPool.Job, _ signal: Int32, _ page: StatusPage, _ originals: [WorkOrder.Original]
  ) throws(ProcessingError) -> WorkerPool.Job {
    restarts[job.worker, default: 0] += 1
    let decoder = Int(Int64(bitPattern: page[.decoder]))
    let conversation = PacketPosition(rawValue: page[.conversation])
    let packet = PacketPosition(rawValue: page[.packet])
    guard restarts[job.worker] ?? 0 <= Self.maximumRestarts, decoderNames.indices.contains(decoder) else {
      throw failure(job, .killed(signal: signal))
    }
    exclusions.append(
      .init(
        decoder: decoderNames[decoder], original: conversation.original, packet: conversation.packet,
        cause: "signal \(signal) at \(packet)"))
    for path in [
      layout.runs("shard", job.worker), layout.facts(job.worker), layout.streams(job.worker),
    ] {
      try? FileManager.default.removeItem(atPath: path)
    }
    removeParts(of: "shard-\(job.worker)")
    return try write("shard", shardOrder(job.worker, originals))
  }

  private func removeParts(of prefix: String) {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: layout.artefacts)) ?? []
    for name in names where name.hasPrefix(prefix + "-") && name.hasSuffix(".part") {
      try? FileManager.default.removeItem(atPath: layout.artefacts + "/" + name)
    }
  }

  private func failure(_ job: WorkerPool.Job, _ ending: WorkerPool.Ending) -> ProcessingError {
    let data = FileManager.default.contents(atPath: job.errorPath) ?? Data()
    let text = String(decoding: data.suffix(2_000), as: UTF8.self)
    var last = text.split(separator: "\n").last.map(String.init) ?? ""
    if last.hasPrefix("exhibit: ") { last.removeFirst("exhibit: ".count) }
    switch ending {
    case .exited(5): return ProcessingError(.output, "", "a worker (\(job.stage)) could not write: \(last)")
    case .exited(4): return ProcessingError(.input, "", last)
    case .exited(let status):
      return ProcessingError(.defect, "", "a worker (\(job.stage)) ended with status \(status): \(last)")
    case .killed(let signal):
      return ProcessingError(.defect, "", "a worker (\(job.stage)) was killed by signal \(signal): \(last)")
    }
  }
}
