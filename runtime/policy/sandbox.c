#include "runtime/policy/sandbox.h"

#include <lauxlib.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "runtime/policy/arena.h"
#include "runtime/policy/library.h"

#define HOOK_EVERY 100 /* instructions: the longest operation of the list takes well under 1/100 of a limit */

struct sandbox {
    struct arena *arena;
    lua_State *lua;
    struct sandbox_limits limits;
    int64_t deadline_ns; /* in this thread's CPU time */
    bool spent;
    void *host;
    uint64_t random;
};

static struct sandbox *sandbox_of(lua_State *lua)
{
    return *(struct sandbox **)lua_getextraspace(lua);
}

static int64_t thread_cpu_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void look_at_time(lua_State *lua, lua_Debug *record)
{
    struct sandbox *sandbox = sandbox_of(lua);

    (void)record;
    if (!sandbox->spent && thread_cpu_ns() < sandbox->deadline_ns)
        return;
    sandbox->spent = true;
    lua_sethook(lua, look_at_time, LUA_MASKCOUNT, 1); /* from now on every instruction fails */
    luaL_error(lua, "takes longer than it may (%d ms)", (int)(sandbox->limits.cpu_ns / 1000000));
}

static int open_library(lua_State *lua)
{
    library_open(lua);
    return 0;
}

enum ost_status sandbox_create(const struct sandbox_limits *limits, struct sandbox **out)
{
    struct sandbox *sandbox = calloc(1, sizeof(*sandbox));
    struct sandbox_failure failure;

    if (!sandbox)
        return OST_NO_MEMORY;
    sandbox->limits = *limits;
    sandbox->random = 1;
    sandbox->arena = arena_create(limits->memory_bytes);
    if (sandbox->arena)
        sandbox->lua = lua_newstate(arena_allocate, sandbox->arena);
    if (!sandbox->lua) {
        sandbox_destroy(sandbox);
        return OST_NO_MEMORY;
    }
    *(struct sandbox **)lua_getextraspace(sandbox->lua) = sandbox;
    if (!sandbox_call(sandbox, open_library, NULL, &failure)) {
        sandbox_destroy(sandbox);
        return OST_NO_MEMORY;
    }
    *out = sandbox;
    return OST_OK;
}

/* The state is never closed: all that it has is in the arena, and no object of ours has a finaliser. */
void sandbox_destroy(struct sandbox *sandbox)
{
    if (!sandbox)
        return;
    arena_destroy(sandbox->arena);
    free(sandbox);
}

/* "name:7: text" becomes line 7 and the text. */
static void split_message(const char *message, struct sandbox_failure *failure)
{
    const char *text = message;
    const char *colon = strchr(message, ':');

    while (colon && failure->line == 0) {
        char *end;
        long line = strtol(colon + 1, &end, 10);

        if (end > colon + 1 && *end == ':' && line > 0) {
            failure->line = (int)line;
            text = end + 1 + strspn(end + 1, " ");
        }
        colon = strchr(colon + 1, ':');
    }
    snprintf(failure->text, sizeof(failure->text), "%s", text);
}

bool sandbox_call(struct sandbox *sandbox, lua_CFunction function, void *context, struct sandbox_failure *failure)
{
    lua_State *lua = sandbox->lua;
    int top = lua_gettop(lua);
    int code;

    sandbox->spent = false;
    sandbox->deadline_ns = thread_cpu_ns() + sandbox->limits.cpu_ns;
    lua_sethook(lua, look_at_time, LUA_MASKCOUNT, HOOK_EVERY);
    lua_pushcfunction(lua, function);
    lua_pushlightuserdata(lua, context);
    code = lua_pcall(lua, 1, 0, 0);
    if (code == LUA_OK)
        return true;
    memset(failure, 0, sizeof(*failure));
    failure->breach = sandbox->spent ? SANDBOX_CPU : code == LUA_ERRMEM ? SANDBOX_MEMORY : SANDBOX_ERROR;
    if (failure->breach == SANDBOX_MEMORY)
        snprintf(failure->text, sizeof(failure->text), "needs more memory than it may have (%zu KiB)",
                 sandbox->limits.memory_bytes / 1024);
    else if (lua_type(lua, -1) == LUA_TSTRING) /* never converted: that could fail outside of the protected call */
        split_message(lua_tostring(lua, -1), failure);
    else
        snprintf(failure->text, sizeof(failure->text), "raised an error that is no text");
    lua_settop(lua, top);
    return false;
}

void sandbox_load(lua_State *lua, const char *text, size_t length, const char *name)
{
    if (luaL_loadbufferx(lua, text, length, name, "t") != LUA_OK)
        lua_error(lua);
    lua_insert(lua, -2);
    lua_setupvalue(lua, -2, 1); /* _ENV, the first upvalue of every chunk */
}

bool sandbox_snapshot(struct sandbox *sandbox)
{
    lua_gc(sandbox->lua, LUA_GCCOLLECT);
    lua_gc(sandbox->lua, LUA_GCSTOP);
    return arena_snapshot(sandbox->arena);
}

void sandbox_restore(struct sandbox *sandbox)
{
    arena_restore(sandbox->arena);
}

void sandbox_set_host(struct sandbox *sandbox, void *host)
{
    sandbox->host = host;
}

void *sandbox_host(lua_State *lua)
{
    return sandbox_of(lua)->host;
}

void sandbox_seed(struct sandbox *sandbox, uint64_t seed)
{
    sandbox->random = seed ? seed : 1;
}

uint64_t sandbox_next_random(lua_State *lua)
{
    struct sandbox *sandbox = sandbox_of(lua);
    uint64_t x = sandbox->random; /* xorshift64*: small, and the same everywhere */

    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    sandbox->random = x;
    return x * 0x2545f4914f6cdd1du;
}

int sandbox_line(lua_State *lua)
{
    lua_Debug record;

    for (int level = 1; lua_getstack(lua, level, &record); level++) {
        lua_getinfo(lua, "l", &record);
        if (record.currentline > 0)
            return record.currentline;
    }
    return 0;
}

int sandbox_fail(lua_State *lua, const char *format, ...)
{
    char text[320];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    return luaL_error(lua, "policy:%d: %s", sandbox_line(lua), text);
}

void sandbox_push_library(lua_State *lua)
{
    lua_getfield(lua, LUA_REGISTRYINDEX, LIBRARY_KEY);
}
