#include "runtime/core/policy.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/core/text_table.h"
#include "runtime/core/time_text.h"

#define MINUTE_MS INT64_C(60000)
#define HOUR_MS (60 * MINUTE_MS)
#define DAY_MS (24 * HOUR_MS)
#define EVERY_DAY 0xfeu

static const char *const rights[] = {"override"};
static const char *const modes[] = {"off", "shadow", "on"};
static const char *const fails[] = {"standard", "open", "closed"};
static const char *const results[] = {"activated", "rejected", "rolled_back", "quarantined"};
static const char *const types[] = {"number", "text", "boolean", "money", "duration", "hours", "tariff", "plates"};

const char *policy_right_text(enum policy_right right)
{
    return TEXT_OF(rights, right);
}

enum ost_status policy_right_parse(const char *text, enum policy_right *out)
{
    size_t value;
    enum ost_status status = VALUE_OF(rights, text, &value);

    if (status == OST_OK)
        *out = (enum policy_right)value;
    return status;
}

const char *policy_mode_text(enum policy_mode mode)
{
    return TEXT_OF(modes, mode);
}

enum ost_status policy_mode_parse(const char *text, enum policy_mode *out)
{
    size_t value;
    enum ost_status status = VALUE_OF(modes, text, &value);

    if (status == OST_OK)
        *out = (enum policy_mode)value;
    return status;
}

const char *policy_fail_text(enum policy_fail fail)
{
    return TEXT_OF(fails, fail);
}

enum ost_status policy_fail_parse(const char *text, enum policy_fail *out)
{
    size_t value;
    enum ost_status status = VALUE_OF(fails, text, &value);

    if (status == OST_OK)
        *out = (enum policy_fail)value;
    return status;
}

const char *policy_result_text(enum policy_result result)
{
    return TEXT_OF(results, result);
}

const char *setting_type_text(enum setting_type type)
{
    return TEXT_OF(types, type);
}

bool policy_route_is_valid(const char *route)
{
    size_t length = strlen(route);

    if (length < 2 || length >= POLICY_ROUTE_BYTES || route[length - 1] == '/')
        return false;
    for (const char *at = route; *at; at++) {
        bool is_first = at == route || at[-1] == '/';

        if (*at == '/' ? is_first && at != route : !(islower((unsigned char)*at) || isdigit((unsigned char)*at) || (*at == '-' && !is_first)))
            return false;
    }
    return route[0] == '/';
}

/* ---- schedules ---- */

/* "Mon-Fri", "Sat,Sun", "Mon-Wed,Fri"; 0: these are no weekdays. */
static unsigned take_weekdays(const char **text)
{
    unsigned days = 0;

    for (;;) {
        int first = weekday_take(text), last = first;

        if (**text == '-') {
            (*text)++;
            last = weekday_take(text);
        }
        if (first == 0 || last == 0)
            return 0;
        for (int day = first;; day = day % 7 + 1) {
            days |= 1u << day;
            if (day == last)
                break;
        }
        if (**text != ',')
            return days;
        *text += 1 + strspn(*text + 1, " ");
    }
}

static bool parse_interval(const char *text, int64_t *interval_ms)
{
    char *unit;
    long count = strtol(text, &unit, 10);
    int64_t each_ms = strcmp(unit, "min") == 0 ? MINUTE_MS : strcmp(unit, "h") == 0 ? HOUR_MS : 0;

    if (unit == text || each_ms == 0 || count < 1 || count > 1440)
        return false;
    *interval_ms = count * each_ms;
    return *interval_ms <= DAY_MS;
}

static bool parse_clock(const char *text, int *minute_of_day)
{
    *minute_of_day = day_minute_take(&text);
    return *minute_of_day >= 0 && *minute_of_day < 24 * 60 && !*text;
}

enum ost_status policy_schedule_parse(const char *text, struct policy_schedule *out, char why[static 160])
{
    const char *at = text;

    *out = (struct policy_schedule){.weekdays = EVERY_DAY};
    if (isalpha((unsigned char)*at) && strncmp(at, "every ", 6) != 0) {
        out->weekdays = take_weekdays(&at);
        at += strspn(at, " ");
    }
    if (out->weekdays && strncmp(at, "every ", 6) == 0 && parse_interval(at + 6, &out->interval_ms))
        out->kind = SCHEDULE_EVERY;
    else if (out->weekdays && parse_clock(at, &out->minute))
        out->kind = SCHEDULE_AT;
    if (out->kind != SCHEDULE_NONE)
        return OST_OK;
    snprintf(why, 160, "write a schedule as \"every 15min\", \"06:00\", \"Mon-Fri 06:00\" or \"Sat,Sun every 2h\"; an interval is 1min to 24h");
    return OST_INVALID;
}

/* A minute of the day, some days after that of wall_ms. By way of noon, which is on the same date whatever the clocks do. */
static int64_t minute_ms(const struct zone *zone, int64_t wall_ms, int days_later, int minute)
{
    struct local_time local;

    zone_local_time(zone, wall_ms, &local);
    local = (struct local_time){.year = local.year, .month = local.month, .day = local.day, .hour = 12};
    zone_local_time(zone, zone_wall_ms(zone, &local) + days_later * DAY_MS, &local);
    local = (struct local_time){.year = local.year, .month = local.month, .day = local.day, .hour = minute / 60, .minute = minute % 60};
    return zone_wall_ms(zone, &local);
}

/* Intervals are counted from local midnight, so that "every 2h" is at even hours; the last one of a day may be shorter. */
static int64_t next_interval(const struct policy_schedule *schedule, const struct zone *zone, int64_t after_ms)
{
    int64_t begin_ms = minute_ms(zone, after_ms, 0, 0), next_day_ms = minute_ms(zone, after_ms, 1, 0);
    int64_t next_ms = begin_ms + ((after_ms - begin_ms) / schedule->interval_ms + 1) * schedule->interval_ms;

    return next_ms < next_day_ms ? next_ms : next_day_ms;
}

int64_t policy_schedule_next(const struct policy_schedule *schedule, const struct zone *zone, int64_t after_ms)
{
    int64_t from_ms = after_ms;

    if (schedule->kind == SCHEDULE_NONE)
        return INT64_MAX;
    /* Within eight days each weekday comes; an interval may be passed over day by day, never more often. */
    for (int day = 0; day <= 8; day++) {
        int64_t next_ms = schedule->kind == SCHEDULE_EVERY ? next_interval(schedule, zone, from_ms)
                                                           : minute_ms(zone, after_ms, day, schedule->minute);
        struct local_time local;

        zone_local_time(zone, next_ms, &local);
        if (next_ms > after_ms && (schedule->weekdays & 1u << local.weekday))
            return next_ms;
        if (schedule->kind == SCHEDULE_EVERY)
            from_ms = minute_ms(zone, after_ms, day + 1, 0) - 1;
    }
    return INT64_MAX;
}
