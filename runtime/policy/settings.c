/*
 * setting.name = type(default, "label"): a policy's form. What the deployment sets takes the place of the default while the
 * chunk loads, so that handlers read one value and know of no other.
 */
#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

#include "runtime/base/suggest.h"
#include "runtime/base/text.h"
#include "runtime/policy/instance.h"
#include "runtime/policy/json_lua.h"
#include "runtime/policy/units.h"

#define VALUES "ostler.settings" /* name -> value, as handlers read it */
#define FORM "ostler.form"       /* 1.. -> { name, type, value, default, label } */
#define LABEL "ostler.label"     /* of the last value that was constructed */

enum { FORM_NAME = 1, FORM_TYPE, FORM_VALUE, FORM_DEFAULT, FORM_LABEL };

static const char *const constructors[] = {"number", "text", "boolean", "money", "duration", "hours", "tariff", "plates"}; /* by enum setting_type */

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

/* The values of a table are texts with decimals, where people write 0.5 or "0.50". */
static void push_money(lua_State *lua, const struct json_value *value, const char *name)
{
    const char *text = json_as_string(value, NULL);

    lua_getfield(lua, LUA_REGISTRYINDEX, "ostler.constructors");
    lua_getfield(lua, -1, "money");
    lua_remove(lua, -2);
    if (text) {
        lua_pushstring(lua, text);
        if (!lua_isnumber(lua, -1))
            sandbox_fail(lua, "the setting '%s' is an amount such as 2.50", name);
        lua_pushnumber(lua, lua_tonumber(lua, -1));
        lua_remove(lua, -2);
    } else {
        lua_pushnumber(lua, json_as_number(value, 0));
    }
    lua_call(lua, 1, 1);
}

static void push_tariff_table(lua_State *lua, const struct json_value *value, const char *setting)
{
    const struct json_value *member;
    const char *name;
    void *iterator = NULL;

    lua_newtable(lua);
    while (json_next_member(value, &iterator, &name, &member)) {
        if (strcmp(name, "rate") == 0 || strcmp(name, "cap") == 0)
            push_money(lua, member, setting);
        else
            json_push(lua, member);
        lua_setfield(lua, -2, name);
    }
}

static bool is_of_kind(const struct json_value *value, enum setting_type type)
{
    enum json_kind kind = json_kind(value);
    bool is_number = kind == JSON_IS_INTEGER || kind == JSON_IS_REAL;

    switch (type) {
    case SETTING_NUMBER:
        return is_number;
    case SETTING_BOOLEAN:
        return kind == JSON_IS_BOOLEAN;
    case SETTING_MONEY:
        return is_number || kind == JSON_IS_STRING;
    case SETTING_TARIFF:
        return kind == JSON_IS_OBJECT;
    default:
        return kind == JSON_IS_STRING;
    }
}

/* Push the deployment's value of a setting, made by the same constructor as the source's own. */
static void push_override(lua_State *lua, const char *name, enum setting_type type, const struct json_value *value)
{
    static const char *const looks[] = {"a number such as 5", "a text", "true or false", "an amount such as \"2.50\"",
        "a duration such as \"1h 30min\"", "hours such as \"Mon-Fri 07:00-23:00\"",
        "a tariff such as {\"rate\": \"0.50\", \"every\": \"12min\"}", "plates such as \"TX-##-*, AB-12-CD\""};
    enum setting_type made;

    if (!is_of_kind(value, type))
        sandbox_fail(lua, "the setting '%.40s' is %s", name, looks[type]);
    if (type == SETTING_MONEY) {
        push_money(lua, value, name);
        return;
    }
    lua_getfield(lua, LUA_REGISTRYINDEX, "ostler.constructors");
    lua_getfield(lua, -1, constructors[type]);
    lua_remove(lua, -2);
    if (type == SETTING_TARIFF)
        push_tariff_table(lua, value, name);
    else
        json_push(lua, value);
    lua_call(lua, 1, 1);
    if (units_push_setting(lua, lua_gettop(lua), &made))
        lua_remove(lua, -2);
}

/* Add a row to the form: the value is on top of the stack, the source's own one below it. */
static void add_to_form(lua_State *lua, const char *name, enum setting_type type)
{
    int value = lua_gettop(lua), form;

    lua_getfield(lua, LUA_REGISTRYINDEX, FORM);
    form = value + 1;
    if (lua_rawlen(lua, form) == SETTINGS_MAX)
        sandbox_fail(lua, "a policy may have %d settings", SETTINGS_MAX);
    lua_createtable(lua, FORM_LABEL, 0);
    lua_pushstring(lua, name);
    lua_rawseti(lua, -2, FORM_NAME);
    lua_pushinteger(lua, type);
    lua_rawseti(lua, -2, FORM_TYPE);
    lua_pushvalue(lua, value);
    lua_rawseti(lua, -2, FORM_VALUE);
    lua_pushvalue(lua, value - 1);
    lua_rawseti(lua, -2, FORM_DEFAULT);
    lua_getfield(lua, LUA_REGISTRYINDEX, LABEL);
    lua_rawseti(lua, -2, FORM_LABEL);
    lua_rawseti(lua, form, (lua_Integer)lua_rawlen(lua, form) + 1);
    lua_settop(lua, value);
}

