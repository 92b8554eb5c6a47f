// TLSH as its authors define it ("TLSH - A Locality Sensitive Hash", Oliver, Cheng and Chen, 2013; version 3.4 of their library).
//
// The counting is ours, because libtlsh takes three times as long for it; the tests hold it against libtlsh and against the
// reference for Python. Distances are libtlsh's.

#include "ctlsh.h"

#include <tlsh.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <new>

static_assert(EXHIBIT_TLSH_LENGTH == TLSH_STRING_LEN, "libtlsh was made with other buckets or another checksum");

/// Pearson's permutation.
static const uint8_t permutation[256] = {
    1, 87, 49, 12, 176, 178, 102, 166, 121, 193, 6, 84, 249, 230, 44, 163, 14, 197, 213, 181, 161, 85, 218, 80,
    64, 239, 24, 226, 236, 142, 38, 200, 110, 177, 104, 103, 141, 253, 255, 50, 77, 101, 81, 18, 45, 96, 31, 222,
    25, 107, 190, 70, 86, 237, 240, 34, 72, 242, 20, 214, 244, 227, 149, 235, 97, 234, 57, 22, 60, 250, 82, 175,
    208, 5, 127, 199, 111, 62, 135, 248, 174, 169, 211, 58, 66, 154, 106, 195, 245, 171, 17, 187, 182, 179, 0, 243,
    132, 56, 148, 75, 128, 133, 158, 100, 130, 126, 91, 13, 153, 246, 216, 219, 119, 68, 223, 78, 83, 88, 201, 99,
    122, 11, 92, 32, 136, 114, 52, 10, 138, 30, 48, 183, 156, 35, 61, 26, 143, 74, 251, 94, 129, 162, 63, 152,
    170, 7, 115, 167, 241, 206, 3, 150, 55, 59, 151, 220, 90, 53, 23, 131, 125, 173, 15, 238, 79, 95, 89, 16,
    105, 137, 225, 224, 217, 160, 37, 123, 118, 73, 2, 157, 46, 116, 9, 145, 134, 228, 207, 212, 202, 215, 69, 229,
    27, 188, 67, 124, 168, 252, 42, 4, 29, 108, 21, 247, 19, 205, 39, 203, 233, 40, 186, 147, 198, 192, 155, 33,
    164, 191, 98, 204, 165, 180, 117, 76, 140, 36, 210, 172, 41, 54, 159, 8, 185, 232, 113, 196, 231, 47, 146, 120,
    51, 65, 28, 144, 254, 221, 93, 189, 194, 139, 112, 43, 71, 109, 184, 209,
};

struct exhibit_tlsh {
    static const unsigned used = 128;
    static const uint64_t minimum = 256;

    uint32_t buckets[256] = {};
    uint8_t checksum = 0;
    uint64_t count = 0;
    uint8_t last[4] = {};
    /// The permutation of each salt and a byte: the checksum's, then those of the six triples.
    uint8_t first[7][256];

    exhibit_tlsh() {
        static const uint8_t salts[7] = {0, 2, 3, 5, 7, 11, 13};
        for (int salt = 0; salt < 7; salt++) {
            for (int byte = 0; byte < 256; byte++) first[salt][byte] = permutation[permutation[salts[salt]] ^ byte];
        }
    }

    void update(const uint8_t *bytes, size_t length) {
        uint8_t one = last[0], two = last[1], three = last[2], four = last[3];
        for (size_t place = 0; place < length; place++) {
            const uint8_t byte = bytes[place];
            // A window of five bytes, of which all triples with the newest count.
            if (count + place >= 4) {
                checksum = permutation[permutation[first[0][byte] ^ one] ^ checksum];
                buckets[permutation[permutation[first[1][byte] ^ one] ^ two]]++;
                buckets[permutation[permutation[first[2][byte] ^ one] ^ three]]++;
                buckets[permutation[permutation[first[3][byte] ^ two] ^ three]]++;
                buckets[permutation[permutation[first[4][byte] ^ two] ^ four]]++;
                buckets[permutation[permutation[first[5][byte] ^ one] ^ four]]++;
                buckets[permutation[permutation[first[6][byte] ^ three] ^ four]]++;
            }
            four = three, three = two, two = one, one = byte;
        }
        last[0] = one, last[1] = two, last[2] = three, last[3] = four;
        count += length;
    }

    static uint8_t swapped(unsigned value) { return static_cast<uint8_t>((value & 15) << 4 | (value >> 4 & 15)); }

    /// The file's length on a scale of logarithms.
    uint8_t length() const {
        const double logarithm = std::log(static_cast<float>(count));
        double step = logarithm / 0.4054651081;
        if (count > 3199) {
            step = logarithm / 0.0953101798 - 62.5472;
        } else if (count > 656) {
            step = logarithm / 0.2623642645 - 8.72777;
        }
        return static_cast<uint8_t>(static_cast<int>(std::floor(step)) & 255);
    }

    bool finish(char *text) const {
        if (count < minimum) return false;
        if (std::count(buckets, buckets + used, 0u) >= used / 2) return false;
        uint32_t sorted[used];
        std::copy(buckets, buckets + used, sorted);
        std::sort(sorted, sorted + used);
        const uint32_t quartiles[3] = {sorted[31], sorted[63], sorted[95]};
        uint8_t bytes[EXHIBIT_TLSH_LENGTH / 2] = {swapped(checksum), swapped(length())};
        const auto ratio = [&](uint32_t quartile) {
            return static_cast<uint32_t>(quartile * 100.0f / static_cast<float>(quartiles[2])) % 16;
        };
        bytes[2] = swapped(ratio(quartiles[0]) | ratio(quartiles[1]) << 4);
        for (unsigned bucket = 0; bucket < used; bucket++) {
            unsigned quarter = 0;
            for (const uint32_t quartile : quartiles) quarter += buckets[bucket] > quartile;
            bytes[3 + 31 - bucket / 4] |= static_cast<uint8_t>(quarter << bucket % 4 * 2);
        }
        for (const uint8_t byte : bytes) {
            *text++ = "0123456789ABCDEF"[byte >> 4];
            *text++ = "0123456789ABCDEF"[byte & 15];
        }
        *text = 0;
        return true;
    }
};

exhibit_tlsh *exhibit_tlsh_open(void) { return new (std::nothrow) exhibit_tlsh; }

void exhibit_tlsh_close(exhibit_tlsh *hash) { delete hash; }

void exhibit_tlsh_update(exhibit_tlsh *hash, const unsigned char *bytes, size_t count) { hash->update(bytes, count); }

int exhibit_tlsh_final(const exhibit_tlsh *hash, char text[EXHIBIT_TLSH_LENGTH + 1]) {
    return hash->finish(text) ? 0 : -1;
}

int exhibit_tlsh_of_library(const unsigned char *bytes, unsigned count, char text[EXHIBIT_TLSH_LENGTH + 1]) {
    Tlsh hash;
    hash.update(bytes, count);
    hash.final();
    text[0] = 0;
    hash.getHash(text, EXHIBIT_TLSH_LENGTH + 1);
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
