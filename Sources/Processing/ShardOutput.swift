import DecoderHosting
import EvidenceModel
import Fingerprinting
import Foundation

/// Takes the evidence of one worker into its scratch files.
///
/// A file that cannot be written ends the worker: the first such error is kept and thrown at the end.
final class ShardOutput: EvidenceOutput {
  private let runs: RecordRunWriter
  private let facts: BufferedFile
  private let streams: StreamIndexWriter
  let spool: ArtefactSpool
  private let worker: Int
  private(set) var ledger = LedgerCounter()
  private(set) var failure: ProcessingError?
  private var factWriter = BinaryWriter()
  /// Opened when the first media packet comes that stands nowhere together in the original.
  private var media: BufferedFile?
  private let mediaPath: String

  init(_ order: WorkOrder, _ layout: ScratchLayout, types: FileTypeIdentifier) throws(ProcessingError) {
    worker = order.worker
    mediaPath = layout.media(order.worker)
    runs = try RecordRunWriter(path: layout.runs("shard", order.worker))
    facts = try BufferedFile(creating: layout.facts(order.worker))
    streams = try StreamIndexWriter(path: layout.streams(order.worker))
    spool = try ArtefactSpool(root: layout.artefacts("shard", order.worker), types: types, origin: .carved)
  }

  private func attempt(_ body: () throws(ProcessingError) -> Void) {
    guard failure == nil else { return }
    do throws(ProcessingError) { try body() } catch { failure = error }
  }

  func record(_ kind: String, _ fields: Fields, _ key: RecordKey) {
    attempt { () throws(ProcessingError) in try runs.add(kind, fields, key) }
  }

  func beginArtefact(isComputed: Bool) -> Int { spool.begin(isComputedText: isComputed) }

  func append(_ bytes: RawSpan, toArtefact number: Int) {
    guard failure == nil else { return }
    do throws(ProcessingError) { try spool.append(bytes, to: number) } catch { failure = error }
  }

  func endArtefact(_ number: Int) -> StoredArtefact? {
    guard failure == nil else { return nil }
    do throws(ProcessingError) { return try spool.end(number) } catch {
      failure = error
      return nil
    }
  }

  func signal(_ signal: CallSignal) {
    factWriter.removeAll()
    FactCodec.write(signal, into: &factWriter)
    attempt { () throws(ProcessingError) in try facts.write(factWriter.bytes) }
  }

  func report(_ report: MediaReport) {
    factWriter.removeAll()
    FactCodec.write(report, into: &factWriter)
    attempt { () throws(ProcessingError) in try facts.write(factWriter.bytes) }
  }

  func beginStream() -> Int { streams.begin() }

  func index(_ packet: MediaPacket, inStream number: Int) {
    attempt { () throws(ProcessingError) in try streams.append(packet, to: number) }
  }

  func storeMedia(_ bytes: RawSpan, from packets: PacketSet) -> UInt64 {
    var place: UInt64 = 0
    attempt { () throws(ProcessingError) in
      if media == nil { media = try BufferedFile(creating: mediaPath) }
      guard let file = media else { return }
      factWriter.removeAll()
      StreamedMedia.entry(packets, into: &factWriter)
      try file.write(factWriter.bytes)
      place = file.offset
      try file.write(bytes)
    }
    return place
  }

  func endStream(_ number: Int, _ stream: MediaStream) {
    attempt { () throws(ProcessingError) in
      var located = stream
      located.indexLocation = UInt64(worker) << 48 | (try streams.end(number))
      factWriter.removeAll()
      FactCodec.write(located, into: &factWriter)
      try facts.write(factWriter.bytes)
    }
  }

  func count(_ row: LedgerRow, original: UInt16, _ sum: LedgerSum) {
    ledger.add(row, original: original, sum)
  }

  func communityID(_ source: Endpoint, _ destination: Endpoint, protocolNumber: UInt8) -> String {
    CommunityID.text(source, destination, protocolNumber: protocolNumber)
  }

  func finish() throws(ProcessingError) {
    if let failure { throw failure }
    try runs.finish()
    try facts.flush()
    try streams.finish()
    try media?.flush()
  }
}
