#include <brotli/decode.h>
#include <zlib.h>

static inline int exhibit_inflate_init(z_stream *stream, int windowBits) {
  return inflateInit2(stream, windowBits);
}
