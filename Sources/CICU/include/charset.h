#pragma once

#include <stdint.h>

// ICU's own headers stay out of sight: Foundation brings others of the same names, and its functions carry ICU's version in
// their names.

/// A converter of a character set.
typedef struct exhibit_charset exhibit_charset;

/// A converter by a set's name; null when ICU knows no set of that name.
exhibit_charset *exhibit_charset_open(const char *name);
void exhibit_charset_close(exhibit_charset *charset);

/// Converts to UTF-8; the count of bytes that the text has, or -1 when bytes have no meaning in the set and `repairs` is 0.
///
/// With `repairs` such bytes become U+FFFD. At most `capacity` bytes are written.
int32_t exhibit_charset_to_utf8(
    exhibit_charset *charset, int repairs, char *target, int32_t capacity, const char *source, int32_t count);
