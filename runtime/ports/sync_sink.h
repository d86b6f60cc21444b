/*
 * Where the outbox goes. Events are published in the order of their sequence; delivery is at least once, and a sink
 * says itself how far upstream has stored them: only that allows pruning.
 */
#ifndef OSTLER_PORTS_SYNC_SINK_H
#define OSTLER_PORTS_SYNC_SINK_H

#include <stddef.h>
#include <stdint.h>

#include "runtime/base/status.h"
#include "runtime/core/event.h"

struct sync_sink;

struct outbox_event {
    int64_t sequence; /* from 1, without gaps */
    struct event event;
};

struct sync_sink_ops {
    /* Publish events; blocks until deadline_ms (monotonic). Sync thread only. OST_UNAVAILABLE: none of the rest was accepted;
     * *published says how many of the first were. */
    enum ost_status (*publish)(struct sync_sink *sink, const struct outbox_event *events, size_t count,
                               int64_t deadline_ms, size_t *published);
    /* The highest sequence that upstream has durably stored; 0: none or unknown. */
    int64_t (*stored_sequence)(struct sync_sink *sink);
    void (*destroy)(struct sync_sink *sink);
};

struct sync_sink {
    const struct sync_sink_ops *ops;
};

#endif
