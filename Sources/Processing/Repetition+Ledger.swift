import FlowAssembly

extension Repetition {
  /// The detail of the ledger's row `retransmission`; empty of bytes that are the same.
  var detail: String {
    switch self {
    case .same: ""
    case .keepAlive: "keep-alive"
    case .notCompared: "not compared"
    case .late: "too late"
    case .different: "different"
    }
  }
}
