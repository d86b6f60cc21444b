#include "runtime/app/configuration_keys.h"

#include <lauxlib.h>
#include <libgen.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/suggest.h"
#include "runtime/policy/sandbox.h"

void report_problem(struct configuration_report *report, int line, bool is_warning, const char *format, ...)
{
    va_list arguments;

    if (report->count < CONFIGURATION_PROBLEMS_MAX) {
        struct configuration_problem *problem = &report->problems[report->count];

        problem->line = line;
        problem->is_warning = is_warning;
        va_start(arguments, format);
        vsnprintf(problem->text, sizeof(problem->text), format, arguments);
        va_end(arguments);
    }
    report->count++;
    report->errors += !is_warning;
}

void keys_fail(struct keys *keys, const char *key, const char *what)
{
    report_problem(keys->context->report, configuration_line_of(keys, key), false, "%s%s%s: %s", keys->section, key ? "." : "", key ? key : "", what);
}

void keys_warn(struct keys *keys, const char *key, const char *what)
{
    report_problem(keys->context->report, configuration_line_of(keys, key), true, "%s.%s: %s", keys->section, key, what);
}

void keys_unknown(struct keys *keys, const char *name, const char *const *known, const char *what)
{
    const char *close = suggest(name, known);
    char said[128];

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(said, sizeof(said), what, name);
#pragma GCC diagnostic pop
    if (close)
        report_problem(keys->context->report, configuration_line_of(keys, name), false, "%s; did you mean '%s'?", said, close);
    else
        report_problem(keys->context->report, configuration_line_of(keys, name), false, "%s", said);
}

static void refuse_unknown(struct keys *keys, const char *const *known)
{
    lua_State *lua = keys->lua;

    lua_pushnil(lua);
    while (lua_next(lua, keys->table)) {
        const char *name = lua_type(lua, -2) == LUA_TSTRING ? lua_tostring(lua, -2) : NULL;
        const char *const *each = known;
        char what[64];

        lua_pop(lua, 1);
        if (!name) {
            keys_fail(keys, NULL, "has a value without a key; write key = value");
            continue;
        }
        while (*each && strcmp(*each, name) != 0)
            each++;
        snprintf(what, sizeof(what), "%s has no key '%%s'", keys->section);
        if (!*each)
            keys_unknown(keys, name, known, what);
    }
}

void keys_once(struct keys *keys, int *first_line)
{
    char what[96];

    if (*first_line > 0) {
        snprintf(what, sizeof(what), "stands twice, first on line %d; write one %s { ... }", *first_line, keys->section);
        keys_fail(keys, NULL, what);
        return;
    }
    *first_line = keys->line;
}

/* Several doors may begin on one line: Lua runs them in the order of the text. */
static void count_on_line(struct keys *keys)
{
    struct configuration_context *context = keys->context;
    bool again = context->last_section && context->last_line == keys->line && strcmp(context->last_section, keys->section) == 0;

    keys->before = again ? context->last_before + 1 : 0;
    context->last_section = keys->section;
    context->last_line = keys->line;
    context->last_before = keys->before;
}

struct configuration *keys_begin(struct keys *keys, lua_State *lua, const char *section, const char *const *known)
{
    *keys = (struct keys){.lua = lua, .context = sandbox_host(lua), .section = section, .table = 1, .line = sandbox_line(lua)};
    count_on_line(keys);
    if (lua_type(lua, 1) != LUA_TTABLE || lua_gettop(lua) > 1) {
        keys_fail(keys, NULL, "is written with braces: section { key = value }");
        lua_settop(lua, 0);
        lua_newtable(lua);
    }
    lua_settop(lua, 1);
    refuse_unknown(keys, known);
    return keys->context->configuration;
}

bool keys_table(struct keys *keys, const char *key, struct keys *inner, const char *const *known)
{
    lua_getfield(keys->lua, keys->table, key);
    if (!lua_istable(keys->lua, -1)) {
        lua_pop(keys->lua, 1);
        return false;
    }
    *inner = *keys;
    inner->line = configuration_line_of(keys, key);
    inner->section = key;
    inner->before = 0;
    inner->table = lua_gettop(keys->lua);
    refuse_unknown(inner, known);
    return true;
}

void keys_end_table(struct keys *inner)
{
    lua_settop(inner->lua, inner->table - 1);
}

