import CKeyFiles

/// The SHA-512 (FIPS 180-4) of bytes that come in pieces, by libcrypto.
///
/// (swift-crypto computes it without vector instructions on some processors, which takes half as long again; sealing is bound by it.)
@safe final class LongHash: @unchecked Sendable {
  private let context: OpaquePointer

  init() {
    // Safe: the context is checked, ours, and freed when this object ends. These calls fail only without memory.
    guard let context = unsafe EVP_MD_CTX_new(), unsafe EVP_DigestInit_ex(context, EVP_sha512(), nil) == 1 else {
      preconditionFailure("libcrypto has no SHA-512")
    }
    unsafe self.context = context
  }

  deinit { unsafe EVP_MD_CTX_free(context) }

  func update(_ bytes: UnsafeRawBufferPointer) {
    // Safe: the bytes are read within the call.
    unsafe _ = EVP_DigestUpdate(context, bytes.baseAddress, bytes.count)
  }

  /// The 64 bytes; nothing may be added afterwards.
  func finalise() -> [UInt8] {
    var digest = [UInt8](repeating: 0, count: 64)
    // Safe: SHA-512 writes 64 bytes.
    unsafe _ = EVP_DigestFinal_ex(context, &digest, nil)
    return digest
  }
}
