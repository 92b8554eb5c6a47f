import BuiltInDecoders
import DecoderKit
import Foundation
import TestSupport
import Testing

/// What holds the project together: folders, table and registry; declared imports; field names.
@Suite struct RegistryTests {
  static func text(_ name: String) throws -> String {
    try String(contentsOf: repository.appending(path: name), encoding: .utf8)
  }

  static func folders(_ name: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: repository.appending(path: name).path).filter {
      !$0.hasPrefix(".")
    }.sorted()
  }

  @Test func foldersTableAndRegistryAreTheSame() throws {
    let folders = try Self.folders("plugins")
    let manifest = try Self.text("Package.swift")
    let start = try #require(manifest.firstRange(of: "let decoders: [String] = ["))
    let row = manifest[start.upperBound...].prefix { $0 != "]" }
    let table = row.split(separator: "\"").enumerated().filter { $0.offset % 2 == 1 }.map { String($0.element) }
    #expect(table == folders)
    #expect(builtInDecoders.map { $0.identity.name }.sorted() == folders.map { $0.lowercased() }.sorted())
  }

  /// docs/findings.md says what each finding means, with its severity.
  @Test func everyFindingIsDocumented() throws {
    let page = try Self.text("docs/findings.md")
    let rows = page.split(separator: "\n").filter { $0.hasPrefix("| `") }
    var count = 0
    for folder in ["Sources", "plugins"] {
      let names = FileManager.default.enumerator(atPath: repository.appending(path: folder).path)
      for case let name as String in names ?? .init() where name.hasSuffix(".swift") && !name.contains("/Tests/") {
        let text = try Self.text("\(folder)/\(name)")
        for match in text.matches(of: /Finding\(\s*\.(error|warning|notice),\s*"([a-z]+\/[A-Za-z]+)"/) {
          count += 1
          let row = rows.first { $0.contains("`\(match.2)`") }
          #expect(row?.contains(match.1) == true, "\(match.2), \(match.1), in \(name)")
        }
      }
    }
    #expect(count > 30)
  }

  @Test func rtpComesLast() { #expect(builtInDecoders.last?.identity.name == "rtp") }

  @Test func aFieldNameHasOneType() {
    var types: [String: FieldDeclaration.FieldType] = [:]
    for decoder in builtInDecoders {
      for kind in decoder.identity.kinds {
        #expect(kind.name.hasPrefix(decoder.identity.name + "/"))
        for field in kind.fields {
          #expect(types[field.name] ?? field.type == field.type, "\(kind.name) \(field.name)")
          types[field.name] = field.type
          #expect(!field.meaning.isEmpty)
        }
      }
    }
  }

  @Test func identitiesAreUnique() {
    let names = builtInDecoders.map { $0.identity.name }
    #expect(Set(names).count == names.count)
  }

  @Test func everyImportOfARoomIsDeclared() throws {
    let manifest = try Self.text("Package.swift")
    let rooms = Set(try Self.folders("Sources"))
    for room in rooms.sorted()
    where !room.hasPrefix("C") || ["CallAssembly", "CaptureReading", "CharacterCoding", "Custody"].contains(room) {
      guard
        let start = ["room(\"\(room)\"", "room(\n      \"\(room)\"", ".executableTarget(\n      name: \"\(room)\""]
          .compactMap({ manifest.range(of: $0) }).first
      else {
        Issue.record("\(room) is not in Package.swift")
        continue
      }
      // A room's row reaches to the next row.
      let rest = manifest[start.upperBound...]
      let end =
        ["\n    room(", "\n    .", "\n    tests("].compactMap { rest.range(of: $0)?.lowerBound }.min() ?? rest.endIndex
      let declared = rest[..<end]
      for name in try Self.imports(of: repository.appending(path: "Sources/\(room)")) where rooms.contains(name) {
        #expect(declared.contains("\"\(name)\""), "\(room) imports \(name), which its row does not declare")
      }
    }
  }

  @Test func pluginsImportNothingButTheKit() throws {
    for plugin in try Self.folders("plugins") {
      let imports = try Self.imports(of: repository.appending(path: "plugins/\(plugin)/Sources"))
      #expect(imports.subtracting(["DecoderKit"]).isEmpty, "\(plugin) imports \(imports)")
    }
  }

  static func imports(of folder: URL) throws -> Set<String> {
    var names: Set<String> = []
    for file in FileManager.default.enumerator(atPath: folder.path)?.compactMap({ $0 as? String }) ?? []
    where file.hasSuffix(".swift") {
      let source = try String(contentsOf: folder.appending(path: file), encoding: .utf8)
      for line in source.split(separator: "\n") {
        let words = line.split(separator: " ")
        if let place = words.firstIndex(of: "import"), place <= 1, words.count > place + 1,
          !line.hasPrefix(" "), !line.hasPrefix("//")
        {
          names.insert(String(words[place + 1]))
        }
      }
    }
    return names
  }

  @Test func filesStayReadable() throws {
    for room in ["Sources", "plugins"] {
      let root = repository.appending(path: room).path
      for file in FileManager.default.enumerator(atPath: root)?.compactMap({ $0 as? String }) ?? []
      where file.hasSuffix(".swift") {
        let lines = try String(contentsOfFile: "\(root)/\(file)", encoding: .utf8).split(
          separator: "\n", omittingEmptySubsequences: false
        ).count
        #expect(lines <= 450, "\(room)/\(file) has \(lines) lines")
      }
    }
  }
}
