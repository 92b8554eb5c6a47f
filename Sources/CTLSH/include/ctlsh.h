// TLSH for callers that are not C++.

#ifndef EXHIBIT_CTLSH_H
#define EXHIBIT_CTLSH_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct exhibit_tlsh exhibit_tlsh;

/// Characters of a hash as the library prints it, without the zero at its end.
#define EXHIBIT_TLSH_LENGTH 70

/// A new hash that has seen nothing; NULL when there is no memory.
exhibit_tlsh *exhibit_tlsh_open(void);
void exhibit_tlsh_close(exhibit_tlsh *hash);

/// Takes more bytes; all together must stay below 4 GiB.
void exhibit_tlsh_update(exhibit_tlsh *hash, const unsigned char *bytes, size_t count);

/// Writes the hash and a zero into `text`; 0 when there is one, -1 when the bytes are too few or too much alike.
int exhibit_tlsh_final(const exhibit_tlsh *hash, char text[EXHIBIT_TLSH_LENGTH + 1]);

/// The same of bytes that are all there, by libtlsh: a witness for tests.
int exhibit_tlsh_of_library(const unsigned char *bytes, unsigned count, char text[EXHIBIT_TLSH_LENGTH + 1]);

/// The distance of two hashes without a version in front; -1 when one is none.
int exhibit_tlsh_distance(const char *first, const char *second);

#ifdef __cplusplus
}
#endif

#endif
