import ArgumentParser
import BuiltInDecoders
import DecoderKit
import EvidenceModel

/// `exhibit decoders`
struct DecodersCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "decoders", abstract: "Lists the decoders, what they write and where they stop.",
    subcommands: [List.self], defaultSubcommand: List.self)

  /// `exhibit decoders list`
  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "list", abstract: "Lists the decoders with their kinds of records, fields and limits.")

    @Argument(help: ArgumentHelp("Only these decoders.", valueName: "name"))
    var names: [String] = []

    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
      let identities = builtInDecoders.map { $0.identity }.filter { names.isEmpty || names.contains($0.name) }
      for name in names where !identities.contains(where: { $0.name == name }) {
        throw ValidationError("there is no decoder named \(Console.safe(name))")
      }
      if json {
        print(CanonicalJSON.text(.list(identities.map(value))))
      } else {
        for identity in identities { describe(identity) }
      }
    }

    private func describe(_ identity: DecoderIdentity) {
      print("\(identity.label)  \(identity.summary)")
      for kind in identity.kinds {
        print("  \(kind.name)  \(kind.summary)")
        if !names.isEmpty {
          for field in kind.fields { print("    \(field.name) (\(field.type.rawValue))  \(field.meaning)") }
        }
      }
      for limit in identity.limits { print("  limit: \(limit.name) = \(limit.value) \(limit.unit)") }
    }

    private func value(_ identity: DecoderIdentity) -> Value {
      .object([
        "name": .text(identity.name), "version": .text(identity.version), "summary": .text(identity.summary),
        "kinds": .list(
          identity.kinds.map { kind in
            .object([
              "name": .text(kind.name), "summary": .text(kind.summary),
              "fields": .list(
                kind.fields.map {
                  .object([
                    "name": .text($0.name), "type": .text($0.type.rawValue), "meaning": .text($0.meaning),
                  ])
                }),
            ])
          }),
        "limits": .list(
          identity.limits.map {
            .object(["name": .text($0.name), "value": .integer(Int64($0.value)), "unit": .text($0.unit)])
          }),
      ])
    }
  }
}
