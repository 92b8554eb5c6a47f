import Foundation
import TestSupport
import Testing

/// What a pipeline of GStreamer wrote, in a folder of its own.
struct SentFiles {
  fileprivate let folder: TemporaryFolder

  func file(_ name: String) throws -> [UInt8] {
    try [UInt8](Data(contentsOf: URL(fileURLWithPath: folder.path(name))))
  }
}

/// Runs a pipeline that writes files beside each other; nil, with a line that says so, where GStreamer is not installed.
func sentByGStreamer(_ pipeline: String) throws -> SentFiles? {
  guard let gstreamer = program("gst-launch-1.0") else {
    print("skipped: no gst-launch-1.0")
    return nil
  }
  let folder = try TemporaryFolder()
  let made = try run(gstreamer, ["-q"] + pipeline.split(separator: " ").map(String.init), in: folder.url)
  #expect(made.status == 0, "\(made.errors)")
  return SentFiles(folder: folder)
}

/// Packets with two bytes of length before each (RFC 4571), as `rtpstreampay` writes them.
func framed(_ bytes: [UInt8]) -> [[UInt8]] {
  var list: [[UInt8]] = []
  var rest = bytes[...]
  while rest.count >= 2 {
    let length = Int(rest[rest.startIndex]) << 8 | Int(rest[rest.startIndex + 1])
    list.append(Array(rest.dropFirst(2).prefix(length)))
    rest = rest.dropFirst(2 + length)
  }
  return list
}
