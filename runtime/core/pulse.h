/*
 * The pulse of one relay: idle, energised for a while, then released for at least a gap.
 *
 * A plain value without clock or hardware: times are monotonic nanoseconds that the caller passes in. Nothing makes it
 * longer than PULSE_MAX_MS, whatever a configuration says.
 */
#ifndef OSTLER_CORE_PULSE_H
#define OSTLER_CORE_PULSE_H

#include <stdbool.h>
#include <stdint.h>

enum pulse_phase { PULSE_IDLE, PULSE_ENERGISED, PULSE_GAP };

struct pulse {
    enum pulse_phase phase;
    int64_t on_ns;
    int64_t gap_ns;
    int64_t until_ns; /* ENERGISED and GAP: the phase's end */
};

/* on_ms is brought into 1..PULSE_MAX_MS, gap_ms to 0 at least. */
void pulse_init(struct pulse *pulse, int64_t on_ms, int64_t gap_ms);

/* May the relay be energised now? Not while it is, and not before the gap is over. */
bool pulse_may_begin(const struct pulse *pulse, int64_t now_ns);
/* The relay was energised at now_ns. Only where it may. */
void pulse_begin(struct pulse *pulse, int64_t now_ns);
/* Is it time to release the relay? */
bool pulse_must_end(const struct pulse *pulse, int64_t now_ns);
/* The relay was released at now_ns, in time or early; the gap begins. Harmless in another phase. */
void pulse_end(struct pulse *pulse, int64_t now_ns);
/* When the current phase ends; INT64_MAX while idle or once the gap is over. */
int64_t pulse_next_ns(const struct pulse *pulse, int64_t now_ns);

#endif
