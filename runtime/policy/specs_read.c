/* test "name", given { ... }, case "what" { ... expect = ... }: what a spec says, before anything is asked. */
#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/suggest.h"
#include "runtime/base/text.h"
#include "runtime/policy/json_lua.h"
#include "runtime/policy/specs.h"

#define GIVEN "ostler.given"
#define SPEC_CPU_NS INT64_C(2000000000)
#define SPEC_MEMORY (4 * 1024 * 1024)
#define CONTEXT_BYTES 16384

struct spec_run {
    struct spec_plans *plans;
    bool has_test;
};

static int unknown_word(lua_State *lua)
{
    static const char *const words[] = {"test", "given", "case", NULL};
    const char *name = luaL_checkstring(lua, 2), *close = suggest(name, words);

    return close ? sandbox_fail(lua, "nothing here is called '%.40s'; did you mean '%s'?", name, close)
                 : sandbox_fail(lua, "nothing here is called '%.40s'; a spec has test \"name\", given { ... } and case \"what\" { ... }", name);
}

static int new_word(lua_State *lua)
{
    return sandbox_fail(lua, "write 'local %.40s = ...': a spec has no global variables", luaL_checkstring(lua, 2));
}

static int say_test(lua_State *lua)
{
    struct spec_run *run = sandbox_host(lua);

    if (lua_type(lua, 1) != LUA_TSTRING)
        return sandbox_fail(lua, "write test \"name\", with the name of the policy");
    run->has_test = true;
    lua_newtable(lua);
    lua_setfield(lua, LUA_REGISTRYINDEX, GIVEN);
    return 0;
}

static int say_given(lua_State *lua)
{
    if (lua_type(lua, 1) != LUA_TTABLE)
        return sandbox_fail(lua, "write given { plate = \"AB-12-CD\", now = \"2026-05-19 08:30\" } with curly brackets");
    lua_pushvalue(lua, 1);
    lua_setfield(lua, LUA_REGISTRYINDEX, GIVEN);
    return 0;
}

/* Copy the members of the table at `from` into the one at `to`. */
static void merge(lua_State *lua, int from, int to)
{
    lua_pushnil(lua);
    while (lua_next(lua, from)) {
        sandbox_spend(lua, STEPS_OF_VALUE);
        if (lua_type(lua, -2) != LUA_TSTRING)
            sandbox_fail(lua, "every field of a case has a name, as in now = \"2026-05-19 08:30\"");
        lua_pushvalue(lua, -2);
        lua_insert(lua, -2);
        lua_settable(lua, to);
    }
}

/* Take a member out of the table; false: it is not there. Else it is on top of the stack. */
static bool take(lua_State *lua, int table, const char *name)
{
    if (lua_getfield(lua, table, name) == LUA_TNIL) {
        lua_pop(lua, 1);
        return false;
    }
    lua_pushnil(lua);
    lua_setfield(lua, table, name);
    return true;
}

static void take_word(lua_State *lua, int table, const char *name, char *out, size_t bytes)
{
    if (!take(lua, table, name))
        return;
    if (lua_type(lua, -1) != LUA_TSTRING || strlen(lua_tostring(lua, -1)) >= bytes)
        sandbox_fail(lua, "'%s' of a case is a short text", name);
    snprintf(out, bytes, "%s", lua_tostring(lua, -1));
    lua_pop(lua, 1);
}

static void add_expect(lua_State *lua, struct spec_plan *plan)
{
    if (lua_type(lua, -1) != LUA_TSTRING || strlen(lua_tostring(lua, -1)) >= SPEC_EXPECT_BYTES)
        sandbox_fail(lua, "expect is a text, or a list of texts, as in expect = \"allow\" or expect = { \"deny closed\", \"no leave_by\" }");
    if (plan->expect_count == SPEC_EXPECTS_MAX)
        sandbox_fail(lua, "a case may expect %d things", SPEC_EXPECTS_MAX);
    snprintf(plan->expects[plan->expect_count++], SPEC_EXPECT_BYTES, "%s", lua_tostring(lua, -1));
}

static void take_expects(lua_State *lua, int table, struct spec_plan *plan)
{
    if (!take(lua, table, "expect"))
        sandbox_fail(lua, "the case '%.60s' expects nothing; add expect = \"allow\" or what should come of it", plan->name);
    if (!lua_istable(lua, -1))
        add_expect(lua, plan);
    for (lua_Unsigned i = 1; lua_istable(lua, -1) && i <= lua_rawlen(lua, -1); i++) {
        lua_rawgeti(lua, -1, (lua_Integer)i);
        add_expect(lua, plan);
        lua_pop(lua, 1);
    }
    lua_pop(lua, 1);
    if (plan->expect_count == 0)
        sandbox_fail(lua, "the case '%.60s' expects nothing; add expect = \"allow\" or what should come of it", plan->name);
}

static char *write_json(lua_State *lua, int index)
{
    char *text = lua_newuserdatauv(lua, CONTEXT_BYTES, 0); /* the arena's, so that a raise loses nothing */
    struct json_writer writer;
    char *copy;

    json_writer_init(&writer, text, CONTEXT_BYTES - 1);
    json_write_lua(lua, index, &writer);
    if (writer.overflow)
        sandbox_fail(lua, "the case is too long");
    text[writer.length] = '\0';
    copy = strdup(text);
    lua_pop(lua, 1);
    return copy ? copy : (sandbox_fail(lua, "there is no memory"), NULL);
}

