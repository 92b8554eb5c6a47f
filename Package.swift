// swift-tools-version: 6.2
import PackageDescription

/// One row for each folder under plugins/.
let decoders: [String] = [
  "DNS", "FTP", "HTTP", "IMAP", "IRC", "MQTT", "MSRP", "Mail", "Multipart", "POP3", "RTP", "RTSP", "Rlogin", "SIP",
  "SMB", "SMTP", "T38", "TFTP", "TNEF", "Telnet", "Uuencode", "XMPP",
]

let settings: [SwiftSetting] = [
  .enableExperimentalFeature("Lifetimes"),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .strictMemorySafety(),
]

/// A room: a target under Sources/ with the project's settings.
func room(
  _ name: String, _ dependencies: [Target.Dependency] = [], plugins: [Target.PluginUsage] = []
) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: settings, plugins: plugins)
}

/// Tests of a room, under Tests/; `exclude` names what in there is no source.
func tests(_ name: String, _ dependencies: [Target.Dependency], exclude: [String] = []) -> Target {
  .testTarget(name: "\(name)Tests", dependencies: dependencies, exclude: exclude, swiftSettings: settings)
}

/// The fuzzer, which only scripts/fuzz builds: it names libFuzzer's library.
let fuzzing: [Target] = (Context.environment["EXHIBIT_LIBFUZZER"].map { [$0] } ?? []).map { library in
  .executableTarget(
    name: "ExhibitFuzz",
    dependencies: [
      "ArchiveReading", "BuiltInDecoders", "ByteReading", "CaptureReading", "Custody", "DecoderHosting", "DecoderKit",
      "DecoderTesting", "DocumentReading", "EvidenceBundle", "EvidenceModel", "EvidenceReport", "Fingerprinting",
      "FlowAssembly", "LocationReading", "MediaReading", "PacketLayers", "RuleMatching",
    ], path: "Tests/Fuzzing", swiftSettings: settings,
    linkerSettings: [.unsafeFlags(["-Xlinker", library, "-lstdc++"])])
}

/// What only scripts/bench-hash-sets builds.
let benches: [Target] =
  Context.environment["EXHIBIT_BENCH"] == nil
  ? []
  : [
    .executableTarget(
      name: "HashSetBench", dependencies: ["Fingerprinting"], path: "Tests/HashSetBench", swiftSettings: settings)
  ]

