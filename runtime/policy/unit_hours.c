/* hours("Mon-Fri 06:00-23:00, Sat 08:00-01:00"): when a garage is open, by weekday. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "runtime/policy/sandbox.h"
#include "runtime/policy/units_internal.h"

#define SPANS_MAX 32

struct span {
    int weekday;      /* 1 Monday .. 7 Sunday */
    int from, until;  /* minutes of the day; until may be past 24:00, up to 48:00 */
};

struct hours {
    int count;
    struct span spans[SPANS_MAX];
    char text[128];
};

static int take_weekday(const char **text)
{
    static const char *const names[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

    for (int day = 0; day < 7; day++) {
        if (strncasecmp(*text, names[day], 3) == 0) {
            *text += 3;
            return day + 1;
        }
    }
    return 0;
}

/* "06:00"; -1: it is no time of day. 24:00 is the end of the day. */
static int take_clock(const char **text)
{
    int hour, minute, length = 0;

    if (sscanf(*text, "%2d:%2d%n", &hour, &minute, &length) != 2 || hour < 0 || hour > 24 || minute < 0 || minute > 59 ||
        (hour == 24 && minute > 0))
        return -1;
    *text += length;
    return hour * 60 + minute;
}

static bool add_spans(struct hours *hours, int first, int last, int from, int until)
{
    for (int day = first;; day = day % 7 + 1) {
        if (hours->count == SPANS_MAX)
            return false;
        hours->spans[hours->count++] = (struct span){day, from, until};
        if (day == last)
            return true;
    }
}

/* "Mon-Fri 06:00-23:00, Sat 08:00-01:00": days and times; an end before the beginning is after midnight. */
static bool parse_hours(const char *text, struct hours *hours)
{
    while (*text) {
        int first, last, from, until;

        text += strspn(text, " ");
        first = last = take_weekday(&text);
        if (first && *text == '-') {
            text++;
            last = take_weekday(&text);
            if (!last)
                return false;
        }
        if (!first) { /* no days: all of them */
            first = 1;
            last = 7;
        }
        text += strspn(text, " ");
        from = take_clock(&text);
        if (from < 0 || *text++ != '-')
            return false;
        until = take_clock(&text);
        if (until < 0 || from == until)
            return false;
        if (!add_spans(hours, first, last, from, until < from ? until + 24 * 60 : until))
            return false;
        text += strspn(text, " ");
        if (*text == ',')
            text++;
        else if (*text)
            return false;
    }
    return hours->count > 0;
}

static int make_hours(lua_State *lua)
{
    const char *text;
    struct hours *hours;

    if (luaL_testudata(lua, 1, HOURS)) {
        lua_settop(lua, 1);
        return 1;
    }
    text = luaL_checkstring(lua, 1);
    hours = lua_newuserdatauv(lua, sizeof(*hours), 0);
    memset(hours, 0, sizeof(*hours));
    if (strlen(text) >= sizeof(hours->text) || !parse_hours(text, hours))
        return sandbox_fail(lua, "opening hours are written as \"Mon-Fri 07:00-23:00, Sat 08:00-01:00\"");
    strcpy(hours->text, text);
    luaL_setmetatable(lua, HOURS);
    return 1;
}

static int hours_text(lua_State *lua)
{
    lua_pushstring(lua, ((struct hours *)luaL_checkudata(lua, 1, HOURS))->text);
    return 1;
}

/* A span counts on its own day, and past midnight on the next. The closing minute itself is closed. */
static bool hours_hold(const struct hours *hours, const struct local_time *local)
{
    int minute = local->hour * 60 + local->minute;

    for (int i = 0; i < hours->count; i++) {
        const struct span *span = &hours->spans[i];
        int day_before = span->weekday % 7 + 1;

        if (local->weekday == span->weekday && minute >= span->from && minute < span->until)
            return true;
        if (local->weekday == day_before && minute + 24 * 60 < span->until)
            return true;
    }
    return false;
}

bool read_hours_hold(lua_State *lua, int index, const struct local_time *local)
{
    lua_pushvalue(lua, index);
    lua_pushcfunction(lua, make_hours);
    lua_insert(lua, -2);
    lua_call(lua, 1, 1);
    return hours_hold(luaL_checkudata(lua, -1, HOURS), local);
}

void hours_open(lua_State *lua)
{
    static const luaL_Reg functions[] = {{"__tostring", hours_text}, {NULL, NULL}};

    add_unit(lua, HOURS, functions);
    lua_pushcfunction(lua, make_hours);
    lua_setfield(lua, -2, "hours");
}