bool keys_list(struct keys *keys, const char *key, lua_Unsigned most, lua_Unsigned *count, const char *shape)
{
    lua_State *lua = keys->lua;
    bool is_list = lua_getfield(lua, keys->table, key) == LUA_TTABLE;
    lua_Unsigned length = is_list ? lua_rawlen(lua, -1) : 0;
    char what[160];

    for (lua_pushnil(lua); is_list && lua_next(lua, -2); lua_pop(lua, 1)) {
        int is_integer = 0;
        lua_Integer index = lua_type(lua, -2) == LUA_TNUMBER ? lua_tointegerx(lua, -2, &is_integer) : 0;

        if (!is_integer || index < 1 || (lua_Unsigned)index > length) {
            is_list = false;
            lua_pop(lua, 2);
            break;
        }
    }
    *count = length;
    if (is_list && length > 0 && length <= most)
        return true;
    snprintf(what, sizeof(what), "must be a list of 1 to %d, without keys of its own: %s", (int)most, shape);
    keys_fail(keys, key, what);
    lua_settop(lua, keys->table);
    return false;
}

bool keys_has(struct keys *keys, const char *key)
{
    bool has = lua_getfield(keys->lua, keys->table, key) != LUA_TNIL;

    lua_pop(keys->lua, 1);
    return has;
}

/* The value as a text that lives as long as the table; NULL where it is missing or none (reported). */
static const char *text_at(struct keys *keys, const char *key, bool required)
{
    int type = lua_getfield(keys->lua, keys->table, key);
    const char *text = type == LUA_TSTRING ? lua_tostring(keys->lua, -1) : NULL;

    lua_pop(keys->lua, 1);
    if (type == LUA_TNIL && required)
        keys_fail(keys, key, "is required");
    else if (type != LUA_TNIL && !text)
        keys_fail(keys, key, "must be a text in quotes");
    return text;
}

void keys_text(struct keys *keys, const char *key, char *out, size_t bytes, bool required)
{
    const char *text = text_at(keys, key, required);
    char what[64];

    if (!text)
        return;
    if (strlen(text) >= bytes || (!text[0] && required)) {
        snprintf(what, sizeof(what), "must have 1 to %zu bytes", bytes - 1);
        keys_fail(keys, key, what);
        return;
    }
    snprintf(out, bytes, "%s", text);
}

bool keys_listen(struct keys *keys, const char *key, char *out, size_t bytes, struct listen_address *address)
{
    const char *text = text_at(keys, key, false);

    if (!text)
        return listen_address_parse(out, address) == OST_OK; /* what is so unless configured */
    if (strlen(text) >= bytes || listen_address_parse(text, address) != OST_OK) {
        keys_fail(keys, key, "must be an address of this machine in digits and a port from 0 to 65535, such as \"127.0.0.1:8080\" or \"[::1]:8080\"");
        return false;
    }
    snprintf(out, bytes, "%s", text);
    return true;
}

void keys_path(struct keys *keys, const char *key, char out[PATH_BYTES], bool required)
{
    char path[PATH_BYTES] = "";
    char folder[PATH_BYTES];

    keys_text(keys, key, path, sizeof(path), required);
    if (!path[0])
        return;
    snprintf(folder, sizeof(folder), "%s", keys->context->path);
    if (path[0] == '/')
        snprintf(out, PATH_BYTES, "%s", path);
    else if ((size_t)snprintf(out, PATH_BYTES, "%.500s/%.500s", dirname(folder), path) >= PATH_BYTES)
        keys_fail(keys, key, "is too long");
}

void keys_slug(struct keys *keys, const char *key, char out[SLUG_BYTES], bool required)
{
    const char *text = text_at(keys, key, required);

    if (!text)
        return;
    if (slug_is_valid(text))
        snprintf(out, SLUG_BYTES, "%s", text);
    else
        keys_fail(keys, key, "must be 1 to 63 small letters, digits and hyphens, not beginning with a hyphen");
}

bool keys_choice(struct keys *keys, const char *key, const char *const *choices, char *out, size_t bytes)
{
    const char *text = text_at(keys, key, false);
    const char *const *each = choices;
    char what[160] = "must be one of:";

    if (!text)
        return keys_has(keys, key);
    while (*each && strcmp(*each, text) != 0)
        each++;
    if (*each) {
        snprintf(out, bytes, "%s", text);
        return true;
    }
    for (each = choices; *each; each++) {
        strncat(what, " ", sizeof(what) - strlen(what) - 1);
        strncat(what, *each, sizeof(what) - strlen(what) - 1);
    }
    keys_fail(keys, key, what);
    return true;
}

