#include "runtime/policy/json_lua.h"

#include <lauxlib.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/policy/library.h"
#include "runtime/policy/sandbox.h"

#define DEPTH_MAX 16

static void push_object(lua_State *lua, const struct json_value *value)
{
    const struct json_value *member;
    const char *name;
    void *iterator = NULL;

    lua_newtable(lua);
    while (json_next_member(value, &iterator, &name, &member)) {
        sandbox_spend(lua, STEPS_OF_VALUE);
        lua_pushstring(lua, name);
        json_push(lua, member);
        lua_rawset(lua, -3);
    }
}

static void push_array(lua_State *lua, const struct json_value *value)
{
    size_t length = json_length(value);

    lua_newtable(lua);
    for (size_t i = 0; i < length; i++) {
        sandbox_spend(lua, STEPS_OF_VALUE);
        json_push(lua, json_element(value, i));
        lua_rawseti(lua, -2, (lua_Integer)i + 1);
    }
}

void json_push(lua_State *lua, const struct json_value *value)
{
    const char *text;
    size_t length;

    luaL_checkstack(lua, 4, "the JSON is nested too deeply");
    switch (json_kind(value)) {
    case JSON_IS_NULL:
        lua_pushnil(lua);
        break;
    case JSON_IS_BOOLEAN:
        lua_pushboolean(lua, json_as_boolean(value, false));
        break;
    case JSON_IS_INTEGER:
        lua_pushinteger(lua, json_as_integer(value, 0));
        break;
    case JSON_IS_REAL:
        lua_pushnumber(lua, json_as_number(value, 0));
        break;
    case JSON_IS_STRING:
        text = json_as_string(value, &length);
        lua_pushlstring(lua, text ? text : "", text ? length : 0);
        break;
    case JSON_IS_ARRAY:
        push_array(lua, value);
        break;
    case JSON_IS_OBJECT:
        push_object(lua, value);
        break;
    }
}

/* ---- writing ---- */

static void write_value(lua_State *lua, int index, struct json_writer *writer, int depth);

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static size_t count_keys(lua_State *lua, int index)
{
    size_t count = 0;

    lua_pushnil(lua);
    while (lua_next(lua, index)) {
        sandbox_spend(lua, STEPS_OF_VALUE);
        lua_pop(lua, 1);
        if (lua_type(lua, -1) != LUA_TSTRING)
            sandbox_fail(lua, "an answer's table has texts as names, or is a list from 1 on");
        count++;
    }
    return count;
}

/* Push an array of the keys of the table at index, sorted, so that the same answer has the same bytes; borrowed from the table. */
static const char **push_keys(lua_State *lua, int index, size_t count)
{
    const char **keys = lua_newuserdatauv(lua, (count + 1) * sizeof(*keys), 0); /* the arena's, so nothing leaks by a raise */
    size_t at = 0;

    lua_pushnil(lua);
    while (lua_next(lua, index)) {
        lua_pop(lua, 1);
        keys[at++] = lua_tostring(lua, -1);
    }
    qsort(keys, count, sizeof(*keys), by_text);
    sandbox_spend(lua, count * STEPS_OF_VALUE);
    return keys;
}

static void write_object(lua_State *lua, int index, struct json_writer *writer, int depth)
{
    size_t count = count_keys(lua, index);
    const char **keys = push_keys(lua, index, count);

    json_begin_object(writer);
    for (size_t i = 0; i < count; i++) {
        json_write_name(writer, keys[i]);
        lua_pushstring(lua, keys[i]);
        lua_rawget(lua, index);
        write_value(lua, lua_gettop(lua), writer, depth + 1);
        lua_pop(lua, 1);
    }
    json_end_object(writer);
    lua_pop(lua, 1);
}

static void write_array(lua_State *lua, int index, struct json_writer *writer, int depth)
{
    lua_Unsigned length = lua_rawlen(lua, index);

    json_begin_array(writer);
    for (lua_Unsigned i = 1; i <= length; i++) {
        lua_rawgeti(lua, index, (lua_Integer)i);
        write_value(lua, lua_gettop(lua), writer, depth + 1);
        lua_pop(lua, 1);
    }
    json_end_array(writer);
}

static void write_table(lua_State *lua, int index, struct json_writer *writer, int depth)
{
    if (depth >= DEPTH_MAX)
        sandbox_fail(lua, "an answer may be nested %d deep", DEPTH_MAX);
    if (lua_getmetatable(lua, index)) /* setting, on and the globals only listen */
        sandbox_fail(lua, "an answer is made of texts, numbers, booleans and tables");
    luaL_checkstack(lua, 8, "the answer is nested too deeply");
    if (lua_rawlen(lua, index) > 0)
        write_array(lua, index, writer, depth);
    else
        write_object(lua, index, writer, depth);
}

static void write_number(lua_State *lua, int index, struct json_writer *writer)
{
    if (lua_isinteger(lua, index))
        json_write_integer(writer, lua_tointeger(lua, index));
    else if (isfinite(lua_tonumber(lua, index)))
        json_write_real(writer, lua_tonumber(lua, index));
    else
        sandbox_fail(lua, "a number in an answer must be finite: this one was divided by zero");
}

static void write_value(lua_State *lua, int index, struct json_writer *writer, int depth)
{
    sandbox_spend(lua, STEPS_OF_VALUE);
    switch (lua_type(lua, index)) {
    case LUA_TNIL:
        json_write_null(writer);
        break;
    case LUA_TBOOLEAN:
        json_write_boolean(writer, lua_toboolean(lua, index));
        break;
    case LUA_TNUMBER:
        write_number(lua, index, writer);
        break;
    case LUA_TSTRING:
        sandbox_spend(lua, lua_rawlen(lua, index));
        json_write_string(writer, lua_tostring(lua, index));
        break;
    case LUA_TTABLE:
        write_table(lua, index, writer, depth);
        break;
    case LUA_TUSERDATA:
        library_push_text(lua, index);
        json_write_string(writer, lua_tostring(lua, -1));
        lua_pop(lua, 1);
        break;
    default:
        sandbox_fail(lua, "an answer is made of texts, numbers, booleans and tables, not of a %s", luaL_typename(lua, index));
    }
}

void json_write_lua(lua_State *lua, int index, struct json_writer *writer)
{
    write_value(lua, lua_absindex(lua, index), writer, 0);
}
