/* Making texts: rep, format and tostring. */
#include <lauxlib.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "runtime/policy/library.h"
#include "runtime/policy/sandbox.h"

int library_rep(lua_State *lua)
{
    size_t length, between_length, unit, total;
    const char *text = luaL_checklstring(lua, 1, &length);
    lua_Integer count = luaL_checkinteger(lua, 2);
    const char *between = luaL_optlstring(lua, 3, "", &between_length);
    luaL_Buffer buffer;
    char *out;

    unit = length + between_length;
    if (count <= 0 || unit == 0) {
        lua_pushliteral(lua, "");
        return 1;
    }
    if (count > TEXT_MAX || unit * (size_t)count > TEXT_MAX + between_length)
        return sandbox_fail(lua, "rep: the text would be longer than %d bytes", TEXT_MAX);
    total = unit * (size_t)count - between_length;
    sandbox_spend(lua, STEPS_OF_VALUE + total / 16);
    out = luaL_buffinitsize(lua, &buffer, total);
    memcpy(out, text, length);
    if (count > 1)
        memcpy(out + length, between, between_length);
    for (size_t made = unit; made < total; made *= 2) /* what is there is copied behind itself */
        memcpy(out + made, out, made < total - made ? made : total - made);
    luaL_pushresultsize(&buffer, total);
    return 1;
}

/* Push the kind of a value that has no text of its own: its address would differ each time. */
static void push_kind(lua_State *lua, int index)
{
    int type = luaL_getmetafield(lua, index, "__name");

    if (type == LUA_TSTRING)
        return;
    if (type != LUA_TNIL)
        lua_pop(lua, 1);
    lua_pushstring(lua, luaL_typename(lua, index));
}

void library_push_text(lua_State *lua, int index)
{
    switch (lua_type(lua, index)) {
    case LUA_TSTRING:
        lua_pushvalue(lua, index);
        return;
    case LUA_TNIL:
    case LUA_TBOOLEAN:
    case LUA_TNUMBER:
        luaL_tolstring(lua, index, NULL);
        return;
    default:
        if (luaL_getmetafield(lua, index, "__tostring") == LUA_TNIL) {
            push_kind(lua, index);
            return;
        }
        lua_pushvalue(lua, index);
        lua_call(lua, 1, 1);
    }
}

int library_to_text(lua_State *lua)
{
    luaL_checkany(lua, 1);
    library_push_text(lua, 1);
    return 1;
}

/* "%s", "%d", "%5.2f", "%x" and "%%": one directive. */
static const char *format_one(lua_State *lua, const char *at, int argument, luaL_Buffer *buffer)
{
    char directive[12] = "%";
    char made[128];
    size_t length = strspn(at, "-+ #0123456789.");

    if (length > 6)
        sandbox_fail(lua, "format: a directive is too long");
    memcpy(directive + 1, at, length);
    for (const char *digit = at; digit < at + length - (length > 0); digit++) {
        if (digit[0] >= '1' && digit[0] <= '9' && digit[1] >= '0' && digit[1] <= '9' && digit + 2 < at + length && digit[2] >= '0' && digit[2] <= '9')
            sandbox_fail(lua, "format: a width has at most two digits");
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
            sandbox_fail(lua, "format: the number is too large");
        directive[1 + length] = *at;
        snprintf(made, sizeof(made), directive, number);
        luaL_addstring(buffer, made);
        break;
    }
    case 's':
        if (length > 0)
            sandbox_fail(lua, "format: %%s takes no width");
        library_push_text(lua, argument);
        luaL_addvalue(buffer);
        break;
    default:
        sandbox_fail(lua, "format: only %%s, %%d, %%x, %%f, %%g and %%%% are known");
    }
    return at + 1;
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
int library_format(lua_State *lua)
{
    const char *at = luaL_checkstring(lua, 1);
    int arguments = lua_gettop(lua);
    int argument = 1;
    luaL_Buffer buffer;

    luaL_buffinit(lua, &buffer);
    while (*at) {
        sandbox_spend(lua, *at == '%' ? STEPS_OF_VALUE : 1);
        if (*at != '%') {
            luaL_addchar(&buffer, *at++);
        } else if (at[1] == '%') {
            luaL_addchar(&buffer, '%');
            at += 2;
        } else {
            if (++argument > arguments)
                return sandbox_fail(lua, "format: a value is missing");
            at = format_one(lua, at + 1, argument, &buffer);
        }
        if (luaL_bufflen(&buffer) > TEXT_MAX)
            return sandbox_fail(lua, "format: the text would be longer than %d bytes", TEXT_MAX);
    }
    luaL_pushresult(&buffer);
    return 1;
}
#pragma GCC diagnostic pop
