#include "runtime/policy/instance.h"

#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

#include "runtime/base/suggest.h"
#include "runtime/policy/units.h"
#include "runtime/policy/words.h"

#define HANDLERS "ostler.handlers"
#define SETTINGS "ostler.settings"
#define SETTINGS_MAX 32 /* that a suggestion looks through */

static const char *const triggers_known[] = {"session_start", "session_stop", "door_request", NULL};
static const char *const triggers_elsewhere[] = {"availability", "door_event", "schedule", "http", NULL};

/* ---- globals ---- */

static const char *suggest_global(const char *name)
{
    const char *verb = word_suggest(policy_verbs, name, AT_EVERY);

    return verb ? verb : word_suggest(policy_words, name, AT_EVERY);
}

static int unknown_global(lua_State *lua)
{
    const char *name = luaL_checkstring(lua, 2);
    const char *close = suggest_global(name);

    return close ? sandbox_fail(lua, "nothing here is called '%.40s'; did you mean '%s'?", name, close)
                 : sandbox_fail(lua, "nothing here is called '%.40s'", name);
}

static int new_global(lua_State *lua)
{
    return sandbox_fail(lua, "write 'local %.40s = ...': a policy has no global variables", luaL_checkstring(lua, 2));
}

/* ---- policy { ... } ---- */

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

static int declare_policy(lua_State *lua)
{
    static const char *const known[] = {"name", "version", "order", "about", NULL};
    struct policy_run *run = sandbox_host(lua);
    struct policy_facts *facts = run->facts;

    luaL_checktype(lua, 1, LUA_TTABLE);
    if (!run->loading)
        return sandbox_fail(lua, "policy { ... } stands at the top of the file");
    lua_pushnil(lua);
    while (lua_next(lua, 1)) {
        const char *name = lua_type(lua, -2) == LUA_TSTRING ? lua_tostring(lua, -2) : "?";
        const char *const *each = known;
        const char *close;

        while (*each && strcmp(*each, name) != 0)
            each++;
        close = suggest(name, known);
        if (!*each)
            return sandbox_fail(lua, close ? "policy { } has no '%.40s'; did you mean '%s'?" : "policy { } has no '%.40s'", name, close);
        lua_pop(lua, 1);
    }
    copy_text(lua, "name", facts->name, sizeof(facts->name), true);
    copy_text(lua, "version", facts->version, sizeof(facts->version), false);
    copy_text(lua, "about", facts->about, sizeof(facts->about), false);
    if (!slug_is_valid(facts->name))
        return sandbox_fail(lua, "the name of a policy has small letters, digits and hyphens");
    lua_getfield(lua, 1, "order");
    facts->order = lua_isnil(lua, -1) ? 100 : (int)luaL_checkinteger(lua, -1);
    facts->broken = false;
    return 0;
}

/* ---- on.trigger = function, setting.name = value ---- */

static int unknown_trigger(lua_State *lua, const char *name)
{
    const char *close = suggest(name, triggers_known);

    for (const char *const *other = triggers_elsewhere; *other; other++) {
        if (strcmp(*other, name) == 0)
            return sandbox_fail(lua, "on.%s is not known to this version; it has session_start, session_stop and door_request", name);
    }
    return close ? sandbox_fail(lua, "there is no on.%.40s; did you mean on.%s?", name, close)
                 : sandbox_fail(lua, "there is no on.%.40s; there are session_start, session_stop and door_request", name);
}

static int set_handler(lua_State *lua)
{
    struct policy_run *run = sandbox_host(lua);
    const char *name = luaL_checkstring(lua, 2);
    enum policy_trigger trigger = trigger_find(name);

    if (!run->loading)
        return sandbox_fail(lua, "handlers stand at the top of the file, not in one another");
    if (trigger == TRIGGER_COUNT)
        return unknown_trigger(lua, name);
    if (lua_type(lua, 3) != LUA_TFUNCTION)
        return sandbox_fail(lua, "a handler is written as function on.%s(visit) ... end", name);
    if (run->facts->triggers & AT(trigger))
        return sandbox_fail(lua, "there are two handlers on.%s; write what they do into one", name);
    lua_getfield(lua, LUA_REGISTRYINDEX, HANDLERS);
    lua_pushvalue(lua, 3);
    lua_rawseti(lua, -2, (lua_Integer)trigger + 1);
    run->facts->triggers |= AT(trigger);
    return 0;
}

static int get_handler(lua_State *lua)
{
    return sandbox_fail(lua, "on.%.40s is written to: function on.%.40s(visit) ... end", luaL_checkstring(lua, 2), lua_tostring(lua, 2));
}

/* How to write a value that has no type: setting.x = 5 becomes setting.x = number(5, "label"). */
static int untyped_setting(lua_State *lua, const char *name)
{
    switch (lua_type(lua, 3)) {
    case LUA_TNUMBER:
        return sandbox_fail(lua, "a setting says its type: setting.%.40s = number(%s, \"label\")", name, lua_tostring(lua, 3));
    case LUA_TSTRING:
        return sandbox_fail(lua, "a setting says its type: setting.%.40s = text(\"%.40s\", \"label\"), or hours, duration or money", name,
                            lua_tostring(lua, 3));
    case LUA_TBOOLEAN:
        return sandbox_fail(lua, "a setting says its type: setting.%.40s = boolean(%s, \"label\")", name,
                            lua_toboolean(lua, 3) ? "true" : "false");
    default:
        return sandbox_fail(lua, "a setting is written as setting.%.40s = hours(\"...\", \"label\")", name);
    }
}

