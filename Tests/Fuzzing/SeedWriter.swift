import BuiltInDecoders
import ByteReading
import CaptureReading
import DecoderKit
import DecoderTesting
import EvidenceModel
import FlowAssembly
import Foundation

/// Writes seeds: from captures their packets and conversations, from samples and bundles what they hold.
struct SeedWriter {
  let directory: String
  private var counts: [String: Int] = [:]
  private static let mark: [UInt8] = [0xfe, 0xd1]
  /// Seeds of a target from captures, and bytes of a seed.
  private static let maximumCount = 2_000
  private static let maximumByteCount = 65_536

  init(directory: String) { self.directory = directory }

  var summary: String { counts.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ") }

  private mutating func write(_ target: String, _ bytes: [UInt8], isEndless: Bool = false) {
    guard isEndless || counts[target, default: 0] < Self.maximumCount, bytes.count <= Self.maximumByteCount else {
      return
    }
    counts[target, default: 0] += 1
    // Named by content: what comes twice is one seed.
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    let folder = "\(directory)/\(target)"
    if counts[target] == 1 {
      try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }
    _ = FileManager.default.createFile(atPath: "\(folder)/\(String(hash, radix: 16))", contents: Data(bytes))
  }

  mutating func add(_ path: String) {
    if FileManager.default.fileExists(atPath: "\(path)/\(fuzzedFiles[0])") { return addBundle(path) }
    for (folder, target) in [("/ArchiveReadingTests/", "archives"), ("/DocumentReadingTests/", "documents")]
    where path.contains(folder) {
      guard let data = FileManager.default.contents(atPath: path) else { return }
      write(target, [UInt8](data))
      if [".jpg", ".png", ".tif"].contains(where: { path.hasSuffix($0) }) { write("pictures", [UInt8](data)) }
      return
    }
    if CompressedOriginal(path: path) != nil {
      if let data = FileManager.default.contents(atPath: path) { write("compressed", [UInt8](data)) }
      return
    }
    if (try? CaptureReader(path: path)) != nil { addCapture(path) } else { addSample(path) }
  }

  // MARK: Captures

  private mutating func addCapture(_ path: String) {
    if let data = FileManager.default.contents(atPath: path), data.count <= Self.maximumByteCount {
      write("captures", [UInt8](data))
      write("packets", [UInt8](data))
    }
    guard var reader = try? CaptureReader(path: path) else { return }
    var conversations: [(Conversation, [PacketRun.HeardStep])] = []
    let run = PacketRun()
    run.conversationEnded = { if conversations.count < 500 { conversations.append(($0, $1)) } }
    var taken = 0
    while case .packet(let packet) = reader.next(), packet.number <= 20_000 {
      if taken < 20 || packet.number % 97 == 0, taken < 60 {
        taken += 1
        write(
          "layers", [UInt8(packet.linkType >> 8), UInt8(truncatingIfNeeded: packet.linkType)] + reader.bytes.array())
      }
      run.take(packet, reader.bytes)
    }
    run.finish()
    for (conversation, steps) in conversations { add(conversation, steps) }
  }

  private mutating func add(_ conversation: Conversation, _ steps: [PacketRun.HeardStep]) {
    guard let first = steps.first else { return }
    let isUDP = conversation.transport == .udp
    let carrier: DecodingContext.Carrier =
      isUDP
      ? .udp(initiator: conversation.initiator, responder: conversation.responder)
      : .tcp(initiator: conversation.initiator, responder: conversation.responder)
    let port = min(conversation.initiator.port, conversation.responder.port)
    for type in builtInDecoders where claims(type.init(), first, carrier) {
      var bytes: [UInt8] = [isUDP ? 4 : 6, UInt8(port >> 8), UInt8(truncatingIfNeeded: port)]
      for (place, step) in steps.enumerated() where bytes.count < 8_192 || place == 0 {
        bytes += (place == 0 ? [] : Self.mark) + [step.side == .initiator ? 0 : 1] + step.bytes
      }
      write("decoder-\(type.identity.name)", bytes)
    }
  }

  private func claims(
    _ decoder: some EvidenceDecoder, _ step: PacketRun.HeardStep, _ carrier: DecodingContext.Carrier
  ) -> Bool {
    claim(of: decoder, on: step.bytes, from: step.side, over: carrier) > .none
  }

  // MARK: Samples

  /// A sample in the form of the decoders' own: lines of hexadecimal digits, `>` or `<` in front; or else a file of bytes.
  private mutating func addSample(_ path: String) {
    guard let data = FileManager.default.contents(atPath: path), !path.hasSuffix(".md") else { return }
    let pieces = path.split(separator: "/")
    guard let place = pieces.lastIndex(of: "Samples"), place > 0 else { return }
    let target = "decoder-\(pieces[place - 1].lowercased())"
    var steps: [[UInt8]] = []
    for line in String(decoding: data, as: UTF8.self).split(separator: "\n") {
      let words = line.split { $0 == "\t" || $0 == " " }
      guard let longest = words.max(by: { $0.count < $1.count }), longest.count >= 8,
        let bytes = Hexadecimal.decode(longest)
      else { continue }
      steps.append([line.hasPrefix("<") ? 1 : 0] + bytes)
    }
    if steps.isEmpty { steps = [[0] + [UInt8](data)] }
    for port: UInt16 in [21, 53, 69, 80, 445, 5_060, 20_000] {
      let head = [UInt8(port >> 8), UInt8(truncatingIfNeeded: port)]
      write(target, [4] + head + Array(steps.joined(separator: Self.mark)), isEndless: true)
      write(target, [6] + head + Array(steps.joined(separator: Self.mark)), isEndless: true)
    }
    for step in steps.prefix(100) { write(target, [4, 0, 53] + step, isEndless: true) }
    if steps.count == 1 {
      let text = String(decoding: data.prefix(200), as: UTF8.self)
      let boundary = text.hasPrefix("--") ? text.dropFirst(2).prefix { !$0.isNewline } : "b"
      write(
        target, [5, 0, 0] + Array("multipart/form-data; boundary=\(boundary)\n".utf8) + [UInt8](data), isEndless: true)
    }
  }

  // MARK: Bundles

  private mutating func addBundle(_ path: String) {
    var whole: [[UInt8]] = []
    for (place, name) in fuzzedFiles.enumerated() {
      guard let data = FileManager.default.contents(atPath: "\(path)/\(name)") else { continue }
      // Of records a few lines: the fuzzer changes small inputs more often.
      let lines = data.split(separator: 0x0a).prefix(name.hasSuffix(".ndjson") ? 3 : 400)
      let content = Array(lines.map { [UInt8]($0) }.joined(separator: [0x0a])) + [0x0a]
      let text = name.hasSuffix(".ndjson") || name.hasSuffix(".txt") ? content : [UInt8](data)
      whole.append([UInt8(place)] + text)
      write("bundles", [UInt8(place)] + text)
      for line in lines where !name.hasSuffix(".txt") { write("values", [UInt8](line)) }
    }
    write("bundles", Array(whole.joined(separator: Self.mark)))
  }

  // MARK: Our own

  /// Seeds made of nothing: each link type around one packet, and the targets whose input is no format.
  mutating func addOwn() {
    let packet: [UInt8] =
      [0x45, 0, 0, 32, 0, 1, 0, 0, 64, 17, 0xf6, 0xc9, 192, 0, 2, 1, 192, 0, 2, 2, 0x13, 0xc4, 0x13, 0xc4, 0, 12, 0, 0]
      + [1, 2, 3, 4]
    for linkType in 0..<300 {
      let head = [UInt8(linkType >> 8), UInt8(linkType & 255)]
      for width in [0, 4, 14, 16] {
        write("layers", head + [UInt8](repeating: 0, count: width) + packet, isEndless: true)
      }
    }
    for control in 0..<8 {
      var bytes: [UInt8] = [UInt8(control)]
      for place in 0..<40 { bytes += [UInt8(place % 8 == 7 ? 8 : place % 3), UInt8(place % 11), 8, UInt8(place)] }
      write("fragments", bytes, isEndless: true)
      bytes = [UInt8(control) << 3, 1]
      for place in 0..<60 {
        bytes += [UInt8(place & 1), place < 2 ? 2 : 16, 0, UInt8(place), 0, UInt8(place), UInt8(place % 7)]
      }
      write("streams", bytes, isEndless: true)
      write("media", [UInt8(control & 3)] + (0..<200).map { UInt8($0 * 37 & 255) }, isEndless: true)
      write("fax", [UInt8(control)] + (0..<60).flatMap { [UInt8($0 % 8), 4, 0xc0, 1, 0x80, 0] }, isEndless: true)
      write("video", [UInt8(control)] + (0..<200).map { UInt8($0 * 41 & 255) }, isEndless: true)
    }
    for coding in 0..<6 {
      for name in ["hello", "aGVsbG8gd29ybGQ=", "=41=42=\r\n", "\u{1f}\u{8b}\u{8}"] {
        write("codings", [0xff, 0xf0 | UInt8(coding)] + Array(name.utf8), isEndless: true)
      }
    }
    for text in hashSetSeeds { write("hash-sets", Array(text.utf8), isEndless: true) }
    for text in ruleSeeds { write("rules", Array(text.utf8), isEndless: true) }
    for name in locationSeeds { write("locations", Array(name.utf8), isEndless: true) }
    for name in [#"{"a":[1,-2,"x\u00e9\n",true,{"b":"c"}]}"#, #"[[[[]]],9223372036854775807]"#] {
      write("values", Array(name.utf8), isEndless: true)
    }
  }
}
