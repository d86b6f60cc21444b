/*
 * Time comes in through a clock, so that tests own it.
 *
 * Wall time is milliseconds since the Unix epoch, with a mark that says how far it can be trusted.
 * Durations and deadlines are measured on the monotonic clock, which never jumps.
 */
#ifndef OSTLER_BASE_CLOCK_H
#define OSTLER_BASE_CLOCK_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/base/status.h"

enum clock_trust {
    CLOCK_SYNCED,   /* the kernel says that a time source disciplines the clock (adjtimex(2)) */
    CLOCK_HOLDOVER, /* it was synced since boot or is later than anything stored, but no source disciplines it now */
    CLOCK_UNSYNCED, /* earlier than what is already stored, or never set: only good for ordering */
};

struct clock {
    int64_t (*wall_ms)(struct clock *clock);
    int64_t (*monotonic_ns)(struct clock *clock);
    enum clock_trust (*trust)(struct clock *clock);
    /* The latest wall time known from storage; see clock_raise_floor(). */
    _Atomic int64_t floor_ms;
};

/* The machine's clock. *clock must outlive its users. */
void clock_init_system(struct clock *clock);

/* A clock that stands still until it is moved: for tests and replays. Embed it, or use it as it is. */
struct manual_clock {
    struct clock base; /* first: a clock pointer is a pointer to this */
    _Atomic int64_t wall_ms;
    _Atomic int64_t monotonic_ns;
    _Atomic int trust;
};
void clock_init_manual(struct manual_clock *clock, int64_t wall_ms);
/* Move both clocks forward. milliseconds >= 0. Any thread. */
void manual_clock_advance(struct manual_clock *clock, int64_t milliseconds);

/* All below: any thread. */
int64_t clock_wall_ms(struct clock *clock);
int64_t clock_monotonic_ms(struct clock *clock);
int64_t clock_monotonic_ns(struct clock *clock);
enum clock_trust clock_trust(struct clock *clock);

/* Tell the clock of a stored time: a wall clock before the floor is not trusted. Only ever raises it. */
void clock_raise_floor(struct clock *clock, int64_t wall_ms);

/* The time by which expiry is judged: the wall clock, but never earlier than the floor. */
int64_t clock_judging_ms(struct clock *clock);

/* "synced", "holdover", "unsynced": the event attribute `clocksync`. */
const char *clock_trust_text(enum clock_trust trust);

/* RFC 3339 in UTC with milliseconds: "2026-11-22T10:00:00.000Z". The text has CLOCK_TEXT_BYTES with its NUL. */
#define CLOCK_TEXT_BYTES 32
void clock_format(int64_t wall_ms, char text[CLOCK_TEXT_BYTES]);
/* The other way; accepts any RFC 3339 offset. OST_INVALID: text is not such a time. */
enum ost_status clock_parse(const char *text, int64_t *wall_ms) OST_MUST_CHECK;

#endif
