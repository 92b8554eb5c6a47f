import CTokens
import Foundation

/// A session with a token whose owner is logged in; it ends when nobody uses it any more.
///
/// The calls of PKCS#11 (Cryptoki 2.40) that Exhibit makes are in this file and in TokenModules. One at a time: the lock
/// is held during each signature.
@safe final class TokenSession: @unchecked Sendable {
  /// The token's label.
  let name: String
  private let modules: TokenModules
  private let functions: UnsafeMutablePointer<CK_FUNCTION_LIST>
  private let session: CK_SESSION_HANDLE
  /// The key's attributes in the URI, without its class.
  private let wanted: [(type: CK_ATTRIBUTE_TYPE, value: [UInt8])]
  /// Kept only for keys that want it for each signature; wiped with the session.
  private let pin: Secret?
  private let isLoggedIn: Bool
  private let lock = NSLock()

  /// The most slots of a module, and bytes of an attribute or a signature.
  private static let mostSlots = 1024
  private static let longestValue = 1 << 16

  /// Finds the token, opens a session and logs in with the PIN.
  init(_ address: TokenAddress, _ passPhrase: PassPhrase) throws(SigningError) {
    guard let uri = unsafe p11_kit_uri_new() else { throw SigningError(.unreadable, address.text, "out of memory") }
    defer { unsafe p11_kit_uri_free(uri) }
    let parsed = unsafe p11_kit_uri_parse(address.text, P11_KIT_URI_FOR_ANY, uri)
    guard parsed == 0, unsafe p11_kit_uri_any_unrecognized(uri) == 0 else {
      throw SigningError(.malformed, address.text, "it is no PKCS#11 URI, or has an attribute that is not known")
    }
    // Whatever spelling it had: no PIN comes from a URI.
    guard unsafe p11_kit_uri_get_pin_value(uri) == nil, unsafe p11_kit_uri_get_pin_source(uri) == nil else {
      throw SigningError(.unsuitable, TokenAddress.withholdingPIN(address.text), "a PIN never stands in the URI")
    }
    // Safe: the texts are the URI's own, and copied at once.
    let path = unsafe p11_kit_uri_get_module_path(uri).map { unsafe String(cString: $0) }
    let module = unsafe p11_kit_uri_get_module_name(uri).map { unsafe String(cString: $0) }
    modules = if let path { try TokenModules(path: path) } else { try TokenModules(configured: module) }
    wanted = unsafe Self.attributes(of: uri)

    let token = try unsafe Self.find(uri, modules, address)
    name = token.label
    unsafe functions = unsafe token.functions
    var session: CK_SESSION_HANDLE = 0
    let opened = unsafe functions.pointee.C_OpenSession?(token.slot, CKF_SERIAL_SESSION, nil, nil, &session)
    guard opened == CKR_OK else {
      throw SigningError(.unreadable, token.label, "the token cannot be used: \(Self.text(opened))")
    }
    self.session = session
    guard token.flags & CKF_LOGIN_REQUIRED != 0 else {
      pin = nil
      isLoggedIn = false
      return
    }
    do throws(SigningError) {
      pin = try unsafe Self.logIn(session, token, passPhrase)
      isLoggedIn = true
    } catch {
      _ = unsafe functions.pointee.C_CloseSession?(session)
      throw error
    }
  }

  deinit {
    // Safe: the session is ours, and the functions are good until `modules` goes, which is after this.
    if isLoggedIn { _ = unsafe functions.pointee.C_Logout?(session) }
    _ = unsafe functions.pointee.C_CloseSession?(session)
  }

  // MARK: Finding the token

  @safe private struct Token {
    let functions: UnsafeMutablePointer<CK_FUNCTION_LIST>
    let slot: CK_SLOT_ID
    let label: String
    let flags: CK_FLAGS
  }

