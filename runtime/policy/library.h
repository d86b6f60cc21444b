/* The functions of Lua that are on the sandbox's list; each bounded. */
#ifndef OSTLER_POLICY_LIBRARY_H
#define OSTLER_POLICY_LIBRARY_H

#include <lua.h>
#include <stdint.h>

#define LIBRARY_KEY "ostler.library"

/* Make the table of functions (kept in the registry) and give texts their methods. Inside a sandbox_call(). */
void library_open(lua_State *lua);

/* The sandbox's own numbers; see sandbox_seed(). */
uint64_t sandbox_next_random(lua_State *lua);

/* library_texts.c. Push the text that tostring() gives; of values without a text (tables, functions, a visit) their kind. */
void library_push_text(lua_State *lua, int index);
int library_to_text(lua_State *lua);
int library_rep(lua_State *lua);
int library_format(lua_State *lua);

/* library_tables.c; pairs() comes by sorted keys. */
int library_insert(lua_State *lua);
int library_remove(lua_State *lua);
int library_concat(lua_State *lua);
int library_sort(lua_State *lua);
int library_pairs(lua_State *lua);

/* pattern.c: find, match and gsub with Lua's patterns, on a budget of steps. */
int library_find(lua_State *lua);
int library_match(lua_State *lua);
int library_gsub(lua_State *lua);

#endif
