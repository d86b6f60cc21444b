#include "runtime/base/thread.h"

#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "runtime/base/log.h"

void thread_set_nice(int nice)
{
    if (setpriority(PRIO_PROCESS, (id_t)gettid(), nice) != 0)
        log_debug("thread", "no precedence for this thread (nice %d): %s", nice, strerror(errno));
}
