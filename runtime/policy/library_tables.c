/*
 * insert, remove, concat, sort and pairs: what Lua's own give, for plain tables. Lua's own trust the length of a table, which
 * four keys at powers of two make 2^62, and never look at the time.
 */
#include <lauxlib.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "runtime/policy/library.h"
#include "runtime/policy/sandbox.h"

/* The length of a table of the policy's own: those that listen to reads and writes (setting, on, the globals) are no lists. */
static lua_Integer check_list(lua_State *lua, const char *verb)
{
    lua_Unsigned count;

    luaL_checktype(lua, 1, LUA_TTABLE);
    if (lua_getmetatable(lua, 1))
        sandbox_fail(lua, "%s works on a table of your own", verb);
    count = lua_rawlen(lua, 1);
    if (count >= INT_MAX) /* no memory holds so many: the table has gaps */
        sandbox_fail(lua, "%s: the table has gaps; number its entries from 1 on", verb);
    return (lua_Integer)count;
}

/* table[to] = table[from] */
static void move_value(lua_State *lua, lua_Integer from, lua_Integer to)
{
    sandbox_spend(lua, STEPS_OF_VALUE);
    lua_rawgeti(lua, 1, from);
    lua_rawseti(lua, 1, to);
}

int library_insert(lua_State *lua)
{
    lua_Integer count = check_list(lua, "insert");
    lua_Integer at = count + 1;

    switch (lua_gettop(lua)) {
    case 2:
        break;
    case 3:
        at = luaL_checkinteger(lua, 2);
        luaL_argcheck(lua, at >= 1 && at <= count + 1, 2, "position out of bounds");
        for (lua_Integer i = count + 1; i > at; i--)
            move_value(lua, i - 1, i);
        break;
    default:
        return sandbox_fail(lua, "insert takes a table, a position if you like, and a value");
    }
    lua_rawseti(lua, 1, at);
    return 0;
}

int library_remove(lua_State *lua)
{
    lua_Integer count = check_list(lua, "remove");
    lua_Integer at = luaL_optinteger(lua, 2, count);

    if (at != count)
        luaL_argcheck(lua, at >= 1 && at <= count + 1, 2, "position out of bounds");
    lua_rawgeti(lua, 1, at);
    for (; at < count; at++)
        move_value(lua, at + 1, at);
    lua_pushnil(lua);
    lua_rawseti(lua, 1, at);
    return 1;
}

int library_concat(lua_State *lua)
{
    lua_Integer count = check_list(lua, "concat");
    size_t between_length;
    const char *between = luaL_optlstring(lua, 2, "", &between_length);
    lua_Integer first = luaL_optinteger(lua, 3, 1);
    lua_Integer last = luaL_optinteger(lua, 4, count);
    luaL_Buffer buffer;

    luaL_buffinit(lua, &buffer);
    for (lua_Integer i = first; i <= last; i++) {
        lua_rawgeti(lua, 1, i);
        if (!lua_isstring(lua, -1))
            return sandbox_fail(lua, "concat: entry %lld of the table is a %s; it takes texts and numbers", (long long)i, luaL_typename(lua, -1));
        sandbox_spend(lua, STEPS_OF_VALUE + lua_rawlen(lua, -1) / 16);
        luaL_addvalue(&buffer);
        if (i < last)
            luaL_addlstring(&buffer, between, between_length);
        if (luaL_bufflen(&buffer) > TEXT_MAX)
            return sandbox_fail(lua, "concat: the text would be longer than %d bytes", TEXT_MAX);
        if (i == LUA_MAXINTEGER)
            break;
    }
    luaL_pushresult(&buffer);
    return 1;
}

/* ---- order ---- */

/* Texts byte by byte, which is bounded, and the same in every locale. */
static bool text_before(lua_State *lua, int a, int b)
{
    size_t a_length, b_length;
    const char *a_text = lua_tolstring(lua, a, &a_length), *b_text = lua_tolstring(lua, b, &b_length);
    size_t length = a_length < b_length ? a_length : b_length;
    int differs = memcmp(a_text, b_text, length);

    sandbox_spend(lua, length / 16);
    return differs != 0 ? differs < 0 : a_length < b_length;
}

/* Is the value at a before the one at b, by Lua's `<`? Absolute indices, as in all of these. */
static bool value_before(lua_State *lua, int a, int b)
{
    if (lua_type(lua, a) == LUA_TSTRING && lua_type(lua, b) == LUA_TSTRING)
        return text_before(lua, a, b);
    return lua_compare(lua, a, b, LUA_OPLT);
}

