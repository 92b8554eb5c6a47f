// The sandbox of worker processes: Landlock for files, seccomp for system calls, limits for memory and files.
//
// It is C because it must be the first act of a process with one thread, and because a signal handler in it may not allocate.

#define _GNU_SOURCE
#include "sandbox.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <linux/openat2.h>
#include <seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

// What headers older than the kernel do not name.
#ifndef LANDLOCK_ACCESS_FS_REFER
#define LANDLOCK_ACCESS_FS_REFER (1ULL << 13)
#endif
#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
#define LANDLOCK_ACCESS_FS_TRUNCATE (1ULL << 14)
#endif
#define ACCESS_FS_IOCTL_DEV (1ULL << 15)
#define ACCESS_NET_BIND_TCP (1ULL << 0)
#define ACCESS_NET_CONNECT_TCP (1ULL << 1)
#define SCOPE_ABSTRACT_UNIX_SOCKET (1ULL << 0)
#define SCOPE_SIGNAL (1ULL << 1)

/// The kernel's landlock_ruleset_attr as of version 6; older kernels are told a shorter one.
struct ruleset {
    uint64_t files;
    uint64_t network;
    uint64_t scopes;
};

static int has_one_thread(void) {
    DIR *tasks = opendir("/proc/self/task");
    if (tasks == NULL) return 1;
    int count = 0;
    struct dirent *entry;
    while ((entry = readdir(tasks)) != NULL) count += entry->d_name[0] != '.';
    closedir(tasks);
    return count == 1;
}

static int add_path(int ruleset, const char *path, uint64_t access) {
    int descriptor = open(path, O_PATH | O_CLOEXEC);
    if (descriptor < 0) return -1;
    struct stat status;
    if (fstat(descriptor, &status) != 0) {
        close(descriptor);
        return -1;
    }
    if (!S_ISDIR(status.st_mode)) access &= LANDLOCK_ACCESS_FS_READ_FILE;
    struct landlock_path_beneath_attr rule = {.allowed_access = access, .parent_fd = descriptor};
    long result = syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
    close(descriptor);
    return (int)result;
}

/// Gives the bits that Landlock holds; -1 when a path could not be named.
static int enter_landlock(const struct exhibit_sandbox *wanted) {
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    if (version < 1) return 0;
    uint64_t reading = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
    uint64_t writing = reading | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_FILE
        | LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG;
    struct ruleset rules = {
        .files = writing | LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_SOCK
            | LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM,
    };
    size_t size = sizeof rules.files;
    if (version >= 2) {
        rules.files |= LANDLOCK_ACCESS_FS_REFER;
        writing |= LANDLOCK_ACCESS_FS_REFER;
    }
    if (version >= 3) {
        rules.files |= LANDLOCK_ACCESS_FS_TRUNCATE;
        writing |= LANDLOCK_ACCESS_FS_TRUNCATE;
    }
    if (version >= 4) {
        rules.network = ACCESS_NET_BIND_TCP | ACCESS_NET_CONNECT_TCP;
        size += sizeof rules.network;
    }
    if (version >= 5) rules.files |= ACCESS_FS_IOCTL_DEV;
    if (version >= 6) {
        rules.scopes = SCOPE_ABSTRACT_UNIX_SOCKET | SCOPE_SIGNAL;
        size += sizeof rules.scopes;
    }
    int ruleset = (int)syscall(SYS_landlock_create_ruleset, &rules, size, 0);
    if (ruleset < 0) return 0;
    int result = EXHIBIT_SANDBOX_FILES | (version >= 4 ? EXHIBIT_SANDBOX_NETWORK : 0);
    for (size_t place = 0; place < wanted->readable_count; place++) {
        // An original that has gone is for its reader to tell.
        if (add_path(ruleset, wanted->readable[place], reading) != 0 && errno != ENOENT) result = -1;
    }
    for (size_t place = 0; place < wanted->writable_count; place++) {
        if (add_path(ruleset, wanted->writable[place], writing) != 0) result = -1;
    }
    if (result > 0 && syscall(SYS_landlock_restrict_self, ruleset, 0) != 0) result = 0;
    int error = errno;
    close(ruleset);
    errno = error;
    return result;
}

static int limit(int resource, uint64_t bytes) {
    struct rlimit old;
    if (getrlimit(resource, &old) != 0) return -1;
    rlim_t value = (rlim_t)bytes;
    if (old.rlim_max != RLIM_INFINITY && old.rlim_max < value) value = old.rlim_max;
    struct rlimit new = {.rlim_cur = value, .rlim_max = value};
    return setrlimit(resource, &new);
}

