import Glibc

// Runs one fuzz target under libFuzzer; scripts/fuzz builds and starts this. FUZZ_TARGET names the target, since libFuzzer starts
// itself again with arguments of its own.
//
//   FUZZ_TARGET=NAME ExhibitFuzz [LIBFUZZER-OPTION...] [CORPUS...]
//   ExhibitFuzz --list                          names the targets
//   ExhibitFuzz --seeds DIRECTORY [FILE...]     writes inputs made of captures, decoders' samples and bundles into DIRECTORY/TARGET/

typealias FuzzCallback = @convention(c) (UnsafePointer<UInt8>?, Int) -> Int32

@_silgen_name("LLVMFuzzerRunDriver")
func runDriver(
  _ count: UnsafeMutablePointer<Int32>,
  _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>, _ callback: FuzzCallback
) -> Int32

nonisolated(unsafe) var target = FuzzTarget(name: "") { _ in }

var arguments = Array(CommandLine.arguments.dropFirst())
if arguments == ["--list"] {
  for target in FuzzTarget.all { print(target.name) }
  exit(0)
}
if arguments.count > 1, arguments[0] == "--seeds" {
  var writer = SeedWriter(directory: arguments[1])
  for path in arguments[2...] { writer.add(path) }
  writer.addOwn()
  print(writer.summary)
  exit(0)
}
// Safe: the environment does not change.
let name = unsafe getenv("FUZZ_TARGET").map { unsafe String(cString: $0) } ?? ""
guard let found = FuzzTarget.all.first(where: { $0.name == name }) else {
  print("ExhibitFuzz: FUZZ_TARGET names none of: \(FuzzTarget.all.map(\.name).joined(separator: " "))")
  exit(2)
}
unsafe target = found
var count = CommandLine.argc
// Safe: libFuzzer reads the arguments, and shows the callback as many bytes as it says, for the time of the call.
var list = unsafe CommandLine.unsafeArgv
exit(
  unsafe runDriver(&count, &list) { start, count in
    unsafe target.run(UnsafeRawBufferPointer(start: start, count: count).bytes)
    return 0
  })
