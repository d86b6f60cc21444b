#include "runtime/policy/units.h"

#include <lauxlib.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "runtime/policy/sandbox.h"

#define MONEY "money"
#define DURATION "duration"
#define HOURS "hours"
#define TIME "time"
#define TARIFF "tariff"
#define SPANS_MAX 32
#define MINUTE_MS INT64_C(60000)
#define HOUR_MS (60 * MINUTE_MS)
#define DAY_MS (24 * HOUR_MS)
#define MONEY_MAX INT64_C(100000000000)

struct amount { /* money in hundredths, or a duration in milliseconds */
    int64_t value;
};

struct moment {
    int64_t wall_ms;
    const struct zone *zone;
    struct local_time local;
};

struct span {
    int weekday;      /* 1 Monday .. 7 Sunday */
    int from, until;  /* minutes of the day; until may be past 24:00, up to 48:00 */
};

struct hours {
    int count;
    struct span spans[SPANS_MAX];
    char text[128];
};

struct tariff {
    int64_t free_ms, every_ms, per_ms; /* per 0: no cap */
    int64_t rate, cap;
};

static struct amount *push_amount(lua_State *lua, const char *unit, int64_t value)
{
    struct amount *amount = lua_newuserdatauv(lua, sizeof(*amount), 0);

    amount->value = value;
    luaL_setmetatable(lua, unit);
    return amount;
}

static int64_t check_amount(lua_State *lua, int index, const char *unit)
{
    return ((struct amount *)luaL_checkudata(lua, index, unit))->value;
}

/* ---- money ---- */

static void push_money(lua_State *lua, int64_t hundredths)
{
    if (hundredths > MONEY_MAX || hundredths < -MONEY_MAX)
        sandbox_fail(lua, "this is too much money");
    push_amount(lua, MONEY, hundredths);
}

int64_t check_money(lua_State *lua, int index)
{
    if (lua_type(lua, index) == LUA_TNUMBER)
        return sandbox_fail(lua, "write an amount as money(2.50), so that its cents are exact");
    return check_amount(lua, index, MONEY);
}

/* A number of the currency's units with at most two decimals, exactly. */
static int64_t read_money(lua_State *lua, int index)
{
    double units = luaL_checknumber(lua, index);
    double hundredths = round(units * 100);

    if (fabs(units * 100 - hundredths) > 1e-6 || fabs(hundredths) > (double)MONEY_MAX)
        sandbox_fail(lua, "money has at most two decimal places");
    return (int64_t)hundredths;
}

static int make_money(lua_State *lua)
{
    push_money(lua, luaL_testudata(lua, 1, MONEY) ? check_money(lua, 1) : read_money(lua, 1));
    return 1;
}

static int money_text(lua_State *lua)
{
    int64_t value = check_amount(lua, 1, MONEY);

    lua_pushfstring(lua, "%s%I.%d%d", value < 0 ? "-" : "", (LUAI_UACINT)(llabs(value) / 100), (int)(llabs(value) / 10 % 10),
                    (int)(llabs(value) % 10));
    return 1;
}

static int money_times(lua_State *lua)
{
    int money = luaL_testudata(lua, 1, MONEY) ? 1 : 2;
    double factor = luaL_checknumber(lua, 3 - money);

    if (!(fabs(factor) < 1e9))
        return sandbox_fail(lua, "this factor is too large");
    push_money(lua, (int64_t)round((double)check_amount(lua, money, MONEY) * factor));
    return 1;
}

/* ---- durations ---- */

void push_duration(lua_State *lua, int64_t milliseconds)
{
    push_amount(lua, DURATION, milliseconds);
}

/* "90s", "15min", "2h", "1h 30min", "400d". False: it is none. */
static bool parse_duration(const char *text, int64_t *milliseconds)
{
    static const struct {
        const char *unit;
        int64_t ms;
    } units[] = {{"ms", 1}, {"min", MINUTE_MS}, {"s", 1000}, {"h", HOUR_MS}, {"d", DAY_MS}};
    int64_t sum = 0;
    bool found = false;

    for (text += strspn(text, " "); *text; text += strspn(text, " ")) {
        char *end;
        long number = strtol(text, &end, 10);
        size_t i = 0;

        if (end == text || number < 0 || number > 10000000)
            return false;
        end += strspn(end, " ");
        while (i < 5 && strncmp(end, units[i].unit, strlen(units[i].unit)) != 0)
            i++;
        if (i == 5)
            return false;
        text = end + strlen(units[i].unit);
        if (*text && *text != ' ' && !(*text >= '0' && *text <= '9'))
            return false;
        sum += number * units[i].ms;
        found = true;
    }
    *milliseconds = sum;
    return found && sum <= 3660 * DAY_MS;
}