  /// The one token that fits a URI. Of several, those without a PIN count only when there is no other.
  @unsafe private static func find(
    _ uri: OpaquePointer, _ modules: TokenModules, _ address: TokenAddress
  ) throws(SigningError) -> Token {
    var fitting: [Token] = []
    var others: [String] = []
    for index in unsafe modules.functions.indices {
      let functions = unsafe modules.functions[index]
      var about = CK_INFO()
      guard unsafe functions.pointee.C_GetInfo?(&about) == CKR_OK,
        unsafe p11_kit_uri_match_module_info(uri, &about) == 1
      else { continue }
      for slot in unsafe slots(functions) {
        var place = CK_SLOT_INFO()
        var info = CK_TOKEN_INFO()
        // Safe: the structures are variables of ours, which the module fills.
        guard unsafe functions.pointee.C_GetSlotInfo?(slot, &place) == CKR_OK,
          unsafe functions.pointee.C_GetTokenInfo?(slot, &info) == CKR_OK, info.flags & CKF_TOKEN_INITIALIZED != 0
        else { continue }
        let label = text(padded: info.label)
        let number = unsafe p11_kit_uri_get_slot_id(uri)
        guard number == .max || number == slot, unsafe p11_kit_uri_match_slot_info(uri, &place) == 1,
          unsafe p11_kit_uri_match_token_info(uri, &info) == 1
        else {
          others.append(label)
          continue
        }
        fitting.append(unsafe Token(functions: functions, slot: slot, label: label, flags: info.flags))
      }
    }
    if fitting.count > 1 {
      let guarded = fitting.filter { $0.flags & CKF_LOGIN_REQUIRED != 0 }
      if !guarded.isEmpty { fitting = guarded }
    }
    guard let token = fitting.first else {
      let present = others.isEmpty ? "none" : others.prefix(8).joined(separator: ", ")
      throw SigningError(.unreadable, address.text, "there is no such token (present: \(present))")
    }
    guard fitting.count == 1 else {
      throw SigningError(.unsuitable, address.text, "several tokens fit: name one with token= or serial= in the URI")
    }
    return token
  }

  @unsafe private static func slots(_ functions: UnsafeMutablePointer<CK_FUNCTION_LIST>) -> [CK_SLOT_ID] {
    var count = CK_ULONG(mostSlots)
    var slots = [CK_SLOT_ID](repeating: 0, count: mostSlots)
    // Safe: the module writes at most `count` numbers, and fails when there are more.
    guard unsafe functions.pointee.C_GetSlotList?(1, &slots, &count) == CKR_OK else { return [] }
    return Array(slots.prefix(Int(clamping: count)))
  }

  // MARK: Logging in

  /// Logs in; gives the PIN, or nil when the token's own key pad asks for it.
  @unsafe private static func logIn(
    _ session: CK_SESSION_HANDLE, _ token: Token, _ passPhrase: PassPhrase
  ) throws(SigningError) -> Secret? {
    let label = token.label
    let flags = token.flags
    guard flags & CKF_USER_PIN_LOCKED == 0 else { throw SigningError(.passPhrase, label, "the token's PIN is locked") }
    guard flags & CKF_USER_PIN_INITIALIZED != 0 || flags & CKF_PROTECTED_AUTHENTICATION_PATH != 0 else {
      throw SigningError(.passPhrase, label, "the token has no PIN yet")
    }
    if flags & CKF_PROTECTED_AUTHENTICATION_PATH != 0, passPhrase == .prompt {
      let result = unsafe token.functions.pointee.C_Login?(session, CKU_USER, nil, 0)
      guard result == CKR_OK || result == CKR_USER_ALREADY_LOGGED_IN else { throw unsafe refusal(token, result) }
      return nil
    }
    let note = flags & CKF_USER_PIN_FINAL_TRY != 0 ? " (the last try before it is locked)" : ""
    let pin = try passPhrase.readPIN(of: label, note: note)
    let result = unsafe pin.withBytes { bytes, count in
      unsafe token.functions.pointee.C_Login?(session, CKU_USER, bytes, CK_ULONG(count))
    }
    guard result == CKR_OK || result == CKR_USER_ALREADY_LOGGED_IN else { throw unsafe refusal(token, result) }
    return pin
  }

