/* One loaded policy in a sandbox of its own, pristine before each call. Private to runtime/policy. */
#ifndef OSTLER_POLICY_INSTANCE_H
#define OSTLER_POLICY_INSTANCE_H

#include "runtime/policy/sandbox.h"
#include "runtime/ports/policy_host.h"

/* What a verb writes to while a handler runs; while the chunk loads, `loading` is set and there is no decision. */
struct policy_run {
    bool loading;
    struct policy_facts *facts;
    const struct json_value *overrides; /* while loading: the deployment's settings, an object or NULL */
    enum policy_trigger trigger;
    const struct policy_visit *visit;
    struct decision *decision;
    struct policy_response *response; /* of on.http */
    struct policy_trace *trace;       /* NULL but on the workbench */
    bool ends_asking;                 /* out: allow_always() was said, with the right to */
};

/*
 * Load a source into a new sandbox and keep its pristine state. On a failure *out is NULL and *failure says why;
 * facts->name is then the file's name. facts is filled from policy{} and the handlers, and from what the source is granted.
 */
enum ost_status policy_instance_load(const struct sandbox_limits *limits, const struct policy_source *source,
                                     struct policy_facts *facts, struct sandbox **out, struct sandbox_failure *failure);

/* The form of a loaded policy, in the order of its source; at most max; returns how many there are. */
size_t policy_instance_settings(struct sandbox *sandbox, struct policy_setting *out, size_t max);

/*
 * Run the handler of run->trigger on run->visit; verbs write into run->decision. False: it broke, and *failure says why.
 * *cpu_now_ns is the thread's CPU time, in and out: one reading serves as the end of one policy and the beginning of the next.
 */
bool policy_instance_run(struct sandbox *sandbox, struct policy_run *run, int64_t *cpu_now_ns, size_t *memory_bytes,
                         struct sandbox_failure *failure);

/* manifest.c: policy { ... }, a C function; what does not fit together once all handlers are known raises. */
int manifest_declare(lua_State *lua);
void manifest_conclude(lua_State *lua, struct policy_facts *facts);
/* settings.c: put `setting`, and constructors that take a label, in the table on top of the stack. */
void settings_open(lua_State *lua);
/* After the chunk ran: every value of the deployment has its setting, or it raises. */
void settings_conclude(lua_State *lua);
/* Fill a form from the registry. */
size_t settings_read(lua_State *lua, struct policy_setting *out, size_t max);
/* A table that only listens: every read and write is a call. */
void push_listener(lua_State *lua, lua_CFunction get, lua_CFunction set);
/* verbs.c, verbs_effects.c: put the verbs in the table on top of the stack. */
void verbs_open(lua_State *lua);
void verbs_effects_open(lua_State *lua);
/* The run, where this verb may be said; raises where not. */
struct policy_run *verb_speaks(lua_State *lua, const char *name);
/* trace.c; nothing without a trace. A field's value, on top of the stack, was read; a verb is said, with its arguments. */
void trace_read(lua_State *lua, const struct policy_run *run, const char *owner, const char *name);
void trace_said(lua_State *lua, const struct policy_run *run, const char *verb);
/* visit.c: the metatables of the visit; and the visit of the run as a value. */
void visit_open(lua_State *lua);
void visit_push(lua_State *lua, const struct policy_visit *visit);

#endif
