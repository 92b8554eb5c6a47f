import Foundation

/// The size of a file in bytes, through symbolic links; 0 when there is none.
///
/// (`FileManager.attributesOfItem` also asks for the owner's name, which takes a socket: workers have none.)
public func fileSize(_ path: String) -> UInt64 {
  var status = stat()
  // Safe: the path is a string of ours, and the structure a variable of ours.
  return unsafe stat(path, &status) == 0 ? UInt64(status.st_size) : 0
}

/// Whether a regular file is there; a symbolic link is none.
public func isRegularFile(_ path: String) -> Bool {
  var status = stat()
  // Safe: the path is a string of ours, and the structure a variable of ours.
  return unsafe lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
}
