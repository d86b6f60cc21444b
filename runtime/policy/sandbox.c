#include "runtime/policy/sandbox.h"

#include <lauxlib.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "runtime/base/text.h"
#include "runtime/policy/arena.h"
#include "runtime/policy/library.h"

/*
 * How often we look at the time. Instructions: the dearest one compares two texts of 64 KiB that are all NULs, in 0.8 ms.
 * Steps of our own functions, and bytes asked of the allocator at once: it sees a table that grows, which Lua does in one
 * instruction and, where the keys collide, in some milliseconds.
 */
#define HOOK_EVERY 32
#define STEPS_EVERY 1024
#define LARGE_BLOCK 512
#define TEXT_OVERHEAD 64 /* of a text in Lua, at most */
#define OPEN_CPU_NS INT64_C(1000000000)
#define STACK_FIRST 120 /* places on Lua's stack from the beginning: few policies ever need more */
#define STACK_ROOM 80   /* and free each time that we look: twice what joining texts takes */
#define FIRST_STACK_BYTES ((2 * LUA_MINSTACK + 5) * 16)

struct sandbox {
    struct arena *arena;
    lua_State *lua;
    struct sandbox_limits limits;
    int64_t cpu_deadline_ns;  /* in this thread's CPU time */
    int64_t wall_deadline_ns; /* monotonic; before it the CPU time cannot be spent either */
    size_t steps;             /* since the last look at the time */
    bool is_running;          /* within a sandbox_call() */
    bool is_spent;            /* it stays so until the call ends */
    bool is_text_too_long;
    void *stack;              /* Lua's own: see follow_stack() */
    void *stack_at_snapshot;
    void *last_made;
    unsigned stack_moves, stack_moves_seen;
    int failed_line;
    char chunk[32];           /* the name of the text, for messages */
    void *host;
    uint64_t random;
};

static struct sandbox *sandbox_of(lua_State *lua)
{
    return *(struct sandbox **)lua_getextraspace(lua);
}

