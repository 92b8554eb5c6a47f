import ByteReading
import CaptureReading
import EvidenceModel
import Glibc

/// All that a reader gives of a capture.
struct Reading {
  var packets: [CapturedPacket] = []
  var contents: [[UInt8]] = []
  var facts: [CaptureFact] = []
  var fault: CaptureFault?
  var blockCount: UInt64 = 0
  var witnessPackets: UInt64 = 0
  var witnessBytes: UInt64 = 0
  var offset: UInt64 = 0

  func facts(_ kind: String) -> [Fields] { facts.filter { $0.kind == kind }.map(\.fields) }
}

/// Reads a capture from memory.
func read(_ bytes: [UInt8]) throws(CaptureFault) -> Reading {
  try read(CaptureReader(descriptor: descriptor(of: bytes)))
}

func read(path: String) throws(CaptureFault) -> Reading { try read(CaptureReader(path: path)) }

private func read(_ opened: consuming CaptureReader) throws(CaptureFault) -> Reading {
  var reader = opened
  var reading = Reading()
  while true {
    let step = reader.next()
    reading.facts += reader.takeFacts()
    switch step {
    case .packet(let packet):
      reading.packets.append(packet)
      reading.contents.append(reader.bytes.array())
    case .end(let fault):
      reading.fault = fault
      reading.blockCount = reader.blockCount
      reading.witnessPackets = reader.witnessPackets
      reading.witnessBytes = reader.witnessBytes
      reading.offset = reader.offset
      return reading
    }
  }
}

/// A file without a name, open at its beginning.
func descriptor(of bytes: [UInt8]) -> Int32 {
  var name = "/tmp/exhibit-capture-XXXXXX".utf8CString.map { $0 }
  let file = unsafe mkstemp(&name)
  unsafe unlink(name)
  var done = 0
  while done < bytes.count {
    let step = unsafe bytes.withUnsafeBytes { unsafe write(file, $0.baseAddress! + done, bytes.count - done) }
    guard step > 0 else { break }
    done += step
  }
  lseek(file, 0, SEEK_SET)
  return file
}
