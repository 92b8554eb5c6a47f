import Foundation
import TestSupport
import Testing

/// Times are those of the capture, to the last digit, in UTC, and the state of the computer's own clock is kept.
extension ChecklistTests {
  /// One interface of a capture: how it counts time, and when packets came, in its own units.
  private struct Interface {
    /// `if_tsresol`: a power of ten, or of two with the first bit set (pcapng, 4.2).
    let resolution: UInt8
    /// `if_tsoffset`: seconds to be added.
    var offset: Int64 = 0
    let times: [UInt64]
  }

  /// A pcapng file in which each packet asks for a name; its times differ in their last digits only, or by decades.
  private static let timedCapture: [UInt8] = {
    let second: UInt64 = 1_700_000_000
    let nano = second * 1_000_000_000
    let interfaces = [
      Interface(
        resolution: 9,
        times: [nano + 123_456_789, nano + 123_456_790, nano + 999_999_999, 1, 4_102_444_800_000_000_001]),
      Interface(resolution: 6, times: [second * 1_000_000 + 1, second * 1_000_000 + 999_999]),
      Interface(resolution: 9, offset: 3_600, times: [nano + 7]),
      Interface(resolution: 0x88, times: [second * 256 + 1]),
    ]
    func little<Number: FixedWidthInteger>(_ value: Number) -> [UInt8] {
      (0..<Number.bitWidth / 8).map { UInt8(truncatingIfNeeded: value >> Number($0 * 8)) }
    }
    func block(_ type: UInt32, _ body: [UInt8]) -> [UInt8] {
      let size = little(UInt32(12 + body.count))
      return little(type) + size + body + size
    }
    var file = block(0x0a0d_0d0a, little(UInt32(0x1a2b_3c4d)) + little(UInt32(1)) + little(Int64(-1)))
    for interface in interfaces {
      let options =
        [9, 0, 1, 0, interface.resolution, 0, 0, 0] + [14, 0, 8, 0] + little(interface.offset) + [0, 0, 0, 0]
      file += block(1, little(UInt32(101)) + little(UInt32(65_535)) + options)
    }
    let question: [UInt8] = [0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 3, 0x61, 0x62, 0x63, 0, 0, 1, 0, 1]
    let header: [UInt8] = [
      0x45, 0, 0, 49, 0, 0, 0, 0, 64, 17, 0, 0, 192, 0, 2, 1, 198, 51, 100, 7, 0xc3, 0x50, 0, 53, 0, 29, 0, 0,
    ]
    let packet = header + question
    for (number, interface) in interfaces.enumerated() {
      for time in interface.times {
        let place = little(UInt32(number)) + little(UInt32(time >> 32)) + little(UInt32(truncatingIfNeeded: time))
        let size = little(UInt32(packet.count))
        file += block(6, place + size + size + packet + [UInt8](repeating: 0, count: (4 - packet.count % 4) % 4))
      }
    }
    return file
  }()

  @Test func check19TimesOfPacketsAreKeptToTheLastDigit() throws {
    let folder = try TemporaryFolder()
    let capture = try folder.write(Self.timedCapture, "timed.pcapng")
    try check(
      """
      have tshark || exit 0
      # Seconds with nine decimals as a record's time.
      times() { while IFS='.	' read -r number whole rest; do echo "$number $(date -u -d @$whole +%Y-%m-%dT%H:%M:%S).${rest}Z"; done; }
      epochs() { tshark -r $1 -T fields -e frame.number -e frame.time_epoch 2> /dev/null | times; }
      records() { sed 's/.*"capturedAt":"\\([^"]*\\)".*"packets":"\\([0-9]*\\)".*/\\2 \\1/' $1/data/records/dns-query.ndjson | sort -n; }
      epochs '\(capture)' > expected; [ $(grep -c '[0-9]\\{9\\}Z$' expected) = 9 ]; grep '2023-11-14T22:13:20.123456789Z' expected
      TZ=Asia/Kathmandu status 0 $X process '\(capture)' -o new -q --clock-offset=-3600.5; records new | diff expected -
      # What is known of the recorder's clock is kept, and not applied.
      grep -q '"declaredClockOffsetSeconds":"-3600.5"' new/meta/bundle.json; grep -q '"timeOffset":3600[,}]' new/data/records/capture-interface.ndjson
      grep -o '"timeResolution":"[^"]*"' new/data/records/capture-interface.ndjson | cut -d '"' -f 4 | paste -s -d ' ' > resolutions
      echo 'nanoseconds microseconds nanoseconds 2^-8 s' | diff - resolutions
      # Through another format with nanoseconds, and through an export, they stay.
      if have editcap; then
        editcap -F nsecpcap '\(capture)' other.pcap; epochs other.pcap | diff expected -
        status 0 $X process other.pcap -o other -q; records other | diff expected -
      fi
      for id in $(grep -o '"id":"R-[0-9]*"' new/data/records/dns-query.ndjson | cut -d '"' -f 4); do
        status 0 $X show new $id --pcap $id.pcap; epochs $id.pcap | cut -d ' ' -f 2 >> exported
      done
      cut -d ' ' -f 2 expected | sort | diff - <(sort exported)
      """)
  }

  @Test func check19TimeIsUTCAndTheClockIsStated() throws {
    try check(
      """
      before=$(date -u +%Y-%m-%dT%H:%M:%S.%NZ); TZ=Asia/Kathmandu status 0 $X process "$input" -o new -q; after=$(date -u +%Y-%m-%dT%H:%M:%S.%NZ)
      for event in case/custody/*.json new/custody/*.json; do
        grep -q '"clock":{[^}]*"source":"[^"]*","synced":\\(true\\|false\\)}' $event || { cat $event; fail "$event: no clock"; }
        time=$(grep -o '"time":"20[0-9-]*T[0-9:]*\\.[0-9]\\{9\\}Z"' $event | cut -d '"' -f 4); [ -n "$time" ] || fail "$event: no time"
        [ ${event%%/*} = case ] || [[ ! $time < $before && ! $time > $after ]] || fail "$event: $time is not from $before to $after"
      done
      grep -h -o '"[a-zA-Z]*":"20[0-9][0-9]-[0-9-]*T[0-9:.]*[^"]*"' {case,new}/data/records/*.ndjson > times || true
      # What an archive says of a clock whose zone it does not state is no time in this sense.
      [ $(wc -l < times) -gt 50 ]; grep -v -e '\\.[0-9]\\{9\\}Z"$' -e '^"modifiedLocal":"[0-9T:-]*"$' times && fail "a time that is not UTC to the nanosecond"; true
      """)
  }
}
