import EvidenceModel

/// How anybody can check the bundle with programs that are not ours.
enum VerifyPage {
  static func body(_ facts: BundleFacts) -> Markup {
    var body = Markup()
    body.element(
      "p",
      "Nothing here needs to be believed. The steps below use programs that every Linux or macOS computer has or can get. Open a terminal in the directory of the bundle, the one above this report.",
      class: "lead")
    step(
      "1. No file was changed",
      "sha256sum --check --quiet manifest-sha256.txt\nsha256sum --check --quiet tagmanifest-sha256.txt",
      "No output means that every file is what it was when the bundle was made.", &body)
    step(
      "2. No file was added or removed", "python3 -m pip install bagit\npython3 -m bagit --validate .",
      "BagIt (RFC 8493) is an open format of the Library of Congress.", &body)
    step(
      "3. The custody chain is whole", "less VERIFY.txt",
      "The text holds a loop of five lines that recomputes every link of the chain.", &body)
    step(
      "4. A statement about packets", "wireshark data/originals/O-0001.*",
      "Every record names packet numbers; they are Wireshark's. Under “Wireshark” beside each record stands a display filter for just its packets.",
      &body)
    step(
      "5. A file that was carved out", "sha256sum data/artefacts/ab/abcdef….png", "Each file's name is its SHA-256.",
      &body)
    body.heading("What the hashes should be")
    body.raw("<table><tbody>")
    for original in facts.originals {
      body.raw("<tr>")
      body.element("td", original.text("item") ?? "")
      body.raw("<td class=\"hash\"><code>")
      body.text(original.text("sha256") ?? "")
      body.raw("</code></td></tr>")
    }
    body.raw("</tbody></table>")
    body.paragraph("Compare these with what whoever made the capture wrote down when it was made.")
    return body
  }

  private static func step(_ title: String, _ command: String, _ text: String, _ body: inout Markup) {
    body.heading(title)
    body.raw("<pre><code>")
    for line in command.split(separator: "\n") {
      body.text(line)
      body.raw("\n")
    }
    body.raw("</code></pre>")
    body.paragraph(text)
  }
}
