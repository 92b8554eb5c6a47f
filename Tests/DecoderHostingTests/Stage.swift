import DecoderHosting
import DecoderKit
import TestSupport

/// Keeps what a host gives out.
final class Output: EvidenceOutput {
  struct Row: Hashable {
    var packets: UInt64 = 0
    var bytes: UInt64 = 0
  }
  var records: [(kind: String, fields: Fields, key: RecordKey)] = []
  var artefacts: [[UInt8]] = []
  var rows: [String: Row] = [:]
  var streams: [MediaStream] = []
  var indexed = 0

  func record(_ kind: String, _ fields: Fields, _ key: RecordKey) { records.append((kind, fields, key)) }
  func beginArtefact(isComputed: Bool) -> Int {
    artefacts.append([])
    return artefacts.count - 1
  }
  func append(_ bytes: RawSpan, toArtefact number: Int) { artefacts[number] += bytes.array() }
  func endArtefact(_ number: Int) -> StoredArtefact? {
    guard !artefacts[number].isEmpty, let hash = ContentHash([UInt8](repeating: UInt8(number), count: 32)) else {
      return nil
    }
    return StoredArtefact(
      sha256: hash, sha1: "", md5: "", byteCount: artefacts[number].count, mediaType: "", typeDescription: "", path: "")
  }
  func signal(_ signal: CallSignal) {}
  func report(_ report: MediaReport) {}
  func beginStream() -> Int { 0 }
  func index(_ packet: MediaPacket, inStream number: Int) { indexed += 1 }
  func storeMedia(_ bytes: RawSpan, from packets: PacketSet) -> UInt64 { 0 }
  func endStream(_ number: Int, _ stream: MediaStream) { streams.append(stream) }
  func count(_ row: LedgerRow, original: UInt16, _ sum: LedgerSum) {
    rows["\(row.name.rawValue) \(row.detail)", default: Row()].packets += sum.packets
    rows["\(row.name.rawValue) \(row.detail)", default: Row()].bytes += sum.payloadBytes
  }
  func communityID(_ source: Endpoint, _ destination: Endpoint, protocolNumber: UInt8) -> String { "1:test" }

  func texts(_ kind: String, _ field: String) -> [String] {
    records.filter { $0.kind == kind }.compactMap { if case .text(let text) = $0.fields[field] { text } else { nil } }
  }
  var findings: [String] { texts("finding", "code") }
  var packets: UInt64 { rows.values.reduce(0) { $0 + $1.packets } }
}

/// A TCP conversation played to a host, each piece a packet of its own.
final class Stage {
  static let decoders: [any EvidenceDecoder.Type] = [
    LineDecoder.self, StoreDecoder.self, WrapDecoder.self, SureDecoder.self, MediaDecoder.self,
  ]
  static let client = Endpoint(InternetAddress(version4: 1), port: 4_000)
  static let server = Endpoint(InternetAddress(version4: 2), port: 25)
  let output = Output()
  let host: DecoderHost
  private let streams: HostedStreams
  private(set) var number: UInt64 = 0

  init(exclusions: Set<DecoderHost.Exclusion> = [], _ change: (inout HostLimits) -> Void = { _ in }) {
    var limits = HostLimits()
    change(&limits)
    host = DecoderHost(Self.decoders, limits: limits, exclusions: exclusions, output: output)
    streams = HostedStreams(
      host, initiator: Self.client, responder: Self.server, hasBeginning: true, at: Self.packet(1),
      firstPacket: Self.packet(1).position)
  }

  static func packet(_ number: UInt64) -> PacketContext {
    PacketContext(
      position: PacketPosition(original: 1, packet: number),
      time: CaptureTime(nanoseconds: Int64(number) * 1_000_000_000),
      fileOffset: number * 100_000)
  }

  func say(_ bytes: [UInt8], from side: Side = .initiator) {
    number += 1
    // Safe: the view ends with this call.
    unsafe streams.bytes(bytes.span.bytes, from: side, Self.packet(number))
    streams.account(original: 1, LedgerSum(captured: UInt32(bytes.count + 54), payload: bytes.count), isCut: false)
  }
  func say(_ text: String, from side: Side = .initiator) { say(Array(text.utf8), from: side) }
  func gap(_ count: Int, from side: Side = .initiator) { streams.gap(count, from: side, Self.packet(number + 1)) }

  func finish(_ end: StreamEnd = .finished) {
    for side in [Side.initiator, .responder] { streams.end(end, of: side, Self.packet(number)) }
    streams.finish()
  }
  var lines: [String] { output.texts("line/text", "text") }
}

/// What Python's own library makes of bytes, `d` in the expression.
func python(_ expression: String, _ input: [UInt8]) throws -> [UInt8]? {
  guard let python = program("python3") else {
    print("skipped: no python3")
    return nil
  }
  let code = "import sys,zlib,gzip,base64,quopri;d=sys.stdin.buffer.read();sys.stdout.buffer.write(\(expression))"
  return try run(python, ["-c", code], input: input).output
}