  /// Why the token did not take a PIN, and how many tries are left as far as it says so.
  @unsafe private static func refusal(_ token: Token, _ result: CK_RV?) -> SigningError {
    let label = token.label
    var info = CK_TOKEN_INFO()
    var left = ""
    if unsafe token.functions.pointee.C_GetTokenInfo?(token.slot, &info) == CKR_OK {
      if info.flags & CKF_USER_PIN_LOCKED != 0 {
        left = "; it is locked now"
      } else if info.flags & CKF_USER_PIN_FINAL_TRY != 0 {
        left = "; one try is left before it is locked"
      } else if info.flags & CKF_USER_PIN_COUNT_LOW != 0 {
        left = "; few tries may be left before it is locked"
      }
    }
    switch result {
    case CKR_PIN_INCORRECT, CKR_PIN_INVALID, CKR_PIN_LEN_RANGE:
      return SigningError(.passPhrase, label, "the PIN is wrong\(left)")
    case CKR_PIN_LOCKED: return SigningError(.passPhrase, label, "the token's PIN is locked")
    case CKR_PIN_EXPIRED: return SigningError(.passPhrase, label, "the token's PIN has expired\(left)")
    default: return SigningError(.passPhrase, label, "the token does not log in: \(text(result))\(left)")
    }
  }

  // MARK: Objects

  /// The private keys that the URI means; at most two, which is one too many.
  func keys() throws(SigningError) -> [CK_OBJECT_HANDLE] {
    try find([(CKA_CLASS, Self.bytes(CKO_PRIVATE_KEY))] + wanted, most: 2)
  }

  /// The objects of a class that have the same identifier as a key.
  func objects(_ kind: CK_OBJECT_CLASS, identifier: [UInt8]) throws(SigningError) -> [CK_OBJECT_HANDLE] {
    try find([(CKA_CLASS, Self.bytes(kind)), (CKA_ID, identifier)], most: 16)
  }

  private func find(
    _ attributes: [(type: CK_ATTRIBUTE_TYPE, value: [UInt8])], most: Int
  ) throws(SigningError) -> [CK_OBJECT_HANDLE] {
    lock.lock()
    defer { lock.unlock() }
    var values = attributes.flatMap(\.value)
    var objects = [CK_OBJECT_HANDLE](repeating: 0, count: most)
    var count: CK_ULONG = 0
    // Safe: each attribute points at its own part of `values`, which stay where they are within the closure.
    let result = unsafe values.withUnsafeMutableBytes { memory -> CK_RV? in
      var template: [CK_ATTRIBUTE] = unsafe []
      var offset = 0
      for (type, value) in attributes {
        let place = unsafe value.isEmpty ? nil : memory.baseAddress.map { unsafe $0 + offset }
        unsafe template.append(unsafe CK_ATTRIBUTE(type: type, pValue: place, ulValueLen: CK_ULONG(value.count)))
        offset += value.count
      }
      return unsafe functions.pointee.C_FindObjectsInit?(session, &template, CK_ULONG(attributes.count))
    }
    guard result == CKR_OK else { throw failure("its objects cannot be listed", result) }
    // Safe: the module writes at most as many handles as there is room for.
    let found = unsafe functions.pointee.C_FindObjects?(session, &objects, CK_ULONG(most), &count)
    _ = unsafe functions.pointee.C_FindObjectsFinal?(session)
    guard found == CKR_OK else { throw failure("its objects cannot be listed", found) }
    return Array(objects.prefix(Int(clamping: count)))
  }

  /// An attribute's value; nil when the object has none, does not show it, or it is too long.
  func value(_ type: CK_ATTRIBUTE_TYPE, of object: CK_OBJECT_HANDLE) -> [UInt8]? {
    lock.lock()
    defer { lock.unlock() }
    var attribute = unsafe CK_ATTRIBUTE(type: type, pValue: nil, ulValueLen: 0)
    // Safe: without memory the module tells only the length.
    guard unsafe functions.pointee.C_GetAttributeValue?(session, object, &attribute, 1) == CKR_OK,
      unsafe attribute.ulValueLen <= CK_ULONG(Self.longestValue)
    else { return nil }
    let length = unsafe Int(attribute.ulValueLen)
    guard length > 0 else { return [] }
    var bytes = [UInt8](repeating: 0, count: length)
    // Safe: the module writes at most `ulValueLen` bytes, which is the array's size.
    let result = unsafe bytes.withUnsafeMutableBytes { memory -> CK_RV? in
      unsafe attribute.pValue = memory.baseAddress
      return unsafe functions.pointee.C_GetAttributeValue?(session, object, &attribute, 1)
    }
    guard result == CKR_OK, unsafe attribute.ulValueLen <= CK_ULONG(length) else { return nil }
    return Array(bytes.prefix(unsafe Int(attribute.ulValueLen)))
  }

