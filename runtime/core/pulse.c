#include "runtime/core/pulse.h"

#include <assert.h>

#include "runtime/core/garage.h"

#define NS_PER_MS INT64_C(1000000)

void pulse_init(struct pulse *pulse, int64_t on_ms, int64_t gap_ms)
{
    if (on_ms < 1)
        on_ms = 1;
    if (on_ms > PULSE_MAX_MS)
        on_ms = PULSE_MAX_MS;
    *pulse = (struct pulse){
        .phase = PULSE_IDLE,
        .on_ns = on_ms * NS_PER_MS,
        .gap_ns = gap_ms > 0 ? gap_ms * NS_PER_MS : 0,
    };
}

bool pulse_may_begin(const struct pulse *pulse, int64_t now_ns)
{
    return pulse->phase == PULSE_IDLE || (pulse->phase == PULSE_GAP && now_ns >= pulse->until_ns);
}

void pulse_begin(struct pulse *pulse, int64_t now_ns)
{
    assert(pulse_may_begin(pulse, now_ns));
    pulse->phase = PULSE_ENERGISED;
    pulse->until_ns = now_ns + pulse->on_ns;
}

bool pulse_must_end(const struct pulse *pulse, int64_t now_ns)
{
    return pulse->phase == PULSE_ENERGISED && now_ns >= pulse->until_ns;
}

void pulse_end(struct pulse *pulse, int64_t now_ns)
{
    if (pulse->phase != PULSE_ENERGISED)
        return;
    pulse->phase = PULSE_GAP;
    pulse->until_ns = now_ns + pulse->gap_ns;
}

int64_t pulse_next_ns(const struct pulse *pulse, int64_t now_ns)
{
    if (pulse->phase == PULSE_IDLE || (pulse->phase == PULSE_GAP && now_ns >= pulse->until_ns))
        return INT64_MAX;
    return pulse->until_ns;
}
