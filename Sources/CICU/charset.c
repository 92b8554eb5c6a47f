#include "charset.h"

#include <unicode/ucnv.h>
#include <unicode/ucnv_err.h>

exhibit_charset *exhibit_charset_open(const char *name) {
    UErrorCode error = U_ZERO_ERROR;
    UConverter *converter = ucnv_open(name, &error);
    return U_FAILURE(error) ? NULL : (exhibit_charset *)converter;
}

void exhibit_charset_close(exhibit_charset *charset) { ucnv_close((UConverter *)charset); }

int32_t exhibit_charset_to_utf8(
    exhibit_charset *charset, int repairs, char *target, int32_t capacity, const char *source, int32_t count) {
    UConverter *converter = (UConverter *)charset;
    UErrorCode error = U_ZERO_ERROR;
    ucnv_setToUCallBack(
        converter, repairs ? UCNV_TO_U_CALLBACK_SUBSTITUTE : UCNV_TO_U_CALLBACK_STOP, NULL, NULL, NULL, &error);
    ucnv_reset(converter);
    if (U_FAILURE(error)) return -1;
    int32_t written = ucnv_toAlgorithmic(UCNV_UTF8, converter, target, capacity, source, count, &error);
    return U_FAILURE(error) ? -1 : written;
}
