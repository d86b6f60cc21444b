/*
 * A change as a store holds it: the change itself, its parts in the same block of memory, and where it stands.
 * Private to the stores in db/.
 */
#ifndef OSTLER_DB_CHANGE_BLOCK_H
#define OSTLER_DB_CHANGE_BLOCK_H

#include <stdlib.h>

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
    /* What an answer (SAME_SESSION, ALREADY_ENDED, KEY_REPLAY) wrote over, for a group that runs again; else NULL. */
    struct session *asked_session;
    struct stored_answer *asked_answer;
};

static inline struct change_block *change_block_of(struct store_change *change)
{
    return (struct change_block *)change;
}

static inline void change_block_forget_asked(struct change_block *block)
{
    free(block->asked_session);
    free(block->asked_answer);
    block->asked_session = NULL;
    block->asked_answer = NULL;
}

#endif
