/*
 * Preloaded: a disk of the database that goes wrong while a file of this name stands in the folder $OSTLER_FAULTY_DISK:
 * "stall-sync" (a sync waits), "fail-write" (writing the log is EIO), "fail-read" (reading database or log is EIO).
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

int fdatasync(int file);
ssize_t pread64(int file, void *bytes, size_t count, off64_t at);
ssize_t pwrite64(int file, const void *bytes, size_t count, off64_t at);

static bool is_wrong(const char *what)
{
    const char *folder = getenv("OSTLER_FAULTY_DISK");
    char path[512];

    if (!folder)
        return false;
    snprintf(path, sizeof(path), "%s/%s", folder, what);
    return access(path, F_OK) == 0;
}

static bool has_ending(int file, const char *ending)
{
    char link[64], name[512];
    ssize_t length;

    snprintf(link, sizeof(link), "/proc/self/fd/%d", file);
    length = readlink(link, name, sizeof(name) - 1);
    if (length < (ssize_t)strlen(ending))
        return false;
    name[length] = '\0';
    return strcmp(name + length - strlen(ending), ending) == 0;
}

int fdatasync(int file)
{
    static int (*next)(int);
    struct timespec pause = {.tv_nsec = 5000000};

    if (!next)
        *(void **)&next = dlsym(RTLD_NEXT, "fdatasync");
    while (is_wrong("stall-sync"))
        nanosleep(&pause, NULL);
    return next(file);
}

ssize_t pread64(int file, void *bytes, size_t count, off64_t at)
{
    static ssize_t (*next)(int, void *, size_t, off64_t);

    if (!next)
        *(void **)&next = dlsym(RTLD_NEXT, "pread64");
    if (is_wrong("fail-read") && (has_ending(file, ".db") || has_ending(file, "-wal"))) {
        errno = EIO;
        return -1;
    }
    return next(file, bytes, count, at);
}

ssize_t pwrite64(int file, const void *bytes, size_t count, off64_t at)
{
    static ssize_t (*next)(int, const void *, size_t, off64_t);

    if (!next)
        *(void **)&next = dlsym(RTLD_NEXT, "pwrite64");
    if (is_wrong("fail-write") && has_ending(file, "-wal")) {
        errno = EIO;
        return -1;
    }
    return next(file, bytes, count, at);
}
