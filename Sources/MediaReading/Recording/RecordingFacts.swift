public import EvidenceModel

/// What a recording's container says of itself and of what it holds; said by the file, not measured.
public struct RecordingFacts: Sendable {
  /// A name and a value as the container has them; bytes, for nobody says that they are UTF-8.
  public struct Tag: Hashable, Sendable {
    public let name: [UInt8]
    public let value: [UInt8]

    /// The value as text; what is not UTF-8 in it is replaced.
    public var text: String { String(decoding: value, as: UTF8.self) }
  }

  /// A part of the recording that has a name.
  public struct Chapter: Sendable {
    /// Microseconds from the recording's beginning.
    public let start: Int64
    public let end: Int64
    public let tags: [Tag]
  }

  /// libavformat's short name of the format, such as `mov,mp4,m4a,3gp,3g2,mj2`.
  public internal(set) var format = ""
  /// Its name for people.
  public internal(set) var formatDescription = ""
  /// How sure libavformat is of the format: above 25, at most 100.
  public internal(set) var probeScore = 0
  /// Microseconds, as the container says or as libavformat estimates; nil when neither can.
  public internal(set) var duration: Int64?
  /// Whether the duration is estimated from the size and the bit rate: then nobody said it.
  public internal(set) var isDurationEstimated = false
  /// Microseconds.
  public internal(set) var start: Int64?
  /// Bits a second; 0 when it is not known.
  public internal(set) var bitRate: Int64 = 0
  public internal(set) var tags: [Tag] = []
  public internal(set) var streams: [RecordingStream] = []
  public internal(set) var chapters: [Chapter] = []
  public internal(set) var programCount = 0
  /// Tags, streams and chapters beyond the limits, which are not told.
  public internal(set) var omittedCount = 0

  /// Tags of one object that are told.
  public static let maximumTags = 200
  /// Bytes of one value that are told.
  public static let maximumTagBytes = 4_096
  public static let maximumStreams = 64
  public static let maximumChapters = 1_000

  /// The value of a tag of the container, whatever the case of its name.
  public subscript(tag name: String) -> String? {
    tags.first { String(decoding: $0.name, as: UTF8.self).lowercased() == name }?.text
  }

  /// When the recording was made, as the container says; nil when it does not, or not in a way that can be read.
  public var createdAt: CaptureTime? { self[tag: "creation_time"].flatMap { CaptureTime(rfc3339: $0) } }

  /// The program that wrote the file, as it says.
  public var encoder: String? { self[tag: "encoder"] ?? self[tag: "com.apple.quicktime.software"] }

  /// Where the recording was made, as the container says (ISO 6709).
  public var location: String? { self[tag: "com.apple.quicktime.location.iso6709"] ?? self[tag: "location"] }
}

/// What the container says of one of its streams.
public struct RecordingStream: Sendable {
  public enum Medium: String, Sendable { case audio, video, picture, subtitle, attachment, data }

  /// Its place in the container, from 0.
  public let index: Int
  public internal(set) var medium = Medium.data
  /// libavcodec's name of the coding; `unknown` when it has none.
  public internal(set) var codec = "unknown"
  public internal(set) var codecDescription = ""
  public internal(set) var profile = ""
  /// The container's own name of the coding: four characters or a number.
  public internal(set) var codecTag = ""
  /// Samples a second.
  public internal(set) var sampleRate = 0
  public internal(set) var channels = 0
  public internal(set) var channelLayout = ""
  /// Pixels.
  public internal(set) var width = 0
  public internal(set) var height = 0
  /// Degrees clockwise by which pictures are to be turned for display; 0, 90, 180 or 270, as the container says.
  public internal(set) var rotation = 0
  public internal(set) var pixelFormat = ""
  /// Pictures a second, as a fraction.
  public internal(set) var frameRate = ""
  public internal(set) var bitRate: Int64 = 0
  /// Microseconds.
  public internal(set) var duration: Int64?
  public internal(set) var start: Int64?
  public internal(set) var tags: [RecordingFacts.Tag] = []
  /// Such as `default` or `forced`.
  public internal(set) var dispositions: [String] = []
  /// Bytes that belong to the coding and stand in the container's head; of an attachment, all of it.
  public internal(set) var extraBytes: [UInt8] = []

  init(index: Int) { self.index = index }

  public subscript(tag name: String) -> String? {
    tags.first { String(decoding: $0.name, as: UTF8.self).lowercased() == name }?.text
  }
}
