/* Stands between a program and the C library (LD_PRELOAD), and makes its N-th call below a folder fail or kill it.

   Told by environment variables, which children inherit:

     TORTURE_UNDER   folder; only calls on files in it count. The path is compared as it was given, made absolute
     TORTURE_BUT     calls on paths that hold this text do not count
     TORTURE_CALLS   which calls: names of KINDS with commas between them, or "any", which is all that change files
     TORTURE_AT      which of them fails, from 1; 0: none, they are only counted
     TORTURE_ERRNO   the number it fails with
     TORTURE_ON      "1": all that follow fail as well
     TORTURE_KILL    instead of failing, SIGKILL: "self" to the process, "group" to its process group; or "pause": SIGSTOP
                     to the process, and all goes well once it is continued
     TORTURE_STATE   a file of at least sizeof(struct state) zeros, shared by all processes: how often each was called
     TORTURE_CLOCK   seconds added to the time of day, after
     TORTURE_CLOCK_AT so many calls of "any"
*/
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { OPEN, CREATE, READ, WRITE, FSYNC, RENAME, MKDIR, UNLINK, CLOSE, TRUNCATE, MMAP, STAT, LIST, LOCK, KINDS };

static const char *const names[KINDS] = {
    "open", "create", "read", "write", "fsync", "rename", "mkdir", "unlink", "close", "truncate", "mmap", "stat", "list", "lock"};

#define ANY (1u << CREATE | 1u << WRITE | 1u << FSYNC | 1u << RENAME | 1u << MKDIR | 1u << UNLINK | 1u << CLOSE | 1u << TRUNCATE)

/* tests/torture/shim.py reads this. */
struct state {
    uint64_t counts[16];
    uint64_t chosen; /* calls of TORTURE_CALLS */
    uint64_t any;
    uint64_t fired;
    uint64_t kind; /* of the first that failed */
    char path[960];
};

static struct state *state;
static char under[PATH_MAX], but[256];
static size_t under_length;
static unsigned chosen_kinds;
static uint64_t at, clock_at;
static int number, from_then_on, killing;
static long long clock_offset;

static __thread char held[PATH_MAX];

static const char *of(const char *name) {
    const char *value = getenv(name);
    return value ? value : "";
}

/* At the start of a process; and again in a forked one that has another environment. */
__attribute__((constructor)) void torture_begin(void) {
    const char *file = of("TORTURE_STATE");
    clock_offset = atoll(of("TORTURE_CLOCK"));
    clock_at = strtoull(of("TORTURE_CLOCK_AT"), NULL, 10);
    snprintf(under, sizeof under, "%s", of("TORTURE_UNDER"));
    snprintf(but, sizeof but, "%s", of("TORTURE_BUT"));
    under_length = strlen(under);
    at = strtoull(of("TORTURE_AT"), NULL, 10);
    number = atoi(of("TORTURE_ERRNO"));
    from_then_on = *of("TORTURE_ON") == '1';
    killing = *of("TORTURE_KILL") == 's' ? 1 : *of("TORTURE_KILL") == 'g' ? 2 : *of("TORTURE_KILL") == 'p' ? 3 : 0;
    chosen_kinds = 0;
    state = NULL;
    char list[512];
    snprintf(list, sizeof list, "%s", of("TORTURE_CALLS"));
    for (char *rest, *word = strtok_r(list, ",", &rest); word; word = strtok_r(NULL, ",", &rest)) {
        if (!strcmp(word, "any")) chosen_kinds |= ANY;
        for (int kind = 0; kind < KINDS; kind++)
            if (!strcmp(word, names[kind])) chosen_kinds |= 1u << kind;
    }
    if (!*file) return;
    int fd = (int)syscall(SYS_openat, AT_FDCWD, file, O_RDWR | O_CLOEXEC, 0);
    if (fd < 0) return;
    void *shared = mmap(NULL, sizeof(struct state), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    syscall(SYS_close, fd);
    if (shared != MAP_FAILED) state = shared;
}

static const char *of_fd(int fd) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    long length = syscall(SYS_readlinkat, AT_FDCWD, link, held, sizeof held - 1);
    held[length < 0 ? 0 : length] = 0;
    return held;
}

