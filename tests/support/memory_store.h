/*
 * The store port in memory: a real, small implementation for tests that want a store and no disk. It obeys the same contract
 * as the one on SQLite (tests/contract/store_contract.h), and links nothing of it.
 *
 * Nothing waits: a change is decided under one lock before commit() or post() returns. So commit() is never UNCERTAIN, only
 * TIMEOUT where the deadline had passed already; and the thread that posts is the writer thread of that change: its on_done
 * runs there, with no lock held.
 *
 * What is promised for a disk is not here: nothing outlives destroy(), room never runs out, and backup(), whose file would
 * have no reader, answers OST_UNAVAILABLE.
 */
#ifndef OSTLER_TESTS_MEMORY_STORE_H
#define OSTLER_TESTS_MEMORY_STORE_H

#include <stddef.h>

#include "runtime/base/clock.h"
#include "runtime/ports/store.h"

/* An empty store that knows these garages. The clock, which judges deadlines, must outlive it. NULL without memory. */
struct store *memory_store_create(struct clock *clock, const char *const *garage_ids, size_t garage_count);

/* How many events of this type and subject its outbox holds. */
size_t memory_store_count_events(struct store *store, enum event_type type, const char *subject);

#endif
