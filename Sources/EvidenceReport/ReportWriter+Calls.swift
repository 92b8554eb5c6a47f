import EvidenceBundle
import EvidenceModel
import Foundation

extension ReportWriter {
  /// Calls on the page; what is beyond stands in the records.
  static let maximumCalls = 2_000

  func callsPage() throws -> Markup {
    var body = Self.introduction(
      "Each call with its parties, times and audio. Gaps in the audio are silence of the right length; the strip under each player shows where packets were lost, so that nothing is taken for a pause that was not one."
    )
    let total = count("sip-call", "rtp-call")
    if total == 0 { body.paragraph("There is none.") }
    body.raw(
      """
      <p class="legend"><svg class="strip key" viewBox="0 0 20 10" aria-hidden="true"><rect class="received" width="20" height="10"/></svg> received
      <svg class="strip key" viewBox="0 0 20 10" aria-hidden="true"><rect class="lost" width="20" height="10"/></svg> lost
      <svg class="strip key" viewBox="0 0 20 10" aria-hidden="true"><rect class="silence" width="20" height="10"/></svg> silence not sent
      <svg class="strip key" viewBox="0 0 20 10" aria-hidden="true"><rect class="late" width="20" height="10"/></svg> came late
      <svg class="strip key" viewBox="0 0 20 10" aria-hidden="true"><rect class="undecoded" width="20" height="10"/></svg> not decoded</p>
      """)
    var shown = 0
    for name in ["sip-call", "rtp-call"] {
      each(name, atMost: Self.maximumCalls) { call in
        shown += 1
        show(call, &body)
      }
    }
    if shown < total {
      body.paragraph("This report shows the first \(shown) of \(total) calls. All stand in data/records.")
    }
    return body
  }

  private func show(_ call: Fields, _ body: inout Markup) {
    body.open("article", ["id": call.text("id") ?? ""])
    body.raw("<h2>")
    if call.text("kind") == "rtp/call" {
      body.raw("Call of <span class=\"inferred\">unknown parties</span>")
    } else {
      party(call, "callerName", "caller", &body)
      body.raw(" → ")
      party(call, "calledName", "called", &body)
    }
    body.raw("</h2><p>")
    body.text(outcome(call))
    body.raw("</p>")
    player("both sides", call.text("audioSha256"), &body)
    let map = call.text("timeMapSha256").flatMap(timeMap)
    for stream in call.objects("streams") { show(stream, map, &body) }
    body.raw("<p class=\"source\">")
    Self.source(call, &body)
    if let id = call.text("callID") {
      body.raw("<br>Call-ID ")
      body.captured(id)
    }
    body.raw("</p></article>")
  }

  private func party(_ call: Fields, _ name: String, _ address: String, _ body: inout Markup) {
    if let display = call.text(name) {
      body.captured(display)
      body.raw(" ")
    }
    body.captured(call.text(address) ?? "unknown")
  }

  private func outcome(_ call: Fields) -> String {
    var sentences: [String] = []
    let begin = call.text("invitedAt") ?? call.text("capturedAt")
    sentences.append("\(Words.time(begin)):")
    switch call.text("outcome") {
    case "answered":
      sentences.append("answered at \(Words.time(call.text("answeredAt")))")
      if let duration = Words.duration(call.text("duration")) { sentences.append("lasted \(duration)") }
      if let by = call.text("endedBy") {
        sentences.append("ended by the \(by == "called" ? "called party" : "caller")")
      }
    case "ongoing": sentences.append("answered; its end was not captured")
    case "rejected": sentences.append("not accepted")
    case "cancelled": sentences.append("given up by the caller before it was answered")
    case "unanswered": sentences.append("not answered")
    default:
      sentences.append(
        call.text("kind") == "rtp/call"
          ? "media without any signalling in the capture; who spoke is not known"
          : "its beginning or answer was not captured")
    }
    if let status = call.integer("status"), call.text("outcome") != "answered" {
      sentences.append("(\(status) \(call.text("reason") ?? ""))")
    }
    return sentences.joined(separator: " ") + "."
  }

  private func player(_ label: String, _ hash: String?, _ body: inout Markup) {
    guard let hash, hash.utf8.count == 64 else { return }
    body.raw("<figure><figcaption>")
    body.text(label)
    body.raw(" <span class=\"computed\">computed from packets</span></figcaption>")
    body.open(
      "audio", ["controls": "", "preload": "none", "src": "../\(BundleLayout.artefacts)/\(hash.prefix(2))/\(hash).wav"])
    body.raw("</audio></figure>")
  }

