#include "runtime/policy/units.h"

#include <lauxlib.h>
#include <math.h>
#include <string.h>

#include "runtime/policy/library.h"
#include "runtime/policy/sandbox.h"
#include "runtime/policy/units_internal.h"

#define PLAIN "setting"
#define MONEY_MAX INT64_C(100000000000)
#define DURATION_MAX (36600 * DAY_MS) /* a hundred years */

/* ---- amounts: money and durations ---- */

struct amount {
    int64_t value;
};

void push_amount(lua_State *lua, const char *unit, int64_t value)
{
    push_result(lua, unit, false, value);
}

void push_result(lua_State *lua, const char *unit, bool overflowed, int64_t value)
{
    bool is_money = strcmp(unit, MONEY) == 0;
    int64_t most = is_money ? MONEY_MAX : DURATION_MAX;
    struct amount *amount;

    if (overflowed || value > most || value < -most)
        sandbox_fail(lua, is_money ? "this is too much money" : "this is too long a duration: it may be 100 years");
    amount = lua_newuserdatauv(lua, sizeof(*amount), 0);
    amount->value = value;
    luaL_setmetatable(lua, unit);
}

void push_product(lua_State *lua, const char *unit, int64_t value, double factor)
{
    double product = round((double)value * factor);
    bool overflowed = !(fabs(product) < 0x1p62); /* nor is it a number, then, perhaps */

    push_result(lua, unit, overflowed, overflowed ? 0 : (int64_t)product);
}

int64_t check_amount(lua_State *lua, int index, const char *unit)
{
    return ((struct amount *)luaL_checkudata(lua, index, unit))->value;
}

/* What money and durations have in common; the unit is an upvalue. */
static const char *unit_of(lua_State *lua)
{
    return lua_tostring(lua, lua_upvalueindex(1));
}

static int64_t check_same(lua_State *lua, int index)
{
    const char *unit = unit_of(lua);

    if (!luaL_testudata(lua, index, unit))
        return sandbox_fail(lua, "%s goes with %s only, not with a %s", unit, unit, luaL_typename(lua, index));
    return check_amount(lua, index, unit);
}

int amount_plus(lua_State *lua)
{
    int64_t sum;
    bool overflowed = __builtin_add_overflow(check_same(lua, 1), check_same(lua, 2), &sum);

    push_result(lua, unit_of(lua), overflowed, sum);
    return 1;
}

int amount_minus(lua_State *lua)
{
    int64_t difference;
    bool overflowed = __builtin_sub_overflow(check_same(lua, 1), check_same(lua, 2), &difference);

    push_result(lua, unit_of(lua), overflowed, difference);
    return 1;
}

int amount_equal(lua_State *lua)
{
    lua_pushboolean(lua, check_same(lua, 1) == check_same(lua, 2));
    return 1;
}

int amount_less(lua_State *lua)
{
    lua_pushboolean(lua, check_same(lua, 1) < check_same(lua, 2));
    return 1;
}

int amount_less_equal(lua_State *lua)
{
    lua_pushboolean(lua, check_same(lua, 1) <= check_same(lua, 2));
    return 1;
}

/* `..` with any of our units: both sides as tostring() gives them. */
static int join(lua_State *lua)
{
    sandbox_check_stack(lua);
    library_push_text(lua, 1);
    library_push_text(lua, 2);
    lua_concat(lua, 2);
    sandbox_check_stack(lua);
    return 1;
}

/* ---- plain settings: number(5, "label"), text("...", "label"), boolean(true, "label") ---- */

/*
 * The value is wrapped, so that a setting can tell what its type made from a value without a type. Nothing else takes it: a
 * policy that just wants a number writes it.
 */
static int wrap(lua_State *lua, int type)
{
    luaL_checktype(lua, 1, type);
    luaL_optstring(lua, 2, NULL);
    lua_newuserdatauv(lua, 0, 1);
    lua_pushvalue(lua, 1);
    lua_setiuservalue(lua, -2, 1);
    luaL_setmetatable(lua, PLAIN);
    return 1;
}

static int make_number(lua_State *lua)
{
    return wrap(lua, LUA_TNUMBER);
}

static int make_text(lua_State *lua)
{
    return wrap(lua, LUA_TSTRING);
}

static int make_boolean(lua_State *lua)
{
    return wrap(lua, LUA_TBOOLEAN);
}

static enum setting_type plain_type(int lua_type)
{
    return lua_type == LUA_TNUMBER ? SETTING_NUMBER : lua_type == LUA_TSTRING ? SETTING_TEXT : SETTING_BOOLEAN;
}

bool units_push_setting(lua_State *lua, int index, enum setting_type *type)
{
    static const struct {
        const char *unit;
        enum setting_type type;
    } units[] = {{MONEY, SETTING_MONEY}, {DURATION, SETTING_DURATION}, {HOURS, SETTING_HOURS}, {TARIFF, SETTING_TARIFF},
                 {PLATES, SETTING_PLATES}};

    if (luaL_testudata(lua, index, PLAIN)) {
        *type = plain_type(lua_getiuservalue(lua, index, 1));
        return true;
    }
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (luaL_testudata(lua, index, units[i].unit)) {
            *type = units[i].type;
            lua_pushvalue(lua, index);
            return true;
        }
    }
    return false;
}

void units_push_setting_text(lua_State *lua, int index, enum setting_type type)
{
    switch (type) {
    case SETTING_MONEY:
        push_money_text(lua, check_amount(lua, index, MONEY));
        break;
    case SETTING_DURATION:
        push_duration_exactly(lua, check_amount(lua, index, DURATION));
        break;
    case SETTING_TARIFF:
        push_tariff_json(lua, index);
        break;
    default:
        library_push_text(lua, index);
        break;
    }
}

/* ---- registration ---- */

void add_unit(lua_State *lua, const char *unit, const luaL_Reg *functions)
{
    luaL_newmetatable(lua, unit);
    lua_pushstring(lua, unit);
    luaL_setfuncs(lua, functions, 1);
    lua_pushcfunction(lua, join);
    lua_setfield(lua, -2, "__concat");
    lua_pop(lua, 1);
}

void units_open(lua_State *lua)
{
    static const luaL_Reg plain[] = {{"number", make_number}, {"text", make_text}, {"boolean", make_boolean}, {NULL, NULL}};

    money_open(lua);
    time_open(lua);
    hours_open(lua);
    tariff_open(lua);
    plates_open(lua);
    luaL_newmetatable(lua, PLAIN);
    lua_pop(lua, 1);
    luaL_setfuncs(lua, plain, 0);
}
