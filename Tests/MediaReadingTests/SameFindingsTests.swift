import Foundation
import TestSupport
import Testing

@testable import MediaReading

/// The same findings on processors of other abilities.
@Suite struct SameFindingsTests {
  private static let target = ProcessInfo.processInfo.environment["EXHIBIT_FINDINGS"]

  private func findings() throws -> String {
    let folder = try TemporaryFolder()
    let speech = try Sound.speech("The same sound gives the same findings, whatever the processor can do.", in: folder)
    let sound = try Sound(
      ["-i", speech, "-f", "lavfi", "-i", "anoisesrc=a=0.02:seed=8:r=48000:d=6", "-filter_complex", "amix=inputs=2"])
    return "\(try sound.examined())"
  }

  /// Runs only in the process that the other test starts.
  @Test(.enabled(if: target != nil)) func writesItsFindings() throws {
    try findings().write(toFile: try #require(Self.target), atomically: true, encoding: .utf8)
  }

  @Test(.enabled(if: target == nil)) func doNotDependOnTheProcessor() throws {
    let folder = try TemporaryFolder()
    let here = try findings()
    for variables in [
      ["GLIBC_TUNABLES=glibc.cpu.hwcaps=-AVX2,-FMA,-AVX2_Usable,-FMA_Usable"],
      ["GLIBC_TUNABLES=glibc.cpu.hwcaps=-AVX512F,-AVX2,-FMA,-AVX", "TZ=Asia/Kathmandu", "LC_ALL=de_DE.UTF-8"],
    ] {
      let path = folder.path("findings")
      let other = try run(
        "/usr/bin/env",
        variables + [
          "EXHIBIT_FINDINGS=\(path)", try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"),
          "--testing-library", "swift-testing", "--filter", "writesItsFindings",
        ])
      #expect(other.status == 0, "\(other.errors)")
      #expect(try String(contentsOfFile: path, encoding: .utf8) == here)
    }
  }
}
