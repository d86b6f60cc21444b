/*
 * Workers' stacks. civetweb gives its threads 100 KB, which deep JSON or Lua overruns; the library offers no setting. This
 * definition in our executable comes before the C library's, raises what is too small and passes on.
 */
#include "runtime/http/stack.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>

int pthread_attr_setstacksize(pthread_attr_t *attributes, size_t bytes)
{
    static int (*next)(pthread_attr_t *, size_t);

    if (!next) {
        void *found = dlsym(RTLD_NEXT, "pthread_attr_setstacksize");

        if (!found)
            abort();
        *(void **)&next = found; /* the conversion that dlsym(3) asks for */
    }
    return next(attributes, bytes < STACK_BYTES_MIN ? STACK_BYTES_MIN : bytes);
}

bool stack_is_large_enough(void)
{
    pthread_attr_t attributes;
    size_t bytes = 0;

    if (pthread_getattr_np(pthread_self(), &attributes) != 0)
        return false;
    pthread_attr_getstacksize(&attributes, &bytes);
    pthread_attr_destroy(&attributes);
    return bytes >= STACK_BYTES_MIN;
}
