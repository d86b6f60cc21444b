/*
 * Looks a policy's text over before it runs: names that nothing knows, settings that were not made, fields and verbs that the
 * handler's trigger does not have, with the line and what was probably meant. A heuristic on words: where it cannot know what
 * a word stands for (it was declared anew, say) it keeps silent, and the error comes when the policy runs.
 */
#ifndef OSTLER_POLICY_SCAN_H
#define OSTLER_POLICY_SCAN_H

#include <stddef.h>

struct scan_problem {
    int line;
    char text[256];
};

enum scan_for {
    SCAN_ERRORS,   /* what breaks when it runs */
    SCAN_WARNINGS, /* what runs and can hardly be meant: a comparison that is never true */
};

/* At most max problems; returns how many were found. text need not end with a NUL. */
size_t scan_policy(const char *text, size_t length, enum scan_for wanted, struct scan_problem *problems, size_t max);

#endif
