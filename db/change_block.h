/*
 * A change as a store holds it: the change itself, its parts in the same block of memory, and where it stands.
 * Private to the stores in db/.
 */
#ifndef OSTLER_DB_CHANGE_BLOCK_H
#define OSTLER_DB_CHANGE_BLOCK_H

#include "runtime/ports/store.h"

/* The waiter and the writer move a change with one atomic step each, so that just one of them decides. */
enum change_phase {
    CHANGE_QUEUED,    /* nobody has begun it; its waiter may withdraw it */
    CHANGE_TAKEN,     /* the writer has it; its waiter waits */
    CHANGE_LEFT,      /* the writer has it; its waiter gave up: on_done is told */
    CHANGE_POSTED,    /* it never had a waiter: on_done is told */
    CHANGE_WITHDRAWN, /* its waiter gave up before it was begun */
    CHANGE_DECIDED,
};

struct change_block {
    struct store_change change; /* first: a change pointer is a pointer to this */
    struct change_block *next;
    _Atomic unsigned phase;     /* enum change_phase; a futex */
    enum ost_status status;     /* written before phase becomes DECIDED */
};

static inline struct change_block *change_block_of(struct store_change *change)
{
    return (struct change_block *)change;
}

#endif
