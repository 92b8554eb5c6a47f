import Foundation

extension [UInt8] {
  /// Where `text` begins for the first time; nil when it is not there.
  func offset(of text: StaticString) -> Int? {
    let length = text.utf8CodeUnitCount
    return unsafe withUnsafeBytes { all in
      guard let start = all.baseAddress, length > 0 else { return nil }
      var place = 0
      while place + length <= all.count {
        // Safe: the search stays within both, and a static string lives as long as the program.
        let first = Int32(unsafe text.utf8Start.pointee)
        guard let found = unsafe memchr(start + place, first, all.count - length + 1 - place) else { return nil }
        if unsafe memcmp(found, text.utf8Start, length) == 0 { return unsafe UnsafeRawPointer(found) - start }
        place = unsafe UnsafeRawPointer(found) - start + 1
      }
      return nil
    }
  }
}
