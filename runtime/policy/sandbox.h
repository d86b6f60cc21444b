/*
 * The sandbox: a bounded Lua state for text that comes from people - policies and the configuration.
 *
 * On the list are only functions that cannot reach the machine, cannot outlive their budget and give the same result each
 * time. There is no load, require, os, io, debug, coroutine, metatable, raw access, pcall or collectgarbage. Memory is the
 * arena's size, and no text is longer than TEXT_MAX. The CPU time of the thread is looked at every few instructions, by our
 * own functions through sandbox_spend(), by the allocator, and when the call is over.
 */
#ifndef OSTLER_POLICY_SANDBOX_H
#define OSTLER_POLICY_SANDBOX_H

#include <lua.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/base/status.h"

#define TEXT_MAX 65536 /* bytes of one text */

struct sandbox;

struct sandbox_limits {
    size_t memory_bytes;
    int64_t cpu_ns; /* of each sandbox_call() */
    void (*on_line)(void *context, int line); /* each line that is come to; NULL, for all but the workbench */
    void *line_context;
};

/* Why a call failed. */
enum sandbox_breach { SANDBOX_FINE, SANDBOX_ERROR, SANDBOX_CPU, SANDBOX_MEMORY };

struct sandbox_failure {
    enum sandbox_breach breach;
    int line;       /* of the text; 0: unknown */
    char text[384]; /* what is wrong, without file and line */
};

/* A state with the library of the list. *out is freed with sandbox_destroy(). OST_NO_MEMORY. One thread at a time. */
enum ost_status sandbox_create(const struct sandbox_limits *limits, struct sandbox **out) OST_MUST_CHECK;
void sandbox_destroy(struct sandbox *sandbox); /* accepts NULL */

/*
 * Run a C function in protected mode and within the limits: the only way to touch the state. context is its one argument,
 * a light userdata. False: *failure says why, and the stack is as before.
 */
bool sandbox_call(struct sandbox *sandbox, lua_CFunction function, void *context, struct sandbox_failure *failure);

/* The same; *cpu_now_ns is the thread's CPU time, in: at the beginning, out: at the end. It costs a system call each to know. */
bool sandbox_call_metered(struct sandbox *sandbox, lua_CFunction function, void *context, int64_t *cpu_now_ns,
                          struct sandbox_failure *failure);
int64_t sandbox_cpu_now_ns(void);
/* The most memory that the state had since its snapshot. Bytes. */
size_t sandbox_memory(const struct sandbox *sandbox);

/*
 * For use inside a sandbox_call(): compile text (never bytecode) under a short name for messages, one text a sandbox, and
 * leave the function on the stack. Its globals are looked up in the table on top of the stack, which is taken off. Raises on errors.
 */
void sandbox_load(lua_State *lua, const char *text, size_t length, const char *name);

/* Keep the state as it is now (after a full collection; the collector stays off), and put it back. */
bool sandbox_snapshot(struct sandbox *sandbox);
void sandbox_restore(struct sandbox *sandbox);

/* A pointer of the host's for the time of a call, readable from C functions by sandbox_host(). */
void sandbox_set_host(struct sandbox *sandbox, void *host);
void *sandbox_host(lua_State *lua);
/* The seed of the sandbox's random(): the same seed gives the same numbers. */
void sandbox_seed(struct sandbox *sandbox, uint64_t seed);

/*
 * Inside a call: say that a C function works. Every loop in C whose length the text decides calls it each time round, or else
 * it would run on after the limit. A step is a byte or so; raises once the CPU time is spent.
 */
void sandbox_spend(lua_State *lua, size_t steps);
#define STEPS_OF_VALUE 64 /* of reaching into a table, making a text or calling a function */

/*
 * Inside a call: every __concat metamethod calls this first and last. Raises where Lua's stack has just moved, which happens
 * to deep recursion only: Lua 5.4.4 would read a freed stack on return.
 */
void sandbox_check_stack(lua_State *lua);

/* Inside a call: raise an error with the line of the text that runs, said once. */
int sandbox_fail(lua_State *lua, const char *format, ...) OST_PRINTF(2, 3);
/* That line, for verbs that record where they were called; 0: none runs. */
int sandbox_line(lua_State *lua);

/* Push the table of safe functions that a chunk's globals begin with: sandbox_create() made it. */
void sandbox_push_library(lua_State *lua);

#endif
