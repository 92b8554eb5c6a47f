// swift-tools-version: 6.2
import PackageDescription

/// One row for each folder under plugins/.
let decoders: [String] = []

let settings: [SwiftSetting] = [
  .enableExperimentalFeature("Lifetimes"),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .strictMemorySafety(),
]

/// A room: a target under Sources/ with the project's settings.
func room(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

/// Tests of a room, under Tests/.
func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .testTarget(name: "\(name)Tests", dependencies: dependencies, swiftSettings: settings)
}

let package = Package(
  name: "exhibit",
  products: [
    .library(name: "DecoderKit", targets: ["DecoderKit"]),
    .library(name: "DecoderTesting", targets: ["DecoderTesting"]),
  ],
  dependencies: [
  ],
  targets: [
    room("EvidenceModel"),
    room("ByteReading"),
    room("DecoderKit", ["EvidenceModel", "ByteReading"]),
    room("DecoderTesting", ["DecoderKit", "ByteReading", "EvidenceModel"]),
    room("EvidenceReport", ["EvidenceModel"]),
    tests("EvidenceReport", ["EvidenceReport", "EvidenceModel"]),
  ] + decoders.flatMap(decoderTargets))

/// A decoder's library and its tests, both inside plugins/`name`.
func decoderTargets(_ name: String) -> [Target] {
  [
    .target(
      name: "\(name)Decoder", dependencies: ["DecoderKit"], path: "plugins/\(name)", exclude: ["Tests", "Samples"],
      sources: ["Sources"], packageAccess: false, swiftSettings: settings),
    .testTarget(
      name: "\(name)DecoderTests", dependencies: [.target(name: "\(name)Decoder"), "DecoderTesting"],
      path: "plugins/\(name)", exclude: ["Sources"], sources: ["Tests"], resources: [.copy("Samples")],
      packageAccess: false, swiftSettings: settings),
  ]
}
