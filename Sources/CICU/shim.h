#pragma once

#include <unicode/ucnv.h>
#include <unicode/ucnv_err.h>

// ICU's functions carry its version in their names through macros, which Swift does not see through.

/// A converter of a character set; null when ICU knows no set of that name.
static inline UConverter *exhibit_charset_open(const char *name) {
    UErrorCode error = U_ZERO_ERROR;
    UConverter *converter = ucnv_open(name, &error);
    return U_FAILURE(error) ? NULL : converter;
}

static inline void exhibit_charset_close(UConverter *converter) { ucnv_close(converter); }

/// Converts to UTF-8; the count of bytes written, or -1 when bytes have no meaning in the set and `repairs` is 0.
///
/// With `repairs` such bytes become U+FFFD.
static inline int32_t exhibit_charset_to_utf8(
    UConverter *converter, int repairs, char *target, int32_t capacity, const char *source, int32_t count) {
    UErrorCode error = U_ZERO_ERROR;
    ucnv_setToUCallBack(
        converter, repairs ? UCNV_TO_U_CALLBACK_SUBSTITUTE : UCNV_TO_U_CALLBACK_STOP, NULL, NULL, NULL, &error);
    ucnv_reset(converter);
    if (U_FAILURE(error)) return -1;
    int32_t written = ucnv_toAlgorithmic(UCNV_UTF8, converter, target, capacity, source, count, &error);
    return U_FAILURE(error) ? -1 : written;
}
