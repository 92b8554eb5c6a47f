import CTokens
import Foundation

/// PKCS#11 modules that were loaded, and are unloaded when nobody uses them any more.
///
/// p11-kit calls them "managed": several users in one process do not disturb each other.
@safe final class TokenModules {
  /// The modules' functions; the pointers are good as long as this object.
  let functions: [UnsafeMutablePointer<CK_FUNCTION_LIST>]
  private let list: UnsafeMutablePointer<UnsafeMutablePointer<CK_FUNCTION_LIST>?>?

  /// The most modules, of those that a system has configured.
  private static let most = 64

  /// Loads one module from its file.
  init(path: String) throws(SigningError) {
    // Safe: the path is a string of ours. The module's code runs in this process: its owner named it.
    guard let module = unsafe p11_kit_module_load(path, 0) else {
      throw SigningError(.unreadable, path, "the PKCS#11 module cannot be loaded: \(Self.message())")
    }
    let result = unsafe p11_kit_module_initialize(module)
    guard result == CKR_OK else {
      unsafe p11_kit_module_release(module)
      throw SigningError(.unreadable, path, "the PKCS#11 module does not start: \(TokenSession.text(result))")
    }
    (unsafe functions, unsafe list) = unsafe ([module], nil)
  }

  /// Loads the modules that the system has configured for p11-kit, or only the one with this name.
  init(configured name: String?) throws(SigningError) {
    guard let list = unsafe p11_kit_modules_load_and_initialize(0) else {
      throw SigningError(.unreadable, "", "the PKCS#11 modules of p11-kit cannot be loaded: \(Self.message())")
    }
    var found: [UnsafeMutablePointer<CK_FUNCTION_LIST>] = unsafe []
    // Safe: the list ends with nil.
    var index = 0
    while index < Self.most, let module = unsafe list[index] {
      index += 1
      if let name {
        // Safe: p11-kit allocates the text, and it is freed after it was copied.
        guard let text = unsafe p11_kit_module_get_name(module) else { continue }
        defer { unsafe free(text) }
        guard unsafe String(cString: text) == name else { continue }
      }
      unsafe found.append(module)
    }
    guard unsafe !found.isEmpty else {
      unsafe p11_kit_modules_finalize_and_release(list)
      throw SigningError(
        .unreadable, name ?? "", "there is no such PKCS#11 module: name its file with module-path= in the URI")
    }
    (unsafe functions, unsafe self.list) = unsafe (found, list)
  }

  deinit {
    // Safe: what was loaded above, once each.
    if let list = unsafe list {
      unsafe p11_kit_modules_finalize_and_release(list)
    } else {
      for index in unsafe functions.indices {
        unsafe _ = p11_kit_module_finalize(functions[index])
        unsafe p11_kit_module_release(functions[index])
      }
    }
  }

  private static func message() -> String {
    // Safe: the message is p11-kit's own, for this thread, and is copied at once.
    guard let text = unsafe p11_kit_message() else { return "unknown reason" }
    return unsafe String(cString: text)
  }
}