int64_t keys_integer(struct keys *keys, const char *key, int64_t least, int64_t most, int64_t otherwise)
{
    int type = lua_getfield(keys->lua, keys->table, key);
    int is_integer = 0;
    lua_Integer number = lua_tointegerx(keys->lua, -1, &is_integer);
    char what[96];

    lua_pop(keys->lua, 1);
    if (type == LUA_TNIL)
        return otherwise;
    if (type == LUA_TNUMBER && is_integer && number >= least && number <= most)
        return number;
    snprintf(what, sizeof(what), "must be a whole number from %lld to %lld", (long long)least, (long long)most);
    keys_fail(keys, key, what);
    return otherwise;
}

bool keys_boolean(struct keys *keys, const char *key, bool otherwise)
{
    int type = lua_getfield(keys->lua, keys->table, key);
    bool truth = lua_toboolean(keys->lua, -1);

    lua_pop(keys->lua, 1);
    if (type == LUA_TBOOLEAN)
        return truth;
    if (type != LUA_TNIL)
        keys_fail(keys, key, "must be true or false");
    return otherwise;
}

struct unit {
    const char *name;
    int64_t factor;
};

/* A number with a unit, in the unit's base; otherwise where the key is missing or wrong (reported). */
static int64_t with_unit(struct keys *keys, const char *key, const struct unit *units, int64_t least, int64_t most,
                         int64_t otherwise, const char *expected)
{
    const char *text = text_at(keys, key, false);
    char *end = NULL;
    long long number = text ? strtoll(text, &end, 10) : 0;

    if (!text)
        return otherwise;
    for (; end > text && units->name; units++) {
        if (strcmp(units->name, end + strspn(end, " ")) != 0 || number < 0 || number > most / units->factor)
            continue;
        if (number * units->factor >= least)
            return number * units->factor;
    }
    keys_fail(keys, key, expected);
    return otherwise;
}

int64_t keys_duration(struct keys *keys, const char *key, int64_t least_ms, int64_t most_ms, int64_t otherwise_ms)
{
    static const struct unit units[] = {{"ms", 1}, {"s", 1000}, {"min", 60000}, {"h", 3600000}, {"d", 86400000}, {NULL, 0}};
    char expected[128];

    snprintf(expected, sizeof(expected), "must be a time with its unit, such as \"500ms\", \"10s\", \"15min\" or \"400d\", from %lld ms to %lld ms",
             (long long)least_ms, (long long)most_ms);
    return with_unit(keys, key, units, least_ms, most_ms, otherwise_ms, expected);
}

int64_t keys_size(struct keys *keys, const char *key, int64_t least, int64_t most, int64_t otherwise)
{
    static const struct unit units[] = {{"MB", 1 << 20}, {"GB", 1 << 30}, {"KB", 1 << 10}, {NULL, 0}};
    char expected[128];

    snprintf(expected, sizeof(expected), "must be a size with its unit, such as \"512MB\" or \"4GB\", from %lld MB to %lld MB",
             (long long)(least >> 20), (long long)(most >> 20));
    return with_unit(keys, key, units, least, most, otherwise, expected);
}

scope_set keys_scopes(struct keys *keys, const char *key)
{
    lua_State *lua = keys->lua;
    scope_set scopes = 0;
    lua_Unsigned count;

    if (!keys_has(keys, key))
        return SCOPES_OF_PARTNERS;
    if (!keys_list(keys, key, 16, &count, "{ \"sessions:write\", \"sessions:read\" }"))
        return 0;
    for (lua_Unsigned i = 1; i <= count; i++) {
        const char *text = lua_rawgeti(lua, -1, (lua_Integer)i) == LUA_TSTRING ? lua_tostring(lua, -1) : "";
        enum scope scope;

        if (scope_parse(text, &scope) != OST_OK || !(scope & SCOPES_OF_PARTNERS))
            keys_fail(keys, key, "a partner's scopes are sessions:write, sessions:read, garages:read and doors:open");
        else
            scopes |= scope;
        lua_pop(lua, 1);
    }
    lua_pop(lua, 1);
    return scopes;
}
