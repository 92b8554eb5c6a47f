/// What must not stand in a command line, and is withheld where one is recorded or shown.
public enum CommandLineSecrets {
  /// Options that people take for ours. They are always wrong usage: a pass-phrase or PIN is never an argument.
  public static let mistakenNames = ["pass", "password", "passwd", "passphrase", "pass-phrase", "pin"]

  /// A command line as it may be recorded: PINs in PKCS#11 URIs and the values of those options are replaced.
  public static func withheld(_ arguments: [String]) -> [String] {
    var result: [String] = []
    var hidesNext = false
    for argument in arguments {
      if hidesNext {
        result.append("[withheld]")
        hidesNext = false
        continue
      }
      let name = mistakenNames.first { argument == "--\($0)" || argument.hasPrefix("--\($0)=") }
      if let name {
        hidesNext = argument == "--\(name)"
        result.append(hidesNext ? argument : "--\(name)=[withheld]")
      } else {
        result.append(argument.lowercased().contains("pkcs11:") ? TokenAddress.withholdingPIN(argument) : argument)
      }
    }
    return result
  }
}
