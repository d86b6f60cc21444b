/* duration("1h 30min"), and the times of a visit, which go with durations. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/core/time_text.h"
#include "runtime/policy/sandbox.h"
#include "runtime/policy/units_internal.h"

#define TIME_MIN_MS INT64_C(-62135596800000)
#define TIME_MAX_MS INT64_C(253402300799999)

struct moment {
    int64_t wall_ms;
    const struct zone *zone;
    struct local_time local;
};

void push_duration(lua_State *lua, int64_t milliseconds)
{
    push_amount(lua, DURATION, milliseconds);
}

int64_t read_duration(lua_State *lua, int index)
{
    int64_t milliseconds = 0;

    if (luaL_testudata(lua, index, DURATION))
        return check_amount(lua, index, DURATION);
    if (lua_type(lua, index) != LUA_TSTRING || !duration_read(lua_tostring(lua, index), &milliseconds))
        sandbox_fail(lua, "a duration is written as \"15min\", \"2h\" or \"1h 30min\"");
    return milliseconds;
}

static int make_duration(lua_State *lua)
{
    push_duration(lua, read_duration(lua, 1));
    return 1;
}

/* "40 s", "25 min", "3 h", "1 h 30 min", and "-5 min" where a time is before another. */
static int duration_text(lua_State *lua)
{
    int64_t value = check_amount(lua, 1, DURATION);
    const char *sign = value < 0 ? "-" : "";
    int64_t minutes = llabs(value) / MINUTE_MS;

    if (minutes == 0)
        lua_pushfstring(lua, "%s%d s", sign, (int)(llabs(value) / 1000));
    else if (minutes < 60)
        lua_pushfstring(lua, "%s%d min", sign, (int)minutes);
    else if (minutes % 60 == 0)
        lua_pushfstring(lua, "%s%I h", sign, (LUAI_UACINT)(minutes / 60));
    else
        lua_pushfstring(lua, "%s%I h %d min", sign, (LUAI_UACINT)(minutes / 60), (int)(minutes % 60));
    return 1;
}

void push_duration_exactly(lua_State *lua, int64_t milliseconds)
{
    static const struct {
        const char *unit;
        int64_t ms;
    } units[] = {{"d", DAY_MS}, {"h", HOUR_MS}, {"min", MINUTE_MS}, {"s", 1000}, {"ms", 1}};
    char text[96];
    int length = 0;

    /* A day is 24 hours: "24h" is what people write, and "2d" only from there on. */
    for (size_t i = milliseconds < 2 * DAY_MS; i < sizeof(units) / sizeof(units[0]); i++) {
        int64_t count = milliseconds / units[i].ms;

        milliseconds %= units[i].ms;
        if (count > 0 || (i == 3 && length == 0 && milliseconds == 0))
            length += snprintf(text + length, sizeof(text) - (size_t)length, "%s%lld%s", length ? " " : "", (long long)count, units[i].unit);
    }
    lua_pushlstring(lua, text, (size_t)length);
}

static int duration_times(lua_State *lua)
{
    int duration = luaL_testudata(lua, 1, DURATION) ? 1 : 2;
    double factor = luaL_checknumber(lua, 3 - duration);

    push_product(lua, DURATION, check_amount(lua, duration, DURATION), factor);
    return 1;
}

static int duration_field(lua_State *lua)
{
    int64_t value = check_amount(lua, 1, DURATION);
    const char *name = luaL_checkstring(lua, 2);

    if (strcmp(name, "seconds") == 0)
        lua_pushinteger(lua, value / 1000);
    else if (strcmp(name, "minutes") == 0)
        lua_pushinteger(lua, value / MINUTE_MS);
    else if (strcmp(name, "hours") == 0)
        lua_pushinteger(lua, value / HOUR_MS);
    else
        return sandbox_fail(lua, "a duration has no field '%s'; it has seconds, minutes and hours", name);
    return 1;
}

/* ---- times ---- */

void push_time(lua_State *lua, const struct zone *zone, int64_t wall_ms)
{
    struct moment *moment = lua_newuserdatauv(lua, sizeof(*moment), 0);

    moment->wall_ms = wall_ms;
    moment->zone = zone;
    zone_local_time(zone, wall_ms, &moment->local);
    luaL_setmetatable(lua, TIME);
}

static const struct moment *check_time(lua_State *lua, int index)
{
    return luaL_checkudata(lua, index, TIME);
}

