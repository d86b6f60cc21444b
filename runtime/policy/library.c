#include "runtime/policy/library.h"

#include <lauxlib.h>
#include <lualib.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "runtime/policy/sandbox.h"

static int text_rep(lua_State *lua)
{
    size_t length, between_length;
    const char *text = luaL_checklstring(lua, 1, &length);
    lua_Integer count = luaL_checkinteger(lua, 2);
    const char *between = luaL_optlstring(lua, 3, "", &between_length);
    luaL_Buffer buffer;

    if (count <= 0) {
        lua_pushliteral(lua, "");
        return 1;
    }
    if (count > TEXT_MAX || (length + between_length) * (size_t)count > TEXT_MAX)
        return sandbox_fail(lua, "rep: the text would be longer than %d bytes", TEXT_MAX);
    luaL_buffinit(lua, &buffer);
    for (lua_Integer i = 0; i < count; i++) {
        luaL_addlstring(&buffer, text, length);
        if (i + 1 < count)
            luaL_addlstring(&buffer, between, between_length);
    }
    luaL_pushresult(&buffer);
    return 1;
}

/* Text as tostring() gives it, for numbers, texts and our own units; tables have no text, as addresses differ each time. */
static int to_text(lua_State *lua)
{
    luaL_checkany(lua, 1);
    if (luaL_getmetafield(lua, 1, "__tostring") != LUA_TNIL) {
        lua_pushvalue(lua, 1);
        lua_call(lua, 1, 1);
        return 1;
    }
    if (lua_type(lua, 1) == LUA_TTABLE || lua_type(lua, 1) == LUA_TFUNCTION) {
        lua_pushstring(lua, luaL_typename(lua, 1));
        return 1;
    }
    luaL_tolstring(lua, 1, NULL);
    return 1;
}

