/// A player of one sound file of the bundle, with the file's place beneath.
enum AudioPlayer {
  static func write(_ name: String, _ sha256: String, _ context: ReportContext, _ html: inout HTMLWriter) {
    html.element(.div, [.class("player")]) { html in
      html.element(.p, [.class("playername")]) { $0.captured(name) }
      if let path = context.computedFile(sha256, extensions: ["wav"]),
        let link = LocalLink(artefact: path, from: context.prefix)
      {
        html.element(
          .audio, [.flag("controls"), .own("preload", "none"), .label(name), .src(link)],
          "This browser cannot play audio; the file can be opened with any player.")
        html.element(.p, [.class("file")]) { html in
          html.element(.code) { $0.captured(path) }
        }
      } else {
        html.element(.p) { html in
          html.missing("audio file not found")
          html.text(" SHA-256 ")
          context.artefact(sha256, &html)
        }
      }
    }
  }
}
