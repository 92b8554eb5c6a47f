#include <archive.h>
#include <archive_entry.h>
#include <locale.h>

/* The locale in which names are converted: always UTF-8, whatever the machine's is; null where it is missing. */
static inline locale_t exhibit_archive_locale(void) { return newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0); }
