import EvidenceModel

/// The video of a call: a player for each party, what is missing in it, and pictures of its key frames.
enum CallVideoSection {
  /// Videos, pictures, gaps and ranges of a call that are shown; the record holds the others.
  private static let maximumVideos = 8
  private static let maximumPictures = 24
  private static let maximumLines = 200

  static func write(_ record: Fields, _ context: ReportContext, _ html: inout HTMLWriter) {
    let videos = record.objects("streams").flatMap { stream in stream.objects("video").map { (stream, $0) } }
    guard !videos.isEmpty else { return }
    html.element(.h3) { html in
      html.text("Video ")
      html.mark(.computed)
    }
    html.element(
      .p, [.class("note")],
      """
      The coded pictures are those of the packets, unchanged, in a file that players open. Frames of which packets are \
      missing are left out; a player then shows the last picture longer.
      """
    )
    for (stream, video) in videos.prefix(maximumVideos) { one(video, stream, CallWords(record), context, &html) }
    if videos.count > maximumVideos {
      html.element(.p, [.class("note")], "\(videos.count - maximumVideos) more videos stand in the record.")
    }
  }

  private static func one(
    _ video: Fields, _ stream: Fields, _ words: CallWords, _ context: ReportContext, _ html: inout HTMLWriter
  ) {
    let party = words.party(stream.text("party")).map { "the \($0)" }
    let name = "Video of \(party ?? "sender \(stream.text("source") ?? "unknown")")"
    html.element(.div, [.class("player")]) { html in
      html.element(.p, [.class("playername")]) { $0.captured(name) }
      player(video, name, context, &html)
      facts(video, context, &html)
    }
    missing(video, &html)
    pictures(video, name, context, &html)
  }

  private static func player(_ video: Fields, _ name: String, _ context: ReportContext, _ html: inout HTMLWriter) {
    guard let sha256 = video.text("videoSha256") else {
      return html.element(.p) { html in
        html.text("No file that plays could be made of it; its packets are kept as they were captured. ")
        html.mark(.missing)
      }
    }
    guard let path = context.computedFile(sha256, extensions: ["mp4", "webm", "3gp"]),
      let link = LocalLink(artefact: path, from: context.prefix)
    else {
      return html.element(.p) { html in
        html.missing("video file not found")
        html.text(" SHA-256 ")
        context.artefact(sha256, &html)
      }
    }
    guard !path.hasSuffix(".3gp") else {
      html.element(.p, [.class("note")], "Browsers do not play H.263; players such as VLC and ffplay do.")
      return html.element(.p, [.class("file")]) { html in
        html.element(.code) { $0.captured(path) }
      }
    }
    html.element(
      .video,
      [
        .flag("controls"), .own("preload", "none"), .own("width", "480"), .own("tabindex", "0"), .label(name),
        .src(link),
      ], "This browser cannot play the video; the file can be opened with any player.")
    html.element(.p, [.class("file")]) { html in
      html.element(.code) { $0.captured(path) }
    }
    if video.text("codec") == "H265" {
      html.element(
        .p, [.class("note")], "Not every browser plays H.265; players such as VLC and ffplay do.")
    }
  }

  private static func facts(_ video: Fields, _ context: ReportContext, _ html: inout HTMLWriter) {
    html.element(.dl, [.class("facts")]) { html in
      html.fact("Coding", .captured) { html in
        html.captured(video.text("codec") ?? "")
        if let width = video.text("width"), let height = video.text("height") {
          html.captured(", \(width) × \(height)")
        }
      }
      if let start = video.text("videoStartsAt") { html.fact("First frame at", .captured) { $0.moment(start) } }
      if let end = video.text("lastFrameAt").flatMap({ Decimal.milliseconds($0) }) {
        html.fact("Last frame after", .computed) { $0.text(Decimal.duration(milliseconds: end)) }
      }
      html.fact(video.text("videoSha256") == nil ? "Whole frames" : "Frames in the file", .computed) { html in
        let kept = (video.integer("framesKept") ?? 0) + (video.integer("framesUnsure") ?? 0)
        html.text("\(Decimal.grouped(kept)) of \(Decimal.grouped(video.integer("frames") ?? 0)) that were seen")
      }
      if let reasons = video.object("leftOutReasons") {
        html.fact("Left out", .missing) { html in
          html.text(
            reasons.entries.map { "\(words($0.name)): \(reasons.text($0.name) ?? "")" }.joined(separator: "; "))
        }
      }
      if let missing = video.integer("packetsMissing"), missing > 0 {
        html.fact("Packets missing", .missing) { $0.text(Decimal.grouped(missing)) }
      }
      if video.text("parameterSets") == "signalling" {
        html.fact("Description of the pictures", .captured) { $0.text("from the signalling, not with the video") }
      }
      if let list = video.text("frameListSha256") {
        html.fact("List of all frames with their packets", .computed) { context.artefact(list, &$0) }
      }
    }
  }

