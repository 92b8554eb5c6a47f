import DecoderKit

/// What is left when a connection ends: requests that nobody answered.
extension SMB2Reading {
  func finish(from client: Side, _ sink: inout EvidenceSink) throws(ReadError) {
    for (_, request) in waiting.sorted(by: { $0.key < $1.key }) {
      switch SMB2Header.Command(rawValue: request.header.command) {
      case .sessionSetup:
        var login = logins.removeValue(forKey: request.header.sessionID) ?? Login()
        login.add(request)
        try emit(login, request.header.sessionID, from: client, &sink)
      case .treeConnect:
        var fields = Fields()
        fields.set("share", request.name ?? WireText(""))
        fields.set("user", user(request.header.sessionID))
        try sink.emit("smb/tree", fields, from: client, trace: request.trace)
      case .create:
        // Nobody knows whether it was opened.
        if let file = request.file, !file.openedAt.isKnown { try file.write(isClosed: false, from: client, &sink) }
      default: break
      }
    }
    waiting = [:]
    for (session, login) in logins.sorted(by: { $0.key < $1.key }) { try emit(login, session, from: client, &sink) }
    logins = [:]
    try files.finish(from: client, &sink)
  }

  /// Writes a login whose end the capture lacks.
  private func emit(
    _ login: Login, _ session: UInt64, from client: Side, _ sink: inout EvidenceSink
  ) throws(ReadError) {
    var fields: Fields = ["sessionID": .text(Self.text(session: session))]
    if let dialect { fields.set("dialect", dialect) }
    _ = NTLMAuthentication.place(login.authentication, isKerberos: login.isKerberos, in: &fields)
    try sink.emit("smb/session", fields, from: client, trace: login.trace)
  }
}