static int set_setting(lua_State *lua)
{
    struct policy_run *run = sandbox_host(lua);
    const char *name = luaL_checkstring(lua, 2);

    if (!run->loading)
        return sandbox_fail(lua, "settings are made at the top of the file, and only read in a handler");
    lua_getfield(lua, LUA_REGISTRYINDEX, SETTINGS);
    lua_pushstring(lua, name);
    if (!units_push_setting(lua, 3))
        return untyped_setting(lua, name);
    lua_rawset(lua, -3);
    return 0;
}

/* The nearest of the settings in the table on top of the stack. Borrowed from the table. */
static const char *suggest_setting(lua_State *lua, const char *name)
{
    const char *names[SETTINGS_MAX + 1];
    size_t count = 0;

    lua_pushnil(lua);
    while (count < SETTINGS_MAX && lua_next(lua, -2)) {
        lua_pop(lua, 1);
        names[count++] = lua_tostring(lua, -1); /* set_setting() takes texts only */
    }
    names[count] = NULL;
    return suggest(name, names);
}

static int get_setting(lua_State *lua)
{
    const char *name = luaL_checkstring(lua, 2);
    const char *close;

    lua_getfield(lua, LUA_REGISTRYINDEX, SETTINGS);
    lua_pushvalue(lua, 2);
    if (lua_rawget(lua, -2) != LUA_TNIL)
        return 1;
    lua_pop(lua, 1);
    close = suggest_setting(lua, name);
    return close ? sandbox_fail(lua, "there is no setting '%.40s'; did you mean '%s'?", name, close)
                 : sandbox_fail(lua, "there is no setting '%.40s'; make it at the top of the file", name);
}

/* A table that only listens: every read and write is a call. */
static void push_listener(lua_State *lua, lua_CFunction get, lua_CFunction set)
{
    lua_newtable(lua);
    lua_newtable(lua);
    lua_pushcfunction(lua, get);
    lua_setfield(lua, -2, "__index");
    lua_pushcfunction(lua, set);
    lua_setfield(lua, -2, "__newindex");
    lua_setmetatable(lua, -2);
}

static void push_environment(lua_State *lua)
{
    lua_newtable(lua);
    lua_setfield(lua, LUA_REGISTRYINDEX, HANDLERS);
    lua_newtable(lua);
    lua_setfield(lua, LUA_REGISTRYINDEX, SETTINGS);
    sandbox_push_library(lua);
    units_open(lua);
    verbs_open(lua);
    visit_open(lua);
    lua_pushcfunction(lua, declare_policy);
    lua_setfield(lua, -2, "policy");
    push_listener(lua, get_handler, set_handler);
    lua_setfield(lua, -2, "on");
    push_listener(lua, get_setting, set_setting);
    lua_setfield(lua, -2, "setting");
    lua_newtable(lua);
    lua_pushcfunction(lua, unknown_global);
    lua_setfield(lua, -2, "__index");
    lua_pushcfunction(lua, new_global);
    lua_setfield(lua, -2, "__newindex");
    lua_setmetatable(lua, -2);
}

/* ---- loading and running ---- */

static int load_chunk(lua_State *lua)
{
    const struct policy_source *source = lua_touserdata(lua, 1);
    struct policy_run *run = sandbox_host(lua);

    push_environment(lua);
    sandbox_load(lua, source->text, source->length, "policy");
    lua_call(lua, 0, 0);
    if (run->facts->broken)
        return luaL_error(lua, "begin the file with policy { name = \"...\", version = \"1.0.0\", about = \"...\" }");
    if (run->facts->triggers == 0)
        return luaL_error(lua, "the policy does nothing: it needs a handler such as function on.session_start(visit) ... end");
    return 0;
}

enum ost_status policy_instance_load(const struct sandbox_limits *limits, const struct policy_source *source,
                                     struct policy_facts *facts, struct sandbox **out, struct sandbox_failure *failure)
{
    struct policy_run run = {.loading = true, .facts = facts};
    struct sandbox *sandbox;
    enum ost_status status;

    facts->broken = true; /* until policy{} was seen */
    facts->triggers = 0;
    *out = NULL;
    memset(failure, 0, sizeof(*failure));
    if (source->length > POLICY_SOURCE_MAX) {
        failure->breach = SANDBOX_ERROR;
        snprintf(failure->text, sizeof(failure->text), "is longer than %d bytes; split it into two policies", POLICY_SOURCE_MAX);
        return OST_INVALID;
    }
    status = sandbox_create(limits, &sandbox);
    if (status != OST_OK)
        return status;
    sandbox_set_host(sandbox, &run);
    if (!sandbox_call(sandbox, load_chunk, (void *)(uintptr_t)source, failure)) {
        sandbox_destroy(sandbox);
        return OST_INVALID;
    }
    if (!sandbox_snapshot(sandbox)) {
        sandbox_destroy(sandbox);
        return OST_NO_MEMORY;
    }
    *out = sandbox;
    return OST_OK;
}

static int call_handler(lua_State *lua)
{
    struct policy_run *run = sandbox_host(lua);

    lua_getfield(lua, LUA_REGISTRYINDEX, HANDLERS);
    lua_rawgeti(lua, -1, run->trigger + 1);
    visit_push(lua, run->visit);
    lua_call(lua, 1, 0);
    return 0;
}

bool policy_instance_run(struct sandbox *sandbox, struct policy_facts *facts, enum policy_trigger trigger,
                         const struct policy_visit *visit, struct decision *decision, struct sandbox_failure *failure)
{
    struct policy_run run = {.facts = facts, .trigger = trigger, .visit = visit, .decision = decision};
    bool fine;

    sandbox_set_host(sandbox, &run);
    sandbox_seed(sandbox, visit->seed);
    fine = sandbox_call(sandbox, call_handler, NULL, failure);
    sandbox_restore(sandbox);
    return fine;
}
