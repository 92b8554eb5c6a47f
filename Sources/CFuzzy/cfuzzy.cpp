// ssdeep as its authors define it ("Identifying almost identical files using context triggered piecewise hashing", Kornblum, 2006;
// version 2.14 of their library).
//
// The counting is ours, because libfuzzy takes three times as long for it; the tests hold it against libfuzzy. Scores are libfuzzy's.
//
// A file is cut where the sum of its last seven bytes fits a block size, and of each piece one digit of six bits is kept. Which block size
// will be wanted is known only at the end, so pieces are hashed for all that may still be: 3, 6, 12 … bytes, a level each. A place that
// cuts a level cuts all below, too; a level that was never cut is hashed alike to the one below up to that one's first cut.

#include "cfuzzy.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <new>

namespace {

const unsigned digits = 64;
const unsigned window = 7;
/// 31 block sizes, and one more that is never cut: the second digest of the largest.
const unsigned levels = 32;
const uint64_t largest = uint64_t(3) << 30;
/// What the sum of a piece begins with.
const uint16_t fresh = 0x27;

/// Two sums for each of four levels: of the piece, and of the piece of the second digest, which stops at half its length.
/// Only the lowest six bits of a sum are looked at, and no higher bit ever reaches them.
typedef uint16_t sums __attribute__((vector_size(16)));
const unsigned levels_of_sums = 4;
/// Modulo 64, the multiplier of FNV-1, by which each byte is added to a sum.
const uint16_t multiplier = 19;

char digit(uint16_t sum) {
    return "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"[sum & 63];
}

struct level {
    /// One digit for each piece that ended; what comes after the last but one place replaces the last one.
    char text[digits] = {};
    /// The last digit of the second digest, as far as it is known.
    char half = 0;
    unsigned count = 0;
};

}  // namespace

struct exhibit_ssdeep {
    alignas(16) sums all[levels / levels_of_sums];
    level level[levels];
    /// The levels that are kept up.
    unsigned first = 0, end = 1;
    uint64_t total = 0;
    uint32_t sum = 0, weighted = 0, shifted = 0;
    uint8_t last[window] = {};

    exhibit_ssdeep() {
        std::memset(all, 0, sizeof all);
        all[0][0] = all[0][1] = fresh;
    }

    uint16_t piece(unsigned level) const { return all[level / levels_of_sums][level % levels_of_sums * 2]; }
    uint16_t half(unsigned level) const { return all[level / levels_of_sums][level % levels_of_sums * 2 + 1]; }
    void set_piece(unsigned level, uint16_t sum) { all[level / levels_of_sums][level % levels_of_sums * 2] = sum; }
    void set_half(unsigned level, uint16_t sum) { all[level / levels_of_sums][level % levels_of_sums * 2 + 1] = sum; }

    /// Takes bytes up to the first that cuts a level, of which the seven before can be read as well; the count of those taken.
    template <unsigned count>
    size_t run(const uint8_t *bytes, size_t length, bool &is_cut) {
        const unsigned start = first / levels_of_sums;
        const uint32_t mask = (uint32_t(1) << first) - 1;
        sums own[count];
        for (unsigned place = 0; place < count; place++) own[place] = all[start + place];
        uint32_t sum = this->sum, weighted = this->weighted, shifted = this->shifted;
        size_t place = 0;
        bool found = false;
        while (place < length && !found) {
            const uint32_t byte = bytes[place];
            weighted += window * byte - sum;
            sum += byte - bytes[static_cast<ptrdiff_t>(place) - static_cast<ptrdiff_t>(window)];
            shifted = shifted << 5 ^ byte;
#pragma unroll
            for (unsigned part = 0; part < count; part++) own[part] = own[part] * multiplier ^ static_cast<uint16_t>(byte);
            place++;
            const uint32_t one_more = sum + weighted + shifted + 1;
            // The inverse of three: the product is small where three divides, and only there.
            found = (one_more & mask) == 0 && one_more * 0xAAAAAAABu <= 0x55555555u && one_more != 0;
        }
        for (unsigned part = 0; part < count; part++) all[start + part] = own[part];
        this->sum = sum, this->weighted = weighted, this->shifted = shifted;
        is_cut = found;
        return place;
    }

