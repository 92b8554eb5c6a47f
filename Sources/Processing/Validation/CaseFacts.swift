import EvidenceBundle
import EvidenceModel
import Fingerprinting
import Foundation

/// Compares what a bundle holds of a case with what the case is known to hold.
struct CaseFacts {
  let `case`: ValidationCase
  let bundle: String

  private func records(_ kind: String) -> [Fields] {
    RecordFile(path: "\(bundle)/\(BundleLayout.records(ofKind: kind))").compactMap { ValueReader.fields($0) }
  }

  /// Measures a requirement with a file of expected facts. Throws when the facts cannot be used.
  func measure(_ requirement: Requirement, _ file: String) throws(ProcessingError) -> Measurement {
    switch requirement.identifier {
    case Requirement.fingerprint.identifier: try fingerprints(file)
    case Requirement.times.identifier: try times(file)
    case Requirement.account.identifier: try account(file)
    case Requirement.transferredFiles.identifier: try transferredFiles(file)
    case Requirement.transfers.identifier: try transfers(file)
    case Requirement.calls.identifier: try calls(file)
    case Requirement.callMessages.identifier: try callMessages(file)
    case Requirement.voiceStreams.identifier: try voiceStreams(file)
    case Requirement.audio.identifier: try audio(file)
    case Requirement.names.identifier: try names(file)
    case Requirement.questions.identifier: try questions(file)
    default: throw ProcessingError(.input, file, "\(requirement.identifier) is not measured with expected facts")
    }
  }

  // MARK: Recordings

  private func recordings(_ file: String) throws(ProcessingError) -> [(name: String, facts: Fields)] {
    try Document.fields(at: "\(`case`.path)/expected/\(file)", what: "the expected facts").entries.compactMap {
      if case .object(let fields) = $0.value { ($0.name, fields) } else { nil }
    }
  }

  /// The originals of the bundle: the name of the file that was handed in, and the entry in a document of the bundle.
  private func originals(_ document: String, _ key: String) throws(ProcessingError) -> [(name: String, facts: Fields)] {
    let entries = try Document.fields(at: "\(bundle)/\(document)", what: "the bundle's document").objects("originals")
    return entries.compactMap { entry in
      guard let index = entry.text(key).flatMap({ Int($0.dropFirst(2)) }),
        `case`.inputs.indices.contains(index - 1)
      else { return nil }
      return ((`case`.inputs[index - 1] as NSString).lastPathComponent, entry)
    }
  }

  private func fingerprints(_ file: String) throws(ProcessingError) -> Measurement {
    Measurement(
      "recordings",
      expected: try recordings(file).map {
        "\($0.name) \($0.facts.integer("size") ?? -1) \($0.facts.text("sha256") ?? "")"
      },
      found: try originals(BundleLayout.bundle, "item").map {
        "\($0.name) \($0.facts.integer("bytes") ?? -1) \($0.facts.text("sha256") ?? "")"
      })
  }

  private func times(_ file: String) throws(ProcessingError) -> Measurement {
    Measurement(
      "times of packets",
      expected: try recordings(file).flatMap { recording in
        ["first", "last"].map { "\(recording.name) \($0) \(Self.time(recording.facts.text("\($0)PacketTime") ?? ""))" }
      },
      found: try originals(BundleLayout.ledger, "original").flatMap { original in
        ["first", "last"].map { "\(original.name) \($0) \(original.facts.text("\($0)PacketAt") ?? "")" }
      })
  }

  /// Seconds since 1970 with nine decimals as a record's time.
  private static func time(_ seconds: String) -> String {
    let parts = seconds.split(separator: ".")
    guard parts.count == 2, let whole = Int64(parts[0]), parts[1].utf8.count == 9, let rest = Int64(parts[1]) else {
      return seconds
    }
    let (product, isOver) = whole.multipliedReportingOverflow(by: 1_000_000_000)
    let (sum, isBeyond) = product.addingReportingOverflow(rest)
    return isOver || isBeyond ? seconds : CaptureTime(nanoseconds: sum).description
  }

