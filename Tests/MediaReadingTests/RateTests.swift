import EvidenceModel
import Foundation
import TestSupport
import Testing

@testable import MediaReading

/// Codings of several rates in one call.
@Suite struct RateTests {
  private let wide = PayloadKind.audio(VoiceFormat(.init(type: 11, encoding: "L16", clockRate: 16_000))!)

  /// Writes 16-bit samples as L16 payloads of 20 milliseconds, and A-law silence behind them.
  private func original() -> [UInt8] {
    let tone = (0..<16_000).flatMap { index -> [UInt8] in
      let sample = Int16(8_000 * sin(Double(index) * 440 * 2 * .pi / 16_000))
      return [UInt8(truncatingIfNeeded: sample >> 8), UInt8(truncatingIfNeeded: sample)]
    }
    return tone + [UInt8](repeating: 0xaa, count: 8_000)
  }

  private func files(_ call: CallAudio) throws -> [CallAudio.File: [UInt8]] {
    let (files, failures) = try render(call, original())
    #expect(failures == 0)
    return files
  }

  private func measured(_ packets: [MediaPacket], _ kinds: [UInt8: PayloadKind], rate: UInt32) throws -> StreamAnalysis
  {
    let folder = try TemporaryFolder()
    let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: folder.write(original(), "original")))
    defer { try? file.close() }
    var analysis = StreamAnalysis(packets, clockRate: rate)
    let damage = analysis.measure(kinds, originals: [1: file.fileDescriptor])
    #expect(damage.packetCount == 0 && damage.unreadable == 0)
    return analysis
  }

  private var wideSide: [MediaPacket] {
    (0..<50).map { place in
      var one = packet(place, timestamp: UInt32(place * 320), type: 11, length: 640)
      one.payloadOffset = UInt64(place) * 640
      return one
    }
  }
  private var narrowSide: [MediaPacket] {
    (0..<50).map { place in
      var one = packet(place)
      one.payloadOffset = 32_000 + UInt64(place) * 160
      return one
    }
  }

  @Test func givesEachPartyItsOwnRateAndBothTheHigherOne() throws {
    let time = CaptureTime(nanoseconds: 0)
    var call = CallAudio(start: time)
    call.add(
      try measured(wideSide, [11: wide], rate: 16_000), track: 0, first: time, kinds: [11: wide], description: [:])
    call.add(
      try measured(narrowSide, [8: .aLaw], rate: 8_000), track: 1, first: time, kinds: [8: .aLaw], description: [:])
    call.settle()
    #expect(call.sampleRate == 16_000)
    #expect(call.tracks.map(\.sampleRate) == [16_000, 8_000])
    #expect(map(call, 0) == ["received 0-16000 1-50"])
    #expect(map(call, 1) == ["received 0-16000 1-50"])
    let files = try files(call)
    #expect(files[.left]?.count == 44 + 32_000)
    #expect(files[.right]?.count == 44 + 16_000)
    let both = numbers(Array((files[.stereo] ?? []).dropFirst(44)))
    #expect(both.count == 32_000)
    #expect(
      stride(from: 0, to: both.count, by: 2).map { both[$0] } == numbers(Array((files[.left] ?? []).dropFirst(44))))
    let constant = numbers(Array((files[.right] ?? []).dropFirst(44)))[0]
    // Away from its ends a constant stays one at any rate.
    #expect(
      both.indices.filter { $0 % 2 == 1 }.dropFirst(100).dropLast(100).allSatisfy {
        abs(Int(both[$0]) - Int(constant)) <= 16
      })
  }

  @Test func bringsALowerRateToThatOfItsTrack() throws {
    let time = CaptureTime(nanoseconds: 0)
    let kinds: [UInt8: PayloadKind] = [11: wide, 8: .aLaw]
    var narrow = narrowSide
    for place in narrow.indices {
      narrow[place].time = CaptureTime(nanoseconds: Int64(1_000 + place * 20) * 1_000_000)
      narrow[place].position = PacketPosition(original: 1, packet: UInt64(place + 51))
    }
    var call = CallAudio(start: time)
    call.add(try measured(wideSide, kinds, rate: 16_000), track: 0, first: time, kinds: kinds, description: [:])
    call.add(
      try measured(narrow, kinds, rate: 8_000), track: 0, first: narrow[0].time, kinds: kinds, description: [:])
    call.settle()
    #expect(call.sampleCount == 32_000)
    let left = numbers(Array((try files(call)[.left] ?? []).dropFirst(44)))
    #expect(left.count == 32_000)
    let first = left[24_000]
    #expect(first != 0)
    #expect(left[16_100..<31_900].allSatisfy { abs(Int($0) - Int(first)) <= 16 }, "no seam between runs")
  }
}