/* Make a path absolute, in `held`. */
static const char *absolute(int folder, const char *path) {
    if (!path) return "";
    if (*path == '/') return path;
    if (!*path) return folder == AT_FDCWD ? "" : of_fd(folder);
    char full[PATH_MAX];
    if (folder == AT_FDCWD) {
        if (syscall(SYS_getcwd, held, sizeof held) < 0) return "";
    } else {
        of_fd(folder);
    }
    if (snprintf(full, sizeof full, "%s/%s", held, path) >= (int)sizeof full) return "";
    strcpy(held, full);
    return held;
}

/* Count a call; return the number that it is to fail with, or 0. Keeps errno. */
static int fails(int kind, const char *path) {
    if (!state || !under_length || strncmp(path, under, under_length)) return 0;
    if (path[under_length] && path[under_length] != '/') return 0;
    if (*but && strstr(path, but)) return 0;
    __atomic_add_fetch(&state->counts[kind], 1, __ATOMIC_SEQ_CST);
    if (ANY >> kind & 1) __atomic_add_fetch(&state->any, 1, __ATOMIC_SEQ_CST);
    if (!(chosen_kinds >> kind & 1)) return 0;
    uint64_t n = __atomic_add_fetch(&state->chosen, 1, __ATOMIC_SEQ_CST);
    if (!at || (from_then_on ? n < at : n != at)) return 0;
    if (__atomic_add_fetch(&state->fired, 1, __ATOMIC_SEQ_CST) == 1) {
        state->kind = (uint64_t)kind;
        strncpy(state->path, path, sizeof state->path - 1);
    }
    if (killing == 3) {
        kill(getpid(), SIGSTOP);
        return 0;
    }
    if (killing) {
        kill(killing == 2 ? 0 : getpid(), SIGKILL);
        for (;;) pause();
    }
    return number;
}

#define REAL(name) \
    static __typeof__(&name) real; \
    if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

#define FAIL(kind, path, bad) \
    do { \
        int saved = errno, why = fails(kind, path); \
        errno = saved; \
        if (why) { \
            errno = why; \
            return bad; \
        } \
    } while (0)

#define MODE(flags, last) \
    mode_t mode = 0; \
    if ((flags) & (O_CREAT | __O_TMPFILE)) { \
        va_list more; \
        va_start(more, last); \
        mode = va_arg(more, mode_t); \
        va_end(more); \
    }

/* open, create: the latter is every way to open a file that can change it */

#define OPENING(flags) (((flags) & (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC)) ? CREATE : OPEN)

int open(const char *path, int flags, ...) {
    REAL(open);
    MODE(flags, flags)
    FAIL(OPENING(flags), absolute(AT_FDCWD, path), -1);
    return real(path, flags, mode);
}

int open64(const char *path, int flags, ...) {
    REAL(open64);
    MODE(flags, flags)
    FAIL(OPENING(flags), absolute(AT_FDCWD, path), -1);
    return real(path, flags, mode);
}

int openat(int folder, const char *path, int flags, ...) {
    REAL(openat);
    MODE(flags, flags)
    FAIL(OPENING(flags), absolute(folder, path), -1);
    return real(folder, path, flags, mode);
}

int openat64(int folder, const char *path, int flags, ...) {
    REAL(openat64);
    MODE(flags, flags)
    FAIL(OPENING(flags), absolute(folder, path), -1);
    return real(folder, path, flags, mode);
}

int __open_2(const char *path, int flags) { return open(path, flags); }
int __open64_2(const char *path, int flags) { return open64(path, flags); }
int __openat_2(int folder, const char *path, int flags) { return openat(folder, path, flags); }
int __openat64_2(int folder, const char *path, int flags) { return openat64(folder, path, flags); }

int creat(const char *path, mode_t mode) {
    REAL(creat);
    FAIL(CREATE, absolute(AT_FDCWD, path), -1);
    return real(path, mode);
}

FILE *fopen(const char *path, const char *mode) {
    REAL(fopen);
    FAIL(strpbrk(mode, "wa+") ? CREATE : OPEN, absolute(AT_FDCWD, path), NULL);
    return real(path, mode);
}

FILE *fopen64(const char *path, const char *mode) {
    REAL(fopen64);
    FAIL(strpbrk(mode, "wa+") ? CREATE : OPEN, absolute(AT_FDCWD, path), NULL);
    return real(path, mode);
}

/* read */

ssize_t read(int fd, void *into, size_t size) {
    REAL(read);
    FAIL(READ, of_fd(fd), -1);
    return real(fd, into, size);
}

