#include "runtime/base/zone.h"

#include <glib.h>
#include <stdio.h>
#include <stdlib.h>

struct zone {
    GTimeZone *zone;
    char name[64];
};

enum ost_status zone_create(const char *name, struct zone **out)
{
    struct zone *made;
    GTimeZone *zone = g_time_zone_new_identifier(name);

    if (!zone)
        return OST_NOT_FOUND;
    made = calloc(1, sizeof(*made));
    if (!made) {
        g_time_zone_unref(zone);
        return OST_NO_MEMORY;
    }
    made->zone = zone;
    snprintf(made->name, sizeof(made->name), "%s", name);
    *out = made;
    return OST_OK;
}

void zone_destroy(struct zone *zone)
{
    if (!zone)
        return;
    g_time_zone_unref(zone->zone);
    free(zone);
}

const char *zone_name(const struct zone *zone)
{
    return zone->name;
}

void zone_local_time(const struct zone *zone, int64_t wall_ms, struct local_time *out)
{
    int64_t seconds = (wall_ms >= 0 ? wall_ms : wall_ms - 999) / 1000;
    GDateTime *utc = g_date_time_new_from_unix_utc(seconds);
    GDateTime *local = utc ? g_date_time_to_timezone(utc, zone->zone) : NULL;

    *out = (struct local_time){.year = 1970, .month = 1, .day = 1, .weekday = 4, .day_of_year = 1};
    if (local) {
        *out = (struct local_time){
            .year = g_date_time_get_year(local),
            .month = g_date_time_get_month(local),
            .day = g_date_time_get_day_of_month(local),
            .hour = g_date_time_get_hour(local),
            .minute = g_date_time_get_minute(local),
            .second = g_date_time_get_second(local),
            .millisecond = (int)(wall_ms - seconds * 1000),
            .weekday = g_date_time_get_day_of_week(local),
            .day_of_year = g_date_time_get_day_of_year(local),
            .offset_s = (int)(g_date_time_get_utc_offset(local) / G_TIME_SPAN_SECOND),
        };
        g_date_time_unref(local);
    }
    if (utc)
        g_date_time_unref(utc);
}

/* The local time read as if it were UTC. */
static int64_t as_utc_s(const struct local_time *local)
{
    GDateTime *time =
        g_date_time_new_utc(local->year, local->month, local->day, local->hour, local->minute, local->second);
    int64_t seconds = time ? g_date_time_to_unix(time) : 0;

    if (time)
        g_date_time_unref(time);
    return seconds;
}

static int offset_at(const struct zone *zone, int64_t unix_s)
{
    return g_time_zone_get_offset(zone->zone, g_time_zone_find_interval(zone->zone, G_TIME_TYPE_UNIVERSAL, unix_s));
}

/*
 * With the offsets a day before and after, the local time has two candidates. Where both are right the time comes twice and
 * the earlier one is meant; where none is, the clocks skip it, and the offset before the gap leads behind it.
 */
int64_t zone_wall_ms(const struct zone *zone, const struct local_time *local)
{
    int64_t utc_s = as_utc_s(local);
    int before_s = offset_at(zone, utc_s - 86400);
    int after_s = offset_at(zone, utc_s + 86400);
    int64_t found_s;

    if (offset_at(zone, utc_s - before_s) == before_s)
        found_s = utc_s - before_s;
    else if (offset_at(zone, utc_s - after_s) == after_s)
        found_s = utc_s - after_s;
    else
        found_s = utc_s - before_s;
    return found_s * 1000 + local->millisecond;
}
