import CPcap
import Glibc

/// What libpcap counts in an original: an independent second reading.
public enum WitnessAccount: Hashable, Sendable {
  case counted(packets: UInt64, bytes: UInt64, fault: String?)
  /// libpcap does not read this form; that says nothing about the file.
  case unable(String)

  /// Reads a whole file with libpcap.
  public static func read(path: String) -> WitnessAccount {
    var message = [CChar](repeating: 0, count: Int(PCAP_ERRBUF_SIZE))
    guard let file = unsafe fopen(path, "rb") else { return .unable(systemMessage(errno)) }
    // A page at a time, as the C library reads by itself, costs more than all the rest.
    let size = 1 << 18
    let buffer = UnsafeMutablePointer<CChar>.allocate(capacity: size)
    // Safe: the file is closed, below, before its buffer goes.
    defer { unsafe buffer.deallocate() }
    unsafe _ = setvbuf(file, buffer, _IOFBF, size)
    guard
      let handle = unsafe pcap_fopen_offline_with_tstamp_precision(
        file, UInt32(PCAP_TSTAMP_PRECISION_NANO), &message)
    else {
      unsafe fclose(file)
      return .unable(text(message))
    }
    // libpcap closes the file with its handle.
    defer { unsafe pcap_close(handle) }
    var header: UnsafeMutablePointer<pcap_pkthdr>?
    var data: UnsafePointer<UInt8>?
    var packets: UInt64 = 0
    var bytes: UInt64 = 0
    while true {
      let result = unsafe pcap_next_ex(handle, &header, &data)
      guard result == 1, let header = unsafe header else {
        if result == PCAP_ERROR_BREAK { return .counted(packets: packets, bytes: bytes, fault: nil) }
        let fault = unsafe String(cString: pcap_geterr(handle))
        if fault.contains("different") || fault.contains("not supported") { return .unable(fault) }
        return .counted(packets: packets, bytes: bytes, fault: fault)
      }
      packets += 1
      bytes += UInt64(unsafe header.pointee.caplen)
    }
  }

  private static func text(_ characters: [CChar]) -> String {
    String(decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}

/// The name of a link type, such as `EN10MB`.
public func linkTypeName(_ linkType: UInt16) -> String {
  if linkType == CapturedPacket.blockLinkType { return "pcapng block" }
  if let name = unsafe pcap_datalink_val_to_name(dataLinkNumber(ofLinkType: linkType)) {
    return unsafe String(cString: name)
  }
  return "LINKTYPE_\(linkType)"
}

/// The number that libpcap's functions use here for a link type of a file: the two differ for a few (pcap-linktype(7)).
func dataLinkNumber(ofLinkType linkType: UInt16) -> Int32 {
  switch linkType {
  case 100: DLT_ATM_RFC1483
  case 101: DLT_RAW
  case 102: DLT_SLIP_BSDOS
  case 103: DLT_PPP_BSDOS
  case 106: DLT_ATM_CLIP
  default: Int32(linkType)
  }
}
