import EvidenceModel
import Foundation
import Signing

/// Asks a time-stamping authority over HTTP (RFC 3161, 3.4); curl is the one who speaks with it.
enum TimeStampAuthority {
  /// Seconds until an authority that does not answer is given up.
  static let maximumSeconds = 60

  /// The authority's answer over `content`, with the request. Throws when there is none, or it is over something else.
  static func ask(
    _ address: String, over content: [UInt8], isLong: Bool
  ) throws(CustodyError) -> (request: [UInt8], answer: [UInt8], time: CaptureTime) {
    let request = try CustodyError.signing { () throws(SigningError) in
      try TimeStampRequest(over: content, isLong: isLong).bytes
    }
    let answer = try post(request, to: address)
    guard let stamp = try? TimeStamp(answer) else {
      throw CustodyError(.input, address, "the time-stamping authority refused, or its answer is none")
    }
    guard stamp.covers(content), stamp.answers(request) else {
      throw CustodyError(.input, address, "the authority's time-stamp is over something else than was asked for")
    }
    return (request, answer, stamp.time)
  }

  private static func post(_ request: [UInt8], to address: String) throws(CustodyError) -> [UInt8] {
    let folder = NSTemporaryDirectory() + "exhibit-tsq-\(UUID().uuidString)"
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [
      "curl", "--silent", "--show-error", "--fail", "--proto", "=http,https", "--max-time", "\(maximumSeconds)",
      "--max-filesize", "\(TimeStamp.maximumBytes)", "--header", "Content-Type: application/timestamp-query",
      "--data-binary", "@\(folder)/request", "--output", "\(folder)/answer", "--url", address,
    ]
    let errors = Pipe()
    process.standardError = errors
    process.standardInput = FileHandle.nullDevice
    defer { try? FileManager.default.removeItem(atPath: folder) }
    do {
      try FileManager.default.createDirectory(
        atPath: folder, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
      try Data(request).write(to: URL(fileURLWithPath: "\(folder)/request"))
      try process.run()
    } catch { throw CustodyError(.output, folder, "the time-stamping authority cannot be asked: \(error)") }
    let text = String(decoding: errors.fileHandleForReading.readDataToEndOfFile().prefix(500), as: UTF8.self)
    process.waitUntilExit()
    guard process.terminationStatus == 0, let answer = FileManager.default.contents(atPath: "\(folder)/answer"),
      answer.count <= TimeStamp.maximumBytes
    else {
      let why = text.split(separator: "\n").last.map(String.init) ?? "curl ended with \(process.terminationStatus)"
      throw CustodyError(.input, address, "the time-stamping authority gave no answer: \(why)")
    }
    return [UInt8](answer)
  }
}

extension BundleChange {
  /// What came of asking an authority for a time-stamp.
  struct Stamp {
    /// The time that it states; nil when it was not asked or gave no answer.
    var time: CaptureTime?
    /// Why there is no time-stamp although one was asked for.
    var problem: String?
  }

  /// Asks the authority, where there is one, for a time-stamp over the file `text` and writes request and answer beside it.
  ///
  /// Without an answer the rest of the change stands all the same: the time-stamp can be attached later.
  mutating func stamp(
    _ text: String, _ content: [UInt8], authority: String?, isLong: Bool
  ) throws(CustodyError) -> Stamp {
    guard let authority else { return Stamp() }
    do throws(CustodyError) {
      let (request, answer, time) = try TimeStampAuthority.ask(authority, over: content, isLong: isLong)
      try write(request, to: text + ".tsq")
      try write(answer, to: text + ".tsr")
      return Stamp(time: time)
    } catch {
      guard error.code == .input else { throw error }
      return Stamp(problem: "\(error.path): \(error.message)")
    }
  }
}
