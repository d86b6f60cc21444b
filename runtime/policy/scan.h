/*
 * Looks a policy's text over before it runs: names that nothing knows, and fields that a visit does not have, with the
 * line and what was probably meant. A heuristic on words, which never complains about what would run.
 */
#ifndef OSTLER_POLICY_SCAN_H
#define OSTLER_POLICY_SCAN_H

#include <stddef.h>

struct scan_problem {
    int line;
    char text[256];
};

/* Words that a policy may use without declaring them; a NULL ends the list. */
extern const char *const policy_words[];
extern const char *const visit_fields[];
extern const char *const visit_garage_fields[];

/* At most max problems; returns how many were found. text need not end with a NUL. */
size_t scan_policy(const char *text, size_t length, struct scan_problem *problems, size_t max);

#endif
