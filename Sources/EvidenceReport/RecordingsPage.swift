import EvidenceBundle
import EvidenceModel

/// The recordings that were given as originals: what each says of itself, its sound, and what was computed from it.
struct RecordingsPage {
  static let kinds = ["recording-file", "recording-stream", "recording-examination", "recording-picture"]

  let context: ReportContext
  /// The names under which originals were given, by their number.
  private let names: [String: String]

  init(context: ReportContext) {
    self.context = context
    var names: [String: String] = [:]
    for original in context.meta.objects("originals") {
      if let item = original.text("item"), let name = original.text("name") { names[item] = name }
    }
    self.names = names
  }

  func write() throws(BundleError) {
    try PageSeries(
      base: "recordings", title: "Recordings", kinds: Self.kinds, rowsPerPage: 200,
      lead: { html in
        html.element(
          .p,
          """
          Recordings stand in the bundle as they were received. What a recording says of itself – when and with what it \
          was made – is what the file says, and can be set by whoever has it. The sound below is a working copy that \
          was decoded from it; levels and drawings are computed and are aids, not findings.
          """
        )
      },
      none: "No recordings were given.",
      row: { record, kind, sheet in
        switch kind {
        case "recording-file": file(record, &sheet.body)
        case "recording-stream": stream(record, &sheet.body)
        case "recording-picture": picture(record, &sheet.body)
        default: examination(record, &sheet.body)
        }
      },
      assemble: { sheet, html in html.append(sheet.body) }
    ).write(context)
  }

  // MARK: The file

  private func file(_ record: Fields, _ html: inout HTMLWriter) {
    let item = record.objects("provenance").first?.text("original") ?? ""
    html.element(.h2, record.text("id").map { [.id($0)] } ?? []) { html in
      html.text("Recording \(item) ")
      if let name = names[item] { html.captured(name) }
    }
    html.element(.dl, [.class("facts")]) { html in
      html.fact("Format", .captured) { $0.captured(record.text("formatDescription") ?? record.text("format") ?? "") }
      if let duration = Self.duration(record, "duration") {
        let isEstimated = record.flag("isDurationEstimated") == true
        html.fact(isEstimated ? "Length, estimated from its size" : "Length, as it says", .captured) {
          $0.text(duration)
        }
      }
      if let created = record.text("createdAt") {
        html.fact("Made at, as it says", .captured) { $0.moment(created) }
      }
      for (title, name) in [("Made with", "encoder"), ("Place, as it says", "location")] {
        if let text = record.text(name) { html.fact(title, .captured) { $0.captured(text) } }
      }
      html.fact("Where it comes from", nil) { $0.provenance(record) }
    }
    html.headers("What it says of itself", record.objects("tags"))
    let chapters = record.objects("chapters")
    if !chapters.isEmpty {
      html.element(.details) { html in
        html.element(.summary, "Chapters (\(chapters.count))")
        html.value(.list(chapters.map { .object($0) }))
      }
    }
  }

  // MARK: Streams

  private func stream(_ record: Fields, _ html: inout HTMLWriter) {
    html.element(.section, [.class("entry")] + (record.text("id").map { [.id($0)] } ?? [])) { html in
      html.element(.h3) { html in
        html.text("Stream \(record.text("stream") ?? "?"): \(Self.words(record.text("medium"))) ")
        html.captured(record.text("codecDescription") ?? record.text("codec") ?? "")
      }
      if let sha256 = record.text("audioSha256") {
        html.element(.p) { html in
          html.text("Working copy of the sound ")
          html.mark(.computed)
        }
        html.element(.div, [.class("players")]) { AudioPlayer.write("Sound of this stream", sha256, context, &$0) }
      } else if record.text("medium") == "audio" {
        html.element(.p, [.class("remark")]) { html in
          html.text("The sound of this stream could not be decoded. ")
          html.mark(.missing)
        }
      }
      html.element(.dl, [.class("facts")]) { html in
        for (title, name) in [("Length, as it says", "duration"), ("Length, decoded", "decodedDuration")] {
          if let text = Self.duration(record, name) {
            html.fact(title, name == "duration" ? .captured : .computed) { $0.text(text) }
          }
        }
        for (title, name) in [
          ("Samples a second", "sampleRate"), ("Channels", "channels"), ("Width", "width"), ("Height", "height"),
          ("Pictures a second", "frameRate"), ("Packets", "packets"), ("Damaged packets", "damagedPackets"),
          ("Decoder", "mediaDecoder"),
        ] {
          if let text = record.text(name) { html.fact(title, nil) { $0.captured(text) } }
        }
        html.fact("Where it comes from", nil) { $0.provenance(record) }
      }
      html.headers("What it says of itself", record.objects("tags"))
    }
  }

