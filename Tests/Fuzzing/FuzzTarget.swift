import BuiltInDecoders
import DecoderKit

/// Something that takes bytes of any kind and must neither trap nor break its promises.
struct FuzzTarget: Sendable {
  let name: String
  let run: @Sendable (RawSpan) -> Void

  /// Every target by name; each decoder of the registry has one.
  static let all: [FuzzTarget] =
    [
      FuzzTarget(name: "captures", run: fuzzCaptures),
      FuzzTarget(name: "compressed", run: fuzzCompressed),
      FuzzTarget(name: "layers", run: fuzzLayers),
      FuzzTarget(name: "fragments", run: fuzzFragments),
      FuzzTarget(name: "streams", run: fuzzStreams),
      FuzzTarget(name: "packets", run: fuzzPackets),
      FuzzTarget(name: "codings", run: fuzzCodings),
      FuzzTarget(name: "media", run: fuzzMedia),
      FuzzTarget(name: "video", run: fuzzVideo),
      FuzzTarget(name: "fax", run: fuzzFax),
      FuzzTarget(name: "locations", run: fuzzLocations),
      FuzzTarget(name: "archives", run: fuzzArchives),
      FuzzTarget(name: "documents", run: fuzzDocuments),
      FuzzTarget(name: "pictures", run: fuzzPictures),
      FuzzTarget(name: "hash-sets", run: fuzzHashSets),
      FuzzTarget(name: "rules", run: fuzzRules),
      FuzzTarget(name: "values", run: fuzzValues),
      FuzzTarget(name: "bundles", run: fuzzBundles),
    ]
    + builtInDecoders.indices.map { place in
      FuzzTarget(name: "decoder-\(builtInDecoders[place].identity.name)") { fuzzDecoder(place, $0) }
    }
}

/// Ends the program when a promise is broken, so that libFuzzer keeps the input.
func demand(_ isKept: Bool, _ promise: @autoclosure () -> String) {
  if !isKept { fatalError(promise()) }
}
