/*
 * The closed set of outcomes that a function of Ostler can have.
 *
 * Three kinds (see "Answers and faults" in README.md): answers are expected and handled by the direct caller
 * (NOT_FOUND, CONFLICT, ...); faults are forwarded unchanged to the edge and logged once, where they are born
 * (IO, NO_SPACE, ...); our own mistakes are asserts and never a status.
 * On anything but OST_OK out-parameters are left untouched.
 */
#ifndef OSTLER_BASE_STATUS_H
#define OSTLER_BASE_STATUS_H

#define OST_MUST_CHECK __attribute__((warn_unused_result))
#define OST_PRINTF(format_index, first_argument) __attribute__((format(printf, format_index, first_argument)))

enum ost_status {
    OST_OK = 0,
    /* answers */
    OST_NOT_FOUND,   /* the thing asked for does not exist */
    OST_CONFLICT,    /* it exists, but in a state that does not allow this */
    OST_INVALID,     /* malformed input */
    OST_TOO_LARGE,   /* input or result over its documented bound */
    OST_DENIED,      /* not allowed for this caller */
    /* faults */
    OST_BUSY,        /* a bounded queue or pool is full; nothing was begun; try again later */
    OST_TIMEOUT,     /* the deadline passed and nothing was done */
    OST_UNCERTAIN,   /* the deadline passed while the work was under way: it may still take effect */
    OST_UNAVAILABLE, /* a component that is needed does not work just now */
    OST_NO_SPACE,    /* the disk, or its quota, is full */
    OST_IO,          /* the operating system or a device reported an error */
    OST_CORRUPT,     /* stored data does not obey its own rules */
    OST_NO_MEMORY,
};

/* A short lower-case English text for logs; a static string, never NULL. Any thread. */
const char *ost_status_text(enum ost_status status);

#endif
