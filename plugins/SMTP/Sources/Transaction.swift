import DecoderKit

/// One mail transaction: the envelope and the message (RFC 5321, 3.3).
final class Transaction {
  static let maximumRecipientCount = 10_000

  /// An object, for its answer comes later and finds it wherever it stands by then.
  final class Recipient {
    let address: [UInt8]
    var status: Int?
    var reply: [UInt8] = []
    init(address: [UInt8]) { self.address = address }
  }

  var mailFrom: [UInt8]?
  var parameters: [UInt8] = []
  var recipients: [Recipient] = []
  var trace = Trace()
  /// The packets with the first bytes of the message.
  private(set) var messageTrace = Trace()
  var content: ContentHandle?
  /// Nil until the message has ended.
  var stored: ContentReference?
  var hasBegun = false
  var hasEnded = false
  var isWhole = false
  var isChunked = false
  var status: Int?
  var reply: [UInt8] = []
  var isEmitted = false

  /// Takes over the envelope that stands when the server has refused to begin this one in its place (RFC 5321, 4.1.4).
  func takeOver(_ former: Transaction) {
    mailFrom = former.mailFrom
    parameters = former.parameters
    recipients = former.recipients + recipients
    trace.formUnion(former.trace)
  }

  /// Learns where bytes of the message came from.
  func takeTrace(_ trace: Trace) {
    if messageTrace.isEmpty { messageTrace = trace }
    self.trace.formUnion(trace)
  }

  func fields(_ session: borrowing SMTPSession) -> Fields {
    var fields = Fields()
    if let mailFrom { fields.set("mailFrom", wire: mailFrom) }
    fields.set(
      "recipients",
      .list(
        recipients.map { recipient in
          var entry = Fields()
          entry.set("address", wire: recipient.address)
          if let status = recipient.status { entry.set("status", status) }
          if !recipient.reply.isEmpty { entry.set("reply", wire: recipient.reply) }
          return .object(entry)
        }))
    if !parameters.isEmpty { fields.set("parameters", wire: parameters) }
    if let name = session.clientName { fields.set("clientName", wire: name) }
    if let name = session.serverName { fields.set("serverName", wire: name) }
    if let user = session.user { fields.set("user", wire: user) }
    if let status { fields.set("status", status) }
    if !reply.isEmpty { fields.set("reply", wire: reply) }
    if isChunked { fields.set("isChunked", true) }
    if let stored { fields.set("sha256", stored.hash.hex) }
    fields.set("byteCount", stored?.byteCount ?? 0)
    fields.set("isComplete", isWhole && stored?.isComplete != false)
    return fields
  }
}

/// What a client sent and the server has not answered yet.
struct PendingCommand {
  enum Purpose {
    case greeting
    /// The name that the client had before, in case that the new one is refused.
    case hello(former: [UInt8]?)
    /// With the transaction that was open before it.
    case mail(Transaction, former: Transaction?)
    case recipient(Transaction, Transaction.Recipient)
    case data(Transaction)
    case messageEnd(Transaction)
    case startTLS
    case authentication
    case other
  }
  var purpose: Purpose
  var command: [UInt8] = []
  var argument: [UInt8] = []
  var user: [UInt8]?
  var trace = Trace()
}

/// A reply as it comes, line by line (RFC 5321, 4.2).
struct Reply {
  let status: Int
  var text: [UInt8] = []
  var lineCount = 1
  var trace: Trace
}
