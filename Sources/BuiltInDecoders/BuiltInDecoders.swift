import DNSDecoder
public import DecoderKit
import HTTPDecoder
import MultipartDecoder
import RTPDecoder
import SIPDecoder

/// Every decoder that ships, in the order in which ties are settled; RTP comes last, since it only offers candidates.
public let builtInDecoders: [any EvidenceDecoder.Type] = [
  DNSDecoder.self,
  HTTPDecoder.self,
  SIPDecoder.self,
  MultipartDecoder.self,
  RTPDecoder.self,
]