  private func account(_ file: String) throws(ProcessingError) -> Measurement {
    Measurement(
      "recordings whose packets and bytes are all accounted for",
      expected: try recordings(file).map {
        "\($0.name) \($0.facts.integer("packets") ?? -1) packets \($0.facts.integer("packetBytes") ?? -1) bytes"
      },
      found: try originals(BundleLayout.ledger, "original").map { name, facts in
        let rows = facts.object("packets")?.objects("rows") ?? []
        let packets = rows.reduce(Int64(0)) { $0 &+ ($1.integer("packets") ?? 0) }
        let bytes = rows.reduce(Int64(0)) {
          $0 &+ ($1.integer("headerBytes") ?? 0) &+ ($1.integer("payloadBytes") ?? 0)
        }
        return "\(name) \(packets) packets \(bytes) bytes"
      })
  }

  // MARK: The web

  private func transferredFiles(_ file: String) throws(ProcessingError) -> Measurement {
    let transfers = try `case`.expectedObjects(file)
    let bodies = transfers.flatMap { [$0.object("responseBody")].compactMap { $0 } + $0.objects("uploaded") }
    // A form as a whole is known by its size: its parts are the files.
    let forms = Set(transfers.filter { !$0.objects("uploaded").isEmpty }.compactMap { $0.integer("requestBodyBytes") })
    let found = records("artefact").filter { artefact in
      let decoder = artefact.text("decoder")?.prefix { $0 != " " }
      guard decoder == "http" || decoder == "multipart" else { return false }
      return artefact.text("role") != "http request body" || !forms.contains(artefact.integer("byteCount") ?? -1)
    }
    return Measurement(
      "files", expected: bodies.map { "\($0.text("sha256") ?? "") \($0.integer("size") ?? -1)" },
      found: found.map { "\($0.text("sha256") ?? "") \($0.integer("byteCount") ?? -1)" })
  }

  private func transfers(_ file: String) throws(ProcessingError) -> Measurement {
    let words = { (fields: Fields, client: String, server: String) in
      "\(fields.text("method") ?? "") \(fields.text("url") ?? "") \(fields.integer("status") ?? -1) "
        + "\(fields.text(client) ?? "") \(fields.text(server) ?? "")"
    }
    return Measurement(
      "web requests", expected: try `case`.expectedObjects(file).map { words($0, "client", "server") },
      found: records("http/transfer").map { words($0, "source", "destination") })
  }

  // MARK: Calls

  /// An address of a party without its parameters.
  private static func party(_ address: String?) -> String { String((address ?? "").prefix { $0 != ";" }) }

  /// Who was called, by its user's name: behind the `@`, the caller may have dialled the telephone's address or its firm's.
  private static func called(_ address: String?) -> String { String(party(address).prefix { $0 != "@" }) }

  private func calls(_ file: String) throws(ProcessingError) -> Measurement {
    Measurement(
      "calls",
      expected: try `case`.expectedObjects(file).map { call in
        let ender = call.text("endedBy").map { $0 == call.text("callerParty") ? "caller" : "called" }
        return "\(call.text("callID") ?? "") \(Self.party(call.text("caller"))) \(Self.called(call.text("callee"))) "
          + "\(call.text("outcome") ?? "") \(call.text("outcome") == "answered" ? ender ?? "" : "")"
      },
      found: records("sip/call").map { call in
        "\(call.text("callID") ?? "") \(Self.party(call.text("caller"))) \(Self.called(call.text("called"))) "
          + "\(call.text("outcome") ?? "") \(call.text("outcome") == "answered" ? call.text("endedBy") ?? "" : "")"
      })
  }

  private func callMessages(_ file: String) throws(ProcessingError) -> Measurement {
    Measurement(
      "signalling messages",
      expected: try `case`.expectedObjects(file).flatMap { call in
        call.objects("messages").map {
          "\(call.text("callID") ?? "") packet \($0.integer("packet") ?? -1) \($0.text("message") ?? "")"
        }
      },
      found: records("sip/message").map { message in
        let words =
          message.text("method") ?? "\(message.integer("status") ?? -1) to \(message.text("cseqMethod") ?? "")"
        let packets = message.objects("provenance").compactMap { $0.text("packets") }.joined(separator: ";")
        return "\(message.text("callID") ?? "") packet \(packets) \(words)"
      })
  }

  private func expectedStreams(_ file: String) throws(ProcessingError) -> [(call: String, stream: Fields)] {
    try `case`.expectedObjects(file).flatMap { call in
      call.objects("streams").map { (call.text("callID") ?? "", $0) }
    }
  }

