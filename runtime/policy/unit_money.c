/* money(2.50): exact hundredths of the currency's unit. */
#include <math.h>
#include <stdlib.h>

#include "runtime/policy/sandbox.h"
#include "runtime/policy/units_internal.h"

#define MONEY_READ_MAX 1e15 /* beyond it, hundredths are not exact any more */

int64_t check_money(lua_State *lua, int index)
{
    if (lua_type(lua, index) == LUA_TNUMBER)
        return sandbox_fail(lua, "write an amount as money(2.50), so that its cents are exact");
    return check_amount(lua, index, MONEY);
}

/* A number of the currency's units with at most two decimals, exactly. */
static int64_t read_money(lua_State *lua, int index)
{
    double units = luaL_checknumber(lua, index);
    double hundredths = round(units * 100);

    if (!(fabs(hundredths) <= MONEY_READ_MAX)) /* the comparison is false for what is no number, too */
        sandbox_fail(lua, "this is too much money");
    if (fabs(units * 100 - hundredths) > 1e-6)
        sandbox_fail(lua, "money has at most two decimal places");
    return (int64_t)hundredths;
}

static int make_money(lua_State *lua)
{
    if (lua_type(lua, 2) == LUA_TNUMBER) /* money(2,50) would be 2.00 without a word */
        return sandbox_fail(lua, "an amount is written with a point, as in money(2.50); a comma makes two numbers of it");
    push_amount(lua, MONEY, luaL_testudata(lua, 1, MONEY) ? check_money(lua, 1) : read_money(lua, 1));
    return 1;
}

void push_money_text(lua_State *lua, int64_t hundredths)
{
    lua_pushfstring(lua, "%s%I.%d%d", hundredths < 0 ? "-" : "", (LUAI_UACINT)(llabs(hundredths) / 100),
                    (int)(llabs(hundredths) / 10 % 10), (int)(llabs(hundredths) % 10));
}

static int money_text(lua_State *lua)
{
    push_money_text(lua, check_amount(lua, 1, MONEY));
    return 1;
}

static int money_times(lua_State *lua)
{
    int money = luaL_testudata(lua, 1, MONEY) ? 1 : 2;
    double factor = luaL_checknumber(lua, 3 - money);

    push_product(lua, MONEY, check_amount(lua, money, MONEY), factor);
    return 1;
}

void money_open(lua_State *lua)
{
    static const luaL_Reg functions[] = {{"__tostring", money_text}, {"__add", amount_plus}, {"__sub", amount_minus},
        {"__mul", money_times}, {"__eq", amount_equal}, {"__lt", amount_less}, {"__le", amount_less_equal}, {NULL, NULL}};

    add_unit(lua, MONEY, functions);
    lua_pushcfunction(lua, make_money);
    lua_setfield(lua, -2, "money");
}
