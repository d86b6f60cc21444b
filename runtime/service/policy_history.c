#include <stdlib.h>

#include "runtime/service/policy_catalog_internal.h"

#define LOOKED_AT_MAX 200 /* lines of history, the newest */

/* Revisions that were live, the present one last: a deployment goes on top, a rollback takes off what is above its target. */
struct stack {
    int revisions[LOOKED_AT_MAX];
    size_t count;
};

static void go_back_to(struct stack *stack, int revision)
{
    for (size_t i = stack->count; i > 0; i--) {
        if (stack->revisions[i - 1] == revision) {
            stack->count = i;
            return;
        }
    }
    stack->count = 0;
    stack->revisions[stack->count++] = revision;
}

static void follow(struct stack *stack, const struct policy_activation *line)
{
    if (line->mode != POLICY_ON || line->result == POLICY_REJECTED || line->revision == 0)
        return;
    if (line->result == POLICY_ACTIVATED)
        stack->revisions[stack->count++] = line->revision;
    else
        go_back_to(stack, line->revision);
}

static bool is_good(struct policy_catalog *catalog, const char *name, int revision)
{
    struct store *store = catalog->parts.store;
    struct policy_record *record = malloc(sizeof(*record));
    bool good = record && store->ops->find_policy(store, name, revision, record) == OST_OK && record->quarantined_at_ms == 0;

    free(record);
    return good;
}

enum ost_status history_last_good(struct policy_catalog *catalog, const char *name, int live, int *revision)
{
    struct store *store = catalog->parts.store;
    struct policy_activation *lines = calloc(LOOKED_AT_MAX, sizeof(*lines));
    struct stack stack = {.count = 0};
    size_t count = 0;
    store_cursor next;
    enum ost_status status = OST_NO_MEMORY;

    if (lines)
        status = store->ops->list_activations(store, name, INT64_MAX, LOOKED_AT_MAX, lines, &count, &next);
    for (size_t i = count; i > 0 && status == OST_OK; i--)
        follow(&stack, &lines[i - 1]);
    free(lines);
    if (status != OST_OK)
        return status;
    while (stack.count > 0) {
        *revision = stack.revisions[--stack.count];
        if (*revision != live && is_good(catalog, name, *revision))
            return OST_OK;
    }
    return OST_NOT_FOUND;
}
