import Custody
import EvidenceBundle
import Foundation
import Processing
import Signing

/// Where the receipt of a transfer goes, and its signature beside it; both are new files outside the bundle.
struct ReceiptPlace {
  let path: String

  /// Takes the stated path, or the first free name beside the bundle. Ends the program when it could not be written there.
  init(_ stated: String?, for bundle: String) {
    path = stated ?? Self.beside(bundle)
    Console.keepOutOfBundles(path)
    for place in [path, ResultFile.signaturePath(of: path)] {
      do throws(ProcessingError) { try ResultFile.check(place) } catch { Console.fail(error) }
    }
  }

  private static func beside(_ bundle: String) -> String {
    let beside = BundleWriter.withoutLastSlashes(
      URL(filePath: bundle).standardizedFileURL.path(percentEncoded: false))
    let names = ["\(beside).received.json"] + (2...9_999).lazy.map { "\(beside).received-\($0).json" }
    return names.first { !FileManager.default.fileExists(atPath: $0) } ?? "\(beside).received-10000.json"
  }

  /// Writes the receipt and its signature. The event stands already: what cannot be written ends the program with status 5.
  func write(_ receipt: Receipt, by signer: Signer?) {
    let bytes = receipt.bytes
    do {
      if let signer {
        let time = receipt.acceptance?.time ?? SystemClock.now
        let signature = try CAdESSignature.sign(bytes, by: [signer], at: time)
        try BundleWriter.write(signature, to: ResultFile.signaturePath(of: path))
      }
      try BundleWriter.write(bytes, to: path)
    } catch {
      let reason = (error as? BundleError)?.message ?? "\(error)"
      Console.error("exhibit: \(path): the bundle is received, but its receipt could not be written: \(reason)")
      Console.exit(Console.Status.output)
    }
  }
}