static int set_setting(lua_State *lua)
{
    struct policy_run *run = sandbox_host(lua);
    const char *name = luaL_checkstring(lua, 2);
    const struct json_value *override = run->overrides ? json_member(run->overrides, name) : NULL;
    enum setting_type type;

    if (!run->loading)
        return sandbox_fail(lua, "settings are made at the top of the file, and only read in a handler");
    if (!code_is_valid(name))
        return sandbox_fail(lua, "the name of a setting has small letters, digits and _, as in setting.longest_stay");
    lua_getfield(lua, LUA_REGISTRYINDEX, VALUES);
    if (lua_getfield(lua, -1, name) != LUA_TNIL)
        return sandbox_fail(lua, "there are two settings '%s'", name);
    lua_pop(lua, 1);
    if (!units_push_setting(lua, 3, &type))
        return untyped_setting(lua, name);
    if (override)
        push_override(lua, name, type, override);
    else
        lua_pushvalue(lua, -1);
    add_to_form(lua, name, type);
    lua_setfield(lua, 4, name);
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

    lua_getfield(lua, LUA_REGISTRYINDEX, VALUES);
    lua_pushvalue(lua, 2);
    if (lua_rawget(lua, -2) != LUA_TNIL)
        return 1;
    lua_pop(lua, 1);
    close = suggest_setting(lua, name);
    return close ? sandbox_fail(lua, "there is no setting '%.40s'; did you mean '%s'?", name, close)
                 : sandbox_fail(lua, "there is no setting '%.40s'; make it at the top of the file", name);
}

/* A constructor that remembers its label; the plain one is the upvalue. */
static int construct(lua_State *lua)
{
    const struct policy_run *run = sandbox_host(lua);

    if (run && run->loading) {
        if (lua_type(lua, 2) == LUA_TSTRING)
            lua_pushvalue(lua, 2);
        else
            lua_pushliteral(lua, "");
        lua_setfield(lua, LUA_REGISTRYINDEX, LABEL);
    }
    lua_pushvalue(lua, lua_upvalueindex(1));
    lua_insert(lua, 1);
    lua_call(lua, lua_gettop(lua) - 1, 1);
    return 1;
}

void settings_open(lua_State *lua)
{
    int environment = lua_gettop(lua);

    lua_newtable(lua);
    lua_setfield(lua, LUA_REGISTRYINDEX, VALUES);
    lua_newtable(lua);
    lua_setfield(lua, LUA_REGISTRYINDEX, FORM);
    lua_newtable(lua);
    for (size_t i = 0; i < sizeof(constructors) / sizeof(constructors[0]); i++) {
        lua_getfield(lua, environment, constructors[i]);
        lua_pushvalue(lua, -1);
        lua_setfield(lua, -3, constructors[i]);
        lua_pushcclosure(lua, construct, 1);
        lua_setfield(lua, environment, constructors[i]);
    }
    lua_setfield(lua, LUA_REGISTRYINDEX, "ostler.constructors");
    push_listener(lua, get_setting, set_setting);
    lua_setfield(lua, environment, "setting");
}

void settings_conclude(lua_State *lua)
{
    const struct policy_run *run = sandbox_host(lua);
    const struct json_value *value;
    const char *name;
    void *iterator = NULL;

    lua_pushliteral(lua, "");
    lua_setfield(lua, LUA_REGISTRYINDEX, LABEL);
    if (!run->overrides)
        return;
    lua_getfield(lua, LUA_REGISTRYINDEX, VALUES);
    while (json_next_member(run->overrides, &iterator, &name, &value)) {
        const char *close;

        if (lua_getfield(lua, -1, name) == LUA_TNIL) {
            lua_pop(lua, 1);
            close = suggest_setting(lua, name);
            luaL_error(lua, close ? "the policy has no setting '%s'; did you mean '%s'?" : "the policy has no setting '%s'", name, close);
        }
        lua_pop(lua, 1);
    }
    lua_pop(lua, 1);
}

/* ---- the form ---- */

static void copy_field(lua_State *lua, int row, int field, char *out, size_t bytes)
{
    lua_rawgeti(lua, row, field);
    text_copy(out, bytes, lua_type(lua, -1) == LUA_TSTRING ? lua_tostring(lua, -1) : "");
    lua_pop(lua, 1);
}

static void copy_value(lua_State *lua, int row, int field, enum setting_type type, char *out, size_t bytes)
{
    lua_rawgeti(lua, row, field);
    units_push_setting_text(lua, lua_gettop(lua), type);
    text_copy(out, bytes, lua_tostring(lua, -1));
    lua_pop(lua, 2);
}

size_t settings_read(lua_State *lua, struct policy_setting *out, size_t max)
{
    size_t count;

    lua_getfield(lua, LUA_REGISTRYINDEX, FORM);
    count = lua_rawlen(lua, -1);
    for (size_t i = 0; i < count && i < max; i++) {
        int row;

        lua_rawgeti(lua, -1, (lua_Integer)i + 1);
        row = lua_gettop(lua);
        copy_field(lua, row, FORM_NAME, out[i].name, sizeof(out[i].name));
        copy_field(lua, row, FORM_LABEL, out[i].label, sizeof(out[i].label));
        lua_rawgeti(lua, row, FORM_TYPE);
        out[i].type = (enum setting_type)lua_tointeger(lua, -1);
        lua_pop(lua, 1);
        copy_value(lua, row, FORM_VALUE, out[i].type, out[i].value, sizeof(out[i].value));
        copy_value(lua, row, FORM_DEFAULT, out[i].type, out[i].standard, sizeof(out[i].standard));
        lua_pop(lua, 1);
    }
    lua_pop(lua, 1);
    return count;
}