let package = Package(
  name: "exhibit",
  products: [
    .library(name: "DecoderKit", targets: ["DecoderKit"]),
    .library(name: "DecoderTesting", targets: ["DecoderTesting"]),
    .executable(name: "exhibit", targets: ["exhibit"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    .package(url: "https://github.com/apple/swift-asn1", from: "1.7.4"),
    .package(url: "https://github.com/apple/swift-certificates", from: "1.21.1"),
  ],
  targets: [
    room("EvidenceModel"),
    room("ByteReading"),
    .target(name: "CICU", linkerSettings: [.linkedLibrary("icuuc")]),
    room("CharacterCoding", ["CICU"]),
    room("DecoderKit", ["EvidenceModel", "ByteReading", "CExpat", "CharacterCoding"]),
    .systemLibrary(name: "CPcap", pkgConfig: "libpcap", providers: [.apt(["libpcap-dev"])]),
    .systemLibrary(name: "CArchive", pkgConfig: "libarchive", providers: [.apt(["libarchive-dev"])]),
    room("ArchiveReading", ["ByteReading", "EvidenceModel", "CArchive"]),
    .systemLibrary(
      name: "CExpansion",
      providers: [.apt(["zlib1g-dev", "liblzma-dev", "libbz2-dev", "libzstd-dev", "liblz4-dev"])]),
    room("CaptureReading", ["ByteReading", "EvidenceModel", "CPcap", "CArchive", "CExpansion"]),
    room("PacketLayers", ["ByteReading", "EvidenceModel"]),
    room("FlowAssembly", ["PacketLayers", "ByteReading", "EvidenceModel"]),
    .systemLibrary(name: "CCompression", providers: [.apt(["zlib1g-dev", "libbrotli-dev"])]),
    room("DecoderHosting", ["DecoderKit", "ByteReading", "EvidenceModel", "CCompression"]),
    .systemLibrary(name: "CMagic", pkgConfig: "libmagic", providers: [.apt(["libmagic-dev"])]),
    .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
    .target(name: "CFuzzy", linkerSettings: [.linkedLibrary("fuzzy"), .linkedLibrary("stdc++")]),
    .target(name: "CTLSH", linkerSettings: [.linkedLibrary("tlsh"), .linkedLibrary("stdc++")]),
    room(
      "Fingerprinting",
      [
        "ByteReading", "EvidenceModel", "CFuzzy", "CMagic", "CSQLite", "CTLSH",
        .product(name: "Crypto", package: "swift-crypto"),
      ]),
    .systemLibrary(
      name: "CLibAV", pkgConfig: "libavformat libavcodec libswresample libswscale libavutil",
      providers: [
        .apt(["libavformat-dev", "libavcodec-dev", "libswresample-dev", "libswscale-dev", "libavutil-dev"])
      ]),
    .target(name: "CSandbox", linkerSettings: [.linkedLibrary("seccomp")]),
    .systemLibrary(name: "COpus", pkgConfig: "opus", providers: [.apt(["libopus-dev"])]),
    .systemLibrary(name: "CEBUR128", pkgConfig: "libebur128", providers: [.apt(["libebur128-dev"])]),
    .systemLibrary(name: "CChromaprint", pkgConfig: "libchromaprint", providers: [.apt(["libchromaprint-dev"])]),
    room("CallAssembly", ["EvidenceModel"]),
    room(
      "MediaReading",
      [
        "ByteReading", "EvidenceModel", "CLibAV", "COpus", "CEBUR128", "CChromaprint", "CCompression",
        .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "CryptoExtras", package: "swift-crypto"),
      ]),
    .systemLibrary(name: "CExpat", pkgConfig: "expat", providers: [.apt(["libexpat1-dev"])]),
    .systemLibrary(name: "CExif", pkgConfig: "libexif", providers: [.apt(["libexif-dev"])]),
    .systemLibrary(name: "CQPDF", pkgConfig: "libqpdf", providers: [.apt(["libqpdf-dev"])]),
    room("DocumentReading", ["ByteReading", "EvidenceModel", "CCompression", "CExif", "CExpat", "CQPDF"]),
    .target(name: "CYara", linkerSettings: [.linkedLibrary("yara")]),
    room("RuleMatching", ["ByteReading", "CYara"]),
    room("LocationReading", ["ByteReading", "EvidenceModel", "CExpat"]),
    .target(name: "CKernel"),
    room("EvidenceBundle", ["ByteReading", "CKernel", "EvidenceModel", "Fingerprinting"]),
    .systemLibrary(name: "CKeyFiles", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(name: "CTokens", pkgConfig: "p11-kit-1", providers: [.apt(["libp11-kit-dev"])]),
    room(
      "Signing",
      [
        "EvidenceModel", "CKeyFiles", "CTokens", .product(name: "SwiftASN1", package: "swift-asn1"),
        .product(name: "X509", package: "swift-certificates"), .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "CryptoExtras", package: "swift-crypto"),
      ]),
    room(
      "Custody",
      [
        "ByteReading", "CKernel", "CKeyFiles", "EvidenceModel", "EvidenceBundle", "Fingerprinting", "Signing",
        .product(name: "Crypto", package: "swift-crypto"),
      ]),
    room("EvidenceReport", ["CharacterCoding", "EvidenceModel", "EvidenceBundle", "Custody"]),
    .plugin(name: "RecordCommit", capability: .buildTool(), path: "scripts/build-plugins/RecordCommit"),
    room("BuildRecord", plugins: ["RecordCommit"]),
    room(
      "Processing",
      [
        "ArchiveReading", "Fingerprinting", "EvidenceBundle", "EvidenceReport", "Custody", "CallAssembly",
        "LocationReading", "MediaReading", "CaptureReading", "PacketLayers", "FlowAssembly", "DecoderHosting",
        "DecoderKit", "DocumentReading", "ByteReading", "EvidenceModel", "CSandbox", "Signing", "BuildRecord",
        "RuleMatching",
      ]),
    room("BuiltInDecoders", ["DecoderKit"] + decoders.map { .target(name: "\($0)Decoder") }),
    .executableTarget(
      name: "exhibit",
      dependencies: [
        "Processing", "BuiltInDecoders", "Custody", "DecoderKit", "EvidenceBundle", "EvidenceModel", "EvidenceReport",
        "Signing", .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ], swiftSettings: settings),
    room("DecoderTesting", ["DecoderKit", "ByteReading", "EvidenceModel"]),
    .target(name: "TestSupport", path: "Tests/TestSupport", swiftSettings: settings),
    tests("CaptureReading", ["CaptureReading", "ByteReading", "EvidenceModel", "TestSupport"]),
    tests("ArchiveReading", ["ArchiveReading", "EvidenceModel", "TestSupport"], exclude: ["Samples"]),
    tests("PacketLayers", ["PacketLayers", "CaptureReading", "ByteReading", "EvidenceModel", "TestSupport"]),
    tests(
      "FlowAssembly",
      ["FlowAssembly", "PacketLayers", "CaptureReading", "ByteReading", "EvidenceModel", "TestSupport"]),
    tests("DecoderHosting", ["DecoderHosting", "DecoderKit", "ByteReading", "EvidenceModel", "TestSupport"]),
    tests("DecoderKit", ["CharacterCoding", "DecoderKit", "TestSupport"]),
    tests("CallAssembly", ["CallAssembly", "EvidenceModel"]),
    tests("MediaReading", ["COpus", "MediaReading", "ByteReading", "EvidenceModel", "TestSupport"]),
    tests("LocationReading", ["LocationReading", "ByteReading", "EvidenceModel", "TestSupport"]),
    tests("DocumentReading", ["DocumentReading", "EvidenceModel", "TestSupport"], exclude: ["Samples"]),
    tests("RuleMatching", ["RuleMatching", "TestSupport"]),
    tests("EvidenceModel", ["EvidenceModel", "TestSupport"]),
    tests("Fingerprinting", ["CFuzzy", "CTLSH", "Fingerprinting", "EvidenceModel", "TestSupport"]),
    .executableTarget(
      name: "HostileExhibit", dependencies: ["Processing", "BuiltInDecoders", "DecoderKit"],
      path: "Tests/HostileExhibit", swiftSettings: settings),
    tests("Processing", ["Custody", "EvidenceBundle", "EvidenceModel", "TestSupport"], exclude: ["Samples"]),
    tests("CommandLine", ["TestSupport"], exclude: ["Transcripts"]),
    tests("Case", ["EvidenceModel", "EvidenceBundle", "TestSupport"]),
    tests("EvidenceBundle", ["EvidenceBundle", "ByteReading", "EvidenceModel", "TestSupport"]),
    tests("EvidenceReport", ["EvidenceReport", "Custody", "EvidenceBundle", "EvidenceModel"]),
    tests(
      "Signing", ["Signing", "EvidenceModel", "TestSupport", .product(name: "Crypto", package: "swift-crypto")]),
    tests("Custody", ["Custody", "EvidenceBundle", "EvidenceModel", "TestSupport"]),
    tests("Architecture", ["BuiltInDecoders", "DecoderKit", "TestSupport"]),
  ] + decoders.flatMap(decoderTargets) + fuzzing + benches)

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
