/*
 * Problems: the errors of the HTTP contract (sections 1 and 7), RFC 9457. One table from our codes to status, title,
 * explanation and what to do; it also makes the pages under /problems/.
 */
#ifndef OSTLER_HTTP_PROBLEM_H
#define OSTLER_HTTP_PROBLEM_H

#include <stdbool.h>
#include <stddef.h>

enum problem_code {
    PROBLEM_MALFORMED_JSON, PROBLEM_MALFORMED_REQUEST,
    PROBLEM_INVALID_TOKEN,
    PROBLEM_INSUFFICIENT_SCOPE, PROBLEM_DENIED_BY_POLICY, /* takes its code from the decision */
    PROBLEM_NOT_FOUND, PROBLEM_GARAGE_NOT_FOUND, PROBLEM_DOOR_NOT_FOUND, PROBLEM_SESSION_NOT_FOUND,
    PROBLEM_COMMAND_NOT_FOUND, PROBLEM_POLICY_NOT_FOUND,
    PROBLEM_METHOD_NOT_ALLOWED, PROBLEM_LENGTH_REQUIRED, PROBLEM_BODY_TOO_LARGE, PROBLEM_TARGET_TOO_LONG,
    PROBLEM_UNSUPPORTED_MEDIA_TYPE, PROBLEM_HEADERS_TOO_LARGE,
    PROBLEM_SESSION_ALREADY_ACTIVE, PROBLEM_PLATE_ALREADY_ACTIVE, PROBLEM_GARAGE_FULL, PROBLEM_GARAGE_CLOSED,
    PROBLEM_GARAGE_SUSPENDED, PROBLEM_SESSION_NOT_ACTIVE, PROBLEM_DOOR_NOT_ALLOWED, PROBLEM_DOOR_IN_MAINTENANCE,
    PROBLEM_IDEMPOTENCY_IN_PROGRESS,
    PROBLEM_VALIDATION_FAILED, PROBLEM_DOOR_INDICATION_REQUIRED, PROBLEM_DOOR_NOT_ENTRY, PROBLEM_DOOR_NOT_EXIT,
    PROBLEM_IDEMPOTENCY_KEY_REUSED, PROBLEM_POLICY_INVALID,
    PROBLEM_RATE_LIMITED, PROBLEM_TOO_MANY_OPENINGS,
    PROBLEM_INTERNAL_ERROR,
    PROBLEM_DOOR_UNREACHABLE, PROBLEM_POLICY_UNAVAILABLE, PROBLEM_STORAGE_UNAVAILABLE, PROBLEM_OVERLOADED,
    PROBLEM_SHUTTING_DOWN,
    PROBLEM_COUNT
};

struct problem_kind {
    const char *code;       /* "garage_full" */
    unsigned status;
    const char *title;      /* short, the same each time */
    const char *detail;     /* the default sentence */
    const char *help;       /* for the page: what it means and what to do */
    bool retryable;
    unsigned retry_after_s; /* 0: no Retry-After */
};

/* Never NULL. */
const struct problem_kind *problem_kind(enum problem_code code);

/* The code whose page is /problems/<slug> (hyphens for underscores), or NULL. */
const struct problem_kind *problem_find(const char *slug);

#endif
