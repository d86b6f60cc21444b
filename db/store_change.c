#include <stddef.h>
#include <stdlib.h>

#include "db/change_block.h"

enum {
    HAS_SESSION = 1,
    HAS_DECISION = 2,
    HAS_COMMAND = 4,
    HAS_EVENT = 8,
    HAS_ANSWER = 16,
    HAS_AUDIT = 32,
    HAS_INPUTS = 64,
    HAS_VISIT = 128,
    HAS_POLICY = 256,
};

static unsigned parts_of(enum store_change_kind kind)
{
    switch (kind) {
    case STORE_START:
        return HAS_SESSION | HAS_DECISION | HAS_VISIT | HAS_COMMAND | HAS_EVENT | HAS_ANSWER;
    case STORE_STOP:
        return HAS_SESSION | HAS_DECISION | HAS_VISIT | HAS_COMMAND | HAS_EVENT | HAS_ANSWER | HAS_AUDIT | HAS_INPUTS;
    case STORE_OPEN:
        return HAS_SESSION | HAS_DECISION | HAS_VISIT | HAS_COMMAND | HAS_ANSWER | HAS_AUDIT;
    case STORE_OUTCOME:
    case STORE_EVENT:
        return HAS_EVENT;
    case STORE_PRICE:
        return HAS_SESSION | HAS_EVENT;
    case STORE_DECISION:
        return HAS_SESSION | HAS_DECISION | HAS_VISIT;
    case STORE_ANSWER:
        return HAS_ANSWER;
    case STORE_LIST_ENTRY:
    case STORE_GARAGE_STATE:
    case STORE_MAINTENANCE:
        return HAS_AUDIT;
    case STORE_POLICY:
        return HAS_EVENT | HAS_AUDIT | HAS_POLICY;
    case STORE_TOKEN:
    case STORE_PRUNE:
        return 0;
    }
    return 0;
}

/* Place a part at the end of the block: counted first, then set. */
static void *place(char *block, size_t *size, size_t part_size)
{
    size_t at = (*size + _Alignof(max_align_t) - 1) / _Alignof(max_align_t) * _Alignof(max_align_t);

    *size = at + part_size;
    return block ? block + at : NULL;
}

static size_t lay_out(char *block, unsigned parts, struct store_change *change)
{
    size_t size = sizeof(struct change_block);

    if (parts & HAS_SESSION)
        change->session = place(block, &size, sizeof(struct session));
    if (parts & HAS_DECISION)
        change->decision = place(block, &size, sizeof(struct decision));
    if (parts & HAS_COMMAND)
        change->command = place(block, &size, sizeof(struct door_command));
    if (parts & HAS_EVENT)
        change->event = place(block, &size, sizeof(struct event));
    if (parts & HAS_ANSWER)
        change->answer = place(block, &size, sizeof(struct stored_answer));
    if (parts & HAS_AUDIT)
        change->audit = place(block, &size, sizeof(struct audit_line));
    if (parts & HAS_VISIT)
        change->visit = place(block, &size, sizeof(struct policy_visit));
    if (parts & HAS_POLICY) {
        change->record = place(block, &size, sizeof(struct policy_record));
        change->activation = place(block, &size, sizeof(struct policy_activation));
    }
    if (parts & HAS_INPUTS)
        change->inputs = place(block, &size, PENDING_INPUTS_BYTES);
    return size;
}

struct store_change *store_change_create(enum store_change_kind kind)
{
    struct store_change measured = {.kind = kind};
    size_t size = lay_out(NULL, parts_of(kind), &measured);
    char *block = calloc(1, size);
    struct store_change *change = (struct store_change *)(void *)block;

    if (!change)
        return NULL;
    lay_out(block, parts_of(kind), change);
    change->kind = kind;
    atomic_init(&change->references, 1);
    return change;
}

void store_change_retain(struct store_change *change)
{
    atomic_fetch_add_explicit(&change->references, 1, memory_order_relaxed);
}

void store_change_release(struct store_change *change)
{
    if (change && atomic_fetch_sub_explicit(&change->references, 1, memory_order_acq_rel) == 1) {
        change_block_forget_asked(change_block_of(change));
        free(change);
    }
}
