import DecoderKit

/// A request with its response, as far as they have come.
final class Exchange {
  var request: Message?
  var response: Message?
  /// Status codes of the responses before the final one.
  var interimStatuses: [Int] = []
  var isTunnel = false
  /// On what it rests that the response belongs to the request, where that is a conclusion.
  var evidence: String?
  /// All packets that the record tells of.
  var trace = Trace()
  var isEmitted = false

  /// Whether nothing more will come for it; `isServerDone` when the server sends no more.
  func isSettled(isServerDone: Bool) -> Bool {
    if let request, !request.isDone { return false }
    guard let response else { return isServerDone }
    return response.isDone
  }

  /// How many bytes its head holds in memory.
  var heldByteCount: Int { request?.head.byteCount ?? 0 }

  /// The record's fields; `server` is the endpoint that answers.
  func fields(server: Endpoint?) -> Fields {
    var fields = Fields()
    if let request { setRequest(request, server, in: &fields) }
    if let response {
      setResponse(response, in: &fields)
    } else if request == nil, let status = interimStatuses.last {
      fields.set("status", status)
    }
    if !interimStatuses.isEmpty {
      fields.set("interimStatuses", .list(interimStatuses.map { .integer(Int64($0)) }))
    }
    if let name = response?.dispositionName ?? pathName { fields.set("fileName", wire: name) }
    if isTunnel { fields.set("isTunnel", true) }
    if response != nil, let evidence {
      fields.set("pairedBy", "inferred")
      fields.set("evidence", evidence)
    }
    return fields
  }

  private func setRequest(_ message: Message, _ server: Endpoint?, in fields: inout Fields) {
    guard case .request(let method, let target, let version) = message.start else { return }
    let address = RequestAddress(method: method, target: target, hostField: message.head.first("Host"), server: server)
    fields.set("method", wire: method)
    fields.set("target", wire: target)
    if !version.isEmpty { fields.set("version", wire: version) }
    if let host = address.host { fields.set("host", wire: host) }
    if let url = address.url { fields.set("url", wire: url) }
    fields.set("requestHeaders", message.head.fields.listed(WithheldSecret.shownValue))
    if !message.trailers.isEmpty { fields.set("requestTrailers", message.trailers.listed(WithheldSecret.shownValue)) }
    if message.trace.first.isKnown { fields.set("requestedAt", message.trace.first) }
    if let user = message.head.fields.lazy.compactMap(WithheldSecret.user).first { fields.set("user", wire: user) }
    if let agent = message.head.first("User-Agent") { fields.set("userAgent", wire: agent) }
    if let referer = message.head.first("Referer") { fields.set("referer", wire: referer) }
    if !message.mediaType.name.isEmpty { fields.set("requestMediaType", message.mediaType.name) }
    if let body = message.body { fields.set("requestSha256", body.hash.hex) }
    fields.set("requestByteCount", message.body?.byteCount ?? 0)
    fields.set("requestComplete", message.isComplete)
  }

  private func setResponse(_ message: Message, in fields: inout Fields) {
    if case .response(let status, let reason, let version) = message.start {
      if fields["version"] == nil { fields.set("version", wire: version) }
      if let status { fields.set("status", status) }
      fields.set("reason", wire: reason)
      fields.set("responseHeaders", message.head.fields.listed(WithheldSecret.shownValue))
    }
    if !message.trailers.isEmpty { fields.set("responseTrailers", message.trailers.listed(WithheldSecret.shownValue)) }
    if message.trace.first.isKnown { fields.set("respondedAt", message.trace.first) }
    if !message.mediaType.name.isEmpty { fields.set("responseMediaType", message.mediaType.name) }
    if let range = message.head.first("Content-Range") { fields.set("contentRange", wire: range) }
    if let body = message.body { fields.set("responseSha256", body.hash.hex) }
    fields.set("responseByteCount", message.body?.byteCount ?? 0)
    fields.set("responseComplete", message.isComplete)
  }

  /// The last part of the target's path; nil when the path ends with a slash.
  var pathName: [UInt8]? {
    guard case .request(let method, let target, _) = request?.start, !method.equals("CONNECT") else { return nil }
    return RequestAddress.lastPathPart(of: target)
  }
}
