import DecoderHosting
import DecoderKit
import EvidenceModel
import Foundation

/// Reads a member of an archive by the decoders of files, as they read attachments: today, mail messages.
final class MemberExamination: EvidenceOutput {
  private let inspection: FileInspection
  private let subject: FileInspection.Subject
  /// What the decoders found in it, by SHA-256.
  private var stored: [String: StoredArtefact] = [:]
  private var found: [FileInspection.Waiting] = []
  private var failure: ProcessingError?
  private static let pieceBytes = 65_536

  init(_ inspection: FileInspection, _ subject: FileInspection.Subject) {
    self.inspection = inspection
    self.subject = subject
  }

  /// Reads a file as one of that type; does nothing when no decoder wants it.
  func run(_ descriptor: Int32, _ byteCount: UInt64, as mediaType: String) throws {
    let host = inspection.host(for: self)
    var file: HostedFile?
    var offset: UInt64 = 0
    while offset < byteCount {
      let piece = fileBytes(descriptor, at: offset, Int(min(UInt64(Self.pieceBytes), byteCount - offset)))
      guard !piece.isEmpty else { break }
      if offset == 0 {
        // Safe: the view ends before `piece` does.
        file = unsafe HostedFile(host, mediaType: mediaType, beginning: piece.span.bytes, at: inspection.position)
      }
      guard let file else { return }
      // Safe: the view ends before `piece` does.
      unsafe file.take(piece.span.bytes)
      offset += UInt64(piece.count)
      if let failure { throw failure }
    }
    for record in file?.finish(isWhole: subject.isComplete && offset == byteCount) ?? [] { try take(record) }
    inspection.wait(for: found)
    if let failure { throw failure }
  }

  private func take(_ record: (kind: String, fields: Fields)) throws(ProcessingError) {
    try inspection.add(
      record.kind, record.fields, subject, decoder: record.fields.text("decoder") ?? FileInspection.decoder)
    guard record.kind == "artefact", record.fields.text("origin") == "captured",
      let known = record.fields.text("sha256").flatMap({ stored[$0] })
    else { return }
    // It may be an archive, a document or a picture. A message in it was read with it and has no type here, so that it is
    // not read again.
    found.append(
      (
        known,
        .init(
          sha256: known.sha256, isComplete: record.fields.flag("isComplete") == true, depth: subject.depth + 1)
      ))
  }

  // MARK: EvidenceOutput

  /// What the host writes of a conversation and this file has from the one around it.
  private static let shared: Set<String> = [
    "provenance", "capturedAt", "endedAt", "source", "destination", "transport", "tunnels", "communityID",
  ]

  func record(_ kind: String, _ fields: Fields, _ key: RecordKey) {
    var own = Fields()
    for entry in fields.entries where !Self.shared.contains(entry.name) { own.set(entry.name, entry.value) }
    attempt { () throws(ProcessingError) in try take((kind, own)) }
  }

  func beginArtefact(isComputed: Bool) -> Int { inspection.beginArtefact() }

  func append(_ bytes: RawSpan, toArtefact number: Int) {
    guard failure == nil else { return }
    do throws(ProcessingError) { try inspection.append(bytes, to: number) } catch { failure = error }
  }

  func endArtefact(_ number: Int) -> StoredArtefact? {
    guard failure == nil else { return nil }
    do throws(ProcessingError) {
      let ended = try inspection.endArtefact(number)
      if let ended { stored[ended.sha256.hex] = ended }
      return ended
    } catch {
      failure = error
      return nil
    }
  }

  private func attempt(_ body: () throws(ProcessingError) -> Void) {
    guard failure == nil else { return }
    do throws(ProcessingError) { try body() } catch { failure = error }
  }

  // Decoders of files make no calls and count no packets.
  func signal(_ signal: CallSignal) {}
  func report(_ report: MediaReport) {}
  func beginStream() -> Int { 0 }
  func index(_ packet: MediaPacket, inStream number: Int) {}
  func storeMedia(_ bytes: RawSpan, from packets: PacketSet) -> UInt64 { 0 }
  func endStream(_ number: Int, _ stream: MediaStream) {}
  func count(_ row: LedgerRow, original: UInt16, _ sum: LedgerSum) {}
  func communityID(_ source: Endpoint, _ destination: Endpoint, protocolNumber: UInt8) -> String { "" }
}
