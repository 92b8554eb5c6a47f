#pragma once

// What the kernel offers and Swift's Glibc module does not show.

// How the clock is kept (ntp_adjtime, nothing is set): 1 when something keeps it set, 0 when not or not known.
// `maximum_error` becomes how far off it may be, in microseconds.
int exhibit_clock_is_kept(long *maximum_error);

// Exchanges two names at once (renameat2, RENAME_EXCHANGE). Returns 0, or -1 with errno.
int exhibit_exchange(const char *one, const char *other);

// Waits until the disk has everything of the file system of this open file. Returns 0, or -1 with errno.
int exhibit_synchronise(int descriptor);
