import EvidenceBundle
import EvidenceModel

/// How to check the bundle with programs that we did not write, step by step.
struct VerifyPage {
  let context: ReportContext

  func write() throws(BundleError) {
    try context.page("verify.html", title: "How to verify", of: "verify.html") { html in
      html.element(
        .p,
        """
        Nobody needs to trust the program that made this bundle. Everything can be checked with common programs. \
        Open a terminal in the folder of the bundle, the one that contains bagit.txt, and go through the steps. \
        Commands are for Linux and macOS (there, write shasum -a 256 instead of sha256sum).
        """
      )
      step(
        "Nothing was changed since the bundle was made",
        [
          "sha256sum --check --quiet manifest-sha256.txt", "sha256sum --check --quiet tagmanifest-sha256.txt",
        ],
        """
        No output means that every file has the fingerprint in the lists. A line ending in FAILED names a file that \
        differs.
        """,
        &html)
      step(
        "Nothing was added or taken away", ["python3 -m pip install bagit", "python3 -m bagit --validate ."],
        """
        The bundle is a BagIt bag (RFC 8493). bagit.py is published by the Library of Congress; it says that the \
        bag is valid.
        """,
        &html)
      step(
        "The chain of custody is whole",
        [
          "prev=$(printf '0%.0s' $(seq 64))", "for event in custody/??????.json; do",
          #"  grep -q "\"prev\":{\"sha256\":\"$prev\"" "$event" && echo "ok $event" || echo "BROKEN $event""#,
          "  prev=$(sha256sum < \"$event\" | cut -c 1-64)", "done",
        ], "Each event must say ok. The event “finish” also names the SHA-256 of manifest-sha256.txt.", &html)
      signatures(&html)
      step(
        "The seal, when there is a folder seal",
        [
          "sha256sum --check seal/seal.txt",
          """
          openssl cms -verify -cades -binary -inform DER -in seal/seal.txt.01.p7s -content seal/seal.txt -CAfile \
          TRUSTED.pem -out /dev/null
          """,
          "openssl ts -verify -data seal/seal.txt -in seal/seal.txt.tsr -CAfile TIMESTAMP-AUTHORITY.pem",
        ],
        """
        TRUSTED.pem and TIMESTAMP-AUTHORITY.pem are certificates that you obtained yourself, not from the bundle. \
        Without a seal, whoever holds the bundle could rewrite it, these lists included.
        """,
        &html)
      if context.meta.text("mode") == "reference" {
        step(
          "The originals, which lie outside this bundle", ["sha256sum --check meta/external-sha256.txt"],
          "The list names the paths where they lay; change the paths when they lie elsewhere now.", &html)
      }
      originals(&html)
      html.element(.section, [.class("step")]) { html in
        html.element(.h2, "Any statement of this report")
        html.element(.ol) { html in
          html.element(
            .li, "Choose an entry and open its column “Where”. It names an original, packet numbers and a filter.")
          html.element(
            .li,
            "Open that original in Wireshark (wireshark.org), from the folder data/originals or from where it is kept.")
          html.element(.li) { html in
            html.text("Type the filter into the line above the packet list, for example ")
            html.code("frame.number in {12..14, 17}")
            html.text(". The packets that remain are the source of the statement.")
          }
        }
      }
      html.element(.section, [.class("step")]) { html in
        html.element(.h2, "Any file")
        html.element(
          .p, "The fingerprint on the page Files must equal what the command prints; the file’s name begins with it.")
        html.element(.pre) { $0.element(.code, "sha256sum data/artefacts/*/*") }
      }
      html.element(
        .p, [.class("note")],
        """
        A fingerprint shows that nothing changed; it does not show that the recording was complete or honest when \
        it was received. The findings and the account of packets say what is known to be missing.
        """
      )
    }
  }

  /// How to check the signatures of events, where there are any.
  private func signatures(_ html: inout HTMLWriter) {
    let events = context.contents.events().prefix(CustodyPage.maximumEvents)
    guard events.contains(where: { context.contents.size("custody/\($0).p7s") != nil }) else { return }
    step(
      "The signatures of the events",
      [
        "for event in custody/??????.json; do", #"  if [ -e "$event.p7s" ]; then"#,
        "    openssl cms -verify -cades -binary -inform DER -in \"$event.p7s\" -content \"$event\" "
          + "-CAfile TRUSTED.pem -out /dev/null",
        #"  elif grep -q '"cert":' "$event"; then"#, #"    echo "UNSIGNED $event""#, "  fi", "done",
      ],
      """
      TRUSTED.pem holds certificates that you obtained yourself, from the signers’ authority and not from this bundle. \
      Each event with a signature must give “CAdES Verification successful”, and none may be UNSIGNED: it names a signer \
      whose signature is gone.
      """,
      &html)
  }

  private func step(_ title: String, _ commands: [String], _ meaning: String, _ html: inout HTMLWriter) {
    html.element(.section, [.class("step")]) { html in
      html.element(.h2, title)
      html.element(.pre, [.number("tabindex", 0)]) { html in
        html.element(.code) { html in
          for (index, command) in commands.enumerated() {
            if index > 0 { html.newLine() }
            html.text(command)
          }
        }
      }
      html.element(.p, meaning)
    }
  }

  private func originals(_ html: inout HTMLWriter) {
    let originals = context.meta.objects("originals")
    guard !originals.isEmpty else { return }
    html.element(.section, [.class("step")]) { html in
      html.element(.h2, "The originals are those that were received")
      html.element(.p, "Compare with the fingerprints that whoever handed them over wrote down:")
      html.element(.ul, [.class("members")]) { html in
        for original in originals.prefix(1_000) {
          html.element(.li) { html in
            html.element(.code, [.class("hash")], original.text("sha256") ?? "")
            html.text(" ")
            html.captured(original.text("name") ?? original.text("item") ?? "")
          }
        }
      }
    }
  }
}
