import DNSDecoder
import DecoderKit
import DecoderTesting
import Testing

@Suite struct SampleTests {
  @Test func writesAnswersAsDigPrintsThem() throws {
    for line in try sampleLines("answers", "tsv") {
      let parts = line.split(separator: "\t", omittingEmptySubsequences: false)
      let bytes = try #require(Hexadecimal.decode(parts[2]))
      // A type without a name is believed on the port of DNS only.
      let isKnown = !parts[1].hasPrefix("TYPE")
      #expect(claim(of: DNSDecoder(), on: bytes, over: carrier(18_053)) == (isKnown ? .content : .none))
      #expect(claim(of: DNSDecoder(), on: bytes, over: carrier(53)) == (isKnown ? .content : .port))
      let outcome = decode(bytes, from: .responder)
      let record = try #require(outcome.records.first)
      #expect(record.kind == "dns/answer")
      #expect(record.text("queryName") == String(parts[0]))
      #expect(record.text("queryType") == String(parts[1]))
      #expect(record.text("responseCode") == (parts.count > 3 ? "NOERROR" : "NXDOMAIN"))
      let ours = record.section("answers").map { entry in
        ["name", "type", "data"].map { if case .text(let text) = entry[$0] { text } else { "" } }
          .joined(separator: "\t")
      }
      let theirs = parts.dropFirst(3).map { text in
        let words = text.split(separator: " ", maxSplits: 2)
        return "\(words[0].dropLast())\t\(words[1])\t\(words[2])"
      }
      #expect(ours == theirs)
      #expect(outcome.findings.isEmpty, "\(parts[1])")
    }
  }

  @Test func readsAStream() throws {
    let steps = try sampleLines("tcp", "conversation").map { line -> ConversationStep in
      .bytes(try #require(Hexadecimal.decode(line.dropFirst(2))), from: line.hasPrefix(">") ? .initiator : .responder)
    }
    let outcome = run(DNSDecoder(), on: steps, over: carrier(18_053, isStream: true))
    #expect(outcome.records.map(\.kind) == ["dns/query", "dns/answer"])
    #expect(outcome.records.map { $0.fields["transactionID"] } == [0x4e0c, 0x4e0c])
    #expect(outcome.records.map(\.data) == [nil, "192.0.2.10"])
    #expect(
      outcome.records.first?.section("additionals").first?["data"]
        == "version 0; flags do; udp 1232; NSID; ECS 192.0.2.0/24/0; COOKIE fbeba63dcfd417ba")
    #expect(outcome.findings.isEmpty)
    for step in steps {
      guard case .bytes(let bytes, let side) = step else { continue }
      #expect(claim(of: DNSDecoder(), on: bytes, from: side, over: carrier(18_053, isStream: true)) == .content)
    }
    checkTotality(of: DNSDecoder(), on: steps, over: carrier(53, isStream: true))
  }

  @Test func survivesEveryCutAndChange() throws {
    for line in try sampleLines("answers", "tsv") {
      let parts = line.split(separator: "\t", omittingEmptySubsequences: false)
      let bytes = try #require(Hexadecimal.decode(parts[2]))
      checkTotality(of: DNSDecoder(), on: [.bytes(bytes, from: .responder)], over: carrier(53))
    }
  }
}
