/*
 * Openings that were fired before they could be recorded: a fault of ours does not keep an exit shut. Each is listed from
 * before its commit until the store has it, so that it counts against its session, and so that the same request is answered
 * and not fired again.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/log.h"
#include "runtime/service/desk_internal.h"

/* Under the lock. NULL: it was recorded meanwhile. */
static struct unrecorded_opening *find_listed(struct session_desk *desk, const struct unrecorded_opening *wanted)
{
    struct unrecorded_opening *opening = desk->unrecorded;

    while (opening && opening != wanted)
        opening = opening->next;
    return opening;
}

struct unrecorded_opening *desk_unrecorded_list(struct session_desk *desk, struct uuid session_id, const char *door_id)
{
    struct unrecorded_opening *opening = calloc(1, sizeof(*opening));

    if (!opening)
        return NULL;
    opening->desk = desk;
    opening->session_id = session_id;
    snprintf(opening->door_id, sizeof(opening->door_id), "%s", door_id);
    pthread_mutex_lock(&desk->lock);
    opening->next = desk->unrecorded;
    desk->unrecorded = opening;
    pthread_mutex_unlock(&desk->lock);
    return opening;
}

void desk_unrecorded_decided(void *context, struct store_change *change, enum ost_status status)
{
    struct unrecorded_opening *opening = context;
    struct session_desk *desk = opening->desk;

    pthread_mutex_lock(&desk->lock);
    if (status != OST_OK) {
        store_change_retain(change);
        opening->unposted = change;
        opening = NULL;
    } else {
        for (struct unrecorded_opening **link = &desk->unrecorded; *link; link = &(*link)->next) {
            if (*link == opening) {
                *link = opening->next;
                break;
            }
        }
    }
    pthread_mutex_unlock(&desk->lock);
    free(opening);
}

void desk_unrecorded_keep(struct session_desk *desk, struct unrecorded_opening *opening, struct store_change *change,
                          bool with_writer, const struct stored_answer *answer)
{
    if (!with_writer)
        store_change_retain(change);
    pthread_mutex_lock(&desk->lock);
    /* The writer, where it has the change, may have recorded it just now: then the answer is stored as well. */
    if (find_listed(desk, opening)) {
        opening->answer = *answer;
        if (!with_writer)
            opening->unposted = change;
    }
    pthread_mutex_unlock(&desk->lock);
    if (!with_writer)
        desk_repost(desk);
}

unsigned desk_unrecorded_count(struct session_desk *desk, struct uuid session_id, const char *door_id)
{
    unsigned count = 0;

    pthread_mutex_lock(&desk->lock);
    for (const struct unrecorded_opening *opening = desk->unrecorded; opening; opening = opening->next)
        count += uuid_equal(opening->session_id, session_id) && strcmp(opening->door_id, door_id) == 0;
    pthread_mutex_unlock(&desk->lock);
    return count;
}

bool desk_unrecorded_answer(struct session_desk *desk, const char *partner_id, const char *key,
                            struct stored_answer *out)
{
    bool found = false;

    pthread_mutex_lock(&desk->lock);
    for (const struct unrecorded_opening *opening = desk->unrecorded; opening && !found; opening = opening->next) {
        found = strcmp(opening->answer.key, key) == 0 && strcmp(opening->answer.partner_id, partner_id) == 0;
        if (found)
            *out = opening->answer;
    }
    pthread_mutex_unlock(&desk->lock);
    return found;
}

/* ---- what the store had no place for ---- */

/* Under the lock. NULL: nothing waits. */
static struct store_change **find_unposted(struct session_desk *desk)
{
    for (struct departure *departure = desk->departures; departure; departure = departure->next) {
        if (departure->unposted)
            return &departure->unposted;
    }
    for (struct unrecorded_opening *opening = desk->unrecorded; opening; opening = opening->next) {
        if (opening->unposted)
            return &opening->unposted;
    }
    return NULL;
}

void desk_repost(struct session_desk *desk)
{
    struct store *store = desk->parts.store;

    for (;;) {
        struct store_change *change = NULL;
        struct store_change **from;

        pthread_mutex_lock(&desk->lock);
        from = find_unposted(desk);
        if (from) {
            change = *from;
            *from = NULL;
        }
        pthread_mutex_unlock(&desk->lock);
        if (!change)
            return;
        /* Its list entry lives until the store decides, and that is only after this post. */
        if (store->ops->post(store, change) != OST_OK) {
            pthread_mutex_lock(&desk->lock);
            *from = change;
            pthread_mutex_unlock(&desk->lock);
            return;
        }
    }
}