/// System calls of a program that computes, and reads and writes files.
static const int allowed[] = {
    SCMP_SYS(read), SCMP_SYS(pread64), SCMP_SYS(readv), SCMP_SYS(preadv), SCMP_SYS(preadv2), SCMP_SYS(write),
    SCMP_SYS(pwrite64), SCMP_SYS(writev), SCMP_SYS(pwritev), SCMP_SYS(pwritev2), SCMP_SYS(lseek), SCMP_SYS(close),
    SCMP_SYS(open), SCMP_SYS(openat), SCMP_SYS(openat2), SCMP_SYS(creat), SCMP_SYS(stat), SCMP_SYS(lstat),
    SCMP_SYS(fstat), SCMP_SYS(newfstatat), SCMP_SYS(statx), SCMP_SYS(statfs), SCMP_SYS(fstatfs), SCMP_SYS(access),
    SCMP_SYS(faccessat), SCMP_SYS(faccessat2), SCMP_SYS(readlink), SCMP_SYS(readlinkat), SCMP_SYS(getcwd),
    SCMP_SYS(getdents64), SCMP_SYS(fcntl), SCMP_SYS(dup), SCMP_SYS(dup2), SCMP_SYS(dup3), SCMP_SYS(ftruncate),
    SCMP_SYS(fsync), SCMP_SYS(fdatasync), SCMP_SYS(fallocate), SCMP_SYS(fadvise64), SCMP_SYS(unlink),
    SCMP_SYS(unlinkat), SCMP_SYS(rename), SCMP_SYS(renameat), SCMP_SYS(renameat2), SCMP_SYS(mkdir),
    SCMP_SYS(mkdirat), SCMP_SYS(rmdir), SCMP_SYS(umask), SCMP_SYS(fchmod), SCMP_SYS(copy_file_range),
    SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise), SCMP_SYS(brk), SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn), SCMP_SYS(sigaltstack), SCMP_SYS(futex), SCMP_SYS(rseq),
    SCMP_SYS(set_robust_list), SCMP_SYS(membarrier), SCMP_SYS(sched_yield), SCMP_SYS(sched_getaffinity),
    SCMP_SYS(getpid), SCMP_SYS(gettid), SCMP_SYS(getppid), SCMP_SYS(getuid), SCMP_SYS(geteuid), SCMP_SYS(getgid),
    SCMP_SYS(getegid), SCMP_SYS(uname), SCMP_SYS(sysinfo), SCMP_SYS(getrusage), SCMP_SYS(getrlimit),
    SCMP_SYS(clock_gettime), SCMP_SYS(clock_getres), SCMP_SYS(gettimeofday), SCMP_SYS(time), SCMP_SYS(nanosleep),
    SCMP_SYS(clock_nanosleep), SCMP_SYS(getrandom), SCMP_SYS(restart_syscall), SCMP_SYS(exit),
    SCMP_SYS(exit_group),
};

/// Calls that a library tries and can do without; they fail, where all others end the process.
static const struct {
    int call;
    int error;
} refused[] = {
    {SCMP_SYS(clone3), ENOSYS},       {SCMP_SYS(ioctl), ENOTTY},        {SCMP_SYS(getxattr), ENOTSUP},
    {SCMP_SYS(lgetxattr), ENOTSUP},   {SCMP_SYS(fgetxattr), ENOTSUP},   {SCMP_SYS(listxattr), ENOTSUP},
    {SCMP_SYS(llistxattr), ENOTSUP},  {SCMP_SYS(flistxattr), ENOTSUP},  {SCMP_SYS(chmod), EPERM},
    {SCMP_SYS(fchmodat), EPERM},      {SCMP_SYS(chown), EPERM},         {SCMP_SYS(fchown), EPERM},
    {SCMP_SYS(fchownat), EPERM},      {SCMP_SYS(utimensat), EPERM},     {SCMP_SYS(sched_setaffinity), EPERM},
    {SCMP_SYS(prctl), EPERM},         {SCMP_SYS(sched_getparam), EPERM}, {SCMP_SYS(sched_getscheduler), EPERM},
};

static int allow(scmp_filter_ctx filter, uint32_t action, int call, unsigned count, const struct scmp_arg_cmp *args) {
    int result = seccomp_rule_add_array(filter, action, call, count, args);
    // Calls that another architecture does not have are no loss.
    return result == -EDOM || result == -EINVAL ? 0 : result;
}

static int enter_seccomp(void) {
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
    if (filter == NULL) return -1;
    int failed = 0;
    for (size_t place = 0; place < sizeof allowed / sizeof *allowed; place++) {
        failed |= allow(filter, SCMP_ACT_ALLOW, allowed[place], 0, NULL);
    }
    for (size_t place = 0; place < sizeof refused / sizeof *refused; place++) {
        failed |= allow(filter, SCMP_ACT_ERRNO((uint32_t)refused[place].error), refused[place].call, 0, NULL);
    }
    // Memory that is mapped from now on never becomes code.
    struct scmp_arg_cmp data = SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);
    struct scmp_arg_cmp code = SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, PROT_EXEC);
    failed |= allow(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, &data);
    failed |= allow(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, &data);
    failed |= allow(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(mmap), 1, &code);
    failed |= allow(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(mprotect), 1, &code);
    // A process may end itself, and nobody else; it may read its limits, and not change them.
    struct scmp_arg_cmp self = SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid());
    failed |= allow(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1, &self);
    failed |= allow(filter, SCMP_ACT_ALLOW, SCMP_SYS(kill), 1, &self);
    struct scmp_arg_cmp reading = SCMP_A2(SCMP_CMP_EQ, 0);
    failed |= allow(filter, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 1, &reading);
    // One more filter may come on top; it can only take away.
    failed |= allow(filter, SCMP_ACT_ALLOW, SCMP_SYS(seccomp), 0, NULL);
    if (failed == 0) failed = seccomp_load(filter);
    seccomp_release(filter);
    return failed;
}