/* "%s", "%d", "%5.2f", "%x" and "%%": one directive. */
static const char *format_one(lua_State *lua, const char *at, int argument, luaL_Buffer *buffer)
{
    char directive[12] = "%";
    char made[128];
    size_t length = strspn(at, "-+ #0123456789.");

    if (length > 6)
        luaL_error(lua, "format: a directive is too long");
    memcpy(directive + 1, at, length);
    for (const char *digit = at; digit < at + length - (length > 0); digit++) {
        if (digit[0] >= '1' && digit[0] <= '9' && digit[1] >= '0' && digit[1] <= '9' && digit + 2 < at + length && digit[2] >= '0' && digit[2] <= '9')
            luaL_error(lua, "format: a width has at most two digits");
    }
    at += length;
    switch (*at) {
    case 'd':
    case 'x':
        snprintf(directive + 1 + length, sizeof(directive) - 1 - length, "ll%c", *at);
        snprintf(made, sizeof(made), directive, (long long)luaL_checkinteger(lua, argument));
        luaL_addstring(buffer, made);
        break;
    case 'f':
    case 'g': {
        double number = luaL_checknumber(lua, argument);

        if (fabs(number) > 1e15)
            luaL_error(lua, "format: the number is too large");
        directive[1 + length] = *at;
        snprintf(made, sizeof(made), directive, number);
        luaL_addstring(buffer, made);
        break;
    }
    case 's':
        if (length > 0)
            luaL_error(lua, "format: %%s takes no width");
        lua_pushcfunction(lua, to_text);
        lua_pushvalue(lua, argument);
        lua_call(lua, 1, 1);
        luaL_addvalue(buffer);
        break;
    default:
        luaL_error(lua, "format: only %%s, %%d, %%x, %%f, %%g and %%%% are known");
    }
    return at + 1;
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static int text_format(lua_State *lua)
{
    const char *at = luaL_checkstring(lua, 1);
    int arguments = lua_gettop(lua);
    int argument = 1;
    luaL_Buffer buffer;

    luaL_buffinit(lua, &buffer);
    while (*at) {
        if (*at != '%') {
            luaL_addchar(&buffer, *at++);
        } else if (at[1] == '%') {
            luaL_addchar(&buffer, '%');
            at += 2;
        } else {
            if (++argument > arguments)
                return luaL_error(lua, "format: a value is missing");
            at = format_one(lua, at + 1, argument, &buffer);
        }
        if (luaL_bufflen(&buffer) > TEXT_MAX)
            return luaL_error(lua, "format: the text would be longer than %d bytes", TEXT_MAX);
    }
    luaL_pushresult(&buffer);
    return 1;
}
#pragma GCC diagnostic pop

static int random_number(lua_State *lua)
{
    uint64_t bits = sandbox_next_random(lua);
    lua_Integer low = 1, high;
    uint64_t span;

    if (lua_gettop(lua) == 0) {
        lua_pushnumber(lua, (double)(bits >> 11) / 9007199254740992.0);
        return 1;
    }
    high = luaL_checkinteger(lua, 1);
    if (lua_gettop(lua) > 1) {
        low = high;
        high = luaL_checkinteger(lua, 2);
    }
    luaL_argcheck(lua, low <= high, 1, "the interval is empty");
    span = (uint64_t)high - (uint64_t)low + 1; /* 0: every number there is */
    lua_pushinteger(lua, (lua_Integer)((uint64_t)low + (span ? bits % span : bits)));
    return 1;
}

/* ---- pairs in a fixed order: numbers, then texts, each sorted ---- */

static int key_rank(lua_State *lua, int index)
{
    return lua_type(lua, index) == LUA_TNUMBER ? 0 : lua_type(lua, index) == LUA_TSTRING ? 1 : 2;
}

static int key_before(lua_State *lua)
{
    int first = key_rank(lua, 1), second = key_rank(lua, 2);

    lua_pushboolean(lua, first != second ? first < second : first < 2 && lua_compare(lua, 1, 2, LUA_OPLT));
    return 1;
}

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

static int sorted_pairs(lua_State *lua)
{
    lua_Integer count = 0;

    luaL_checktype(lua, 1, LUA_TTABLE);
    lua_getfield(lua, LUA_REGISTRYINDEX, "ostler.sort");
    lua_newtable(lua);
    lua_pushnil(lua);
    while (lua_next(lua, 1)) {
        lua_pop(lua, 1);
        lua_pushvalue(lua, -1);
        lua_rawseti(lua, 3, ++count);
    }
    lua_pushvalue(lua, 2);
    lua_pushvalue(lua, 3);
    lua_pushcfunction(lua, key_before);
    lua_call(lua, 2, 0);
    lua_pushvalue(lua, 3);
    lua_pushvalue(lua, 1);
    lua_pushinteger(lua, 0);
    lua_pushcclosure(lua, next_pair, 3);
    return 1;
}

/* ---- the list ---- */

/* Copy named functions of a standard library that is then forgotten. */
static void copy_from(lua_State *lua, lua_CFunction open, const char *name, const char *const *functions)
{
    luaL_requiref(lua, name, open, 0);
    lua_newtable(lua);
    for (; *functions; functions++) {
        lua_getfield(lua, -2, *functions);
        lua_setfield(lua, -2, *functions);
    }
    lua_remove(lua, -2);
}

static void set_function(lua_State *lua, const char *name, lua_CFunction function)
{
    lua_pushcfunction(lua, function);
    lua_setfield(lua, -2, name);
}

static void add_texts(lua_State *lua)
{
    static const char *const safe[] = {"byte", "char", "len", "lower", "reverse", "sub", "upper", NULL};

    copy_from(lua, luaopen_string, "string", safe);
    set_function(lua, "rep", text_rep);
    set_function(lua, "format", text_format);
    set_function(lua, "find", library_find);
    set_function(lua, "match", library_match);
    set_function(lua, "gsub", library_gsub);
    lua_pushliteral(lua, "");
    lua_newtable(lua); /* a metatable of our own: the library's knows the dangerous ones */
    lua_pushvalue(lua, -3);
    lua_setfield(lua, -2, "__index");
    lua_setmetatable(lua, -2);
    lua_pop(lua, 1);
    lua_setfield(lua, -2, "string");
}

static void add_tables(lua_State *lua)
{
    static const char *const safe[] = {"concat", "insert", "remove", "sort", NULL};

    copy_from(lua, luaopen_table, "table", safe);
    lua_getfield(lua, -1, "sort");
    lua_setfield(lua, LUA_REGISTRYINDEX, "ostler.sort");
    lua_setfield(lua, -2, "table");
}

static void add_numbers(lua_State *lua)
{
    static const char *const safe[] = {"abs", "ceil", "floor", "fmod", "huge", "max", "min", "modf", "pi", "sqrt",
                                       "tointeger", "type", "maxinteger", "mininteger", NULL};

    copy_from(lua, luaopen_math, "math", safe);
    set_function(lua, "random", random_number);
    lua_setfield(lua, -2, "math");
}

void library_open(lua_State *lua)
{
    static const char *const safe[] = {"assert", "error", "ipairs", "select", "tonumber", "type", NULL};

    copy_from(lua, luaopen_base, "_G", safe);
    set_function(lua, "pairs", sorted_pairs);
    set_function(lua, "tostring", to_text);
    add_texts(lua);
    add_tables(lua);
    add_numbers(lua);
    lua_setfield(lua, LUA_REGISTRYINDEX, LIBRARY_KEY);
    /* What the libraries left behind: the loaded table, and the globals that luaopen_base filled. */
    lua_pushnil(lua);
    lua_setfield(lua, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
    lua_newtable(lua);
    lua_rawseti(lua, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
}
