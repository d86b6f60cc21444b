/* Preloaded: every sync to the disk fails with EIO while the file $OSTLER_FAIL_FSYNC exists. */
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

int fsync(int file);
int fdatasync(int file);

static int fails(void)
{
    const char *path = getenv("OSTLER_FAIL_FSYNC");

    return path && access(path, F_OK) == 0;
}

int fsync(int file)
{
    static int (*next)(int);

    if (!next)
        *(void **)&next = dlsym(RTLD_NEXT, "fsync");
    if (fails()) {
        errno = EIO;
        return -1;
    }
    return next(file);
}

int fdatasync(int file)
{
    static int (*next)(int);

    if (!next)
        *(void **)&next = dlsym(RTLD_NEXT, "fdatasync");
    if (fails()) {
        errno = EIO;
        return -1;
    }
    return next(file);
}
