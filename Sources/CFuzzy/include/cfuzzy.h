// ssdeep for callers that are not C++.

#ifndef EXHIBIT_CFUZZY_H
#define EXHIBIT_CFUZZY_H

#include <fuzzy.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct exhibit_ssdeep exhibit_ssdeep;

/// Characters of the longest hash, with the zero at its end: a block size, two colons, 64 and 32 digits.
#define EXHIBIT_SSDEEP_ROOM 120

/// A new hash that has seen nothing; NULL when there is no memory.
exhibit_ssdeep *exhibit_ssdeep_open(void);
void exhibit_ssdeep_close(exhibit_ssdeep *hash);

/// Takes more bytes.
void exhibit_ssdeep_update(exhibit_ssdeep *hash, const unsigned char *bytes, size_t count);

/// Writes the hash and a zero into `text`; 0 when there is one, -1 when the bytes were more than 192 GiB.
int exhibit_ssdeep_final(const exhibit_ssdeep *hash, char text[EXHIBIT_SSDEEP_ROOM]);

#ifdef __cplusplus
}
#endif

#endif
