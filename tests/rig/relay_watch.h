/* Looks at a relay's line in a fast loop, on a thread of its own, and remembers every pulse. */
#ifndef OSTLER_TESTS_RIG_RELAY_WATCH_H
#define OSTLER_TESTS_RIG_RELAY_WATCH_H

#include <stdint.h>

/* Between two looks nothing is known, so a pulse's length lies between two bounds. */
struct relay_pulse {
    int64_t at_least_ns;
    int64_t at_most_ns;
};

void relay_watch_start(int line);
void relay_watch_stop(void);
/* How many times it was energised so far, a running pulse included. */
unsigned relay_watch_pulses(void);
/* How many of them are over. */
unsigned relay_watch_finished(void);
/* The latest pulse that is over. */
struct relay_pulse relay_watch_latest(void);

#endif
