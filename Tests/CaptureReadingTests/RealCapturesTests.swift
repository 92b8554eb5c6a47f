import CaptureReading
import Foundation
import TestSupport
import Testing

/// Compares with Wireshark's programs over every capture that is there.
struct RealCapturesTests {
  struct Count: Hashable {
    var packets: UInt64 = 0
    var bytes: UInt64 = 0
    var hasFault = false
  }

  /// What capinfos counts: packets and bytes on the wire, up to a fault if there is one.
  static func capinfos(_ paths: [String]) throws -> [String: Count] {
    guard let capinfos = program("capinfos") else {
      print("skipped: no capinfos")
      return [:]
    }
    var counts: [String: Count] = [:]
    for begin in stride(from: 0, to: paths.count, by: 100) {
      let batch = Array(paths[begin..<min(begin + 100, paths.count)])
      let result = try run(capinfos, ["-T", "-r", "-M", "-c", "-d"] + batch)
      for line in result.lines {
        let parts = line.split(separator: "\t")
        guard parts.count == 3, let packets = UInt64(parts[1]), let bytes = UInt64(parts[2]) else { continue }
        counts[String(parts[0])] = Count(packets: packets, bytes: bytes)
      }
      for line in result.errors.split(separator: "\n") where line.contains("An error occurred after reading") {
        let quoted = line.split(separator: "\"")
        guard quoted.count >= 2, let packets = line.split(separator: " ").compactMap({ UInt64($0) }).first else {
          continue
        }
        counts[String(quoted[1]), default: Count(packets: packets)].hasFault = true
      }
    }
    return counts
  }

  @Test func countsPacketsAsWiresharkDoes() throws {
    let paths = captures()
    guard !paths.isEmpty else { return }
    let folder = try TemporaryFolder()
    var plain: [String: String] = [:]
    for (place, path) in paths.enumerated() where CompressedOriginal(path: path) != nil {
      plain[path] = folder.path("\(place)")
      _ = try CompressedOriginal.expand(path: path, into: folder.path("\(place)"), limit: 1 << 30)
    }
    let theirs = try Self.capinfos(paths)
    guard !theirs.isEmpty else { return }
    var sums: [String: Int] = [:]
    for path in paths {
      let ours: Reading
      do throws(CaptureFault) { ours = try read(path: plain[path] ?? path) } catch {
        sums["refused, \(theirs[path] == nil ? "by both" : "ours only")", default: 0] += 1
        if theirs[path] != nil { print("ours refuses \(path): \(error)") }
        continue
      }
      guard let their = theirs[path] else {
        sums["refused by capinfos only", default: 0] += 1
        print("capinfos refuses \(path); ours: \(ours.packets.count) packets, \(ours.fault.map { "\($0)" } ?? "whole")")
        continue
      }
      let count = Count(
        packets: UInt64(ours.packets.count) - ours.blockCount,
        bytes: ours.packets.reduce(0) { $0 + ($1.isBlock ? 0 : UInt64($1.originalLength)) },
        hasFault: ours.fault != nil)
      sums["packets", default: 0] += ours.packets.count
      if count == their || (their.hasFault && their.bytes == 0 && their.packets == count.packets) {
        sums[count.hasFault ? "equal up to a fault" : "equal", default: 0] += 1
      } else {
        sums["different", default: 0] += 1
        let known = Self.explained.first { path.hasSuffix($0.key) }
        print(
          "differs: \(path): ours \(count) theirs \(their) \(ours.fault.map { "\($0)" } ?? "") \(known?.value ?? "")")
        #expect(known != nil, "\(path)")
      }
    }
    print(
      "captures \(paths.count): \(sums.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", "))"
    )
  }

  /// Why we count otherwise than capinfos in some captures.
  static let explained: [String: String] = [
    "bug-6875-01/fuzz.pcap":
      "the second record is garbage, and Wireshark takes the file for a variant with other headers"
  ]

  @Test func witnessAgreesOnRealCaptures() throws {
    var verdicts: [String: Int] = [:]
    for path in captures() where CompressedOriginal(path: path) == nil {
      guard let ours = try? read(path: path) else { continue }
      switch WitnessAccount.read(path: path) {
      case .unable(let reason): verdicts["unable: \(reason.prefix(40))", default: 0] += 1
      case .counted(ours.witnessPackets, ours.witnessBytes, _): verdicts["agrees", default: 0] += 1
      case .counted(let theirPackets, let theirBytes, let fault):
        verdicts["differs", default: 0] += 1
        Issue.record(
          "\(path): \(ours.witnessPackets)/\(ours.witnessBytes) \(theirPackets)/\(theirBytes) \(fault ?? "")")
      }
    }
    print("witness: \(verdicts)")
  }

  /// The answers of pcapng-test-generator count the blocks of each file.
  @Test func agreesWithThePcapngTestGenerator() throws {
    for path in captures("pcapng-test-generator") where path.hasSuffix(".pcapng") {
      let answer = String(path.dropLast(6)) + "txt"
      guard let text = try? String(contentsOfFile: answer, encoding: .utf8) else { continue }
      let reading = try read(path: path)
      #expect(reading.fault == nil, "\(path)")
      var blocks: [String: Int] = [:]
      for line in text.split(separator: "\n") {
        let parts = line.split(separator: ":")
        if line.first == "\t", parts.count == 2 {
          blocks[parts[0].trimmingCharacters(in: .whitespaces)] = Int(parts[1].dropFirst())
        }
      }
      let count = { (names: [String]) in names.reduce(0) { $0 + (blocks[$1] ?? 0) } }
      #expect(reading.packets.count == count(["EPB", "SPB", "PB", "OPB", "CB", "DCB"]), "\(path): \(blocks)")
      #expect(reading.blockCount == UInt64(count(["CB", "DCB"])), "\(path)")
      let kinds = ["section": "SHB", "interface": "IDB", "name": "NRB", "statistics": "ISB"]
      for (kind, block) in kinds {
        #expect(reading.facts("capture/\(kind)").count == count([block]), "\(path): \(blocks)")
      }
    }
  }
}
