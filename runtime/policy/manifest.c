/* policy { name = ..., ... }: what a policy says of itself, and asks for. */
#include <lauxlib.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "runtime/base/suggest.h"
#include "runtime/policy/instance.h"
#include "runtime/policy/words.h"

#define ORDER_MAX 1000000

/* Every name is one that policy{} has. */
static void check_names(lua_State *lua)
{
    static const char *const known[] = {"name", "version", "order", "about", "schedule", "route", "scopes", "rights", NULL};

    lua_pushnil(lua);
    while (lua_next(lua, 1)) {
        const char *name = lua_type(lua, -2) == LUA_TSTRING ? lua_tostring(lua, -2) : "?";
        const char *const *each = known;
        const char *close;

        while (*each && strcmp(*each, name) != 0)
            each++;
        close = word_nearest(name, known);
        if (!*each)
            sandbox_fail(lua, close ? "policy { } has no '%.40s'; did you mean '%s'?" : "policy { } has no '%.40s'", name, close);
        lua_pop(lua, 1);
    }
}

static void copy_text(lua_State *lua, const char *name, char *out, size_t bytes, bool required)
{
    lua_getfield(lua, 1, name);
    if (lua_isnil(lua, -1) && !required) {
        lua_pop(lua, 1);
        return;
    }
    if (lua_type(lua, -1) != LUA_TSTRING || strlen(lua_tostring(lua, -1)) >= bytes)
        sandbox_fail(lua, "policy { %s = \"...\" } must be a text of at most %d bytes", name, (int)bytes - 1);
    snprintf(out, bytes, "%s", lua_tostring(lua, -1));
    lua_pop(lua, 1);
}

static void read_order(lua_State *lua, struct policy_facts *facts)
{
    int is_whole;
    lua_Integer order;

    lua_getfield(lua, 1, "order");
    order = lua_tointegerx(lua, -1, &is_whole);
    if (lua_isnil(lua, -1))
        order = 100;
    else if (lua_type(lua, -1) != LUA_TNUMBER || !is_whole || order < -ORDER_MAX || order > ORDER_MAX)
        sandbox_fail(lua, "policy { order = 10 } is a whole number; policies run by it, the smaller first");
    facts->order = (int)order;
    lua_pop(lua, 1);
}

/* Call `take` with each text of the list policy { name = { "a", "b" } }. */
static void each_text(lua_State *lua, const char *name, const char *example, struct policy_facts *facts,
                      void (*take)(lua_State *lua, const char *text, struct policy_facts *facts))
{
    lua_getfield(lua, 1, name);
    if (!lua_isnil(lua, -1) && lua_type(lua, -1) != LUA_TTABLE)
        sandbox_fail(lua, "policy { %s = ... } is a list, as in %s = { \"%s\" }", name, name, example);
    for (int i = 1; lua_istable(lua, -1) && i <= 32; i++) {
        lua_rawgeti(lua, -1, i);
        if (lua_isnil(lua, -1)) {
            lua_pop(lua, 1);
            break;
        }
        if (lua_type(lua, -1) != LUA_TSTRING)
            sandbox_fail(lua, "policy { %s = ... } is a list of texts, as in %s = { \"%s\" }", name, name, example);
        take(lua, lua_tostring(lua, -1), facts);
        lua_pop(lua, 1);
    }
    lua_pop(lua, 1);
}

static void take_right(lua_State *lua, const char *text, struct policy_facts *facts)
{
    enum policy_right right;

    if (policy_right_parse(text, &right) != OST_OK)
        sandbox_fail(lua, "there is no right '%.40s'; there is \"override\", which allow_always needs", text);
    facts->rights_asked |= 1u << right;
}

static void take_scope(lua_State *lua, const char *text, struct policy_facts *facts)
{
    enum scope scope;

    if (scope_parse(text, &scope) != OST_OK)
        sandbox_fail(lua, "there is no scope '%.40s'; there are for example \"garages:read\" and \"operations:read\"", text);
    facts->scopes |= (scope_set)scope;
}

static void read_route(lua_State *lua, struct policy_facts *facts)
{
    copy_text(lua, "route", facts->route, sizeof(facts->route), false);
    if (facts->route[0] && !policy_route_is_valid(facts->route))
        sandbox_fail(lua, "a route is written as \"/hello\" or \"/hours/today\": small letters, digits and hyphens; it is served under /fn");
}

static void read_schedule(lua_State *lua, struct policy_facts *facts)
{
    char text[64] = "", why[160];

    copy_text(lua, "schedule", text, sizeof(text), false);
    if (text[0] && policy_schedule_parse(text, &facts->schedule, why) != OST_OK)
        sandbox_fail(lua, "%s", why);
}

int manifest_declare(lua_State *lua)
{
    struct policy_run *run = sandbox_host(lua);
    struct policy_facts *facts = run->facts;

    if (lua_type(lua, 1) != LUA_TTABLE)
        return sandbox_fail(lua, "write policy { name = \"...\", version = \"1.0.0\", about = \"...\" } with curly brackets");
    if (!run->loading)
        return sandbox_fail(lua, "policy { ... } stands at the top of the file");
    if (!facts->broken)
        return sandbox_fail(lua, "there are two policy { ... }; a file is one policy");
    check_names(lua);
    copy_text(lua, "name", facts->name, sizeof(facts->name), true);
    copy_text(lua, "version", facts->version, sizeof(facts->version), false);
    copy_text(lua, "about", facts->about, sizeof(facts->about), false);
    if (!slug_is_valid(facts->name))
        return sandbox_fail(lua, "the name of a policy has small letters, digits and hyphens, as in \"opening-hours\"; '%.40s' has others", facts->name);
    read_order(lua, facts);
    read_route(lua, facts);
    read_schedule(lua, facts);
    each_text(lua, "scopes", "garages:read", facts, take_scope);
    each_text(lua, "rights", "override", facts, take_right);
    facts->broken = false;
    return 0;
}

void manifest_conclude(lua_State *lua, struct policy_facts *facts)
{
    bool has_http = facts->triggers & AT(TRIGGER_HTTP), has_schedule = facts->triggers & AT(TRIGGER_SCHEDULE);

    if (facts->broken)
        luaL_error(lua, "begin the file with policy { name = \"...\", version = \"1.0.0\", about = \"...\" }");
    if (facts->triggers == 0)
        luaL_error(lua, "the policy does nothing: it needs a handler such as function on.session_start(visit) ... end");
    if (has_schedule && facts->schedule.kind == SCHEDULE_NONE)
        luaL_error(lua, "on.schedule needs its times: policy { schedule = \"every 15min\" } or \"Mon-Fri 06:00\"");
    if (!has_schedule && facts->schedule.kind != SCHEDULE_NONE)
        luaL_error(lua, "policy { schedule = ... } needs a handler: function on.schedule(clock) ... end");
    if (has_http && !facts->route[0])
        luaL_error(lua, "on.http needs its route: policy { route = \"/hello\" }");
    if (!has_http && facts->route[0])
        luaL_error(lua, "policy { route = ... } needs a handler: function on.http(request) ... end");
    if (!has_http && facts->scopes)
        luaL_error(lua, "policy { scopes = ... } is for a policy with a route and on.http(request)");
}
