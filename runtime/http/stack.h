/* The stack size of civetweb's worker threads: see stack.c. */
#ifndef OSTLER_HTTP_STACK_H
#define OSTLER_HTTP_STACK_H

#include <stdbool.h>
#include <stddef.h>

#define STACK_BYTES_MIN ((size_t)4 * 1024 * 1024)

/* Does the calling thread have it? A worker asks at its start: without it the runtime refuses to serve. */
bool stack_is_large_enough(void);

#endif