    size_t run(const uint8_t *bytes, size_t length, bool &is_cut) {
        switch ((end - 1) / levels_of_sums - first / levels_of_sums) {
            case 0: return run<1>(bytes, length, is_cut);
            case 1: return run<2>(bytes, length, is_cut);
            case 2: return run<3>(bytes, length, is_cut);
            case 3: return run<4>(bytes, length, is_cut);
            case 4: return run<5>(bytes, length, is_cut);
            case 5: return run<6>(bytes, length, is_cut);
            case 6: return run<7>(bytes, length, is_cut);
            default: return run<8>(bytes, length, is_cut);
        }
    }

    /// Cuts all levels that the place at hand fits.
    void cut() {
        const unsigned highest = static_cast<unsigned>(__builtin_ctz(sum + weighted + shifted + 1));
        for (unsigned number = first; number <= std::min(highest, levels - 2); number++) {
            struct level &own = level[number];
            if (own.count == 0 && number + 1 == end) {
                set_piece(end, piece(number));
                set_half(end, half(number));
                end++;
            }
            own.text[own.count] = digit(piece(number));
            own.half = digit(half(number));
            if (own.count == digits - 1) continue;
            own.count++;
            set_piece(number, fresh);
            if (own.count >= digits / 2) continue;
            set_half(number, fresh);
            own.half = 0;
        }
        while (first + 1 < end && size(first) * digits < total && level[first + 1].count >= digits / 2) first++;
    }

    static uint64_t size(unsigned level) { return uint64_t(3) << level; }

    void take(const uint8_t *bytes, size_t length) {
        while (length > 0) {
            bool is_cut = false;
            const size_t taken = run(bytes, length, is_cut);
            total += taken;
            bytes += taken;
            length -= taken;
            if (is_cut) cut();
        }
    }

    void update(const uint8_t *bytes, size_t length) {
        uint8_t joint[2 * window];
        const size_t some = std::min<size_t>(window, length);
        std::memcpy(joint, last, window);
        std::memcpy(joint + window, bytes, some);
        take(joint + window, some);
        if (length > window) take(bytes + window, length - window);
        std::memcpy(last, length > window ? bytes + length - window : joint + some, window);
    }

    bool finish(char *text) const {
        if (total > largest * digits) return false;
        unsigned best = first;
        while (size(best) * digits < total) best++;
        best = std::min(best, end - 1);
        while (best > first && level[best].count < digits / 2) best--;
        const bool has_rest = sum + weighted + shifted != 0;
        text += std::snprintf(text, 16, "%llu:", static_cast<unsigned long long>(size(best)));
        const struct level &own = level[best];
        text = std::copy(own.text, own.text + own.count, text);
        if (has_rest) {
            *text++ = digit(piece(best));
        } else if (own.text[own.count] != 0) {
            *text++ = own.text[own.count];
        }
        *text++ = ':';
        if (best + 1 < end) {
            const struct level &next = level[best + 1];
            text = std::copy(next.text, next.text + std::min(next.count, digits / 2 - 1), text);
            if (has_rest) {
                *text++ = digit(half(best + 1));
            } else if (next.half != 0) {
                *text++ = next.half;
            }
        } else if (has_rest) {
            *text++ = digit(piece(best));
        }
        *text = 0;
        return true;
    }
};

exhibit_ssdeep *exhibit_ssdeep_open(void) { return new (std::nothrow) exhibit_ssdeep; }

void exhibit_ssdeep_close(exhibit_ssdeep *hash) { delete hash; }

void exhibit_ssdeep_update(exhibit_ssdeep *hash, const unsigned char *bytes, size_t count) { hash->update(bytes, count); }

int exhibit_ssdeep_final(const exhibit_ssdeep *hash, char text[EXHIBIT_SSDEEP_ROOM]) { return hash->finish(text) ? 0 : -1; }
