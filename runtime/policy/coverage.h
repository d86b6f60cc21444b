/* Which lines of a source are code. Private to runtime/policy. */
#ifndef OSTLER_POLICY_COVERAGE_H
#define OSTLER_POLICY_COVERAGE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Mark lines[1..max] that hold instructions, in functions that nobody calls too: 1; others are left. The `end` of a function,
 * where it returns if nothing returned before, is none. False: the text does not compile, or there is no memory.
 */
bool coverage_find_code(const char *text, size_t length, unsigned char *lines, size_t max);

#endif