  /// An attribute that is a number.
  func number(_ type: CK_ATTRIBUTE_TYPE, of object: CK_OBJECT_HANDLE) -> CK_ULONG? {
    guard let bytes = value(type, of: object), bytes.count == MemoryLayout<CK_ULONG>.size else { return nil }
    // The machine's own order of bytes, from the lowest on the machines that we run on.
    return bytes.reversed().reduce(0) { $0 << 8 | CK_ULONG($1) }
  }

  // MARK: Signing

  /// Signs `data` with a key and a mechanism without parameters. `asks` says that the key wants the PIN each time.
  func sign(
    _ data: [UInt8], _ key: CK_OBJECT_HANDLE, _ mechanism: CK_MECHANISM_TYPE, asks: Bool
  ) throws(SigningError) -> [UInt8] {
    lock.lock()
    defer { lock.unlock() }
    var mechanism = unsafe CK_MECHANISM(mechanism: mechanism, pParameter: nil, ulParameterLen: 0)
    // Safe: the structure is a variable of ours.
    let started = unsafe functions.pointee.C_SignInit?(session, &mechanism, key)
    guard started == CKR_OK else { throw failure("the key does not sign", started) }
    if asks {
      let result =
        if pin == nil {
          unsafe functions.pointee.C_Login?(session, CKU_CONTEXT_SPECIFIC, nil, 0)
        } else {
          unsafe pin?.withBytes { bytes, count in
            unsafe functions.pointee.C_Login?(session, CKU_CONTEXT_SPECIFIC, bytes, CK_ULONG(count))
          }.flatMap { $0 }
        }
      guard result == CKR_OK else { throw failure("the key does not take the PIN", result) }
    }
    var data = data
    var signature = [UInt8](repeating: 0, count: 8192)
    var count = CK_ULONG(signature.count)
    // Safe: the module reads `data` and writes at most `count` bytes.
    let result = unsafe functions.pointee.C_Sign?(session, &data, CK_ULONG(data.count), &signature, &count)
    guard result == CKR_OK, count <= CK_ULONG(signature.count) else { throw failure("the key does not sign", result) }
    return Array(signature.prefix(Int(count)))
  }

  // MARK: Texts and numbers

  private func failure(_ what: String, _ result: CK_RV?) -> SigningError {
    SigningError(.unreadable, name, "\(what): \(Self.text(result))")
  }

  /// A PKCS#11 result in words.
  static func text(_ result: CK_RV?) -> String {
    // Safe: p11-kit gives a string of its own for every number.
    guard let result, let text = unsafe p11_kit_strerror(result) else { return "it lacks a function" }
    return unsafe String(cString: text)
  }

  /// A label, which is padded with spaces.
  private static func text<Label>(padded label: Label) -> String {
    // Safe: the label is an array of bytes.
    let bytes = unsafe withUnsafeBytes(of: label) { unsafe Array($0) }
    let end = (bytes.lastIndex { $0 != 0x20 && $0 != 0 }).map { $0 + 1 } ?? 0
    return String(decoding: bytes.prefix(end), as: UTF8.self)
  }

  static func bytes(_ number: CK_ULONG) -> [UInt8] {
    // Safe: a number's own bytes.
    unsafe withUnsafeBytes(of: number) { unsafe Array($0) }
  }

  /// Copies a URI's attributes of objects, without the class: it is always a private key that is meant.
  @unsafe private static func attributes(of uri: OpaquePointer) -> [(type: CK_ATTRIBUTE_TYPE, value: [UInt8])] {
    var count: CK_ULONG = 0
    guard let list = unsafe p11_kit_uri_get_attributes(uri, &count) else { return [] }
    var result: [(type: CK_ATTRIBUTE_TYPE, value: [UInt8])] = []
    // Safe: p11-kit's array has `count` attributes, each with as many bytes as it says.
    for index in 0..<Int(clamping: count) where unsafe list[index].type != CKA_CLASS {
      let value = unsafe UnsafeRawBufferPointer(start: list[index].pValue, count: Int(list[index].ulValueLen))
      result.append((unsafe list[index].type, unsafe Array(value)))
    }
    return result
  }
}