static int64_t read_clock_ns(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* The CPU time costs a system call and the monotonic clock none, so the latter says when the former is worth asking. */
static bool is_spent(struct sandbox *sandbox)
{
    int64_t wall_ns, left_ns;

    if (sandbox->is_spent)
        return true;
    wall_ns = read_clock_ns(CLOCK_MONOTONIC);
    if (wall_ns < sandbox->wall_deadline_ns)
        return false;
    left_ns = sandbox->cpu_deadline_ns - read_clock_ns(CLOCK_THREAD_CPUTIME_ID);
    sandbox->wall_deadline_ns = wall_ns + left_ns;
    sandbox->is_spent = left_ns <= 0;
    return sandbox->is_spent;
}

static void write_spent(const struct sandbox *sandbox, char *text, size_t bytes)
{
    snprintf(text, bytes, "takes longer than it may (%d ms)", (int)(sandbox->limits.cpu_ns / 1000000));
}

static void raise_if_spent(lua_State *lua)
{
    struct sandbox *sandbox = sandbox_of(lua);
    char text[64];

    if (!is_spent(sandbox))
        return;
    write_spent(sandbox, text, sizeof(text));
    sandbox_fail(lua, "%s", text);
}

/* Also makes room on the stack, where it may move without harm. Without memory it stays small, and who needs more breaks. */
static void look(lua_State *lua, lua_Debug *record)
{
    struct sandbox *sandbox = sandbox_of(lua);

    if (record->event == LUA_HOOKLINE) {
        sandbox->limits.on_line(sandbox->limits.line_context, record->currentline);
        return;
    }
    raise_if_spent(lua);
    lua_checkstack(lua, STACK_ROOM);
    sandbox->stack_moves_seen = sandbox->stack_moves;
}

void sandbox_spend(lua_State *lua, size_t steps)
{
    struct sandbox *sandbox = sandbox_of(lua);

    sandbox->steps += steps;
    if (sandbox->steps < STEPS_EVERY)
        return;
    sandbox->steps = 0;
    raise_if_spent(lua);
}

/*
 * Lua 5.4.4 goes on with a pointer into the old stack where the stack moves while `..` calls a metamethod. Only the allocator
 * can tell that it moved. The stack is the second block of a new state, and the only one: there are no coroutines. Lua frees
 * the old one as soon as it has made the new one.
 */
static void follow_stack(struct sandbox *sandbox, void *block, size_t new_bytes, void *made)
{
    if (!block && made && !sandbox->stack && new_bytes == FIRST_STACK_BYTES)
        sandbox->stack = made;
    if (block && block == sandbox->stack && made != block && (made || new_bytes == 0)) {
        sandbox->stack = made ? made : sandbox->last_made;
        sandbox->stack_moves++;
    }
    if (!block && made)
        sandbox->last_made = made;
}

void sandbox_check_stack(lua_State *lua)
{
    const struct sandbox *sandbox = sandbox_of(lua);

    if (sandbox->stack_moves != sandbox->stack_moves_seen)
        sandbox_fail(lua, "is nested too deeply to join texts here");
}

static void *allocate_followed(struct sandbox *sandbox, void *block, size_t old_bytes, size_t new_bytes)
{
    void *made = arena_allocate(sandbox->arena, block, old_bytes, new_bytes);

    follow_stack(sandbox, block, new_bytes, made);
    return made;
}

/*
 * Lua's allocator: the arena's, which says no once the time is spent (the only word that Lua listens to in the middle of an
 * instruction), and to texts beyond their bound, which `..` makes without asking us.
 */
static void *allocate(void *context, void *block, size_t old_bytes, size_t new_bytes)
{
    struct sandbox *sandbox = context;
    bool grows = !block || new_bytes > old_bytes;
    void *made;

    if (!sandbox->is_running || !grows || new_bytes == 0)
        return allocate_followed(sandbox, block, old_bytes, new_bytes);
    if (!block && old_bytes == LUA_TSTRING && new_bytes > TEXT_MAX + TEXT_OVERHEAD)
        sandbox->is_text_too_long = true;
    else if (new_bytes < LARGE_BLOCK || !is_spent(sandbox)) {
        made = allocate_followed(sandbox, block, old_bytes, new_bytes);
        if (made)
            return made;
        is_spent(sandbox); /* a full arena is searched for garbage at every allocation, and that takes its time */
    }
    sandbox->failed_line = sandbox_line(sandbox->lua);
    return NULL;
}

/* "name:7: text", with our name for the text: the line, and *text moved behind it. 0: there is no such beginning. */
static int take_position(const struct sandbox *sandbox, const char **text)
{
    size_t length = strlen(sandbox->chunk);
    char *end;
    long line;

    if (length == 0 || strncmp(*text, sandbox->chunk, length) != 0 || (*text)[length] != ':')
        return 0;
    line = strtol(*text + length + 1, &end, 10);
    if (line <= 0 || line > INT_MAX || end[0] != ':' || end[1] != ' ')
        return 0;
    *text = end + 2;
    return (int)line;
}

/* Raised errors name their line once, some not at all; what is passed on by level may name two. The first is the culprit. */
static void split_message(const struct sandbox *sandbox, const char *message, struct sandbox_failure *failure)
{
    const char *text = message;
    int line = take_position(sandbox, &text);

    if (line)
        failure->line = line;
    while (take_position(sandbox, &text))
        ;
    text_copy(failure->text, sizeof(failure->text), text);
}

static void explain(struct sandbox *sandbox, int code, struct sandbox_failure *failure)
{
    memset(failure, 0, sizeof(*failure));
    failure->line = sandbox->failed_line;
    if (sandbox->is_spent)
        failure->breach = SANDBOX_CPU;
    else
        failure->breach = code == LUA_ERRMEM ? SANDBOX_MEMORY : SANDBOX_ERROR;
    if (failure->breach == SANDBOX_CPU)
        write_spent(sandbox, failure->text, sizeof(failure->text));
    else if (failure->breach == SANDBOX_MEMORY && sandbox->is_text_too_long)
        snprintf(failure->text, sizeof(failure->text), "makes a text that is longer than %d bytes", TEXT_MAX);
    else if (failure->breach == SANDBOX_MEMORY)
        snprintf(failure->text, sizeof(failure->text), "needs more memory than it may have (%zu KiB)",
                 sandbox->limits.memory_bytes / 1024);
    else if (lua_type(sandbox->lua, -1) == LUA_TSTRING) /* never converted: that could fail outside of the protected call */
        split_message(sandbox, lua_tostring(sandbox->lua, -1), failure);
    else
        snprintf(failure->text, sizeof(failure->text), "raised an error that is no text");
}

/* Lua calls it where the error happens, while the line can still be known; the message stays what it is. */
static int note_line(lua_State *lua)
{
    sandbox_of(lua)->failed_line = sandbox_line(lua);
    return 1;
}

static bool call_within(struct sandbox *sandbox, int64_t cpu_began_ns, int64_t cpu_ns, lua_CFunction function, void *context,
                        struct sandbox_failure *failure)
{
    lua_State *lua = sandbox->lua;
    int top = lua_gettop(lua);
    int code;
    bool fine;

    sandbox->is_spent = sandbox->is_text_too_long = false;
    sandbox->failed_line = 0;
    sandbox->steps = 0;
    sandbox->cpu_deadline_ns = cpu_began_ns + cpu_ns;
    sandbox->wall_deadline_ns = read_clock_ns(CLOCK_MONOTONIC) + cpu_ns;
    lua_checkstack(lua, STACK_FIRST); /* of no cost where there is room: the snapshot has it */
    sandbox->stack_moves_seen = sandbox->stack_moves;
    sandbox->is_running = true;
    lua_sethook(lua, look, LUA_MASKCOUNT | (sandbox->limits.on_line ? LUA_MASKLINE : 0), HOOK_EVERY);
    lua_pushcfunction(lua, note_line);
    lua_pushcfunction(lua, function);
    lua_pushlightuserdata(lua, context);
    code = lua_pcall(lua, 1, 0, -3);
    sandbox->is_running = false;
    fine = !is_spent(sandbox) && code == LUA_OK; /* who ended too late has broken the limit, whatever it said */
    if (!fine)
        explain(sandbox, code, failure);
    lua_settop(lua, top);
    return fine;
}

bool sandbox_call(struct sandbox *sandbox, lua_CFunction function, void *context, struct sandbox_failure *failure)
{
    return call_within(sandbox, sandbox_cpu_now_ns(), sandbox->limits.cpu_ns, function, context, failure);
}

bool sandbox_call_metered(struct sandbox *sandbox, lua_CFunction function, void *context, int64_t *cpu_now_ns,
                          struct sandbox_failure *failure)
{
    bool fine = call_within(sandbox, *cpu_now_ns, sandbox->limits.cpu_ns, function, context, failure);

    *cpu_now_ns = sandbox_cpu_now_ns();
    return fine;
}

int64_t sandbox_cpu_now_ns(void)
{
    return read_clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

size_t sandbox_memory(const struct sandbox *sandbox)
{
    return arena_used(sandbox->arena);
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
        sandbox->lua = lua_newstate(allocate, sandbox);
    if (!sandbox->lua) {
        sandbox_destroy(sandbox);
        return OST_NO_MEMORY;
    }
    *(struct sandbox **)lua_getextraspace(sandbox->lua) = sandbox;
    if (!call_within(sandbox, sandbox_cpu_now_ns(), OPEN_CPU_NS, open_library, NULL, &failure)) {
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

void sandbox_load(lua_State *lua, const char *text, size_t length, const char *name)
{
    struct sandbox *sandbox = sandbox_of(lua);
    char chunk[sizeof(sandbox->chunk) + 1];

    snprintf(sandbox->chunk, sizeof(sandbox->chunk), "%s", name);
    snprintf(chunk, sizeof(chunk), "=%s", sandbox->chunk); /* as it is, and not as a file's name */
    if (luaL_loadbufferx(lua, text, length, chunk, "t") != LUA_OK)
        lua_error(lua);
    lua_insert(lua, -2);
    lua_setupvalue(lua, -2, 1); /* _ENV, the first upvalue of every chunk */
}

bool sandbox_snapshot(struct sandbox *sandbox)
{
    lua_gc(sandbox->lua, LUA_GCCOLLECT);
    lua_gc(sandbox->lua, LUA_GCSTOP);
    lua_checkstack(sandbox->lua, STACK_FIRST);
    sandbox->stack_at_snapshot = sandbox->stack;
    return arena_snapshot(sandbox->arena);
}

void sandbox_restore(struct sandbox *sandbox)
{
    arena_restore(sandbox->arena);
    sandbox->stack = sandbox->stack_at_snapshot;
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

    for (int level = 0; lua_getstack(lua, level, &record); level++) {
        lua_getinfo(lua, "l", &record);
        if (record.currentline > 0)
            return record.currentline;
    }
    return 0;
}

/* Not luaL_error(): that adds the position of its own caller, and so would say it twice, or not at all. */
int sandbox_fail(lua_State *lua, const char *format, ...)
{
    int line = sandbox_line(lua);
    char text[320];
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    if (length >= (int)sizeof(text))
        text[text_whole(text, sizeof(text) - 1)] = '\0';
    if (line > 0)
        lua_pushfstring(lua, "%s:%d: %s", sandbox_of(lua)->chunk, line, text);
    else
        lua_pushstring(lua, text);
    return lua_error(lua);
}

void sandbox_push_library(lua_State *lua)
{
    lua_getfield(lua, LUA_REGISTRYINDEX, LIBRARY_KEY);
}