ssize_t pread(int fd, void *into, size_t size, off_t from) {
    REAL(pread);
    FAIL(READ, of_fd(fd), -1);
    return real(fd, into, size, from);
}

ssize_t pread64(int fd, void *into, size_t size, off64_t from) {
    REAL(pread64);
    FAIL(READ, of_fd(fd), -1);
    return real(fd, into, size, from);
}

ssize_t readv(int fd, const struct iovec *parts, int count) {
    REAL(readv);
    FAIL(READ, of_fd(fd), -1);
    return real(fd, parts, count);
}

size_t fread(void *into, size_t size, size_t count, FILE *file) {
    REAL(fread);
    FAIL(READ, of_fd(fileno(file)), 0);
    return real(into, size, count, file);
}

/* write */

ssize_t write(int fd, const void *from, size_t size) {
    REAL(write);
    FAIL(WRITE, of_fd(fd), -1);
    return real(fd, from, size);
}

ssize_t pwrite(int fd, const void *from, size_t size, off_t to) {
    REAL(pwrite);
    FAIL(WRITE, of_fd(fd), -1);
    return real(fd, from, size, to);
}

ssize_t pwrite64(int fd, const void *from, size_t size, off64_t to) {
    REAL(pwrite64);
    FAIL(WRITE, of_fd(fd), -1);
    return real(fd, from, size, to);
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
    REAL(writev);
    FAIL(WRITE, of_fd(fd), -1);
    return real(fd, parts, count);
}

size_t fwrite(const void *from, size_t size, size_t count, FILE *file) {
    REAL(fwrite);
    FAIL(WRITE, of_fd(fileno(file)), 0);
    return real(from, size, count, file);
}

/* fsync, rename, mkdir, unlink, truncate */

int fsync(int fd) {
    REAL(fsync);
    FAIL(FSYNC, of_fd(fd), -1);
    return real(fd);
}

int fdatasync(int fd) {
    REAL(fdatasync);
    FAIL(FSYNC, of_fd(fd), -1);
    return real(fd);
}

int rename(const char *from, const char *to) {
    REAL(rename);
    FAIL(RENAME, absolute(AT_FDCWD, to), -1);
    return real(from, to);
}

int renameat(int folder, const char *from, int into, const char *to) {
    REAL(renameat);
    FAIL(RENAME, absolute(into, to), -1);
    return real(folder, from, into, to);
}

int renameat2(int folder, const char *from, int into, const char *to, unsigned flags) {
    REAL(renameat2);
    FAIL(RENAME, absolute(into, to), -1);
    return real(folder, from, into, to, flags);
}

int link(const char *from, const char *to) {
    REAL(link);
    FAIL(RENAME, absolute(AT_FDCWD, to), -1);
    return real(from, to);
}

int mkdir(const char *path, mode_t mode) {
    REAL(mkdir);
    FAIL(MKDIR, absolute(AT_FDCWD, path), -1);
    return real(path, mode);
}

int mkdirat(int folder, const char *path, mode_t mode) {
    REAL(mkdirat);
    FAIL(MKDIR, absolute(folder, path), -1);
    return real(folder, path, mode);
}

int unlink(const char *path) {
    REAL(unlink);
    FAIL(UNLINK, absolute(AT_FDCWD, path), -1);
    return real(path);
}

int unlinkat(int folder, const char *path, int flags) {
    REAL(unlinkat);
    FAIL(UNLINK, absolute(folder, path), -1);
    return real(folder, path, flags);
}

int rmdir(const char *path) {
    REAL(rmdir);
    FAIL(UNLINK, absolute(AT_FDCWD, path), -1);
    return real(path);
}

int remove(const char *path) {
    REAL(remove);
    FAIL(UNLINK, absolute(AT_FDCWD, path), -1);
    return real(path);
}

int ftruncate(int fd, off_t size) {
    REAL(ftruncate);
    FAIL(TRUNCATE, of_fd(fd), -1);
    return real(fd, size);
}

int ftruncate64(int fd, off64_t size) {
    REAL(ftruncate64);
    FAIL(TRUNCATE, of_fd(fd), -1);
    return real(fd, size);
}

/* close: the file is closed all the same, as on network drives that tell only then that there was no space. */

int close(int fd) {
    REAL(close);
    int why = state && under_length ? fails(CLOSE, of_fd(fd)) : 0, result = real(fd);
    if (!why) return result;
    errno = why;
    return -1;
}