  private static func words(_ medium: String?) -> String {
    switch medium {
    case "audio": "sound,"
    case "video": "moving pictures,"
    case "picture": "a picture,"
    case "subtitle": "lines of text,"
    case "attachment": "an attached file,"
    default: "data,"
    }
  }

  private static func duration(_ record: Fields, _ name: String) -> String? {
    record.text(name).flatMap { Decimal.milliseconds($0) }.map { Decimal.duration(milliseconds: $0) }
  }

  private func picture(_ record: Fields, _ html: inout HTMLWriter) {
    html.element(.figure, [.class("strip")] + (record.text("id").map { [.id($0)] } ?? [])) { html in
      html.element(.figcaption) { html in
        html.text("Stream \(record.text("stream") ?? "?") at \(Self.duration(record, "at") ?? "an unknown time") ")
        html.mark(.computed)
      }
      if let link = record.text("pictureSha256").flatMap({ context.computedPicture($0) }) {
        html.void(.img, [.src(link), .alternative("Picture of the recording"), .own("width", "480")])
      } else {
        html.missing("picture not found")
      }
      html.provenance(record)
    }
  }

  // MARK: Aids

  private func examination(_ record: Fields, _ html: inout HTMLWriter) {
    html.element(.section, [.class("entry")] + (record.text("id").map { [.id($0)] } ?? [])) { html in
      html.element(.h3) { html in
        html.text("Examination of the sound of stream \(record.text("stream") ?? "?") ")
        html.mark(.computed)
      }
      waveform(record, &html)
      spectrogram(record, &html)
      html.element(.dl, [.class("facts")]) { html in
        for entry in record.entries where !Self.hidden.contains(entry.name) { html.field(entry) }
        html.fact("Where it comes from", nil) { $0.provenance(record) }
      }
      let methods = record.objects("methods")
      html.element(.details) { html in
        html.element(.summary, "Methods (\(methods.count))")
        html.element(.dl, [.class("facts")]) { html in
          for method in methods { html.fact(method.text("aid") ?? "", method.text("method") ?? "") }
        }
      }
    }
  }

  private static let hidden: Set<String> = [
    "kind", "id", "decoder", "provenance", "stream", "origin", "methods", "waveformSha256", "spectrogramSha256",
    "sampleCount", "sampleRate",
  ]

  /// Channels that are drawn.
  private static let maximumChannels = 8

  private func waveform(_ record: Fields, _ html: inout HTMLWriter) {
    guard let drawing = record.text("waveformSha256").flatMap({ context.computedDocument($0) }) else { return }
    for (place, channel) in drawing.objects("channels").prefix(Self.maximumChannels).enumerated() {
      let peaks = WaveformDrawing.sizes(channel.list("peaks"))
      let levels = WaveformDrawing.sizes(channel.list("levels"))
      guard !peaks.isEmpty else { continue }
      html.element(.figure, [.class("strip")]) { html in
        html.element(.figcaption, "Channel \(place + 1): largest samples, and within them the mean power")
        html.element(
          .svg,
          [
            .own("role", "img"), .label("Waveform of channel \(place + 1)"), .own("width", "100%"),
            .own("height", "90"),
            .viewBox(width: peaks.count, height: WaveformDrawing.height), .own("preserveAspectRatio", "none"),
          ]
        ) { html in
          for (sizes, colour) in [(peaks, "#7fa9c9"), (levels, "#1f3b53")] as [([Int], StaticString)] {
            html.element(
              .path,
              [
                .lines(WaveformDrawing.lines(sizes, largest: WaveformDrawing.fullScale)), .own("stroke", colour),
                .own("stroke-width", "1"),
              ], "")
          }
        }
      }
    }
  }

  private func spectrogram(_ record: Fields, _ html: inout HTMLWriter) {
    guard let link = record.text("spectrogramSha256").flatMap({ context.computedPicture($0) }) else { return }
    html.element(.figure, [.class("strip")]) { html in
      html.element(
        .figcaption, "Spectrogram: time from left to right, frequency from 0 at the bottom to half the sample rate")
      html.void(
        .img,
        [.src(link), .alternative("Spectrogram of the sound"), .own("width", "100%"), .own("height", "256")])
    }
  }
}
