#ifndef EXHIBIT_SANDBOX_H
#define EXHIBIT_SANDBOX_H

#include <stddef.h>
#include <stdint.h>

/// What a process of this program can be kept from; the bits that `exhibit_sandbox_enter` sets are those that hold from then on.
enum {
    EXHIBIT_SANDBOX_PRIVILEGES = 1,  // no new privileges
    EXHIBIT_SANDBOX_FILES = 2,       // Landlock: only the named files and directories
    EXHIBIT_SANDBOX_NETWORK = 4,     // Landlock: no TCP port is bound or connected
    EXHIBIT_SANDBOX_CALLS = 8,       // seccomp: only the listed system calls
    EXHIBIT_SANDBOX_LIMITS = 16,     // memory, size of files, no core dump
};

struct exhibit_sandbox {
    const char *const *readable;     // files, and directories with all beneath
    size_t readable_count;
    const char *const *writable;     // directories with all beneath
    size_t writable_count;
    uint64_t memory;                 // bytes of private memory
    uint64_t file_size;              // bytes of one file that is written
};

/// From now on this process ends with `supervisor`, its parent.
///
/// Returns 0, or -1 when that process is its parent no more.
int exhibit_sandbox_follow(int supervisor);

/// Shuts this process in for good, and closes all files but the first three. Must be called while it has one thread: Landlock binds the thread that asks.
///
/// Returns the bits of what holds, or -1 with errno when the process has other threads (EBUSY) or a path cannot be named to the kernel.
int exhibit_sandbox_enter(const struct exhibit_sandbox *wanted);

/// From now on, a file that is opened while `*holder`, taken as signed, is not negative ends the process with SIGSYS, unless
/// exhibit_sandbox_open opens it. The word must stay in memory until the process ends.
///
/// Returns 0, or -1 when the machine has no seccomp.
int exhibit_sandbox_guard(const uint64_t *holder);

/// Makes a file that lies in memory only and ends with its last descriptor; -1 when that fails.
int exhibit_memory_file(const char *name);

/// open(2) for a process under exhibit_sandbox_guard.
int exhibit_sandbox_open(const char *path, int flags, unsigned mode);

#endif
