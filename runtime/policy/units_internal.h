/* What the files of the units share: unit_money.c, unit_time.c, unit_hours.c, unit_tariff.c, unit_plates.c and units.c. */
#ifndef OSTLER_POLICY_UNITS_INTERNAL_H
#define OSTLER_POLICY_UNITS_INTERNAL_H

#include <lauxlib.h>

#include "runtime/policy/units.h"

/* Metatables in the registry; and the names in messages. */
#define MONEY "money"
#define DURATION "duration"
#define HOURS "hours"
#define TIME "time"
#define TARIFF "tariff"
#define PLATES "plates"

#define MINUTE_MS INT64_C(60000)
#define HOUR_MS (60 * MINUTE_MS)
#define DAY_MS (24 * HOUR_MS)

/* Money in hundredths or a duration in milliseconds; raises beyond what such a unit can be. */
void push_amount(lua_State *lua, const char *unit, int64_t value);
int64_t check_amount(lua_State *lua, int index, const char *unit);
/* The same for the result of arithmetic: overflowed is what the compiler's checked operators say. */
void push_result(lua_State *lua, const char *unit, bool overflowed, int64_t value);
/* value * factor, rounded. */
void push_product(lua_State *lua, const char *unit, int64_t value, double factor);

/* A duration, or a text such as "1h 30min", in milliseconds. */
int64_t read_duration(lua_State *lua, int index);
/* Are the hours at index (or a text such as "Mon-Fri 07:00-23:00") open at this time? */
bool read_hours_hold(lua_State *lua, int index, const struct local_time *local);

/* Make the metatable of a unit; each function has the unit's name as its upvalue. */
void add_unit(lua_State *lua, const char *unit, const luaL_Reg *functions);
/* `+`, `-`, `==`, `<` and `<=` of two amounts of the same unit. */
int amount_plus(lua_State *lua);
int amount_minus(lua_State *lua);
int amount_equal(lua_State *lua);
int amount_less(lua_State *lua);
int amount_less_equal(lua_State *lua);

/* Each adds its metatables, and its constructors to the table on top of the stack. */
void money_open(lua_State *lua);
void time_open(lua_State *lua);
void hours_open(lua_State *lua);
void tariff_open(lua_State *lua);
void plates_open(lua_State *lua);

/* Push "1h 30min", exact to the millisecond, as read_duration() takes it. */
void push_duration_exactly(lua_State *lua, int64_t milliseconds);
/* Push "2.50". */
void push_money_text(lua_State *lua, int64_t hundredths);
/* Push the JSON text of the tariff at index. */
void push_tariff_json(lua_State *lua, int index);

#endif
