import DecoderKit