static int time_within(lua_State *lua)
{
    const struct moment *moment = check_time(lua, 1);

    lua_pushboolean(lua, read_hours_hold(lua, 2, &moment->local));
    return 1;
}

static int time_field(lua_State *lua)
{
    const struct moment *moment = check_time(lua, 1);
    const char *name = luaL_checkstring(lua, 2);
    const struct {
        const char *name;
        int value;
    } fields[] = {{"year", moment->local.year},     {"month", moment->local.month},   {"day", moment->local.day},
                  {"hour", moment->local.hour},     {"minute", moment->local.minute}, {"second", moment->local.second},
                  {"weekday", moment->local.weekday}};

    if (strcmp(name, "within") == 0) {
        lua_pushcfunction(lua, time_within);
        return 1;
    }
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        if (strcmp(fields[i].name, name) == 0) {
            lua_pushinteger(lua, fields[i].value);
            return 1;
        }
    }
    return sandbox_fail(lua, "a time has no field '%s'; it has year, month, day, hour, minute, second, weekday and within", name);
}

static int time_text(lua_State *lua)
{
    const struct moment *moment = check_time(lua, 1);
    char text[32];

    snprintf(text, sizeof(text), "%04d-%02d-%02d %02d:%02d", moment->local.year, moment->local.month, moment->local.day,
             moment->local.hour, moment->local.minute);
    lua_pushstring(lua, text);
    return 1;
}

/* The wall time so long after another (or before it: direction -1), within the years 1 to 9999 that a calendar has. */
static int64_t moved_time(lua_State *lua, int64_t wall_ms, int64_t duration_ms, int direction)
{
    int64_t moved;
    bool overflowed = direction > 0 ? __builtin_add_overflow(wall_ms, duration_ms, &moved)
                                    : __builtin_sub_overflow(wall_ms, duration_ms, &moved);

    if (overflowed || moved < TIME_MIN_MS || moved > TIME_MAX_MS)
        sandbox_fail(lua, "this time would be outside of the calendar, which has the years 1 to 9999");
    return moved;
}

static int time_plus(lua_State *lua)
{
    const struct moment *moment = check_time(lua, 1);

    push_time(lua, moment->zone, moved_time(lua, moment->wall_ms, read_duration(lua, 2), 1));
    return 1;
}

/* A time less a duration is a time; less a time, the duration between. */
static int time_minus(lua_State *lua)
{
    const struct moment *moment = check_time(lua, 1);
    int64_t between_ms;

    if (luaL_testudata(lua, 2, TIME)) {
        bool overflowed = __builtin_sub_overflow(moment->wall_ms, check_time(lua, 2)->wall_ms, &between_ms);

        push_result(lua, DURATION, overflowed, between_ms);
    } else {
        push_time(lua, moment->zone, moved_time(lua, moment->wall_ms, read_duration(lua, 2), -1));
    }
    return 1;
}

static int time_equal(lua_State *lua)
{
    lua_pushboolean(lua, check_time(lua, 1)->wall_ms == check_time(lua, 2)->wall_ms);
    return 1;
}

static int time_less(lua_State *lua)
{
    lua_pushboolean(lua, check_time(lua, 1)->wall_ms < check_time(lua, 2)->wall_ms);
    return 1;
}

static int time_less_equal(lua_State *lua)
{
    lua_pushboolean(lua, check_time(lua, 1)->wall_ms <= check_time(lua, 2)->wall_ms);
    return 1;
}

int64_t check_moment(lua_State *lua, int index, int64_t now_ms)
{
    if (luaL_testudata(lua, index, TIME))
        return check_time(lua, index)->wall_ms;
    return moved_time(lua, now_ms, read_duration(lua, index), 1);
}

void time_open(lua_State *lua)
{
    static const luaL_Reg duration[] = {{"__tostring", duration_text}, {"__add", amount_plus}, {"__sub", amount_minus},
        {"__mul", duration_times}, {"__eq", amount_equal}, {"__lt", amount_less}, {"__le", amount_less_equal},
        {"__index", duration_field}, {NULL, NULL}};
    static const luaL_Reg time[] = {{"__tostring", time_text}, {"__add", time_plus}, {"__sub", time_minus},
        {"__eq", time_equal}, {"__lt", time_less}, {"__le", time_less_equal}, {"__index", time_field}, {NULL, NULL}};

    add_unit(lua, DURATION, duration);
    add_unit(lua, TIME, time);
    lua_pushcfunction(lua, make_duration);
    lua_setfield(lua, -2, "duration");
}
