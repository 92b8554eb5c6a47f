import EvidenceModel

/// The known limits that belong to what was done in this bundle; docs/limits.md has all of them.
struct KnownLimits {
  let facts: PaperFacts

  var sentences: [String] {
    always + settings + content
  }

  private var always: [String] {
    [
      "Whether a recording is complete and honest cannot be seen from it. What the recorder did not record is not here.",
      "Times are those of the recorder's clock, in UTC; whether it was right is not known.",
      "Only the decoders that are named above read content. What none of them takes stands in the account, with a guess.",
      "Encrypted content (TLS, IPsec, HTTP/3) was not decrypted; SRTP only by keys that stood in the signalling.",
      """
      A fingerprint shows that nothing changed since it was taken. Without a seal, a time-stamp or a receipt kept \
      elsewhere, whoever holds the bundle could have rewritten all of it.
      """,
    ]
  }

  private var settings: [String] {
    let meta = facts.context.meta
    let configuration = meta.object("configuration") ?? Fields()
    var list: [String] = []
    if let offset = meta.text("declaredClockOffsetSeconds") {
      list.append(
        "The recorder's clock was declared to be \(offset) seconds ahead. Times here are not corrected for it.")
    }
    if facts.filter != nil {
      list.append("Packets outside the filter were counted and not decoded.")
    }
    if !configuration.list("userLinks").isEmpty {
      list.append(
        "What private link types stand for was told to the program (\(Self.joined(configuration, "userLinks"))).")
    }
    let exclusions = configuration.objects("exclusions").count
    if exclusions > 0 {
      list.append(
        """
        The program crashed while it read and left out \(Decimal.count(exclusions, "part", "parts")) of the originals; \
        the findings “host/crash” say which.
        """)
    }
    let missing = meta.object("sandbox")?.texts("missing") ?? []
    if !missing.isEmpty {
      list.append(
        "The machine could not shut the decoding processes in completely: \(missing.joined(separator: ", ")).")
    }
    if facts.isReference {
      list.append("The originals are not in the bundle: who has only the bundle cannot check its records against them.")
    }
    return list
  }

  private static func joined(_ fields: Fields, _ name: String) -> String {
    fields.texts(name).prefix(20).joined(separator: ", ")
  }

  private var content: [String] {
    let context = facts.context
    var list: [String] = []
    if context.tallies.keys.contains(where: { $0.hasSuffix("-call") }) || context.count("rtp-stream") > 0 {
      list.append(
        "A finding names every coding of voice and video that was not decoded. Fax was decoded as T.38 over UDP, not as tones in audio."
      )
      list.append("An address in a call's signalling says which account or device took part, not which person spoke.")
    }
    if context.count("rtp-call") > 0 {
      list.append("Media that no signalling names is listed as a call of unknown parties.")
    }
    if context.count("http-transfer") > 0 {
      list.append("HTTP/1 was decoded; HTTP/2 and HTTP/3 were not.")
    }
    if context.count("smb-encrypted") > 0 { list.append("Encrypted messages of SMB were counted and not read.") }
    if context.count("ftp-command") > 0 {
      list.append(
        "FTP's passwords are withheld from records, but for those of anonymous users; the originals hold them.")
    }
    if context.count("http-transfer", "sip-message") > 0 {
      list.append("Credentials in HTTP's and SIP's Authorization are withheld from records; the originals hold them.")
    }
    if (context.tallies["artefact"]?.marks[#""isComplete":false"#] ?? 0) > 0 {
      list.append("Files that are marked as incomplete have holes where the recording lacks bytes.")
    }
    return list
  }
}
