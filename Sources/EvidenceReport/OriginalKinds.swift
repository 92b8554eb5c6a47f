/// How many originals are captures, recordings, tracks of places and files of other kinds.
struct OriginalKinds {
  let captures: Int64
  let recordings: Int64
  let tracks: Int64
  let others: Int64

  /// What is counted in the records of originals that are no captures.
  static let marks = [#""takenFor":"recording""#, #""takenFor":"track""#, #""takenFor":"unknown""#]

  init(_ context: ReportContext) {
    let tally = context.tallies["original-file"]
    let counts = Self.marks.map { tally?.marks[$0] ?? 0 }
    (recordings, tracks, others) = (counts[0], counts[1], counts[2])
    captures = max(0, Int64(context.meta.objects("originals").count) - (tally?.count ?? 0))
  }

  /// All of it in words, with the packets of the captures.
  func words(packets: Int64) -> String {
    var parts: [String] = []
    if recordings > 0 { parts.append(Decimal.count(recordings, "recording", "recordings")) }
    if tracks > 0 { parts.append(Decimal.count(tracks, "file of places", "files of places")) }
    if others > 0 { parts.append(Decimal.count(others, "file of an unknown kind", "files of unknown kinds")) }
    if captures > 0 || parts.isEmpty {
      parts.append(
        Decimal.count(captures, "capture", "captures")
          + " of network traffic with \(Decimal.count(packets, "packet", "packets"))")
    }
    guard let last = parts.popLast() else { return "" }
    return parts.isEmpty ? last : parts.joined(separator: ", ") + " and " + last
  }
}
