import ByteReading
import Fingerprinting
import MediaReading

/// Decodes a picture and takes its hash: as many pixels as are said, a quality up to 100, the same each time.
@Sendable func fuzzPictures(_ input: RawSpan) {
  let head = input.extracting(first: min(input.byteCount, StillPicture.headByteCount)).array()
  guard let form = StillPicture.form(ofHead: head),
    let picture = try? StillPicture(decoding: input, as: form)
  else { return }
  demand(picture.rgb.count == picture.width * picture.height * 3, "there are three bytes for each pixel")
  guard picture.width * picture.height <= 1 << 20 else { return }
  // Safe: the view ends before `picture` does.
  let hash = unsafe PDQHash(rgb: picture.rgb.span.bytes, width: picture.width, height: picture.height)
  demand(hash != nil, "each picture has a hash")
  demand((0...100).contains(hash?.quality ?? -1), "the quality keeps to its bounds")
  demand(hash.flatMap { PDQHash($0.text, quality: $0.quality) } == hash, "a hash is read as it is written")
}
