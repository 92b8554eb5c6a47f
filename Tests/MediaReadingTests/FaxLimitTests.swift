import EvidenceModel
import Foundation
import TestSupport
import Testing

@testable import MediaReading

/// What one fax may cost, and who sent what.
@Suite struct FaxLimitTests {
  /// White lines of T.6 are a bit each.
  private static func page(lines: Int) -> FaxPage {
    // T.6, and 4,864 dots across.
    var page = FaxPage(side: 0, format: FaxFormat([0, 0, 0x40, 0x02, 0, 0x20]))
    page.append([UInt8](repeating: 0xff, count: lines / 8))
    return page
  }

  @Test func pagesBeyondTheDotsOfAFaxAreLeftOut() throws {
    let width = try #require(Self.page(lines: 80).format?.width)
    var dots = FaxDots(maximum: width * 200)
    var heights: [Int?] = []
    for lines in [80, 80, 80, 8] { heights.append(dots.picture(of: Self.page(lines: lines))?.height) }
    // What stands behind the first that is left out is, too.
    #expect(heights == [80, 80, nil, nil] && dots.isSpent)
    // 20,000 lines of 4,864 dots are 12 MB: those that are decoded come to less than 2 GiB in all.
    #expect(FaxDots.maximum / 8 < 1 << 30)
    #expect(170 * 20_000 * 4_864 > FaxDots.maximum)
  }

  @Test func aPictureForgetsItsDotsAndNothingElse() {
    var picture = Self.page(lines: 80).picture()
    picture?.forgetRows()
    #expect(picture?.height == 80 && picture?.rows.isEmpty == true)
  }

  @Test func aPasswordIsNotKept() {
    let message = { (bytes: [UInt8], isWhole: Bool) in
      FaxMessage(bytes, from: 0, isWhole: isWhole, PacketSet(), .unknown, .unknown)
    }
    let digits: [UInt8] = [0x8c, 0x4c, 0xcc]
    for isWhole in [true, false] {
      let secret = message([0xff, 0xc0, 0x83] + digits, isWhole)
      #expect(secret.name == "PWD" && secret.isSecret && secret.bytes == [0xff, 0xc0, 0x83])
      #expect(secret.text == (isWhole ? "[withheld]" : nil))
    }
    let identity = message([0xff, 0xc0, 0x45] + digits, true)
    #expect(identity.name == "SID" && identity.text == "[withheld]" && identity.bytes == [0xff, 0xc0, 0x45])
    let open = message([0xff, 0xc0, 0x43] + digits, true)
    #expect(open.name == "SUB" && !open.isSecret && open.text == "321" && open.bytes.count == 6)
  }

  /// Without the message that tells who sends.
  @Test func framesNameTheSideThatSentThem() throws {
    // One field, a good frame of image data: its number and two bytes.
    let packet: [UInt8] = [0xd0, 1, 0x90, 0, 5, 0xff, 0xc0, 0x60, 0, 0xff, 0xff]
    let folder = try TemporaryFolder()
    let file = try FileHandle(forReadingFrom: URL(filePath: try folder.write([0] + packet, "packets")))
    let originals: [UInt16: Int32] = [1: file.fileDescriptor]
    let frame = MediaPacket(
      time: .unknown, position: PacketPosition(original: 1, packet: 1), payloadOffset: 1,
      payloadLength: UInt16(packet.count), sequence: 1, timestamp: 0, payloadType: 0, marker: false)
    for side in 0...1 {
      let directions = (0...1).map {
        FaxPackets(
          $0 == side ? [frame] : [], from: Endpoint(InternetAddress(version4: 0xc000_0201), port: 4_000),
          originals: originals)
      }
      let session = FaxSession(directions, originals: originals)
      #expect(session.pages.map(\.side) == [side] && session.pages.first?.bytes == [0xff, 0xff])
    }
  }
}
