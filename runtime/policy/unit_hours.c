/* hours("Mon-Fri 06:00-23:00, Sat 08:00-01:00"): when a garage is open, by weekday. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "runtime/core/time_text.h"
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

static bool fail(char why[HOURS_WHY_BYTES], const char *at, const char *what)
{
    int length = (int)strcspn(at, " ,");

    snprintf(why, HOURS_WHY_BYTES, length ? "'%.*s' %s" : "%.*s%s", length > 40 ? 40 : length, at, what);
    return false;
}

/* "Mon-Fri ", or nothing for every day. */
static bool take_days(const char **text, int *first, int *last, char why[HOURS_WHY_BYTES])
{
    const char *began = *text;

    *first = *last = weekday_take(text);
    if (*first && **text == '-') {
        (*text)++;
        *last = weekday_take(text);
    }
    if (*first && (!*last || isalpha((unsigned char)**text)))
        return fail(why, began, "are no days; write Mon, Tue, Wed, Thu, Fri, Sat or Sun, or two of them as in Mon-Fri");
    if (!*first && isalpha((unsigned char)*began))
        return fail(why, began, "is no day; write Mon, Tue, Wed, Thu, Fri, Sat or Sun, or two of them as in Mon-Fri");
    if (!*first) {
        *first = 1;
        *last = 7;
    }
    *text += strspn(*text, " ");
    return true;
}

/* "08:00-01:00": an end before the beginning is after midnight. */
static bool take_span(const char **text, int *from, int *until, char why[HOURS_WHY_BYTES])
{
    static const char times[] = "are no times; write them as 07:00-23:00, from 00:00 to 24:00";
    const char *began = *text;

    *from = day_minute_take(text);
    if (*from < 0 || *(*text)++ != '-')
        return fail(why, began, *began ? times : "has days without times; write Mon-Fri 07:00-23:00");
    *until = day_minute_take(text);
    if (*until < 0 || (**text && !strchr(" ,", **text)))
        return fail(why, began, times);
    if (*from == 24 * 60)
        return fail(why, began, "begins at 24:00; a day begins at 00:00");
    if (*from == *until)
        return fail(why, began, "begins when it ends; a whole day is 00:00-24:00");
    *until += *until < *from ? 24 * 60 : 0;
    return true;
}

/* "Mon-Fri 06:00-23:00, Sat 08:00-01:00": days and times. */
static bool parse_hours(const char *text, struct hours *hours, char why[HOURS_WHY_BYTES])
{
    do {
        int first = 0, last = 0, from = 0, until = 0;

        text += strspn(text, " ");
        if (!take_days(&text, &first, &last, why) || !take_span(&text, &from, &until, why))
            return false;
        if (!add_spans(hours, first, last, from, until))
            return fail(why, "", "has too many days and times; at most 32 are taken");
        text += strspn(text, " ");
        if (*text && *text != ',')
            return fail(why, text, "is too much; a comma stands between two times, as in Mon-Fri 07:00-23:00, Sat 08:00-01:00");
    } while (*text++ == ',');
    return true;
}

bool hours_text_is_good(const char *text, char why[HOURS_WHY_BYTES])
{
    struct hours hours = {.count = 0};

    if (strlen(text) < sizeof(hours.text))
        return parse_hours(text, &hours, why);
    return fail(why, "", "is too long; opening hours have at most 127 letters");
}

static int make_hours(lua_State *lua)
{
    const char *text;
    char why[HOURS_WHY_BYTES];
    struct hours *hours;

    if (luaL_testudata(lua, 1, HOURS)) {
        lua_settop(lua, 1);
        return 1;
    }
    text = luaL_checkstring(lua, 1);
    hours = lua_newuserdatauv(lua, sizeof(*hours), 0);
    memset(hours, 0, sizeof(*hours));
    if (!hours_text_is_good(text, why))
        return sandbox_fail(lua, "opening hours: %s", why);
    parse_hours(text, hours, why);
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