/* By the policy's own function, the second argument of sort(). */
static bool asked_before(lua_State *lua, int a, int b)
{
    bool before;

    lua_pushvalue(lua, 2);
    lua_pushvalue(lua, a);
    lua_pushvalue(lua, b);
    lua_call(lua, 2, 1);
    before = lua_toboolean(lua, -1);
    lua_pop(lua, 1);
    return before;
}

/* Numbers first, then texts; of other kinds there is no order that would be the same each time. */
static int key_rank(lua_State *lua, int index)
{
    return lua_type(lua, index) == LUA_TNUMBER ? 0 : lua_type(lua, index) == LUA_TSTRING ? 1 : 2;
}

static bool key_before(lua_State *lua, int a, int b)
{
    int a_rank = key_rank(lua, a), b_rank = key_rank(lua, b);

    return a_rank != b_rank ? a_rank < b_rank : a_rank < 2 && value_before(lua, a, b);
}

typedef bool (*order)(lua_State *lua, int a, int b);

/* Merge from[low..middle) and from[middle..high) into to[low..high). */
static void merge(lua_State *lua, int from, int to, lua_Integer low, lua_Integer middle, lua_Integer high, order before)
{
    lua_Integer left = low, right = middle;

    for (lua_Integer out = low; out < high; out++) {
        int top = lua_gettop(lua);
        bool take_right;

        sandbox_spend(lua, STEPS_OF_VALUE);
        lua_rawgeti(lua, from, left);
        lua_rawgeti(lua, from, right);
        take_right = left >= middle || (right < high && before(lua, top + 2, top + 1));
        if (!take_right)
            lua_pop(lua, 1);
        lua_rawseti(lua, to, out);
        lua_settop(lua, top);
        left += !take_right;
        right += take_right;
    }
}

/*
 * Merge sort: it ends after n log n questions whatever the answers are, and equals keep their order. Sorts the values 1..count
 * of the table at index, with a second table in turn.
 */
static void sort_values(lua_State *lua, int index, lua_Integer count, order before)
{
    int from = index, to;

    luaL_checkstack(lua, 8, "sort");
    lua_createtable(lua, (int)count, 0);
    to = lua_gettop(lua);
    for (lua_Integer width = 1; width < count; width *= 2) {
        int swap = from;

        for (lua_Integer low = 1; low <= count; low += 2 * width) {
            lua_Integer middle = low + width <= count ? low + width : count + 1;

            merge(lua, from, to, low, middle, middle + width <= count ? middle + width : count + 1, before);
        }
        from = to;
        to = swap;
    }
    for (lua_Integer i = 1; from != index && i <= count; i++) {
        sandbox_spend(lua, STEPS_OF_VALUE);
        lua_rawgeti(lua, from, i);
        lua_rawseti(lua, index, i);
    }
    lua_settop(lua, (from > to ? from : to) - 1);
}

int library_sort(lua_State *lua)
{
    lua_Integer count = check_list(lua, "sort");
    bool asks = !lua_isnoneornil(lua, 2);

    if (asks)
        luaL_checktype(lua, 2, LUA_TFUNCTION);
    lua_settop(lua, 2);
    sort_values(lua, 1, count, asks ? asked_before : value_before);
    return 0;
}

/* ---- pairs in a fixed order ---- */

/* Upvalues: the sorted keys, the table, and how many were handed out. */
static int next_pair(lua_State *lua)
{
    lua_Integer at = lua_tointeger(lua, lua_upvalueindex(3)) + 1;

    lua_pushinteger(lua, at);
    lua_replace(lua, lua_upvalueindex(3));
    lua_rawgeti(lua, lua_upvalueindex(1), at);
    if (lua_isnil(lua, -1))
        return 1;
    lua_pushvalue(lua, -1);
    lua_rawget(lua, lua_upvalueindex(2));
    return 2;
}

int library_pairs(lua_State *lua)
{
    lua_Integer count = 0;

    luaL_checktype(lua, 1, LUA_TTABLE);
    lua_settop(lua, 1);
    lua_newtable(lua);
    lua_pushnil(lua);
    while (lua_next(lua, 1)) {
        sandbox_spend(lua, STEPS_OF_VALUE);
        lua_pop(lua, 1);
        lua_pushvalue(lua, -1);
        lua_rawseti(lua, 2, ++count);
    }
    sort_values(lua, 2, count, key_before);
    lua_pushvalue(lua, 1);
    lua_pushinteger(lua, 0);
    lua_pushcclosure(lua, next_pair, 3);
    return 1;
}
