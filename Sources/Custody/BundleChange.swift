import EvidenceBundle
public import EvidenceModel
import Fingerprinting
import Signing

/// One change of a complete bundle: all of it together with its event, or nothing but an event that says why not.
public struct BundleChange {
  private let revision: BundleRevision
  private var chain: CustodyChain
  private let act: CustodyAct
  private let type: String
  private var outputs: [Value] = []
  private var isRecorded = false
  /// What the event will warn of.
  public var warnings: [String] = []
  /// Who signs the event besides whoever acts.
  var others: [Signer] = []
  /// When it is done, as its event says.
  public let time = SystemClock.now

  /// The bundle as it stands while the change is made.
  public var bundle: String { revision.bundle }
  /// The number of the event of this change.
  public var eventNumber: Int { isRecorded ? chain.count : chain.count + 1 }

  private init(_ path: String, _ type: String, _ act: CustodyAct) throws(CustodyError) {
    let revision = try CustodyError.bundling { () throws(BundleError) in try BundleRevision(of: path) }
    self.revision = revision
    chain = try CustodyError.bundling { () throws(BundleError) in
      try CustodyChain(continuing: revision.bundle, in: revision.staging)
    }
    self.act = act
    self.type = type
    warnings = revision.leftovers.map { "a command that was killed had left \($0); it was removed" }
  }

  /// Changes the bundle at `path`: `body` writes files and gives the fields of the event, unless it recorded it already.
  ///
  /// Throws what `body` throws, and then the bundle has one event of that type with the exit code and the error. Errors of usage, and a
  /// bundle that cannot be opened, leave no event: nothing was begun.
  public static func perform(
    _ type: String, of path: String, by act: CustodyAct,
    _ body: (inout BundleChange) throws(CustodyError) -> Fields
  ) throws(CustodyError) {
    var change = try BundleChange(path, type, act)
    do throws(CustodyError) {
      let fields = try body(&change)
      if !change.isRecorded { try change.record(fields) }
      try CustodyError.bundling { [revision = change.revision] () throws(BundleError) in try revision.commit() }
    } catch {
      var fault: CustodyError?
      do throws(CustodyError) { try change.waitForCopy() } catch let other { fault = other }
      change.revision.discard()
      // A bundle that cannot be copied cannot have an event either: that comes first, and what was found is told with it.
      if let fault {
        throw fault == error
          ? error : CustodyError(fault.code, fault.path, "\(fault.message); besides: \(error.message)")
      }
      if error.code != .usage { recordFailure(error, type, path, act) }
      throw error
    }
  }

  /// Records that it failed. What prevents even that is left out: the first error matters.
  private static func recordFailure(_ error: CustodyError, _ type: String, _ path: String, _ act: CustodyAct) {
    guard var change = try? BundleChange(path, type, act) else { return }
    _ = try? change.record(["error": .text(error.message)], exit: error.code.rawValue)
    try? change.revision.commit()
  }

  /// Writes a file of the bundle, which the event then names with its hash; what is written after the event is not named.
  public mutating func write(_ bytes: [UInt8], to name: String) throws(CustodyError) {
    try CustodyError.bundling { () throws(BundleError) in try revision.write(bytes, to: name) }
    mention(name, StreamingHash.hash(of: bytes), bytes.count)
  }

  /// Names a file among the event's outputs.
  public mutating func mention(_ path: String, _ hash: ContentHash, _ byteCount: Int) {
    outputs.append(
      .object(["path": .text(path), "sha256": .text(hash.hex), "bytes": .integer(Int64(clamping: byteCount))]))
  }

  /// Waits until the changed bundle has all that the bundle has. Throws when it cannot have it.
  func waitForCopy() throws(CustodyError) {
    try CustodyError.bundling { [revision] () throws(BundleError) in try revision.waitForCopy() }
  }

  /// The path of a file of the changed bundle.
  public func path(_ name: String) -> String { revision.path(name) }

  /// The path at which a new file of that name is to be written, with its directories made.
  func place(_ name: String) throws(BundleError) -> String {
    try revision.replace(name)
    return revision.path(name)
  }

  /// Adds the event now, for a body that needs its hash or another type. Returns its SHA-256.
  @discardableResult
  public mutating func record(
    _ fields: Fields, as type: String? = nil, exit: Int = 0
  ) throws(CustodyError) -> ContentHash {
    precondition(!isRecorded, "a change has one event")
    var event = fields
    if !outputs.isEmpty { event.set("outputs", .list(outputs)) }
    do throws(BundleError) {
      try revision.waitForCopy()
      let hash = try chain.append(
        type ?? self.type, by: act, at: time, exit: exit, warnings: warnings, with: others, event)
      isRecorded = true
      return hash
    } catch { throw CustodyError(error) }
  }
}
