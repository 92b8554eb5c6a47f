import Foundation
import Signing
import TestSupport
import Testing

@Suite struct PassPhraseTests {
  let workshop = KeyWorkshop()

  @Test func isTheFirstLineOfAFile() throws {
    for (text, length) in [("abc\ndef\n", 3), ("abc\r\n", 3), ("abc", 3), ("", 0), ("\nabc", 0), ("a b\t\n", 4)] {
      let path = try workshop.folder.write(Array(text.utf8), "file")
      #expect(try PassPhrase.file(path).read(for: "x").count == length, "\(text.debugDescription)")
    }
  }

  @Test func eachLineOfADescriptorIsOne() throws {
    let path = try workshop.folder.write(Array("eins\nzweite\ndrei".utf8), "file")
    let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
    let source = PassPhrase.descriptor(file.fileDescriptor)
    for count in [4, 6, 4, 0] { #expect(try source.read(for: "x").count == count) }
  }

  @Test func refusesWhatCannotBeOne() throws {
    for bytes in [[UInt8](repeating: 0x61, count: 1025), [0x61, 0, 0x62]] {
      let path = try workshop.folder.write(bytes, "file")
      #expect(failure(.file(path))?.code == .passPhrase)
    }
    #expect(failure(.descriptor(-1))?.code == .passPhrase)
    #expect(failure(.file(workshop.path("nowhere")))?.code == .passPhrase)
    let short = try workshop.folder.write(Array("seven..".utf8), "short")
    #expect(throws: SigningError.self) { _ = try PassPhrase.file(short).choose(for: "key").count }
  }

  private func failure(_ source: PassPhrase) -> SigningError? {
    do throws(SigningError) {
      _ = try source.read(for: "x").count
      return nil
    } catch { return error }
  }

  @Test func withholdsWhatMustNotStandInACommandLine() {
    let cases: [([String], [String])] = [
      (["--key", "a.key", "--pass-fd", "3"], ["--key", "a.key", "--pass-fd", "3"]),
      (["--pass", "x", "y"], ["--pass", "[withheld]", "y"]), (["--pin=1 2"], ["--pin=[withheld]"]),
      (["--password", "--x"], ["--password", "[withheld]"]),
      (["--pass-phrase=", "x"], ["--pass-phrase=[withheld]", "x"]),
      (["pkcs11:token=a?pin-value=1234&module-path=/m"], ["pkcs11:token=a?pin-value=[withheld]&module-path=/m"]),
      (["--key=PKCS11:a=b;PIN-VALUE=12;c=d"], ["--key=PKCS11:a=b;PIN-value=[withheld]"]),
      (["pkcs11:ä?pin-source=file:/x&x=y&pin-value=7"], ["pkcs11:ä?pin-source=[withheld]&x=y&pin-value=[withheld]"]),
      (["a?pin-value=1"], ["a?pin-value=1"]),
    ]
    for (given, expected) in cases { #expect(CommandLineSecrets.withheld(given) == expected) }
  }

  @Test func aPINInAURIIsRefusedAndNotRepeated() {
    for text in ["pkcs11:token=a?pin-value=1234", "pkcs11:token=a;pin-source=file:1234"] {
      do throws(SigningError) {
        _ = try TokenAddress(text)
        Issue.record("\(text) was taken")
      } catch { #expect(error.code == .unsuitable && !error.description.contains("1234")) }
    }
  }

  /// Types at a pseudo-terminal of Python's, which shows what a terminal would.
  @Test(arguments: [
    ("correct horsX\\x7fe batt\\xc3\\xa4\\x7fery\\n", 0), ("wrong\\n", 4), ("corr\\x03", 4),
    ("x\\x15correct horse battery\\n", 0),
  ])
  func isAskedForAtTheTerminalAndNotShown(_ typed: String, _ status: Int32) throws {
    guard let exhibitProgram, let python = program("python3") else { return }
    let key = try workshop.folder.write(
      try NewKey(.p256).file(try workshop.secret().read(for: "key"), subject: "key"), "key.pem")
    let script = """
      import os, pty, sys
      child, terminal = pty.fork()
      if child == 0: os.execv(sys.argv[1], sys.argv[1:])
      shown, typed = b'', False
      while True:
          try: data = os.read(terminal, 4096)
          except OSError: break
          if not data: break
          shown += data
          if not typed and shown.endswith(b'key.pem: '):
              typed = True
              os.write(terminal, b'\(typed)')
      sys.stdout.buffer.write(shown)
      sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
      """
    let result = try run(python, ["-c", script, exhibitProgram, "key", "show", "--key", key])
    #expect(result.status == status, "\(result.text)\(result.errors)")
    #expect(result.text.contains("Pass-phrase of "))
    #expect(!result.text.contains("horse") && !result.text.contains("wrong\r"))
  }
}
