#define _GNU_SOURCE
#include "kernel.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <unistd.h>

#ifndef RENAME_EXCHANGE
#define RENAME_EXCHANGE 2
#endif

int exhibit_clock_is_kept(long *maximum_error) {
  struct timex state = {0};
  int answer = adjtimex(&state);
  if (answer < 0 || answer == TIME_ERROR || (state.status & STA_UNSYNC)) return 0;
  *maximum_error = state.maxerror;
  return 1;
}

int exhibit_exchange(const char *one, const char *other) {
  return (int)syscall(SYS_renameat2, AT_FDCWD, one, AT_FDCWD, other, RENAME_EXCHANGE);
}

int exhibit_synchronise(int descriptor) { return syncfs(descriptor); }