static int64_t read_duration(lua_State *lua, int index)
{
    int64_t milliseconds = 0;

    if (luaL_testudata(lua, index, DURATION))
        return check_amount(lua, index, DURATION);
    if (lua_type(lua, index) != LUA_TSTRING || !parse_duration(lua_tostring(lua, index), &milliseconds))
        sandbox_fail(lua, "a duration is written as \"15min\", \"2h\" or \"1h 30min\"");
    return milliseconds;
}

static int make_duration(lua_State *lua)
{
    push_duration(lua, read_duration(lua, 1));
    return 1;
}

static int duration_text(lua_State *lua)
{
    int64_t value = check_amount(lua, 1, DURATION);
    int64_t minutes = value / MINUTE_MS;

    if (value < MINUTE_MS)
        lua_pushfstring(lua, "%d s", (int)(value / 1000));
    else if (minutes < 60)
        lua_pushfstring(lua, "%d min", (int)minutes);
    else if (minutes % 60 == 0)
        lua_pushfstring(lua, "%I h", (LUAI_UACINT)(minutes / 60));
    else
        lua_pushfstring(lua, "%I h %d min", (LUAI_UACINT)(minutes / 60), (int)(minutes % 60));
    return 1;
}

static int duration_times(lua_State *lua)
{
    int duration = luaL_testudata(lua, 1, DURATION) ? 1 : 2;
    double factor = luaL_checknumber(lua, 3 - duration);

    if (!(fabs(factor) < 1e6))
        return sandbox_fail(lua, "this factor is too large");
    push_duration(lua, (int64_t)((double)check_amount(lua, duration, DURATION) * factor));
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

/* ---- what money and durations have in common; the unit is an upvalue ---- */

static const char *unit_of(lua_State *lua)
{
    return lua_tostring(lua, lua_upvalueindex(1));
}

static int64_t check_same(lua_State *lua, int index)
{
    const char *unit = unit_of(lua);

    if (!luaL_testudata(lua, index, unit))
        return sandbox_fail(lua, "%s goes with %s only, not with a %s", unit, unit, luaL_typename(lua, index));
    return check_amount(lua, index, unit);
}

static int amount_plus(lua_State *lua)
{
    push_amount(lua, unit_of(lua), check_same(lua, 1) + check_same(lua, 2));
    return 1;
}

static int amount_minus(lua_State *lua)
{
    push_amount(lua, unit_of(lua), check_same(lua, 1) - check_same(lua, 2));
    return 1;
}

static int amount_equal(lua_State *lua)
{
    lua_pushboolean(lua, check_same(lua, 1) == check_same(lua, 2));
    return 1;
}

static int amount_less(lua_State *lua)
{
    lua_pushboolean(lua, check_same(lua, 1) < check_same(lua, 2));
    return 1;
}

static int amount_less_equal(lua_State *lua)
{
    lua_pushboolean(lua, check_same(lua, 1) <= check_same(lua, 2));
    return 1;
}

/* `..` with any of our units: both sides as text. */
static int concat(lua_State *lua)
{
    luaL_tolstring(lua, 1, NULL);
    luaL_tolstring(lua, 2, NULL);
    lua_concat(lua, 2);
    return 1;
}

/* ---- opening hours ---- */

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

    lua_pushcfunction(lua, make_hours);
    lua_pushvalue(lua, 2);
    lua_call(lua, 1, 1);
    lua_pushboolean(lua, hours_hold(luaL_checkudata(lua, -1, HOURS), &moment->local));
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

static int time_plus(lua_State *lua)
{
    const struct moment *moment = check_time(lua, 1);

    push_time(lua, moment->zone, moment->wall_ms + read_duration(lua, 2));
    return 1;
}

/* A time less a duration is a time; less a time, the duration between. */
static int time_minus(lua_State *lua)
{
    const struct moment *moment = check_time(lua, 1);

    if (luaL_testudata(lua, 2, TIME))
        push_duration(lua, moment->wall_ms - check_time(lua, 2)->wall_ms);
    else
        push_time(lua, moment->zone, moment->wall_ms - read_duration(lua, 2));
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
    return now_ms + read_duration(lua, index);
}

/* ---- tariffs ---- */

static bool take_member(lua_State *lua, const char *name)
{
    lua_getfield(lua, 1, name);
    return !lua_isnil(lua, -1);
}

static void refuse_unknown(lua_State *lua)
{
    static const char *const known[] = {"free", "rate", "every", "cap", "per", NULL};

    lua_pushnil(lua);
    while (lua_next(lua, 1)) {
        const char *name = lua_type(lua, -2) == LUA_TSTRING ? lua_tostring(lua, -2) : "?";
        const char *const *each = known;

        while (*each && strcmp(*each, name) != 0)
            each++;
        if (!*each)
            sandbox_fail(lua, "a tariff has no '%s'; it has free, rate, every, cap and per", name);
        lua_pop(lua, 1);
    }
}

static int make_tariff(lua_State *lua)
{
    struct tariff tariff = {.cap = -1};
    struct tariff *made;

    luaL_checktype(lua, 1, LUA_TTABLE);
    refuse_unknown(lua);
    if (take_member(lua, "free"))
        tariff.free_ms = read_duration(lua, -1);
    if (take_member(lua, "rate"))
        tariff.rate = check_money(lua, -1);
    if (take_member(lua, "every"))
        tariff.every_ms = read_duration(lua, -1);
    if (take_member(lua, "cap"))
        tariff.cap = check_money(lua, -1);
    if (take_member(lua, "per"))
        tariff.per_ms = read_duration(lua, -1);
    if (tariff.every_ms < 1000)
        return sandbox_fail(lua, "a tariff needs rate = money(...) and every = \"12min\"");
    if ((tariff.cap >= 0) != (tariff.per_ms > 0) || (tariff.per_ms > 0 && tariff.per_ms < tariff.every_ms))
        return sandbox_fail(lua, "a tariff's cap needs its time: cap = money(18.00), per = \"24h\"");
    made = lua_newuserdatauv(lua, sizeof(*made), 0);
    *made = tariff;
    luaL_setmetatable(lua, TARIFF);
    return 1;
}

/* Started steps of a stretch of time, at most the cap. */
static int64_t price_stretch(const struct tariff *tariff, int64_t milliseconds)
{
    int64_t steps = (milliseconds + tariff->every_ms - 1) / tariff->every_ms;
    int64_t price = steps * tariff->rate;

    return tariff->cap >= 0 && price > tariff->cap ? tariff->cap : price;
}

/* Within the free time nothing; beyond it all of the stay counts less the free time. */
static int tariff_price(lua_State *lua)
{
    const struct tariff *tariff = luaL_checkudata(lua, 1, TARIFF);
    int64_t stayed = read_duration(lua, 2) - tariff->free_ms;
    int64_t price = 0;

    if (stayed > 0 && tariff->per_ms > 0)
        price = stayed / tariff->per_ms * price_stretch(tariff, tariff->per_ms) + price_stretch(tariff, stayed % tariff->per_ms);
    else if (stayed > 0)
        price = price_stretch(tariff, stayed);
    push_money(lua, price);
    return 1;
}

static int tariff_field(lua_State *lua)
{
    if (strcmp(luaL_checkstring(lua, 2), "price") != 0)
        return sandbox_fail(lua, "a tariff has no '%s'; use tariff:price(visit.stayed)", lua_tostring(lua, 2));
    lua_pushcfunction(lua, tariff_price);
    return 1;
}

/* ---- plain settings ---- */

static int make_number(lua_State *lua)
{
    luaL_checknumber(lua, 1);
    lua_settop(lua, 1);
    return 1;
}

static int make_text(lua_State *lua)
{
    luaL_checktype(lua, 1, LUA_TSTRING);
    lua_settop(lua, 1);
    return 1;
}

static int make_boolean(lua_State *lua)
{
    luaL_checktype(lua, 1, LUA_TBOOLEAN);
    lua_settop(lua, 1);
    return 1;
}

/* ---- registration ---- */

static void meta(lua_State *lua, const char *unit, const luaL_Reg *functions)
{
    luaL_newmetatable(lua, unit);
    lua_pushstring(lua, unit);
    luaL_setfuncs(lua, functions, 1);
    lua_pushcfunction(lua, concat);
    lua_setfield(lua, -2, "__concat");
    lua_pop(lua, 1);
}

void units_open(lua_State *lua)
{
    static const luaL_Reg money[] = {{"__tostring", money_text}, {"__add", amount_plus}, {"__sub", amount_minus},
        {"__mul", money_times}, {"__eq", amount_equal}, {"__lt", amount_less}, {"__le", amount_less_equal}, {NULL, NULL}};
    static const luaL_Reg duration[] = {{"__tostring", duration_text}, {"__add", amount_plus}, {"__sub", amount_minus},
        {"__mul", duration_times}, {"__eq", amount_equal}, {"__lt", amount_less}, {"__le", amount_less_equal},
        {"__index", duration_field}, {NULL, NULL}};
    static const luaL_Reg hours[] = {{"__tostring", hours_text}, {NULL, NULL}};
    static const luaL_Reg time[] = {{"__tostring", time_text}, {"__add", time_plus}, {"__sub", time_minus},
        {"__eq", time_equal}, {"__lt", time_less}, {"__le", time_less_equal}, {"__index", time_field}, {NULL, NULL}};
    static const luaL_Reg tariff[] = {{"__index", tariff_field}, {NULL, NULL}};
    static const luaL_Reg constructors[] = {{"money", make_money}, {"duration", make_duration}, {"hours", make_hours},
        {"tariff", make_tariff}, {"number", make_number}, {"text", make_text}, {"boolean", make_boolean}, {NULL, NULL}};

    meta(lua, MONEY, money);
    meta(lua, DURATION, duration);
    meta(lua, HOURS, hours);
    meta(lua, TIME, time);
    meta(lua, TARIFF, tariff);
    luaL_setfuncs(lua, constructors, 0);
}
