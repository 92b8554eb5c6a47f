#include "ctlsh.h"

#include <tlsh.h>

#include <cctype>
#include <cstring>
#include <new>

struct exhibit_tlsh {
    Tlsh hash;
};

static_assert(EXHIBIT_TLSH_LENGTH == TLSH_STRING_LEN, "libtlsh was made with other buckets or another checksum");

exhibit_tlsh *exhibit_tlsh_open(void) { return new (std::nothrow) exhibit_tlsh; }

void exhibit_tlsh_close(exhibit_tlsh *hash) { delete hash; }

void exhibit_tlsh_update(exhibit_tlsh *hash, const unsigned char *bytes, unsigned count) {
    hash->hash.update(bytes, count);
}

int exhibit_tlsh_final(exhibit_tlsh *hash, char text[EXHIBIT_TLSH_LENGTH + 1]) {
    hash->hash.final();
    text[0] = 0;
    hash->hash.getHash(text, EXHIBIT_TLSH_LENGTH + 1);
    return std::strlen(text) == EXHIBIT_TLSH_LENGTH ? 0 : -1;
}

/// The library reads what stands there without looking at it.
static bool is_hash(const char *text) {
    size_t count = 0;
    while (count <= EXHIBIT_TLSH_LENGTH && std::isxdigit(static_cast<unsigned char>(text[count]))) count++;
    return count == EXHIBIT_TLSH_LENGTH && text[count] == 0;
}

int exhibit_tlsh_distance(const char *first, const char *second) {
    if (!is_hash(first) || !is_hash(second)) return -1;
    Tlsh one, two;
    if (one.fromTlshStr(first) != 0 || two.fromTlshStr(second) != 0) return -1;
    return one.totalDiff(&two, true);
}
