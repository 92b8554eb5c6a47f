import EvidenceModel

/// The parts that papers to sign are made of.
extension HTMLWriter {
  /// Says what the paper is, and what it is not yet.
  mutating func draft() {
    element(.p, [.class("draft")]) { html in
      html.element(.strong, "Draft: a qualified person reads, corrects and signs it. ")
      html.text(
        """
        It was made by the program from what the bundle holds. What the bundle does not hold is said to be missing or left \
        blank; strike out what does not apply.
        """
      )
    }
  }

  /// A part of a paper with its number and title.
  mutating func part(_ title: String, _ content: (inout HTMLWriter) -> Void) {
    element(.section, [.class("part")]) { html in
      html.element(.h2, title)
      content(&html)
    }
  }

  /// A line to fill in by hand; `rows` of them when one is too short.
  mutating func blank(_ title: String, rows: Int = 1) {
    element(.div, [.class("blank")]) { html in
      html.element(.span, [.class("blanktitle")], title)
      for _ in 0..<rows { html.element(.span, [.class("line")], "") }
    }
  }

  /// A box to tick by hand, with what it stands for.
  mutating func tick(_ words: String) {
    element(.p, [.class("tick")], "\u{2610} \(words)")
  }

  /// A command line, quoted as a shell takes it; limit: 200 words.
  mutating func command(_ words: [String]) {
    let maximum = 200
    let line = (words.first == "exhibit" ? [] : ["exhibit"]) + words
    element(.p, [.class("command")]) { html in
      html.element(.code) { html in
        for (index, word) in line.prefix(maximum).enumerated() {
          if index > 0 { html.text(" ") }
          html.printed(Self.quoted(word))
        }
      }
      if line.count > maximum { html.text(" … and \(Decimal.grouped(line.count - maximum)) further words") }
    }
  }

  private static func quoted(_ word: String) -> String {
    let plain = word.utf8.allSatisfy {
      LocalLink.isPlain(String(UnicodeScalar($0))) || [0x2f, 0x3a, 0x3d, 0x2c, 0x40].contains($0)
    }
    return plain && !word.isEmpty
      ? word : "'\(word.split(separator: "'", omittingEmptySubsequences: false).joined(separator: #"'\''"#))'"
  }

  /// A fact that paper needs whole; says that it is missing when it is nil.
  mutating func stated(_ title: String, _ text: String?) {
    element(.dt, title)
    element(.dd) { html in
      if let text { html.printed(text) } else { html.missing("not stated in the bundle") }
    }
  }

  mutating func statedHash(_ title: String, _ hash: String?) {
    element(.dt, title)
    element(.dd) { html in
      if let hash {
        html.element(.code, [.class("hash")]) { $0.printed(hash) }
      } else {
        html.missing("not stated in the bundle")
      }
    }
  }
}
