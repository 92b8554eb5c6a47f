import Fingerprinting
import Foundation
import TestSupport
import Testing

/// Sets of hashes, made by the programs that make them, and what hostile ones meet.
@Suite struct HashSetTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func index(
    at path: String, limits: HashSetLimits = HashSetLimits()
  ) throws -> (facts: HashSetFacts, index: HashSetIndex) {
    let place = folder.path("index-\(UUID().uuidString)")
    return (try HashSetIndexing.run(path, into: place, limits: limits), try HashSetIndex(directory: place))
  }

  private func index(_ text: String) throws -> (facts: HashSetFacts, index: HashSetIndex) {
    try index(at: folder.write(Array(text.utf8), "set-\(UUID().uuidString)"))
  }

  /// The fault that a set meets.
  private func fault(_ bytes: [UInt8]) throws -> String {
    let path = try folder.write(bytes, "bad-\(UUID().uuidString)")
    do throws(HashSetFault) {
      _ = try HashSetIndexing.run(path, into: folder.path("index-\(UUID().uuidString)"))
      return "none"
    } catch { return error.text }
  }

  private func fault(_ text: String) throws -> String { try fault(Array(text.utf8)) }

  private func digest(_ algorithm: FileDigest.Algorithm, _ hex: some StringProtocol) throws -> FileDigest {
    try #require(FileDigest(algorithm, hex: hex.utf8))
  }

  /// What a program prints of a file first.
  private func sum(_ program: String, _ path: String) throws -> String {
    String(try run("/usr/bin/\(program)", [path]).text.prefix { $0 != " " })
  }

  private func description(_ hit: HashSetIndex.Hit?) -> String {
    hit?.description.map { String(decoding: $0, as: UTF8.self) } ?? ""
  }

  @Test func readsWhatTheSumProgramsWrite() throws {
    let one = try folder.write(Array("one".utf8), "one.txt")
    let odd = try folder.write(Array("odd".utf8), "a\nb \\c")
    for (program, algorithm) in [("md5sum", FileDigest.Algorithm.md5), ("sha1sum", .sha1), ("sha256sum", .sha256)] {
      for options in [[], ["--tag"], ["--binary"]] {
        let list = try run("/usr/bin/\(program)", options + [one, odd]).text
        let set = try index("# a comment\n\n" + list)
        #expect(set.facts.format == .list)
        #expect(set.facts.entryCount == 2)
        let hit = set.index.find([try digest(algorithm, sum(program, one))])
        #expect(hit?.algorithm == algorithm)
        #expect(description(hit).contains("one.txt"))
        let second = try run("/usr/bin/\(program)", [], input: Array("odd".utf8)).text.prefix { $0 != " " }
        #expect(set.index.find([try digest(algorithm, second)]) != nil)
      }
    }
  }

  @Test func readsBareHashesOfEveryKindInOneList() throws {
    let md5 = "0123456789ABCDEF0123456789abcdef"
    let sha1 = md5 + "01234567"
    let sha256 = md5 + md5
    let set = try index("\u{feff}\(md5)\r\n\(sha1)\r\n\(sha256)\r\n\(sha256)")
    #expect(set.facts.entryCount == 4)
    #expect(set.facts.digestCounts == [.md5: 1, .sha1: 1, .sha256: 1])
    #expect(set.index.find([try digest(.md5, md5)])?.count == 1)
    #expect(set.index.find([try digest(.sha1, sha1)])?.count == 1)
    let hit = set.index.find([try digest(.sha256, sha256)])
    #expect(hit?.count == 2)
    #expect(hit?.description == nil)
    #expect(set.index.find([try digest(.sha256, md5 + String(md5.reversed()))]) == nil)
  }

  @Test func readsWhatHashdeepWrites() throws {
    let hashdeep = try #require(program("hashdeep"), "install the packages of the group test")
    let file = try folder.write(Array("some, bytes".utf8), "with,comma.txt")
    for (columns, algorithm) in [("md5,sha256", FileDigest.Algorithm.sha256), ("md5", .md5), ("sha1,md5", .sha1)] {
      let set = try index(run(hashdeep, ["-c", columns, file]).text)
      #expect(set.facts.format == .hashdeep)
      #expect(set.facts.entryCount == 1)
      let sums = [FileDigest.Algorithm.md5: "md5sum", .sha1: "sha1sum", .sha256: "sha256sum"]
      let hit = set.index.find([try digest(algorithm, sum(sums[algorithm] ?? "", file))])
      #expect(description(hit).contains("with,comma.txt\""))
      #expect(description(hit).hasPrefix(#"{"entryByteCount":11,"#))
    }
  }

  /// A database like the NSRL's, made by SQLite's own program.
  private func database(_ statements: String) throws -> String {
    let path = folder.path("set-\(UUID().uuidString).db")
    let sqlite = try #require(program("sqlite3"), "install the packages of the group test")
    let result = try run(sqlite, [path], input: Array(statements.utf8))
    try #require(result.status == 0, "\(result.errors)")
    return path
  }

  static let md5 = String(repeating: "A1", count: 16)
  static let sha1 = String(repeating: "B2", count: 20)
  static let sha256 = String(repeating: "C3", count: 32)
  static let minimal = """
    CREATE TABLE METADATA(object_id INTEGER, bytes INTEGER, md5 TEXT, sha1 TEXT, sha256 TEXT, extension TEXT);
    CREATE TABLE FILE(sha256 VARCHAR NOT NULL, sha1 VARCHAR NOT NULL, md5 VARCHAR NOT NULL, crc32 VARCHAR NOT NULL,
      file_name VARCHAR NOT NULL, file_size INTEGER NOT NULL, package_id INTEGER NOT NULL);
    CREATE TABLE PKG(package_id INTEGER, name VARCHAR, version VARCHAR);
    CREATE TABLE VERSION(version VARCHAR, build_set VARCHAR, build_date VARCHAR, release_date VARCHAR, description VARCHAR);
    INSERT INTO VERSION VALUES('2025.03.1','modern','','2025-03-01','RDS, modern, minimal');
    INSERT INTO VERSION VALUES('2025.12.1','modern','','2025-12-01','RDS, modern, minimal, delta');
    INSERT INTO FILE VALUES('\(sha256)','\(sha1)','\(md5)','','kernel32.dll',1234,7);
    INSERT INTO FILE VALUES('\(sha256)','\(sha1)','\(md5)','','copy.dll',1234,8);
    """

  @Test func readsTheReferenceDataSet() throws {
    let set = try index(at: database(Self.minimal))
    #expect(set.facts.format == .referenceDataSet)
    #expect(set.facts.version == "2025.12.1")
    #expect(set.facts.title == "RDS, modern, minimal, delta")
    #expect(set.facts.entryCount == 2)
    let hit = set.index.find([try digest(.md5, Self.md5), try digest(.sha256, Self.sha256)])
    #expect(hit?.count == 2)
    #expect(description(hit) == #"{"entryByteCount":1234,"entryName":"kernel32.dll"}"#)
    // An entry is looked up by its strongest digest: the same MD5 alone is another file.
    #expect(set.index.find([try digest(.md5, Self.md5)]) == nil)
  }

  @Test func readsTheReferenceDataSetByItsViewsAndMetadata() throws {
    let view = """
      CREATE TABLE METADATA(bytes INTEGER, md5 TEXT, sha1 TEXT, sha256 TEXT);
      INSERT INTO METADATA VALUES(9,'\(Self.md5)','\(Self.sha1)','\(Self.sha256)');
      """
    let plain = try index(at: database(view))
    #expect(description(plain.index.find([try digest(.sha256, Self.sha256)])) == #"{"entryByteCount":9}"#)
    let named =
      view + "CREATE VIEW FILE AS SELECT upper(sha256) sha256, sha1, md5, 'v' file_name, bytes file_size FROM METADATA;"
    #expect(
      description(try index(at: database(named)).index.find([try digest(.sha256, Self.sha256)])).contains(#""v""#))
  }

  @Test func refusesDatabasesThatAreNoSets() throws {
    let other = try database("CREATE TABLE FILE(a, b); INSERT INTO FILE VALUES(1, 2);")
    #expect(throws: HashSetFault.self) { try index(at: other) }
    let digits = try database(Self.minimal + "INSERT INTO FILE VALUES('xyz','','','','n',1,1);")
    #expect(try fault([UInt8](Data(contentsOf: URL(fileURLWithPath: digits)))).hasPrefix("row 3: its sha-256 is none"))
    let long = try database(
      "CREATE TABLE FILE(sha256, sha1, md5, file_name, file_size); INSERT INTO FILE VALUES('\(Self.sha256)','','',zeroblob(3000000),1);"
    )
    #expect(try fault([UInt8](Data(contentsOf: URL(fileURLWithPath: long)))).contains("too big"))
    var broken = [UInt8](try Data(contentsOf: URL(fileURLWithPath: try database(Self.minimal))))
    for place in 100..<broken.count where place % 3 == 0 { broken[place] ^= 0x5a }
    #expect(try fault(broken) != "none")
    #expect(try fault(Array(broken.prefix(40))) != "none")
  }

  /// Views that give rows without end, and none without end.
  @Test func limitsWhatADatabaseMayDo() throws {
    let numbers = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) "
    let endless = try database(
      "CREATE VIEW FILE AS \(numbers) SELECT '\(Self.sha256)' sha256, '' sha1, '' md5, '' file_name, x file_size FROM c;"
    )
    let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: endless)))
    #expect(try fault(bytes) == "it has more than \(bytes.count / 4) entries")
    let silent = try database(
      "CREATE VIEW FILE AS \(numbers) SELECT '' sha256, '' sha1, '' md5, '' file_name, x file_size FROM c WHERE x < 0;")
    var limits = HashSetLimits()
    limits.millionsOfSteps = 3
    #expect(throws: HashSetFault.self) { try index(at: silent, limits: limits) }
    let script = try database(
      "CREATE VIEW FILE AS SELECT load_extension('x') sha256, '' sha1, '' md5, '' file_name, 1 file_size;")
    #expect(throws: HashSetFault.self) { try index(at: script) }
  }

  @Test func readsVICSOfBothVersions() throws {
    let entry =
      #"{"MediaID":1,"Category":2,"MD5":"\#(Self.md5)","SHA1":"\#(Self.sha1)","MediaSize":77,"MediaFiles":[{"MD5":"x","FileName":"a\u00e4.jpg"}],"Tags":null}"#
    let first = #"{"@odata.context":"x","value":[{"CaseID":"1","Media":[\#(entry),{"MediaID":2,"MD5":null}]}]}"#
    let second = #"{"@odata.context":"x","value":[\#(entry),{"MediaID":2,"MD5":""}]}"#
    for (text, without) in [(first, 1), (second, 0)] {
      let set = try index(" \n" + text + "\n")
      #expect(set.facts.format == .vics)
      #expect(set.facts.entryCount == 1)
      #expect(set.facts.withoutDigest == UInt64(without))
      let hit = set.index.find([try digest(.sha1, Self.sha1)])
      #expect(description(hit) == #"{"entryByteCount":77,"entryCategory":"2","entryName":"aä.jpg"}"#)
    }
  }

  @Test func namesTheLineAndTheCause() throws {
    let good = String(repeating: "0", count: 64) + "  name\n"
    #expect(try fault(good + "zz  name\n").hasPrefix("line 2: it does not begin with an MD5, SHA-1 or SHA-256"))
    #expect(try fault(good + String(repeating: "0", count: 63) + "g\n").hasPrefix("line 2: "))
    #expect(try fault(good + String(repeating: "0", count: 65) + "\n").hasPrefix("line 2: "))
    #expect(try fault(good + String(repeating: "0", count: 66_000)) == "line 2: it is longer than 65536 bytes")
    #expect(try fault(good + "\0\n") == "line 2: it holds a zero byte")
    #expect(try fault("SHA256 (name) = 00\n").hasPrefix("line 1: "))
    #expect(try fault("") == "it is empty")
    #expect(try fault("# nothing\n") == "it holds no hash")
    #expect(try fault("\u{1b}]0;x\u{7}\n").contains("“?]0;x?”"))
    let head = "%%%% HASHDEEP-1.0\n"
    #expect(try fault("%%%% HASHDEEP-2.0\n").hasPrefix("line 1: "))
    #expect(try fault(head + "%%%% size,tiger,filename\n").hasPrefix("line 2: it names no column"))
    #expect(try fault(head + "%%%% size,md5,filename\n## x\n1,2\n") == "line 4: it has 2 of 3 columns")
    #expect(try fault(head + "%%%% size,md5,filename\n1,zz,a\n").hasPrefix("line 3: its md5 is none"))
    #expect(try fault(head + "%%%% size,md5,filename\n-1,\(Self.md5),a\n").hasPrefix("line 3: its size is none"))
  }

  @Test func refusesJSONThatIsNoSet() throws {
    let deep = String(repeating: "[", count: 10_000)
    #expect(try fault(deep) == "line 1: it is nested deeper than 64")
    #expect(
      try fault("{\"value\":[\n" + String(repeating: "{\"a\":", count: 10_000)) == "line 2: it is nested deeper than 64"
    )
    let long = "{\"value\":[{\"MD5\":\"" + String(repeating: "a", count: 3 << 20)
    #expect(try fault(long) == "line 1: a string is longer than 1048576 bytes")
    #expect(try fault(#"{"value":[{"MD5":"zz"}]}"#) == "line 1: its MD5 is none: “zz”")
    #expect(try fault(#"{"value":[{"MD5":12}]}"#) == "line 1: its MD5 is none: “12”")
    #expect(try fault(#"{"a":[1,2]}"#).contains("without a list of media"))
    #expect(try fault(#"{"value":[]} x"#).contains("behind the end"))
    #expect(try fault(#"{"value":[]}"#) == "it holds no hash")
    for cut in [#"{"value":[{"MD5":"#, #"{"value":[{"MD5""#, #"{"value"#, "{", #"{"value":[1"#, #"{"a":"\u12"#] {
      #expect(try fault(cut) != "none", "\(cut)")
    }
  }

  /// Every cut and every changed byte of a small set of each kind gives a set or a fault.
  @Test func isTotal() throws {
    let texts = [
      "\(Self.sha256)  a\nMD5 (b) = \(Self.md5)\n", "%%%% HASHDEEP-1.0\n%%%% size,md5,filename\n1,\(Self.md5),a\n",
      #"{"value":[{"Media":[{"MD5":"\#(Self.md5)","Category":1}]}]}"#,
    ]
    for text in texts {
      let bytes = Array(text.utf8)
      for place in stride(from: 0, to: bytes.count, by: 3) {
        _ = try fault(Array(bytes[..<place]))
        var changed = bytes
        changed[place] ^= 0x15
        _ = try fault(changed)
      }
    }
  }

  /// Many more rows than are sorted in memory at once.
  @Test func findsEveryEntryOfALargeSet() throws {
    var generator = SystemRandomNumberGenerator()
    var bytes: [UInt8] = []
    let digits = Array("0123456789abcdef".utf8)
    let count = 20_000
    var samples: [[UInt8]] = []
    for number in 0..<count {
      var line: [UInt8] = []
      for _ in 0..<2 {
        var word = generator.next()
        for _ in 0..<16 {
          line.append(digits[Int(word & 15)])
          word >>= 4
        }
      }
      if number % 97 == 0 { samples.append(line) }
      bytes += line
      bytes.append(0x0a)
    }
    var limits = HashSetLimits()
    limits.rowsInMemory = 1_000
    let set = try index(at: folder.write(bytes, "large"), limits: limits)
    #expect(set.facts.entryCount == UInt64(count))
    for sample in samples {
      let digest = try #require(FileDigest(.md5, hex: sample))
      #expect(set.index.find([digest])?.count == 1)
    }
    #expect(set.index.find([try digest(.md5, String(repeating: "0", count: 32))]) == nil)
    #expect(set.index.find([try digest(.md5, String(repeating: "f", count: 32))]) == nil)
  }
}
