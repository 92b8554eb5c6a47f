#include <bzlib.h>
#include <lz4frame.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

static inline int exhibit_gunzip_init(z_stream *stream) { return inflateInit2(stream, 16 + MAX_WBITS); }