int fclose(FILE *file) {
    REAL(fclose);
    int why = state && under_length ? fails(CLOSE, of_fd(fileno(file))) : 0, result = real(file);
    if (!why) return result;
    errno = why;
    return EOF;
}

/* mmap, stat, list, lock */

void *mmap(void *where, size_t size, int protection, int flags, int fd, off_t from) {
    if (fd >= 0 && !(flags & MAP_ANONYMOUS)) FAIL(MMAP, of_fd(fd), MAP_FAILED);
    return (void *)syscall(SYS_mmap, where, size, protection, flags, fd, from);
}

void *mmap64(void *where, size_t size, int protection, int flags, int fd, off64_t from) {
    return mmap(where, size, protection, flags, fd, from);
}

int stat(const char *path, struct stat *into) {
    REAL(stat);
    FAIL(STAT, absolute(AT_FDCWD, path), -1);
    return real(path, into);
}

int stat64(const char *path, struct stat64 *into) {
    REAL(stat64);
    FAIL(STAT, absolute(AT_FDCWD, path), -1);
    return real(path, into);
}

int lstat(const char *path, struct stat *into) {
    REAL(lstat);
    FAIL(STAT, absolute(AT_FDCWD, path), -1);
    return real(path, into);
}

int lstat64(const char *path, struct stat64 *into) {
    REAL(lstat64);
    FAIL(STAT, absolute(AT_FDCWD, path), -1);
    return real(path, into);
}

int fstat(int fd, struct stat *into) {
    REAL(fstat);
    FAIL(STAT, of_fd(fd), -1);
    return real(fd, into);
}

int fstat64(int fd, struct stat64 *into) {
    REAL(fstat64);
    FAIL(STAT, of_fd(fd), -1);
    return real(fd, into);
}

int fstatat(int folder, const char *path, struct stat *into, int flags) {
    REAL(fstatat);
    FAIL(STAT, absolute(folder, path), -1);
    return real(folder, path, into, flags);
}

int fstatat64(int folder, const char *path, struct stat64 *into, int flags) {
    REAL(fstatat64);
    FAIL(STAT, absolute(folder, path), -1);
    return real(folder, path, into, flags);
}

int statvfs(const char *path, struct statvfs *into) {
    REAL(statvfs);
    FAIL(STAT, absolute(AT_FDCWD, path), -1);
    return real(path, into);
}

int statvfs64(const char *path, struct statvfs64 *into) {
    REAL(statvfs64);
    FAIL(STAT, absolute(AT_FDCWD, path), -1);
    return real(path, into);
}

DIR *opendir(const char *path) {
    REAL(opendir);
    FAIL(LIST, absolute(AT_FDCWD, path), NULL);
    return real(path);
}

DIR *fdopendir(int fd) {
    REAL(fdopendir);
    FAIL(LIST, of_fd(fd), NULL);
    return real(fd);
}

int fcntl(int fd, int command, ...) {
    REAL(fcntl);
    va_list more;
    va_start(more, command);
    void *argument = va_arg(more, void *);
    va_end(more);
    if (command == F_SETLK || command == F_SETLKW || command == F_OFD_SETLK) FAIL(LOCK, of_fd(fd), -1);
    return real(fd, command, argument);
}

int fcntl64(int fd, int command, ...) {
    va_list more;
    va_start(more, command);
    void *argument = va_arg(more, void *);
    va_end(more);
    return fcntl(fd, command, argument);
}

int flock(int fd, int how) {
    FAIL(LOCK, of_fd(fd), -1);
    return (int)syscall(SYS_flock, fd, how);
}

/* The time of day */

static long long offset(void) {
    return clock_offset && (!clock_at || (state && state->any >= clock_at)) ? clock_offset : 0;
}

int clock_gettime(clockid_t which, struct timespec *into) {
    REAL(clock_gettime);
    int result = real(which, into);
    if (!result && (which == CLOCK_REALTIME || which == CLOCK_REALTIME_COARSE)) into->tv_sec += offset();
    return result;
}

int gettimeofday(struct timeval *restrict into, void *restrict zone) {
    struct timespec now;
    (void)zone;
    if (clock_gettime(CLOCK_REALTIME, &now)) return -1;
    into->tv_sec = now.tv_sec;
    into->tv_usec = now.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *into) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (into) *into = now.tv_sec;
    return now.tv_sec;
}