  private static func words(_ reason: String) -> String {
    switch reason {
    case "packetsMissing": "packets missing"
    case "malformed": "contradicts its format"
    case "unreadable": "could not be read"
    case "tooLarge": "too large"
    case "beforeKeyFrame": "before the first key frame"
    case "tooLong": "beyond the longest file"
    default: reason
    }
  }

  // MARK: What is missing

  private static func missing(_ video: Fields, _ html: inout HTMLWriter) {
    let ranges = video.objects("unsureRanges")
    if !ranges.isEmpty {
      html.element(.details) { html in
        html.element(.summary) { html in
          html.text("Times at which pictures may show what was never sent (\(ranges.count)) ")
          html.mark(.missing)
        }
        html.element(
          .p, [.class("note")],
          "These frames are whole. They build on frames that were not recorded as a whole, up to the next key frame.")
        html.element(.ul) { html in
          for range in ranges.prefix(maximumLines) {
            html.element(.li) { html in
              html.captured("\(range.text("from") ?? "?") s to \(range.text("to") ?? "?") s")
            }
          }
          if ranges.count > maximumLines { html.element(.li, "\(ranges.count - maximumLines) more in the record") }
        }
      }
    }
    let gaps = video.objects("gaps")
    guard !gaps.isEmpty else { return }
    html.element(.details) { html in
      html.element(.summary) { html in
        html.text("Packets that are missing, by their RTP sequence numbers (\(gaps.count)) ")
        html.mark(.missing)
      }
      html.element(.ul) { html in
        for gap in gaps.prefix(maximumLines) {
          html.element(.li) { html in
            let (first, last) = (gap.text("firstSequence") ?? "?", gap.text("lastSequence") ?? "?")
            html.captured(first == last ? "number \(first)" : "numbers \(first) to \(last)")
            html.captured(", before \(gap.text("at") ?? "?") s, between ")
            for place in gap.objects("between") {
              html.captured("packets \(place.text("packets") ?? "?") of \(place.text("original") ?? "?") ")
            }
          }
        }
        let more = Int64(max(0, gaps.count - maximumLines)) + (video.integer("gapsOmitted") ?? 0)
        if more > 0 { html.element(.li, "\(Decimal.grouped(more)) more in the record") }
      }
    }
  }

  // MARK: Pictures

  private static func pictures(_ video: Fields, _ name: String, _ context: ReportContext, _ html: inout HTMLWriter) {
    let pictures = video.objects("pictures")
    for picture in pictures.prefix(maximumPictures) {
      let moment = picture.text("at").flatMap { Decimal.milliseconds($0) }.map { Decimal.duration(milliseconds: $0) }
      html.element(.figure, [.class("strip")]) { html in
        html.element(.figcaption) { html in
          html.text("Key frame \(picture.text("frame") ?? "?") after \(moment ?? "an unknown time") ")
          html.mark(.computed)
        }
        if let link = picture.text("pictureSha256").flatMap({ context.computedPicture($0) }) {
          html.void(.img, [.src(link), .alternative("Picture of the \(name.lowercased())"), .own("width", "320")])
        } else {
          html.missing("picture not found")
        }
        html.provenance(picture)
      }
    }
    if pictures.count > maximumPictures {
      html.element(.p, [.class("note")], "\(pictures.count - maximumPictures) more pictures stand in the record.")
    }
  }
}
