/* plates("TX-##-*, AB-12-CD"): plates and globs, in place of patterns. `#` is a digit, `?` any one character, `*` any run. */
#include <ctype.h>
#include <string.h>

#include "runtime/core/plate.h"
#include "runtime/policy/sandbox.h"
#include "runtime/policy/units_internal.h"

#define GLOB_BYTES 64

struct plates {
    char text[SETTING_TEXT_BYTES];
};

/* The next glob of a list behind *at; false at its end. One that is too long ends as "", which matches nothing. */
static bool next_glob(const char **at, char glob[GLOB_BYTES])
{
    size_t length;

    *at += strspn(*at, ", ");
    length = strcspn(*at, ",");
    if (length == 0)
        return false;
    memcpy(glob, *at, length < GLOB_BYTES ? length : 0);
    glob[length < GLOB_BYTES ? length : 0] = '\0';
    *at += length;
    while (glob[0] && glob[strlen(glob) - 1] == ' ')
        glob[strlen(glob) - 1] = '\0';
    return true;
}

static bool is_glob_text(const char *glob)
{
    bool has_sign = false;

    for (const char *at = glob; *at; at++) {
        if (!isalnum((unsigned char)*at) && !strchr("#?*-. ", *at) && (unsigned char)*at < 0x80)
            return false;
        has_sign |= !strchr("-. ", *at);
    }
    return has_sign;
}

static void check_globs(lua_State *lua, const char *text)
{
    char glob[GLOB_BYTES];

    for (const char *at = text; next_glob(&at, glob);) {
        if (!is_glob_text(glob))
            sandbox_fail(lua, "plates are written as \"TX-##-*, AB-12-CD\": # is one digit, ? any one character, * any run");
    }
}

static const char *check_text(lua_State *lua, int index)
{
    size_t length;
    const char *text = luaL_checklstring(lua, index, &length);

    if (length >= SETTING_TEXT_BYTES || strlen(text) != length)
        sandbox_fail(lua, "plates are a text of at most %d bytes; for more, use a list: visit:on_list \"name\"", SETTING_TEXT_BYTES - 1);
    check_globs(lua, text);
    return text;
}

static int make_plates(lua_State *lua)
{
    const char *text;
    struct plates *plates;

    if (luaL_testudata(lua, 1, PLATES)) {
        lua_settop(lua, 1);
        return 1;
    }
    text = check_text(lua, 1);
    plates = lua_newuserdatauv(lua, sizeof(*plates), 0);
    memset(plates, 0, sizeof(*plates));
    strcpy(plates->text, text);
    luaL_setmetatable(lua, PLATES);
    return 1;
}

static int plates_text(lua_State *lua)
{
    lua_pushstring(lua, ((struct plates *)luaL_checkudata(lua, 1, PLATES))->text);
    return 1;
}

bool read_plates_match(lua_State *lua, int index, const char *plate)
{
    const struct plates *plates = luaL_testudata(lua, index, PLATES);
    char glob[GLOB_BYTES];

    for (const char *at = plates ? plates->text : check_text(lua, index); next_glob(&at, glob);) {
        sandbox_spend(lua, STEPS_OF_VALUE);
        if (glob[0] && plate_matches(plate, glob))
            return true;
    }
    return false;
}

static int plates_field(lua_State *lua)
{
    return sandbox_fail(lua, "plates are asked by visit:plate_matches(setting.name), not by '%s'", luaL_checkstring(lua, 2));
}

void plates_open(lua_State *lua)
{
    static const luaL_Reg functions[] = {{"__tostring", plates_text}, {"__index", plates_field}, {NULL, NULL}};

    add_unit(lua, PLATES, functions);
    lua_pushcfunction(lua, make_plates);
    lua_setfield(lua, -2, "plates");
}
