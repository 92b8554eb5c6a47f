import EvidenceModel
import TestSupport
import Testing

@testable import MediaReading

/// Loss, order, restarts and jitter (RFC 3550, 6.4.1 and A.1).
@Suite struct AnalysisTests {
  @Test func countsAPerfectStream() {
    let analysis = analyse(packets(500))
    #expect(analysis.received == 500)
    #expect(analysis.expected == 500)
    #expect(analysis.lost == 0)
    #expect(analysis.duplicates == 0)
    #expect(analysis.reordered == 0)
    #expect(analysis.late == 0)
    #expect(analysis.restarts == 0)
    #expect(analysis.jitterMaximum == "0.000")
    #expect(analysis.payloadTypes == [8])
    #expect(analysis.positions == (0..<500).map { $0 * 160 })
  }

  @Test func knowsEachNumberThatItSaw() {
    var generator = SeededGenerator(2)
    var seen = SeenNumbers()
    var all: Set<Int64> = []
    var number: Int64 = -70
    for _ in 0..<5_000 {
      number += Int64.random(in: -3...4, using: &generator)
      let isLeap = Int.random(in: 0..<100, using: &generator) == 0
      if isLeap { number = Int64.random(in: -(1 << 48)...(1 << 48), using: &generator) }
      if Int.random(in: 0..<100, using: &generator) == 0, let other = all.min() { number = other }
      #expect(seen.insert(number) == all.insert(number).inserted)
    }
  }

  @Test func countsNothingOfNothing() {
    #expect(analyse([]).expected == 0)
    #expect(analyse(packets(3), rate: 0).placed.isEmpty)
  }

  @Test func followsWrapsOfNumbersAndTimestamps() {
    let list = (0..<70_000).map {
      packet($0, sequence: 65_000 &+ UInt16(truncatingIfNeeded: $0), timestamp: .max - 500 &+ UInt32($0 * 160))
    }
    let analysis = analyse(list)
    #expect(analysis.expected == 70_000)
    #expect(analysis.lost == 0)
    #expect(analysis.duplicates == 0)
    #expect(analysis.restarts == 0)
    #expect(analysis.positions.last == Int64(69_999 * 160))
  }

  @Test func countsWhatIsMissing() {
    var list = packets(100)
    list.removeSubrange(40..<45)
    list.remove(at: 10)
    let analysis = analyse(list)
    #expect(analysis.expected == 100)
    #expect(analysis.received == 94)
    #expect(analysis.lost == 6)
    #expect(analysis.positions.last == Int64(99 * 160))
  }

  @Test func putsOvertakenPacketsInOrder() {
    var list = packets(20)
    list.swapAt(5, 6)
    list.swapAt(10, 13)
    let analysis = analyse(list)
    #expect(analysis.reordered == 4)
    #expect(analysis.lost == 0)
    #expect(analysis.positions == (0..<20).map { $0 * 160 })
    #expect(analysis.placed.map(\.packet.sequence) == (100..<120).map { UInt16($0) })
  }

  @Test func leavesOutDuplicates() {
    var list = packets(20)
    list.insert(list[4], at: 9)
    list.insert(list[5], at: 6)
    let analysis = analyse(list)
    #expect(analysis.received == 22)
    #expect(analysis.duplicates == 2)
    #expect(analysis.lost == 0)
    #expect(analysis.placed.count == 20)
  }

  @Test func countsARestartOfTheSender() {
    let before = packets(50)
    let after = (50..<100).map { packet($0, sequence: 40_000 + UInt16($0), timestamp: 900_000_000 + UInt32($0) * 160) }
    let analysis = analyse(before + after)
    #expect(analysis.restarts == 1)
    #expect(analysis.expected == 100)
    #expect(analysis.lost == 0)
    #expect(analysis.placed.count == 100)
    // The new timestamps say nothing of the old ones: the capture places the first, the timestamps the others.
    #expect(analysis.positions == (0..<100).map { $0 * 160 })
  }

  @Test func takesOneStrayNumberForNoRestart() {
    var list = packets(40)
    list[20].sequence = 50_000
    let analysis = analyse(list)
    #expect(analysis.restarts == 0)
    #expect(analysis.placed.count == 40)
    // The number that the stray should have had is missing.
    #expect(analysis.lost == 1)
    list.insert(list[21], at: 23)
    #expect(analyse(list).duplicates == 1, "a copy is known on both sides of the stray")
  }

  @Test func countsManyRestarts() {
    let list = (0..<200).map { packet($0, sequence: UInt16(truncatingIfNeeded: ($0 / 10) * 9_000 + $0)) }
    let analysis = analyse(list)
    #expect(analysis.restarts == 19)
    #expect(analysis.lost == 0)
    #expect(analysis.expected == 200)
  }

  @Test func measuresJitterAsTheStandardDoes() {
    // Each second packet comes 8 ms later: |D| is 8 ms each time, so J goes to 8 ms by sixteenths.
    let analysis = analyse((0..<400).map { packet($0, at: Int64($0) * 20 + Int64($0 % 2) * 8) })
    #expect(analysis.jitterMaximum == "8.000")
    let first = analyse([packet(0), packet(1, at: 28)])
    #expect(first.jitterMaximum == "0.500")
    #expect(first.jitterMean == "0.500")
  }

