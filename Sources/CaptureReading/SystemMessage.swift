import Glibc

/// The system's text for an error number, without the locale's translation.
func systemMessage(_ number: Int32) -> String {
  // Safe: the text is copied at once.
  unsafe String(cString: strerror(number))
}
