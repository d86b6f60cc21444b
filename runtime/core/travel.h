/*
 * Where a door is: seen by its sensor, or reckoned from its travel time since the relay was fired.
 *
 * A plain value without clock or hardware: times are monotonic nanoseconds that the caller passes in.
 * The door's own controller closes it; here that is only watched.
 */
#ifndef OSTLER_CORE_TRAVEL_H
#define OSTLER_CORE_TRAVEL_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/core/door.h"

#define TRAVEL_ASSUMED_OPEN_MS 10000 /* a door without a sensor is reckoned to stay open for so long */
#define TRAVEL_MARGIN_MS 500         /* beyond the travel time: sensors, debouncing and cold gates are late */

struct travel {
    bool has_sensor;
    int64_t travel_ns;
    enum door_position position;
    bool assumed;           /* reckoned, not seen */
    int64_t until_ns;       /* the reckoned position changes then; INT64_MAX: it does not */
    int64_t asked_until_ns; /* an opening seen until then was asked for */
};

enum travel_news {
    TRAVEL_NO_NEWS,
    TRAVEL_SEEN_OPEN, /* the door is open now, as it was asked to be */
    TRAVEL_UNASKED,   /* it leaves its shut position, and nobody asked for that */
    TRAVEL_SHUT,      /* it is shut again */
};

void travel_init(struct travel *travel, bool has_sensor, int64_t travel_ms);
/* The hardware is gone, or is back: nothing is known any more. */
void travel_forget(struct travel *travel);

/* The relay was energised. */
void travel_fired(struct travel *travel, int64_t now_ns);
/*
 * The sensor says where the door is. DOOR_POSITION_UNKNOWN: it is not open, and the sensor cannot tell more, as a
 * single switch at the open position cannot.
 */
enum travel_news travel_read(struct travel *travel, enum door_position seen, int64_t now_ns);
/* Time has passed. */
enum travel_news travel_tick(struct travel *travel, int64_t now_ns);

/* A door that was fired now must be seen open by then, or it has not moved. */
int64_t travel_seen_by_ns(const struct travel *travel, int64_t now_ns);

#endif
