/* JSON and Lua's values, for on.http and settings. Private to runtime/policy; inside a sandbox_call() only. */
#ifndef OSTLER_POLICY_JSON_LUA_H
#define OSTLER_POLICY_JSON_LUA_H

#include <lua.h>

#include "runtime/base/json.h"

/* Push a value; null is nil, and so a member that is null is not there. */
void json_push(lua_State *lua, const struct json_value *value);
/*
 * Write the value at index: texts, numbers, booleans, lists (from 1 on, without gaps; an empty table is an object) and tables
 * with texts as keys, which come sorted; of our units what tostring() gives. Raises on anything else and beyond 16 levels.
 */
void json_write_lua(lua_State *lua, int index, struct json_writer *writer);

#endif