int exhibit_sandbox_follow(int supervisor) {
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) return -1;
    // Who ended before that sends no signal any more.
    return getppid() == supervisor ? 0 : -1;
}

int exhibit_memory_file(const char *name) { return memfd_create(name, MFD_CLOEXEC); }

int exhibit_sandbox_enter(const struct exhibit_sandbox *wanted) {
    if (!has_one_thread()) {
        errno = EBUSY;
        return -1;
    }
    // Nothing that the supervisor had open.
    syscall(SYS_close_range, 3U, ~0U, 0U);
    int holds = 0;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0) holds |= EXHIBIT_SANDBOX_PRIVILEGES;
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    if (limit(RLIMIT_CORE, 0) == 0 && limit(RLIMIT_DATA, wanted->memory) == 0
        && limit(RLIMIT_FSIZE, wanted->file_size) == 0) {
        holds |= EXHIBIT_SANDBOX_LIMITS;
    }
    int files = enter_landlock(wanted);
    if (files < 0) return -1;
    holds |= files;
    if (enter_seccomp() == 0) holds |= EXHIBIT_SANDBOX_CALLS;
    return holds;
}

static const volatile uint64_t *holder_word;

int exhibit_sandbox_open(const char *path, int flags, unsigned mode) {
    struct open_how how = {.flags = (uint64_t)flags};
    if (flags & (O_CREAT | O_TMPFILE)) how.mode = mode;
    long result = syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof how);
    if (result < 0 && errno == ENOSYS) return open(path, flags, mode);
    return (int)result;
}

/// Opens for whoever may open now; ends the process for whoever may not.
static void trapped(int number, siginfo_t *information, void *context) {
    (void)number;
    int saved = errno;
    ucontext_t *state = context;
    if ((int64_t)*holder_word >= 0 || information->si_code != 1 /* SYS_SECCOMP */) {
        signal(SIGSYS, SIG_DFL);
        sigset_t set;
        sigemptyset(&set);
        sigaddset(&set, SIGSYS);
        sigprocmask(SIG_UNBLOCK, &set, NULL);
        kill(getpid(), SIGSYS);
        _exit(70);
    }
#if defined(__x86_64__)
    greg_t *registers = state->uc_mcontext.gregs;
    int at = information->si_syscall == SYS_openat;
    long first = at ? (long)registers[REG_RDI] : AT_FDCWD;
    const char *path = (const char *)(at ? registers[REG_RSI] : registers[REG_RDI]);
    uint64_t flags = (uint32_t)(at ? registers[REG_RDX] : registers[REG_RSI]);
    uint64_t mode = (uint32_t)(at ? registers[REG_R10] : registers[REG_RDX]);
    if (information->si_syscall == SYS_creat) {
        mode = flags;
        flags = O_CREAT | O_WRONLY | O_TRUNC;
    }
#elif defined(__aarch64__)
    unsigned long long *registers = state->uc_mcontext.regs;
    long first = (long)registers[0];
    const char *path = (const char *)registers[1];
    uint64_t flags = (uint32_t)registers[2];
    uint64_t mode = (uint32_t)registers[3];
#else
#error "the sandbox knows x86-64 and AArch64"
#endif
    struct open_how how = {.flags = flags & 0x7fffff};
    if (flags & (O_CREAT | __O_TMPFILE)) how.mode = mode & 07777;
    long result = syscall(SYS_openat2, (int)first, path, &how, sizeof how);
    if (result < 0) result = -errno;
#if defined(__x86_64__)
    registers[REG_RAX] = result;
#else
    registers[0] = (unsigned long long)result;
#endif
    errno = saved;
}

int exhibit_sandbox_guard(const uint64_t *holder) {
    holder_word = holder;
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = trapped;
    action.sa_flags = SA_SIGINFO;
    if (sigaction(SIGSYS, &action, NULL) != 0) return -1;
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    if (filter == NULL) return -1;
    seccomp_attr_set(filter, SCMP_FLTATR_CTL_NNP, 0);
    int failed = allow(filter, SCMP_ACT_TRAP, SCMP_SYS(openat), 0, NULL);
    failed |= allow(filter, SCMP_ACT_TRAP, SCMP_SYS(open), 0, NULL);
    failed |= allow(filter, SCMP_ACT_TRAP, SCMP_SYS(creat), 0, NULL);
    // No further filter: nobody after us may tie the worker down.
    failed |= allow(filter, SCMP_ACT_KILL_PROCESS, SCMP_SYS(seccomp), 0, NULL);
    if (failed == 0) failed = seccomp_load(filter);
    seccomp_release(filter);
    return failed == 0 ? 0 : -1;
}
