#include "runtime/policy/instance.h"

#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

#include "runtime/base/suggest.h"
#include "runtime/policy/units.h"
#include "runtime/policy/words.h"

#define HANDLERS "ostler.handlers"

static const char *const trigger_names[] = {"session_start", "session_stop", "door_request", "availability",
                                            "door_event",    "schedule",     "http",         NULL};
static const char *const arguments[] = {"visit", "visit", "request", "garage", "event", "clock", "request"};

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
    enum policy_trigger trigger = trigger_find(luaL_checkstring(lua, 2));

    if (trigger != TRIGGER_COUNT)
        return sandbox_fail(lua, "a handler begins with 'on.': function on.%s(%s)", policy_trigger_text(trigger), arguments[trigger]);
    return sandbox_fail(lua, "write 'local %.40s = ...': a policy has no global variables", luaL_checkstring(lua, 2));
}

/* ---- on.trigger = function ---- */

static int unknown_trigger(lua_State *lua, const char *name)
{
    const char *close = word_nearest(name, trigger_names);

    return close ? sandbox_fail(lua, "there is no on.%.40s; did you mean on.%s?", name, close)
                 : sandbox_fail(lua, "there is no on.%.40s; there are session_start, session_stop, door_request, availability, "
                                     "door_event, schedule and http", name);
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
        return sandbox_fail(lua, "a handler is written as function on.%s(%s) ... end", name, arguments[trigger]);
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

void push_listener(lua_State *lua, lua_CFunction get, lua_CFunction set)
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
    sandbox_push_library(lua);
    units_open(lua);
    settings_open(lua);
    verbs_open(lua);
    visit_open(lua);
    lua_pushcfunction(lua, manifest_declare);
    lua_setfield(lua, -2, "policy");
    push_listener(lua, get_handler, set_handler);
    lua_setfield(lua, -2, "on");
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
    manifest_conclude(lua, run->facts);
    settings_conclude(lua);
    return 0;
}

static bool fail_before(struct sandbox_failure *failure, const char *text)
{
    failure->breach = SANDBOX_ERROR;
    snprintf(failure->text, sizeof(failure->text), "%s", text);
    return false;
}

/* The settings of the deployment; NULL: none. */
static bool read_overrides(const struct policy_source *source, struct json_document **out, struct sandbox_failure *failure)
{
    const char *text = source->settings;
    char error[128];

    if (!text || !text[0])
        return true;
    if (json_parse(text, strlen(text), 4, out, error) != OST_OK || json_kind(json_root(*out)) != JSON_IS_OBJECT)
        return fail_before(failure, "the settings of the deployment are no JSON object");
    return true;
}

/* What policy{} said last time is forgotten; what it was granted stands. */
static void begin_facts(struct policy_facts *facts, const struct policy_source *source)
{
    facts->broken = true; /* until policy{} was seen */
    facts->triggers = facts->rights_asked = facts->rights = 0;
    facts->scopes = 0;
    facts->route[0] = '\0';
    facts->schedule = (struct policy_schedule){.kind = SCHEDULE_NONE};
    facts->fail = source->fail;
    facts->is_shadow = source->is_shadow;
}

static void grant(struct policy_facts *facts, const struct policy_source *source)
{
    facts->rights = facts->rights_asked & source->rights;
    if (source->has_order)
        facts->order = source->order;
}

static enum ost_status load_within(const struct sandbox_limits *limits, const struct policy_source *source, struct policy_run *run,
                                   struct sandbox **out, struct sandbox_failure *failure)
{
    struct sandbox *sandbox;
    enum ost_status status = sandbox_create(limits, &sandbox);
    bool fine;

    if (status != OST_OK)
        return status;
    sandbox_set_host(sandbox, run);
    fine = sandbox_call(sandbox, load_chunk, (void *)(uintptr_t)source, failure);
    if (fine && sandbox_snapshot(sandbox)) {
        *out = sandbox;
        return OST_OK;
    }
    sandbox_destroy(sandbox);
    return fine ? OST_NO_MEMORY : OST_INVALID;
}

enum ost_status policy_instance_load(const struct sandbox_limits *limits, const struct policy_source *source,
                                     struct policy_facts *facts, struct sandbox **out, struct sandbox_failure *failure)
{
    struct policy_run run = {.loading = true, .facts = facts};
    struct json_document *overrides = NULL;
    enum ost_status status;

    begin_facts(facts, source);
    *out = NULL;
    memset(failure, 0, sizeof(*failure));
    if (source->length > POLICY_SOURCE_MAX) {
        fail_before(failure, "");
        snprintf(failure->text, sizeof(failure->text), "is longer than %d bytes; split it into two policies", POLICY_SOURCE_MAX);
        return OST_INVALID;
    }
    if (!read_overrides(source, &overrides, failure)) {
        json_free(overrides);
        return OST_INVALID;
    }
    run.overrides = overrides ? json_root(overrides) : NULL;
    status = load_within(limits, source, &run, out, failure);
    json_free(overrides);
    grant(facts, source);
    return status;
}

struct form {
    struct policy_setting *out;
    size_t max, count;
};

static int read_form(lua_State *lua)
{
    struct form *form = lua_touserdata(lua, 1);

    form->count = settings_read(lua, form->out, form->max);
    return 0;
}

size_t policy_instance_settings(struct sandbox *sandbox, struct policy_setting *out, size_t max)
{
    struct form form = {.out = out, .max = max};
    struct sandbox_failure failure;

    sandbox_call(sandbox, read_form, &form, &failure); /* it reads what the chunk left: nothing of it can fail but memory */
    sandbox_restore(sandbox);
    return form.count;
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

bool policy_instance_run(struct sandbox *sandbox, struct policy_run *run, int64_t *cpu_now_ns, size_t *memory_bytes,
                         struct sandbox_failure *failure)
{
    bool fine;

    sandbox_set_host(sandbox, run);
    sandbox_seed(sandbox, run->visit->seed);
    fine = sandbox_call_metered(sandbox, call_handler, NULL, cpu_now_ns, failure);
    *memory_bytes = sandbox_memory(sandbox);
    sandbox_restore(sandbox);
    return fine;
}
