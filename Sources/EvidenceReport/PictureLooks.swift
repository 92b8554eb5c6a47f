import EvidenceBundle
import EvidenceModel

/// The perceptual hashes of pictures, to stand beside the other fingerprints of their files.
enum PictureLooks {
  static let kind = "picture-fingerprint"
  /// Pictures that are shown so; of those behind them the records tell.
  private static let maximumCount = 200_000

  /// What is said of each file that is a picture, by its SHA-256.
  static func words(_ contents: BundleContents) -> [String: String] {
    var words: [String: String] = [:]
    for line in contents.records(kind) {
      guard words.count < maximumCount else { break }
      guard let record = ValueReader.fields(line), let file = record.text("parentSha256"),
        let hash = record.text("pdq")
      else { continue }
      let quality = record.integer("pdqQuality") ?? 0
      let advice = record.flag("isWeak") == true ? ": weak, not to be compared" : ""
      words[file] = "\(hash) (quality \(quality) of 100\(advice))"
    }
    return words
  }
}
