import EvidenceModel
import Glibc
import MediaReading

/// Follows any packets of T.38 from two sides, with any numbers, copies and parities, and decodes any pages.
@Sendable func fuzzFax(_ input: RawSpan) {
  var source = FuzzInput(input)
  let control = source.byte()
  var sides: [[MediaPacket]] = [[], []]
  var sequences: [UInt16] = [0, 0]
  var offset: UInt64 = 1
  var count: UInt64 = 0
  while !source.isEmpty, count < 4_096 {
    let kind = source.byte()
    let length = source.byte()
    count += 1
    let side = Int(kind & 1)
    let type: UInt8 = kind & 0x30 == 0x10 ? 1 : kind & 0x30 == 0x20 ? 2 : 0
    if type == 0 { sequences[side] = kind & 2 != 0 ? source.half() : sequences[side] &+ 1 }
    sides[side].append(
      MediaPacket(
        time: .unknown, position: PacketPosition(original: 1, packet: count), payloadOffset: offset,
        payloadLength: UInt16(length), sequence: sequences[side] &- UInt16(type == 1 ? kind >> 6 : 0), timestamp: 0,
        payloadType: type, marker: false))
    offset += UInt64(length)
  }
  withFile(input) { descriptor in
    let directions = sides.prefix(control & 1 == 0 ? 2 : 1).enumerated().map { number, packets in
      FaxPackets(
        packets, from: Endpoint(InternetAddress(version4: 0xc000_0201), port: UInt16(4_000 + number)),
        originals: [1: descriptor])
    }
    let session = FaxSession(directions, originals: [1: descriptor])
    var file = TIFFWriter()
    for page in session.pages {
      guard let picture = page.picture() else { continue }
      demand(picture.rows.count == picture.height * picture.rowBytes, "a page is as large as its lines")
      demand(
        (picture.damaged + picture.unsure).allSatisfy { $0.lowerBound >= 1 && $0.upperBound <= picture.height },
        "every damaged line is inside the page")
      _ = picture.png()
      _ = file.add(picture, horizontal: 204, vertical: 98)
    }
  }
}