  @Test func keepsThePrintedFormOfMilliseconds() {
    #expect(StreamAnalysis.milliseconds(0) == "0.000")
    #expect(StreamAnalysis.milliseconds(1_499) == "0.001")
    #expect(StreamAnalysis.milliseconds(12_034_500) == "12.035")
  }
}

/// Where packets stand.
@Suite struct PlacementTests {
  @Test func placesByTimestampAndNotByCapture() {
    let analysis = analyse((0..<50).map { packet($0, at: Int64($0) * 20 + [0, 90, 15, 60][$0 % 4]) })
    #expect(analysis.positions == (0..<50).map { $0 * 160 })
    #expect(analysis.late == 0)
  }

  @Test func tellsLatePacketsAndKeepsThem() {
    var list = packets(50)
    list[30].time = CaptureTime(nanoseconds: 30 * 20_000_000 + 250_000_000)
    list.append(list.remove(at: 30))
    let analysis = analyse(list)
    #expect(analysis.late == 1)
    #expect(analysis.placed[30].isLate)
    #expect(analysis.positions == (0..<50).map { $0 * 160 })
  }

  @Test func callsNobodyLateForAClockThatRunsSlowly() {
    // A sender's crystal that is 100 parts in a million too slow is half a second behind after 83 minutes.
    let list = (0..<300_000).map { packet($0, at: Int64($0) * 20 + Int64($0) / 500) }
    let analysis = analyse(list)
    #expect(analysis.late == 0)
    #expect(analysis.positions.last == Int64(299_999 * 160))
  }

  @Test func callsNobodyLateForOnePacketThatWasEarly() {
    var list = packets(100)
    // Five seconds ahead of its time.
    list[10].timestamp &+= 40_000
    #expect(analyse(list).late == 0)
  }

  @Test func countsFromTheEarliestPlace() {
    var list = packets(10)
    list.swapAt(0, 2)
    let analysis = analyse(list)
    #expect(analysis.leadSamples == 320)
    #expect(analysis.positions == (0..<10).map { $0 * 160 })
  }

  @Test func placesByCaptureWhereOneTimestampLeaps() {
    for leap: UInt32 in [0x7fff_ffff, 0x8000_0000, 28_800_000, 0xff00_0000] {
      var list = packets(100)
      list[40].timestamp &+= leap
      let analysis = analyse(list)
      #expect(analysis.positions == (0..<100).map { $0 * 160 }, "leap of \(leap)")
    }
  }

  @Test func goesOnByTimestampsThatWereSetAnew() {
    // After the leap the captures jitter, the timestamps do not.
    let list = (0..<100).map { place in
      place < 50
        ? packet(place)
        : packet(place, timestamp: 0xd000_0000 + UInt32(place) * 160, at: Int64(place) * 20 + Int64(place % 3) * 5)
    }
    let positions = analyse(list).positions
    #expect(zip(positions[51...], positions[50...]).allSatisfy { $0 - $1 == 160 })
  }

  @Test func keepsAPauseOfTheTimestamps() {
    let list = (0..<100).map { place in
      packet(
        place, timestamp: UInt32(place * 160 + (place < 50 ? 0 : 80_000)),
        at: Int64(place * 20 + (place < 50 ? 0 : 10_000)))
    }
    #expect(analyse(list).positions[50] == 50 * 160 + 80_000)
  }

  @Test func placesWithoutCaptureTimes() {
    #expect(analyse((0..<50).map { packet($0, timed: false) }).positions == (0..<50).map { $0 * 160 })
    var list = (0..<50).map { packet($0, timed: false) }
    list[20].timestamp &+= 0x7000_0000
    let positions = analyse(list).positions
    #expect(positions.max() == Int64(49 * 160))
  }

  @Test func survivesNumbersAtTheEndsOfTheirScales() {
    let times: [Int64] = [.min, .min + 1, -1, 0, 1, .max - 1, .max]
    for rate: UInt32 in [1, 8_000, 90_000, .max] {
      for step: UInt32 in [0, 1, 0x7fff_ffff, 0x8000_0000, .max] {
        let list = (0..<300).map { place in
          var one = packet(place, sequence: UInt16(truncatingIfNeeded: place * 4_321), timestamp: UInt32(place) &* step)
          one.time = CaptureTime(nanoseconds: times[(place * place + place / 7) % times.count])
          return one
        }
        let analysis = analyse(list, rate: rate)
        #expect(analysis.received == 300)
        #expect(analysis.placed.count + Int(analysis.duplicates) == 300)
        #expect(analysis.placed.allSatisfy { $0.position >= 0 })
        let audio = audio(list, rate: rate)
        #expect(audio.sampleCount <= 24 * 3_600 * 8_000)
        #expect(!audio.timeMapBytes().isEmpty)
      }
    }
  }

  @Test func survivesAPauseOfAMonth() {
    let month: Int64 = 30 * 86_400_000
    let analysis = analyse([packet(0), packet(1), packet(2, at: month), packet(3, at: month + 20)], rate: 90_000)
    #expect(analysis.positions.last == Int64(month * 90 + 160))
  }
}
