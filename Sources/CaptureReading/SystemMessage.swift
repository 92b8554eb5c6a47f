import Glibc

/// The system's text for an error number, without the locale's translation.
func systemMessage(_ number: Int32) -> String {
  // Safe: strerrorname_np and strerror give strings that stay.
  unsafe String(cString: strerror(number))
}
