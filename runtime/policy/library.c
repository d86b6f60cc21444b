#include "runtime/policy/library.h"

#include <lauxlib.h>
#include <lualib.h>

#include "runtime/policy/sandbox.h"

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
    set_function(lua, "rep", library_rep);
    set_function(lua, "format", library_format);
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
    static const luaL_Reg functions[] = {{"concat", library_concat}, {"insert", library_insert}, {"remove", library_remove},
        {"sort", library_sort}, {NULL, NULL}};

    luaL_newlib(lua, functions);
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
    set_function(lua, "pairs", library_pairs);
    set_function(lua, "tostring", library_to_text);
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
