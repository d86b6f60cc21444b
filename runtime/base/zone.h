/*
 * Local time of an IANA time zone ("Europe/Amsterdam"). Stored times are UTC; this is for the edge and for policies.
 * GLib's GTimeZone behind a wall: it reads the system's tzdata and, unlike localtime_r(3), serves several zones.
 */
#ifndef OSTLER_BASE_ZONE_H
#define OSTLER_BASE_ZONE_H

#include <stdint.h>

#include "runtime/base/status.h"

struct zone;

struct local_time {
    int year, month, day;     /* month 1..12, day 1..31 */
    int hour, minute, second; /* 0..23, 0..59, 0..59 */
    int millisecond;          /* 0..999 */
    int weekday;              /* 1 Monday .. 7 Sunday, ISO 8601 */
    int day_of_year;          /* 1..366 */
    int offset_s;             /* local minus UTC, seconds */
};

/* OST_NOT_FOUND: no such zone on this machine. *out is freed with zone_destroy(). */
enum ost_status zone_create(const char *name, struct zone **out) OST_MUST_CHECK;
void zone_destroy(struct zone *zone); /* accepts NULL */
const char *zone_name(const struct zone *zone); /* as it was created with, at most 63 bytes of it */
/* Any thread. */
void zone_local_time(const struct zone *zone, int64_t wall_ms, struct local_time *out);
/* The Unix time of a local one. A time that the clocks skip is the moment after the gap; of one that comes twice, the first. */
int64_t zone_wall_ms(const struct zone *zone, const struct local_time *local);

#endif
