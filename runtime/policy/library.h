/* The functions of Lua that are on the sandbox's list; each bounded. */
#ifndef OSTLER_POLICY_LIBRARY_H
#define OSTLER_POLICY_LIBRARY_H

#include <lua.h>
#include <stddef.h>
#include <stdint.h>

#define LIBRARY_KEY "ostler.library"
#define TEXT_MAX 65536 /* bytes of a text that one operation makes */

/* Make the table of functions (kept in the registry) and give texts their methods. Inside a sandbox_call(). */
void library_open(lua_State *lua);

/* The sandbox's own numbers; see sandbox_seed(). */
uint64_t sandbox_next_random(lua_State *lua);

/* pattern.c: find, match and gsub with Lua's patterns, on a budget of steps. */
int library_find(lua_State *lua);
int library_match(lua_State *lua);
int library_gsub(lua_State *lua);

#endif
