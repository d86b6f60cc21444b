/* Preloaded: every sync to the disk takes OSTLER_SLOW_FSYNC_US microseconds longer. For a disk that never drifts. */
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

int fsync(int file);
int fdatasync(int file);

static void wait_longer(void)
{
    static long us = -1;
    struct timespec pause;

    if (us < 0)
        us = getenv("OSTLER_SLOW_FSYNC_US") ? atol(getenv("OSTLER_SLOW_FSYNC_US")) : 0;
    pause = (struct timespec){.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};
    nanosleep(&pause, NULL);
}

int fsync(int file)
{
    static int (*next)(int);

    if (!next)
        *(void **)&next = dlsym(RTLD_NEXT, "fsync");
    wait_longer();
    return next(file);
}

int fdatasync(int file)
{
    static int (*next)(int);

    if (!next)
        *(void **)&next = dlsym(RTLD_NEXT, "fdatasync");
    wait_longer();
    return next(file);
}
