import ByteReading
import EvidenceModel
import Foundation
import Glibc
import TestSupport

@testable import MediaReading

/// Payloads of a stream in a file, and what becomes of them.
final class VideoPackets {
  struct Sent {
    var payload: [UInt8]
    var timestamp: UInt32
    var sequence: UInt16
    var marker: Bool
    var type: UInt8 = 96
    /// In IP fragments: its content stands nowhere in one piece.
    var isScattered = false
  }

  private let folder: TemporaryFolder
  private let descriptors: [Int32]
  let track: VideoTrack
  let store: FrameStore

  /// Puts packets of one payload type together, in the order in which they are given; those at the `repeated` places only came in a
  /// stream that repeats them.
  init(_ format: VideoFormat, _ list: [Sent], repeated: Set<Int> = []) throws {
    folder = try TemporaryFolder()
    var bytes: [UInt8] = []
    var offsets: [[UInt8]: UInt64] = [:]
    var packets: [MediaPacket] = []
    var repeats: [MediaPacket] = []
    for (place, sent) in list.enumerated() {
      let offset = offsets[sent.payload] ?? UInt64(bytes.count)
      if offsets[sent.payload] == nil {
        offsets[sent.payload] = offset
        bytes += sent.payload
      }
      let packet = MediaPacket(
        time: CaptureTime(nanoseconds: Int64(sent.timestamp) * 11_111),
        position: PacketPosition(original: 1, packet: UInt64(place + 1)), payloadOffset: sent.isScattered ? 0 : offset,
        payloadLength: sent.isScattered ? 0 : UInt16(sent.payload.count), sequence: sent.sequence,
        timestamp: sent.timestamp,
        payloadType: sent.type, marker: sent.marker)
      if repeated.contains(place) { repeats.append(packet) } else { packets.append(packet) }
    }
    let source = try folder.write(bytes, "payloads")
    let frames = try folder.write([], "frames")
    // Safe: both paths are strings of ours.
    descriptors = unsafe [open(source, O_RDONLY), open(frames, O_RDWR)]
    store = FrameStore(descriptor: descriptors[1])
    var analysis = StreamAnalysis(packets, clockRate: VideoFormat.clockRate)
    analysis.restore(repeats)
    track = VideoTrack(
      analysis, format: format, types: [96], originals: [1: descriptors[0]], store: store)
  }

  deinit { for descriptor in descriptors { close(descriptor) } }

  var states: [String] { track.frames.map { $0.reason?.rawValue ?? $0.state.rawValue } }

  func bytes(_ frame: Int) -> [UInt8]? { store.bytes(track.frames[frame]) }
}

extension VideoFormat {
  static func named(_ name: String, _ parameters: String = "") -> VideoFormat? {
    VideoFormat(.init(type: 96, encoding: name, clockRate: 90_000, parameters: parameters))
  }
}

/// Numbers packets from 1 on, 3,000 units a frame; each frame's last packet has the mark.
func sent(_ frames: [[[UInt8]]], from first: UInt16 = 1) -> [VideoPackets.Sent] {
  var list: [VideoPackets.Sent] = []
  for (number, payloads) in frames.enumerated() {
    for (place, payload) in payloads.enumerated() {
      list.append(
        .init(
          payload: payload, timestamp: 9_000 + 3_000 * UInt32(number), sequence: first &+ UInt16(list.count),
          marker: place == payloads.count - 1))
    }
  }
  return list
}

func openedForWriting(_ path: String) throws -> Int32 {
  // Safe: the path is a string of ours.
  let descriptor = unsafe open(path, O_RDWR)
  guard descriptor >= 0 else { throw CocoaError(.fileNoSuchFile) }
  return descriptor
}

func closeAgain(_ descriptor: Int32) { _ = close(descriptor) }