static void take_rights(lua_State *lua, int table, struct spec_plan *plan)
{
    if (!take(lua, table, "rights"))
        return;
    lua_rawgeti(lua, lua_istable(lua, -1) ? -1 : sandbox_fail(lua, "rights is a list, as in rights = { \"override\" }"), 1);
    if (lua_type(lua, -1) != LUA_TSTRING || strcmp(lua_tostring(lua, -1), "override") != 0)
        sandbox_fail(lua, "rights is a list, as in rights = { \"override\" }");
    plan->rights = 1u << RIGHT_OVERRIDE;
    lua_pop(lua, 2);
}

static void take_settings(lua_State *lua, int table, struct spec_plan *plan)
{
    if (!take(lua, table, "settings"))
        return;
    if (!lua_istable(lua, -1))
        sandbox_fail(lua, "settings is a table, as in settings = { open = \"Mon-Fri 07:00-22:00\" }");
    plan->settings = write_json(lua, lua_gettop(lua));
    lua_pop(lua, 1);
}

/* The table behind case "what"; the name and the line are upvalues. */
static int take_case(lua_State *lua)
{
    struct spec_run *run = sandbox_host(lua);
    struct spec_plan *plan;
    int fields;

    if (lua_type(lua, 1) != LUA_TTABLE)
        return sandbox_fail(lua, "write case \"what\" { ... expect = \"allow\" } with curly brackets");
    if (!run->has_test)
        return sandbox_fail(lua, "begin the spec with test \"name\"");
    if (run->plans->count == SPEC_CASES_MAX)
        return sandbox_fail(lua, "a spec may have %d cases", SPEC_CASES_MAX);
    plan = &run->plans->plans[run->plans->count];
    text_copy(plan->name, sizeof(plan->name), lua_tostring(lua, lua_upvalueindex(1)));
    plan->line = (int)lua_tointeger(lua, lua_upvalueindex(2));
    snprintf(plan->zone, sizeof(plan->zone), "Europe/Amsterdam");
    lua_newtable(lua);
    fields = lua_gettop(lua);
    lua_getfield(lua, LUA_REGISTRYINDEX, GIVEN);
    merge(lua, lua_gettop(lua), fields);
    merge(lua, 1, fields);
    take_expects(lua, fields, plan);
    take_word(lua, fields, "on", plan->on, sizeof(plan->on));
    take_word(lua, fields, "zone", plan->zone, sizeof(plan->zone));
    take_rights(lua, fields, plan);
    take_settings(lua, fields, plan);
    plan->context = write_json(lua, fields);
    run->plans->count++;
    return 0;
}

static int say_case(lua_State *lua)
{
    if (lua_type(lua, 1) != LUA_TSTRING)
        return sandbox_fail(lua, "write case \"what\" { ... }, with words that tell what the case is about");
    lua_pushvalue(lua, 1);
    lua_pushinteger(lua, sandbox_line(lua));
    lua_pushcclosure(lua, take_case, 2);
    return 1;
}

struct spec_text {
    const char *text;
    size_t length;
};

static int load_spec(lua_State *lua)
{
    static const luaL_Reg words[] = {{"test", say_test}, {"given", say_given}, {"case", say_case}, {NULL, NULL}};
    const struct spec_text *spec = lua_touserdata(lua, 1);

    lua_newtable(lua);
    lua_setfield(lua, LUA_REGISTRYINDEX, GIVEN);
    sandbox_push_library(lua);
    luaL_setfuncs(lua, words, 0);
    lua_newtable(lua);
    lua_pushcfunction(lua, unknown_word);
    lua_setfield(lua, -2, "__index");
    lua_pushcfunction(lua, new_word);
    lua_setfield(lua, -2, "__newindex");
    lua_setmetatable(lua, -2);
    sandbox_load(lua, spec->text, spec->length, "spec");
    lua_call(lua, 0, 0);
    return 0;
}

bool specs_read(const char *file, const char *text, size_t length, struct spec_plans *out, struct policy_problem *problem)
{
    struct sandbox_limits limits = {.memory_bytes = SPEC_MEMORY, .cpu_ns = SPEC_CPU_NS};
    struct spec_text spec = {text, length};
    struct spec_run run = {.plans = out};
    struct sandbox_failure failure = {.text = "there is no memory to run the spec"};
    struct sandbox *sandbox = NULL;
    bool fine = false;

    out->count = 0;
    out->plans = calloc(SPEC_CASES_MAX + 1, sizeof(*out->plans));
    if (out->plans && sandbox_create(&limits, &sandbox) == OST_OK) {
        sandbox_set_host(sandbox, &run);
        fine = sandbox_call(sandbox, load_spec, &spec, &failure);
    }
    sandbox_destroy(sandbox);
    if (fine)
        return true;
    memset(problem, 0, sizeof(*problem));
    snprintf(problem->file, sizeof(problem->file), "%s", file);
    problem->line = failure.line;
    text_copy(problem->text, sizeof(problem->text), failure.text);
    return false;
}

void specs_free(struct spec_plans *plans)
{
    for (size_t i = 0; plans->plans && i <= plans->count && i <= SPEC_CASES_MAX; i++) {
        free(plans->plans[i].context);
        free(plans->plans[i].settings);
    }
    free(plans->plans);
    plans->plans = NULL;
}
