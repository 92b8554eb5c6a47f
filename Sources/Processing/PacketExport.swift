import CaptureReading
import EvidenceBundle
public import EvidenceModel
import Foundation

/// Writes the packets of a record to a capture of their own.
///
/// The file is classic pcap with nanoseconds; packets are byte for byte those of the original. All must have one link type.
public struct PacketExport {
  private let bundle: String
  private let originals: String?

  public init(bundle: String, originals: String?) {
    self.bundle = bundle
    self.originals = originals
  }

  /// Writes the packets that a record's provenance names; returns how many. Throws when an original is not there.
  public func write(_ provenance: Value?, to path: String) throws(ProcessingError) -> Int {
    guard case .list(let entries)? = provenance, !entries.isEmpty else {
      throw ProcessingError(.input, bundle, "the record names no packets")
    }
    let file = try BufferedFile(creating: path)
    var linkType: UInt16?
    var count = 0
    for entry in entries {
      guard case .object(let fields) = entry, case .text(let original)? = fields["original"],
        case .text(let packets)? = fields["packets"]
      else { continue }
      let wanted = try Self.ranges(packets)
      try copy(wanted, from: source(of: original), to: file, &linkType, &count)
    }
    try file.flush()
    return count
  }

  static func ranges(_ text: String) throws(ProcessingError) -> [ClosedRange<UInt64>] {
    var ranges: [ClosedRange<UInt64>] = []
    for part in text.split(separator: ",") {
      let ends = part.split(separator: "-").compactMap { UInt64($0) }
      guard let first = ends.first, let last = ends.last, first <= last, ends.count <= 2 else {
        throw ProcessingError(.input, text, "the packet numbers cannot be read")
      }
      ranges.append(first...last)
    }
    return ranges
  }

  /// Where an original lies: in the bundle, or where meta/bundle.json says, or under that name in `originals`.
  private func source(of name: String) throws(ProcessingError) -> String {
    let path = "\(bundle)/\(BundleLayout.bundle)"
    guard let data = FileManager.default.contents(atPath: path),
      let document = ValueReader.fields([UInt8](data)), case .list(let list)? = document["originals"]
    else { throw ProcessingError(.input, path, "it cannot be read") }
    for case .object(let fields) in list where fields["item"] == .text(name) {
      if case .text(let inside)? = fields["path"], BundleLayout.isAllowed(inside) { return "\(bundle)/\(inside)" }
      guard case .text(let given)? = fields["name"] else { continue }
      return originals.map { "\($0)/\((given as NSString).lastPathComponent)" } ?? given
    }
    throw ProcessingError(.input, bundle, "there is no original \(name)")
  }

  private func copy(
    _ wanted: [ClosedRange<UInt64>], from source: String, to file: BufferedFile, _ linkType: inout UInt16?,
    _ count: inout Int
  ) throws(ProcessingError) {
    var path = source
    var temporary: String?
    defer { if let temporary { try? FileManager.default.removeItem(atPath: temporary) } }
    var place = 0
    do throws(CaptureFault) {
      if CompressedOriginal(path: source) != nil {
        let expanded = NSTemporaryDirectory() + "exhibit-\(UUID().uuidString)"
        _ = try CompressedOriginal.expand(path: source, into: expanded, limit: Preparation.expansionLimit(of: source))
        temporary = expanded
        path = expanded
      }
      var reader = try CaptureReader(path: path)
      while place < wanted.count, case .packet(let packet) = reader.next() {
        while place < wanted.count, packet.number > wanted[place].upperBound { place += 1 }
        guard place < wanted.count, wanted[place].contains(packet.number) else { continue }
        let failure = write(packet, reader.bytes, to: file, &linkType)
        if let failure { throw CaptureFault(.system, at: packet.dataOffset, failure.message) }
        count += 1
      }
    } catch { throw ProcessingError(.input, source, error.message) }
  }

  private func write(
    _ packet: CapturedPacket, _ bytes: RawSpan, to file: BufferedFile, _ linkType: inout UInt16?
  ) -> ProcessingError? {
    var writer = BinaryWriter()
    if linkType == nil {
      linkType = packet.linkType
      writer.write(UInt32(0xa1b2_3c4d))
      writer.write(UInt16(2))
      writer.write(UInt16(4))
      writer.write(UInt64(0))
      writer.write(UInt32(262_144))
      writer.write(UInt32(packet.linkType))
    }
    guard linkType == packet.linkType else {
      return ProcessingError(.input, "", "the packets have different link types")
    }
    let time = packet.time.isKnown ? packet.time.nanoseconds : 0
    writer.write(UInt32(truncatingIfNeeded: time / 1_000_000_000))
    writer.write(UInt32(truncatingIfNeeded: time % 1_000_000_000))
    writer.write(packet.capturedLength)
    writer.write(packet.originalLength)
    do throws(ProcessingError) {
      try file.write(writer.bytes)
      try file.write(bytes)
      return nil
    } catch { return error }
  }
}
