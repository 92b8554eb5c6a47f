import EvidenceModel
import Foundation
import TestSupport
import Testing

@testable import MediaReading

/// 16-bit samples, the low byte first.
func numbers(_ bytes: [UInt8]) -> [Int16] {
  stride(from: 0, to: bytes.count - 1, by: 2).map {
    Int16(bitPattern: UInt16(bytes[$0]) | UInt16(bytes[$0 + 1]) << 8)
  }
}

/// The samples of bytes that are cut into packets of one length.
func rendered(_ bytes: [UInt8], _ format: VoiceFormat, packetBytes: Int) throws -> [Int16] {
  let starts = stride(from: 0, to: bytes.count, by: packetBytes)
  return try rendered(starts.map { Array(bytes[$0..<min($0 + packetBytes, bytes.count)]) }, format)
}

/// The left file's samples of a call whose packets follow each other.
func rendered(_ payloads: [[UInt8]], _ format: VoiceFormat) throws -> [Int16] {
  let folder = try TemporaryFolder()
  let file = try FileHandle(
    forReadingFrom: URL(fileURLWithPath: folder.write(payloads.flatMap { $0 }, "original")))
  defer { try? file.close() }
  var frames = VoiceFrames()
  var list: [MediaPacket] = []
  var (timestamp, offset) = (UInt32(0), UInt64(0))
  for (number, payload) in payloads.enumerated() {
    // Safe: the view ends before `payload` does.
    do { try unsafe frames.read(payload.span.bytes, as: format) } catch { Issue.record("packet \(number): \(error)") }
    var next = packet(number, timestamp: timestamp, length: UInt16(payload.count))
    next.time = CaptureTime(nanoseconds: Int64(timestamp) * 1_000_000_000 / Int64(format.clockRate))
    next.payloadOffset = offset
    list.append(next)
    offset += UInt64(payload.count)
    timestamp += UInt32(frames.sampleCount) * format.clockRate / format.sampleRate
  }
  var analysis = StreamAnalysis(list, clockRate: format.clockRate)
  let originals = [UInt16(1): file.fileDescriptor]
  let damage = analysis.measure([8: .audio(format)], originals: originals)
  #expect(damage.packetCount == 0 && damage.unreadable == 0)
  var call = CallAudio(start: list[0].time)
  call.add(analysis, track: 0, first: list[0].time, kinds: [8: .audio(format)], description: [:])
  call.settle()
  #expect(call.sampleRate == max(8_000, Int64(format.sampleRate)))
  let (files, failures) = render(call, originals: originals)
  #expect(failures == 0)
  return numbers(Array((files[.left] ?? []).dropFirst(44)))
}

/// Renders a call whose payloads stand in `original`, and gives each file's bytes.
func render(_ audio: CallAudio, _ original: [UInt8]) throws -> (files: [CallAudio.File: [UInt8]], failures: Int) {
  let folder = try TemporaryFolder()
  let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: folder.write(original, "original")))
  defer { try? file.close() }
  return render(audio, originals: [1: file.fileDescriptor])
}

/// Renders a call whose originals are open, and gives each file's bytes.
func render(_ audio: CallAudio, originals: [UInt16: Int32]) -> (files: [CallAudio.File: [UInt8]], failures: Int) {
  var files: [CallAudio.File: [UInt8]] = [:]
  let failures = audio.render(originals: originals) { name, bytes in
    // Safe: the view is read only within the closure.
    unsafe bytes.withUnsafeBytes { unsafe files[name, default: []] += Array($0) }
  }
  return (files, failures)
}
