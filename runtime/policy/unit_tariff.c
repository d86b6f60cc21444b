/* tariff { free, rate, every, cap, per }: what a stay costs. */
#include <string.h>

#include "runtime/base/json.h"
#include "runtime/policy/sandbox.h"
#include "runtime/policy/units_internal.h"
#include "runtime/policy/words.h"

struct tariff {
    int64_t free_ms, every_ms, per_ms; /* per 0: no cap */
    int64_t rate, cap;
};

static bool take_member(lua_State *lua, const char *name)
{
    lua_getfield(lua, 1, name);
    return !lua_isnil(lua, -1);
}

/* The duration on top of the stack; one before its beginning (a time less a later one) makes no tariff. */
static int64_t read_length(lua_State *lua, const char *name)
{
    int64_t length_ms = read_duration(lua, -1);

    if (length_ms < 0)
        sandbox_fail(lua, "a tariff's '%s' must not be negative", name);
    return length_ms;
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
        if (!*each && word_nearest(name, known))
            sandbox_fail(lua, "a tariff has no '%.40s'; did you mean '%s'? It has free, rate, every, cap and per", name, word_nearest(name, known));
        if (!*each)
            sandbox_fail(lua, "a tariff has no '%.40s'; it has free, rate, every, cap and per", name);
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
        tariff.free_ms = read_length(lua, "free");
    if (take_member(lua, "rate"))
        tariff.rate = check_money(lua, -1);
    if (take_member(lua, "every"))
        tariff.every_ms = read_length(lua, "every");
    if (take_member(lua, "cap"))
        tariff.cap = check_money(lua, -1);
    if (take_member(lua, "per"))
        tariff.per_ms = read_length(lua, "per");
    if (tariff.every_ms < 1000)
        return sandbox_fail(lua, "a tariff needs rate = money(...) and every = \"12min\"");
    if ((tariff.cap >= 0) != (tariff.per_ms > 0) || (tariff.per_ms > 0 && tariff.per_ms < tariff.every_ms))
        return sandbox_fail(lua, "a tariff's cap needs its time: cap = money(18.00), per = \"24h\"");
    made = lua_newuserdatauv(lua, sizeof(*made), 0);
    *made = tariff;
    luaL_setmetatable(lua, TARIFF);
    return 1;
}

/* Started steps of a stretch of time, at most the cap. False: there is no such number. */
static bool price_stretch(const struct tariff *tariff, int64_t milliseconds, int64_t *price)
{
    int64_t steps = milliseconds / tariff->every_ms + (milliseconds % tariff->every_ms > 0);

    if (__builtin_mul_overflow(steps, tariff->rate, price))
        return false;
    if (tariff->cap >= 0 && *price > tariff->cap)
        *price = tariff->cap;
    return true;
}

/* Whole stretches that the cap is for, and what is left of the stay. */
static bool price_stay(const struct tariff *tariff, int64_t milliseconds, int64_t *price)
{
    int64_t whole, rest;

    if (tariff->per_ms == 0)
        return price_stretch(tariff, milliseconds, price);
    return price_stretch(tariff, tariff->per_ms, &whole) &&
           !__builtin_mul_overflow(milliseconds / tariff->per_ms, whole, &whole) &&
           price_stretch(tariff, milliseconds % tariff->per_ms, &rest) && !__builtin_add_overflow(whole, rest, price);
}

/* Within the free time nothing; beyond it all of the stay counts less the free time. */
static int tariff_price(lua_State *lua)
{
    const struct tariff *tariff = luaL_checkudata(lua, 1, TARIFF);
    int64_t stayed_ms = read_duration(lua, 2), price = 0;
    bool overflowed = stayed_ms > tariff->free_ms && !price_stay(tariff, stayed_ms - tariff->free_ms, &price);

    push_result(lua, MONEY, overflowed, price);
    return 1;
}

static int tariff_field(lua_State *lua)
{
    if (strcmp(luaL_checkstring(lua, 2), "price") != 0)
        return sandbox_fail(lua, "a tariff has no '%s'; use tariff:price(visit.stayed)", lua_tostring(lua, 2));
    lua_pushcfunction(lua, tariff_price);
    return 1;
}

static void put_text(lua_State *lua, struct json_writer *writer, const char *name)
{
    json_put_string(writer, name, lua_tostring(lua, -1));
    lua_pop(lua, 1);
}

void push_tariff_json(lua_State *lua, int index)
{
    const struct tariff *tariff = luaL_checkudata(lua, index, TARIFF);
    char text[SETTING_TEXT_BYTES];
    struct json_writer writer;

    json_writer_init(&writer, text, sizeof(text));
    json_begin_object(&writer);
    push_duration_exactly(lua, tariff->free_ms);
    put_text(lua, &writer, "free");
    push_money_text(lua, tariff->rate);
    put_text(lua, &writer, "rate");
    push_duration_exactly(lua, tariff->every_ms);
    put_text(lua, &writer, "every");
    if (tariff->cap >= 0) {
        push_money_text(lua, tariff->cap);
        put_text(lua, &writer, "cap");
        push_duration_exactly(lua, tariff->per_ms);
        put_text(lua, &writer, "per");
    }
    json_end_object(&writer);
    lua_pushlstring(lua, text, writer.length);
}

void tariff_open(lua_State *lua)
{
    static const luaL_Reg functions[] = {{"__index", tariff_field}, {NULL, NULL}};

    add_unit(lua, TARIFF, functions);
    lua_pushcfunction(lua, make_tariff);
    lua_setfield(lua, -2, "tariff");
}
