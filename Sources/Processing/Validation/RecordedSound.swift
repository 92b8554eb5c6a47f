import EvidenceBundle
import EvidenceModel
import Fingerprinting
import Foundation

/// The sound of one party of a call, as it stands in a bundle: WAV with 16 bits a sample.
struct RecordedSound {
  /// Bytes of the header that our WAV files have.
  private static let headerLength = 44
  /// Places at which sound is looked for: silence before the first word of the one who spoke second.
  private static let maximumPlaces = 80_000

  private let samples: [UInt8]

  /// Reads the artefact; nil when it is not there.
  init?(bundle: String, sha256: String) {
    let path = "\(bundle)/\(BundleLayout.artefacts)/\(sha256.prefix(2))/\(sha256).wav"
    guard ContentHash(hex: sha256) != nil, isRegularFile(path), let data = FileManager.default.contents(atPath: path)
    else { return nil }
    samples = [UInt8](data.dropFirst(Self.headerLength))
  }

  /// Whether so many samples with that hash stand in it, with nothing but silence before and behind.
  func holds(samples count: Int, hash: String) -> Bool {
    guard count > 0, count <= samples.count / 2 else { return false }
    let length = count * 2
    for start in stride(from: 0, through: min(samples.count - length, Self.maximumPlaces * 2), by: 2) {
      var digest = StreamingHash()
      // Safe: the view ends before `samples` does.
      unsafe digest.update(samples.span.extracting(start..<(start + length)).bytes)
      if digest.finalise().hex == hash {
        return (samples[..<start] + samples[(start + length)...]).allSatisfy { $0 == 0 }
      }
      guard samples[start] == 0, samples[start + 1] == 0 else { return false }
    }
    return false
  }
}
