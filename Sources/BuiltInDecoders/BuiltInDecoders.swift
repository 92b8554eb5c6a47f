public import DecoderKit

/// The decoders that ship, in the order in which a tie between claims is settled; RTP last, since it only gives candidates.
public let builtInDecoders: [any EvidenceDecoder.Type] = [
]
