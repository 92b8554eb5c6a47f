/// A row of the ledger: what became of packets. Each packet stands in exactly one.
public struct LedgerRow: Hashable, Sendable {
  /// In the order of precedence: a packet stands in the first that fits.
  public enum Name: String, Sendable, CaseIterable {
    /// Outside the filter that the run was given.
    case outsideFilter
    /// The program ended on it and was started again without it; a finding tells.
    case crashed
    /// The same packet was captured before, by a mirror port or another recorder; the detail names that recorder's original.
    case duplicate
    /// A header contradicts itself; the detail names the layer.
    case malformed
    /// A protocol that is not read; the detail names it.
    case otherProtocol
    /// A fragment of an IP packet.
    case fragment
    /// ICMP, ARP, IGMP: about the network, without a conversation.
    case control
    /// The recorder cut the packet short.
    case truncated
    /// All its bytes were seen before.
    case retransmission
    /// A segment without payload.
    case noPayload
    /// Its numbers fit nothing else of its stream.
    case outOfWindow
    /// Bytes after the end of their stream.
    case afterEnd
    /// A decoder made something of it; the detail names the decoder.
    case decoded
    /// A decoder had taken the conversation and could not go on; the detail names the decoder.
    case afterFault
    /// It has the form of media, and neither its numbering nor any signalling proves it.
    case candidate
    /// No decoder knew it; the detail names transport and port.
    case unclaimed
  }

  public let name: Name
  public let detail: String

  public init(_ name: Name, _ detail: String = "") {
    self.name = name
    self.detail = detail
  }
}
