/*
 * Departures: one stop of a session at a time, and the stops that were let out before the store could take them. Those stay
 * in the list until the store has them, so that everybody sees the newest state known.
 */
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "runtime/base/log.h"
#include "runtime/service/desk_internal.h"

/* Under the lock, as all of them. */
static void unlink_departure(struct session_desk *desk, struct departure *departure)
{
    for (struct departure **link = &desk->departures; *link; link = &(*link)->next) {
        if (*link == departure) {
            *link = departure->next;
            break;
        }
    }
    if (departure->phase == DEPARTURE_ENDING)
        metric_set(desk->ending_now, atomic_fetch_sub(&desk->ending_count, 1) - 1);
    pthread_cond_broadcast(&desk->departures_changed);
}

static struct departure *find_departure(struct session_desk *desk, struct uuid session_id)
{
    for (struct departure *departure = desk->departures; departure; departure = departure->next) {
        if (uuid_equal(departure->session_id, session_id))
            return departure;
    }
    return NULL;
}

static void link_departure(struct session_desk *desk, struct departure *departure, struct uuid session_id)
{
    departure->session_id = session_id;
    departure->desk = desk;
    departure->next = desk->departures;
    desk->departures = departure;
}

static void become_ending(struct session_desk *desk, struct departure *departure, const struct session *session)
{
    departure->phase = DEPARTURE_ENDING;
    departure->session = *session;
    metric_set(desk->ending_now, atomic_fetch_add(&desk->ending_count, 1) + 1);
    pthread_cond_broadcast(&desk->departures_changed);
}

enum desk_verdict desk_departure_begin(struct session_desk *desk, struct uuid session_id, struct departure **out,
                                       struct session *ending)
{
    struct departure *mine = calloc(1, sizeof(*mine));
    enum desk_verdict verdict = DESK_OVERLOADED;
    struct departure *other;
    struct timespec until;
    int waited = 0;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += 2 * STOP_DEADLINE_MS / 1000;
    pthread_mutex_lock(&desk->lock);
    while ((other = find_departure(desk, session_id)) && other->phase == DEPARTURE_STOPPING && waited != ETIMEDOUT)
        waited = pthread_cond_timedwait(&desk->departures_changed, &desk->lock, &until);
    if (other && other->phase == DEPARTURE_ENDING) {
        *ending = other->session;
        verdict = DESK_ENDING;
    } else if (!other && mine) {
        link_departure(desk, mine, session_id);
        *out = mine;
        mine = NULL; /* now in the list */
        verdict = DESK_DONE;
    }
    pthread_mutex_unlock(&desk->lock);
    free(mine);
    return verdict;
}

void desk_departure_end(struct session_desk *desk, struct departure *departure)
{
    if (!departure)
        return;
    pthread_mutex_lock(&desk->lock);
    unlink_departure(desk, departure);
    pthread_mutex_unlock(&desk->lock);
    free(departure);
}

void desk_departure_decided(void *context, struct store_change *change, enum ost_status status)
{
    struct departure *departure = context;
    struct session_desk *desk = departure->desk;
    bool gone = false;

    if (status == OST_OK && change->result != STORE_DONE && change->result != STORE_ALREADY_ENDED)
        log_error("desk", "a stop that was let out is refused by the store with %d", (int)change->result);
    pthread_mutex_lock(&desk->lock);
    if (departure->phase == DEPARTURE_STOPPING) { /* its worker is just giving up and sees this */
        departure->decided = true;
        departure->decided_status = status;
    } else if (status == OST_OK) {
        unlink_departure(desk, departure);
        gone = true;
    } else if (!departure->unposted) {
        store_change_retain(change);
        departure->unposted = change; /* desk_repost() tries again */
    }
    pthread_mutex_unlock(&desk->lock);
    if (gone) {
        metric_add(desk->stops, 1);
        free(departure);
    }
}

enum ost_status desk_departure_settle(struct session_desk *desk, struct departure *departure, enum ost_status status)
{
    if (status != OST_UNCERTAIN)
        return status;
    pthread_mutex_lock(&desk->lock);
    if (departure->decided)
        status = departure->decided_status;
    pthread_mutex_unlock(&desk->lock);
    return status;
}

bool desk_departure_keep(struct session_desk *desk, struct departure *departure, const struct session *session,
                         struct store_change *change, enum ost_status why)
{
    pthread_mutex_lock(&desk->lock);
    if (departure->decided && departure->decided_status == OST_OK) { /* only now */
        pthread_mutex_unlock(&desk->lock);
        return false;
    }
    become_ending(desk, departure, session);
    if (why != OST_UNCERTAIN || departure->decided) {
        store_change_retain(change);
        departure->unposted = change;
    }
    pthread_mutex_unlock(&desk->lock);
    desk_repost(desk);
    return true;
}

enum ost_status desk_departure_restore(struct session_desk *desk, const struct session *session,
                                       struct store_change *change)
{
    struct departure *departure = calloc(1, sizeof(*departure));
    enum ost_status status = departure ? OST_OK : OST_NO_MEMORY;

    pthread_mutex_lock(&desk->lock);
    if (departure && find_departure(desk, session->id)) {
        status = OST_CONFLICT;
    } else if (departure) {
        link_departure(desk, departure, session->id);
        become_ending(desk, departure, session);
        store_change_retain(change);
        change->on_done = desk_departure_decided;
        change->done_context = departure;
        departure->unposted = change;
        departure = NULL; /* now in the list */
    }
    pthread_mutex_unlock(&desk->lock);
    free(departure);
    return status;
}
