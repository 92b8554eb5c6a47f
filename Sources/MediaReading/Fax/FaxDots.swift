/// Decodes the pages of one fax, one behind the other, up to a number of dots that they may have together.
///
/// A few coded bytes may stand for a page as long as pages may be.
public struct FaxDots: Sendable {
  /// About 1,000 pages of A4 in the fine resolution.
  public static let maximum = 4_000_000_000

  private var left: Int
  /// Whether a page was left out; those behind it are, too.
  public private(set) var isSpent = false

  public init() { self.init(maximum: Self.maximum) }

  init(maximum: Int) { left = maximum }

  /// The next page's picture; nil when it is not decoded, or left out. `step` is called for each line.
  public mutating func picture(of page: FaxPage, step: () -> Void = {}) -> FaxPicture? {
    guard !isSpent, let picture = page.picture(step: step) else { return nil }
    let dots = picture.width * picture.height
    guard dots <= left else {
      isSpent = true
      return nil
    }
    left -= dots
    return picture
  }
}
