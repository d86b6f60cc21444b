/*
 * UUID version 7 (RFC 9562, section 5.7): time-ordered identifiers.
 *
 * Invariant of the generator: within a process, ids are strictly monotonic in their first 64 bits already
 * (section 6.2, method 1: rand_a is a 12-bit counter; where it overflows, the millisecond is advanced). So
 * uuid_order() alone is a unique, time-ordered integer, which the store uses as its key; the last 62 bits are random,
 * so that an id cannot be guessed from a neighbour's.
 */
#ifndef OSTLER_BASE_UUID_H
#define OSTLER_BASE_UUID_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "runtime/base/status.h"

#define UUID_TEXT_BYTES 37 /* with its NUL */

struct uuid {
    uint64_t high;
    uint64_t low;
};

struct uuid_generator {
    pthread_mutex_t lock;
    uint64_t last_order; /* the 60 bits last handed out */
    uint64_t random_pool[32];
    unsigned random_left;
};

void uuid_generator_init(struct uuid_generator *generator);
void uuid_generator_finish(struct uuid_generator *generator);
/* Ids made from now on order after the given one: called with the newest stored id, so that a clock set back over
 * a restart cannot make an order twice. */
void uuid_generator_raise(struct uuid_generator *generator, int64_t order);
/* A new id for the given wall time. Aborts if the system has no randomness (getrandom(2)). Any thread. */
struct uuid uuid_make(struct uuid_generator *generator, int64_t wall_ms);

/* 48 bits of milliseconds and the 12-bit counter: unique and time-ordered for ids of one device. Positive. */
int64_t uuid_order(struct uuid id);
/* The lower 64 bits as a signed integer, for storage beside uuid_order(). */
int64_t uuid_tail(struct uuid id);
/* The id that has this order and tail. */
struct uuid uuid_from_order(int64_t order, int64_t tail);

bool uuid_equal(struct uuid a, struct uuid b);
bool uuid_is_nil(struct uuid id);
void uuid_format(struct uuid id, char text[UUID_TEXT_BYTES]);
/* Lower case, version 7 and variant 10 only. OST_INVALID: anything else. */
enum ost_status uuid_parse(const char *text, struct uuid *out) OST_MUST_CHECK;

#endif
