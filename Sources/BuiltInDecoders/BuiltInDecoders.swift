public import DecoderKit
import HTTPDecoder

/// Every decoder that ships, in the order in which ties are settled.
public let builtInDecoders: [any EvidenceDecoder.Type] = [
  HTTPDecoder.self,
]