  private func show(_ stream: Fields, _ map: Fields?, _ body: inout Markup) {
    body.raw("<section class=\"stream\"><h3>")
    switch stream.text("party") {
    case "caller": body.text("Caller's side")
    case "called": body.text("Called party's side")
    default: body.text("One side")
    }
    body.raw("</h3><p>")
    body.text(
      "\(stream.text("source") ?? "") → \(stream.text("destination") ?? ""), \(stream.texts("codecs").joined(separator: ", ")). "
    )
    let lost = stream.integer("packetsLost") ?? 0
    body.text(
      "\(stream.integer("packetsReceived") ?? 0) of \(stream.integer("packetsExpected") ?? 0) packets received, ")
    if lost > 0 {
      body.element("strong", "\(lost) lost", class: "missing")
    } else {
      body.text("none lost")
    }
    for (name, words) in [
      ("packetsDuplicate", "duplicate"), ("packetsReordered", "out of order"), ("packetsLate", "late"),
    ] {
      if let number = stream.integer(name), number > 0 { body.text(", \(number) \(words)") }
    }
    body.text(
      "; jitter \(stream.text("jitterMean") ?? "") ms on average, \(stream.text("jitterMax") ?? "") ms at most.")
    if stream.text("attachedBy") == "inferred" {
      body.raw(" <span class=\"inferred\">attached to this call by inference</span>: ")
      body.text(stream.text("evidence") ?? "")
    }
    body.raw("</p>")
    player("this side", stream.text("audioSha256"), &body)
    if let map { strip(stream, map, &body) }
    body.raw("</section>")
  }

  // MARK: The time map

  private func timeMap(_ hash: String) -> Fields? {
    guard hash.utf8.count == 64 else { return nil }
    let folder = "\(bundle)/\(BundleLayout.artefacts)/\(hash.prefix(2))"
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    guard let name = names.first(where: { $0.hasPrefix(hash) }),
      let data = FileManager.default.contents(atPath: "\(folder)/\(name)")
    else { return nil }
    return ValueReader.fields([UInt8](data))
  }

  /// Ranges of a strip that are drawn; a map with more is drawn as far as that.
  static let maximumRanges = 2_000

  private func strip(_ stream: Fields, _ map: Fields, _ body: inout Markup) {
    guard let total = map.integer("sampleCount"), total > 0,
      let own = map.objects("streams").first(where: {
        $0.text("identifier") == stream.text("identifier") && $0.text("source") == stream.text("source")
          && $0.text("destination") == stream.text("destination")
      })
    else { return }
    let ranges = own.objects("ranges")
    body.open(
      "svg",
      [
        "class": "strip", "viewBox": "0 0 1000 10", "preserveAspectRatio": "none", "role": "img",
        "aria-label": "where audio was received and where it is missing",
      ])
    for range in ranges.prefix(Self.maximumRanges) {
      let from = max(0, range.integer("from") ?? 0)
      let to = max(from, range.integer("to") ?? 0)
      let x = from * 10_000 / total
      let width = max((to - from) * 10_000 / total, 4)
      body.open(
        "rect",
        [
          "class": Self.shape(range.text("kind") ?? ""), "x": tenths(x), "width": tenths(width), "y": "0",
          "height": "10",
        ])
      body.raw("</rect>")
    }
    body.raw("</svg>")
    let gaps = ranges.filter { ["lost", "late"].contains($0.text("kind") ?? "") }
    guard !gaps.isEmpty else { return }
    body.raw("<details><summary>")
    body.text(
      Words.count(
        Int64(gaps.count), "place where audio is missing or came late", "places where audio is missing or came late"))
    body.raw("</summary><ul>")
    for gap in gaps.prefix(200) {
      let from = gap.integer("from") ?? 0
      let to = gap.integer("to") ?? 0
      body.element("li", "\(seconds(from)) s to \(seconds(to)) s: \(gap.text("kind") ?? "")")
    }
    if gaps.count > 200 { body.element("li", "and \(gaps.count - 200) more, in the time map") }
    body.raw("</ul></details>")
  }

  private static func shape(_ kind: String) -> String {
    switch kind {
    case "received": "received"
    case "lost": "lost"
    case "late": "late"
    case "silenceSuppressed": "silence"
    default: "undecoded"
    }
  }

  private func tenths(_ value: Int64) -> String { "\(value / 10).\(value % 10)" }

  private func seconds(_ samples: Int64) -> String {
    let thousandths = samples / 8
    let rest = String(abs(thousandths % 1_000))
    return "\(thousandths / 1_000)." + String(repeating: "0", count: 3 - rest.count) + rest
  }
}