  private func voiceStreams(_ file: String) throws(ProcessingError) -> Measurement {
    Measurement(
      "voice streams",
      expected: try expectedStreams(file).map { call, stream in
        "\(call) \(stream.text("ssrc") ?? "") \(stream.text("source") ?? "") \(stream.text("destination") ?? "") "
          + "\(stream.text("codec") ?? "") \(stream.integer("packets") ?? -1) received \(stream.integer("lost") ?? -1) lost"
      },
      found: records("rtp/stream").map { stream in
        "\(stream.text("callID") ?? "") \(stream.text("identifier") ?? "") \(stream.text("source") ?? "") "
          + "\(stream.text("destination") ?? "") \(stream.texts("codecs").joined(separator: "+")) "
          + "\(stream.integer("packetsReceived") ?? -1) received \(stream.integer("packetsLost") ?? -1) lost"
      })
  }

  private func audio(_ file: String) throws(ProcessingError) -> Measurement {
    let streams = try expectedStreams(file).map(\.stream)
    let found = records("rtp/stream").compactMap { record -> String? in
      guard let audio = record.text("audioSha256"), let identifier = record.text("identifier") else { return nil }
      guard let stream = streams.first(where: { $0.text("ssrc") == identifier }),
        let hash = stream.text("samplesSHA256"), let count = stream.integer("payloadBytes")
      else { return "\(identifier) unknown" }
      let isThere = RecordedSound(bundle: bundle, sha256: audio)?.holds(samples: Int(count), hash: hash) ?? false
      return isThere ? "\(identifier) \(hash)" : "\(identifier) other sound"
    }
    return Measurement(
      "voice streams", expected: streams.map { "\($0.text("ssrc") ?? "") \($0.text("samplesSHA256") ?? "")" },
      found: found)
  }

  // MARK: Names

  private static func answer(_ identifier: Int64, _ name: String, _ type: String, _ status: String) -> String {
    "\(identifier) \(name.hasSuffix(".") ? String(name.dropLast()) : name) \(type) \(status)"
  }

  private func names(_ file: String) throws(ProcessingError) -> Measurement {
    let questions = try `case`.expectedObjects(file)
    let wanted = Set(questions.compactMap { $0.integer("messageID") })
    let lines = { (start: String, answers: [Fields], value: String) -> [String] in
      answers.isEmpty
        ? ["\(start) nothing"]
        : answers.map { answer in
          let name = answer.text("name") ?? ""
          return "\(start): \(name.hasSuffix(".") ? String(name.dropLast()) : name) \(answer.integer("ttl") ?? -1) "
            + "\(answer.text("type") ?? "") \(answer.text(value) ?? "")"
        }
    }
    return Measurement(
      "answers",
      expected: questions.flatMap { question in
        lines(
          Self.answer(
            question.integer("messageID") ?? -1, question.text("name") ?? "", question.text("type") ?? "",
            question.text("status") ?? ""), question.objects("answers"), "value")
      },
      found: records("dns/answer").filter { wanted.contains($0.integer("transactionID") ?? -1) }.flatMap { record in
        lines(
          Self.answer(
            record.integer("transactionID") ?? -1, record.text("queryName") ?? "", record.text("queryType") ?? "",
            record.text("responseCode") ?? ""), record.objects("answers"), "data")
      })
  }

  private func questions(_ file: String) throws(ProcessingError) -> Measurement {
    let log = String(decoding: try `case`.expected(file), as: UTF8.self)
    // dnsmasq[10774]: 1 192.0.2.10/44805 query[SRV] _sip._udp.birch.example from 192.0.2.10
    let expected = log.split(separator: "\n").compactMap { line -> String? in
      let words = line.split(separator: " ")
      guard words.count == 7, words[3].hasPrefix("query["), words[5] == "from" else { return nil }
      let client = words[2].split(separator: "/")
      guard client.count == 2 else { return nil }
      let address = client[0].contains(":") ? "[\(client[0])]" : "\(client[0])"
      return "\(address):\(client[1]) \(words[3].dropFirst(6).dropLast()) \(words[4])"
    }
    return Measurement(
      "name queries", expected: expected,
      found: records("dns/query").map {
        "\($0.text("source") ?? "") \($0.text("queryType") ?? "") \($0.text("queryName") ?? "")"
      })
  }
}
