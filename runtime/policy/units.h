/*
 * The units of the policy contract: money, durations, opening hours, times and tariffs, as Lua values that know how to
 * reckon with each other and refuse what makes no sense.
 */
#ifndef OSTLER_POLICY_UNITS_H
#define OSTLER_POLICY_UNITS_H

#include <lua.h>
#include <stdbool.h>
#include <stdint.h>

#include "runtime/base/zone.h"
#include "runtime/core/policy.h"

/* Register the metatables, and the constructors in the table on top of the stack. Inside a sandbox_call(). */
void units_open(lua_State *lua);

/* Is the value at index what a setting may be? Then its type, and it is pushed as policies read it: number(5, "label") is 5. */
bool units_push_setting(lua_State *lua, int index, enum setting_type *type);
/* Push the value of a setting as a text that its constructor, or for a tariff JSON's, reads back. */
void units_push_setting_text(lua_State *lua, int index, enum setting_type type);

void push_duration(lua_State *lua, int64_t milliseconds);
void push_time(lua_State *lua, const struct zone *zone, int64_t wall_ms);

/* The value at index, or an error that says what is expected. Money is in hundredths of the currency's unit. */
int64_t check_money(lua_State *lua, int index);
/* A time, or a duration from now_ms on: the wall time that is meant. */
int64_t check_moment(lua_State *lua, int index, int64_t now_ms);
/* Do the plates at index (or a text such as "TX-##-*, AB-12-CD") hold this normalised one? */
bool read_plates_match(lua_State *lua, int index, const char *plate);

#define HOURS_WHY_BYTES 160
/* Is this a text that hours() takes? If not, *why says what of it is not. Any thread; no Lua is asked. */
bool hours_text_is_good(const char *text, char why[HOURS_WHY_BYTES]);

#endif
