#include "runtime/core/travel.h"

#define NS_PER_MS INT64_C(1000000)
#define LATE_FACTOR 4 /* a slow door that arrives this late was still asked for */

void travel_init(struct travel *travel, bool has_sensor, int64_t travel_ms)
{
    *travel = (struct travel){
        .has_sensor = has_sensor,
        .travel_ns = travel_ms > 0 ? travel_ms * NS_PER_MS : 0,
        .asked_until_ns = INT64_MIN,
    };
    travel_forget(travel);
}

void travel_forget(struct travel *travel)
{
    travel->position = DOOR_POSITION_UNKNOWN;
    travel->assumed = false;
    travel->until_ns = INT64_MAX;
}

static void reckon(struct travel *travel, enum door_position position, int64_t until_ns)
{
    travel->position = position;
    travel->assumed = true;
    travel->until_ns = until_ns;
}

int64_t travel_seen_by_ns(const struct travel *travel, int64_t now_ns)
{
    int64_t margin_ns = travel->travel_ns / 4;

    if (margin_ns < TRAVEL_MARGIN_MS * NS_PER_MS)
        margin_ns = TRAVEL_MARGIN_MS * NS_PER_MS;
    return now_ns + travel->travel_ns + margin_ns;
}

void travel_fired(struct travel *travel, int64_t now_ns)
{
    if (travel->position == DOOR_OPEN) {
        if (!travel->has_sensor)
            reckon(travel, DOOR_OPEN, now_ns + TRAVEL_ASSUMED_OPEN_MS * NS_PER_MS);
        return;
    }
    travel->asked_until_ns = now_ns + LATE_FACTOR * (travel_seen_by_ns(travel, now_ns) - now_ns);
    if (travel->has_sensor)
        reckon(travel, DOOR_OPENING, travel_seen_by_ns(travel, now_ns));
    else if (travel->position != DOOR_OPENING)
        reckon(travel, DOOR_OPENING, now_ns + travel->travel_ns);
}

static enum travel_news see_open(struct travel *travel, int64_t now_ns)
{
    enum door_position before = travel->position;
    bool unasked = before == DOOR_CLOSED && now_ns > travel->asked_until_ns;

    travel->position = DOOR_OPEN;
    travel->assumed = false;
    travel->until_ns = INT64_MAX;
    travel->asked_until_ns = INT64_MIN; /* the request is fulfilled; the next opening from shut needs its own */
    if (before == DOOR_OPEN)
        return TRAVEL_NO_NEWS;
    return unasked ? TRAVEL_UNASKED : TRAVEL_SEEN_OPEN;
}

/* A single switch says "not open": the rest is reckoned. */
static enum travel_news see_not_open(struct travel *travel, int64_t now_ns)
{
    if (travel->position == DOOR_OPEN) {
        reckon(travel, DOOR_CLOSING, now_ns + travel->travel_ns);
    } else if (travel->position == DOOR_POSITION_UNKNOWN) {
        reckon(travel, DOOR_CLOSED, INT64_MAX);
        return TRAVEL_SHUT;
    }
    return TRAVEL_NO_NEWS;
}

static enum travel_news see_exactly(struct travel *travel, enum door_position seen, int64_t now_ns)
{
    enum door_position before = travel->position;

    travel->position = seen;
    travel->assumed = false;
    travel->until_ns = INT64_MAX;
    if (seen == DOOR_OPENING && before == DOOR_CLOSED && now_ns > travel->asked_until_ns)
        return TRAVEL_UNASKED;
    if (seen == DOOR_CLOSED && before != DOOR_CLOSED)
        return TRAVEL_SHUT;
    return TRAVEL_NO_NEWS;
}

enum travel_news travel_read(struct travel *travel, enum door_position seen, int64_t now_ns)
{
    if (seen == DOOR_OPEN)
        return see_open(travel, now_ns);
    if (seen == DOOR_POSITION_UNKNOWN)
        return see_not_open(travel, now_ns);
    return see_exactly(travel, seen, now_ns);
}

enum travel_news travel_tick(struct travel *travel, int64_t now_ns)
{
    while (now_ns >= travel->until_ns) {
        int64_t then_ns = travel->until_ns;

        if (!travel->has_sensor && travel->position == DOOR_OPENING) {
            reckon(travel, DOOR_OPEN, then_ns + TRAVEL_ASSUMED_OPEN_MS * NS_PER_MS);
        } else if (!travel->has_sensor && travel->position == DOOR_OPEN) {
            reckon(travel, DOOR_CLOSING, then_ns + travel->travel_ns);
        } else { /* an opening that was never seen, or a closing that took its time */
            reckon(travel, DOOR_CLOSED, INT64_MAX);
            return TRAVEL_SHUT;
        }
    }
    return TRAVEL_NO_NEWS;
}
