/* The visit as policies see it: fields are read from the value when they are asked for; a wrong name is an error. */
#include <lauxlib.h>
#include <string.h>

#include "runtime/base/suggest.h"
#include "runtime/policy/instance.h"
#include "runtime/policy/scan.h"
#include "runtime/policy/units.h"

#define VISIT "visit"
#define GARAGE "garage"

struct visit_value {
    const struct policy_visit *visit;
};

static const struct policy_visit *check_visit(lua_State *lua, const char *kind)
{
    return ((struct visit_value *)luaL_checkudata(lua, 1, kind))->visit;
}

static void push_view(lua_State *lua, const struct policy_visit *visit, const char *kind)
{
    struct visit_value *value = lua_newuserdatauv(lua, sizeof(*value), 0);

    value->visit = visit;
    luaL_setmetatable(lua, kind);
}

void visit_push(lua_State *lua, const struct policy_visit *visit)
{
    push_view(lua, visit, VISIT);
}

static int unknown_field(lua_State *lua, const char *owner, const char *name, const char *const *fields)
{
    const char *close = suggest(name, fields);

    return close ? sandbox_fail(lua, "%s has no field '%.40s'; did you mean '%s'?", owner, name, close)
                 : sandbox_fail(lua, "%s has no field '%.40s'", owner, name);
}

static int read_only(lua_State *lua)
{
    return sandbox_fail(lua, "a visit can only be read");
}

static int on_list(lua_State *lua)
{
    const struct policy_visit *visit = check_visit(lua, VISIT);
    const char *name = luaL_checkstring(lua, 2);
    bool found = false;

    for (unsigned i = 0; i < visit->list_count && !found; i++)
        found = strcmp(visit->lists[i], name) == 0;
    lua_pushboolean(lua, found);
    return 1;
}

static int garage_field(lua_State *lua)
{
    const struct policy_visit *visit = check_visit(lua, GARAGE);
    const char *name = luaL_checkstring(lua, 2);

    if (strcmp(name, "name") == 0)
        lua_pushstring(lua, visit->garage.name);
    else if (strcmp(name, "state") == 0)
        lua_pushstring(lua, visit->garage.state);
    else if (strcmp(name, "free") == 0)
        lua_pushinteger(lua, visit->garage.free);
    else if (strcmp(name, "capacity") == 0)
        lua_pushinteger(lua, visit->garage.capacity);
    else if (strcmp(name, "season_holders") == 0)
        lua_pushinteger(lua, visit->garage.season_holders);
    else if (strcmp(name, "season_inside") == 0)
        lua_pushinteger(lua, visit->garage.season_inside);
    else
        return unknown_field(lua, "the garage", name, visit_garage_fields);
    return 1;
}

static void push_moment_or_nil(lua_State *lua, const struct policy_visit *visit, int64_t wall_ms)
{
    if (wall_ms > 0)
        push_time(lua, visit->zone, wall_ms);
    else
        lua_pushnil(lua);
}

static void push_text_or_nil(lua_State *lua, const char *text)
{
    if (text[0])
        lua_pushstring(lua, text);
    else
        lua_pushnil(lua);
}

/* Fields that only some triggers have; false: it is none of them. */
static bool push_stage_field(lua_State *lua, const struct policy_visit *visit, const char *name)
{
    if (strcmp(name, "started") == 0)
        push_moment_or_nil(lua, visit, visit->started_ms);
    else if (strcmp(name, "stayed") == 0)
        push_duration(lua, visit->stayed_ms);
    else if (strcmp(name, "direction") == 0)
        lua_pushstring(lua, visit->direction == DIRECTION_OUT ? "out" : "in");
    else if (strcmp(name, "session") == 0)
        push_text_or_nil(lua, visit->session_id);
    else if (strcmp(name, "door") == 0)
        push_text_or_nil(lua, visit->door_id);
    else if (strcmp(name, "openings") == 0)
        lua_pushinteger(lua, visit->openings);
    else
        return false;
    return true;
}

static int visit_field(lua_State *lua)
{
    const struct policy_visit *visit = check_visit(lua, VISIT);
    const char *name = luaL_checkstring(lua, 2);

    if (strcmp(name, "plate") == 0)
        lua_pushstring(lua, visit->plate);
    else if (strcmp(name, "kind") == 0)
        lua_pushstring(lua, visit_kind_text(visit->kind));
    else if (strcmp(name, "now") == 0)
        push_time(lua, visit->zone, visit->now_ms);
    else if (strcmp(name, "country") == 0)
        push_text_or_nil(lua, visit->country);
    else if (strcmp(name, "user") == 0)
        lua_pushstring(lua, visit->user_id);
    else if (strcmp(name, "partner") == 0)
        lua_pushstring(lua, visit->partner_id);
    else if (strcmp(name, "entrance") == 0)
        lua_pushstring(lua, visit->entrance);
    else if (strcmp(name, "garage") == 0)
        push_view(lua, visit, GARAGE);
    else if (strcmp(name, "inside") == 0)
        lua_pushboolean(lua, visit->inside);
    else if (strcmp(name, "last_exit") == 0)
        push_moment_or_nil(lua, visit, visit->last_exit_ms);
    else if (strcmp(name, "visits_today") == 0)
        lua_pushinteger(lua, visit->visits_today);
    else if (strcmp(name, "on_list") == 0)
        lua_pushcfunction(lua, on_list);
    else if (!push_stage_field(lua, visit, name))
        return unknown_field(lua, "visit", name, visit_fields);
    return 1;
}

void visit_open(lua_State *lua)
{
    static const luaL_Reg visit[] = {{"__index", visit_field}, {"__newindex", read_only}, {NULL, NULL}};
    static const luaL_Reg garage[] = {{"__index", garage_field}, {"__newindex", read_only}, {NULL, NULL}};

    luaL_newmetatable(lua, VISIT);
    luaL_setfuncs(lua, visit, 0);
    luaL_newmetatable(lua, GARAGE);
    luaL_setfuncs(lua, garage, 0);
    lua_pop(lua, 2);
}
