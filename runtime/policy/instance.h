/* One loaded policy in a sandbox of its own, pristine before each call. Private to runtime/policy. */
#ifndef OSTLER_POLICY_INSTANCE_H
#define OSTLER_POLICY_INSTANCE_H

#include "runtime/policy/sandbox.h"
#include "runtime/ports/policy_host.h"

/* What a verb writes to while a handler runs; while the chunk loads, `loading` is set and there is no decision. */
struct policy_run {
    bool loading;
    struct policy_facts *facts;
    enum policy_trigger trigger;
    const struct policy_visit *visit;
    struct decision *decision;
};

/*
 * Load a source into a new sandbox and keep its pristine state. On a failure *out is NULL and *failure says why;
 * facts->name is then the file's name. facts is filled from policy{} and the handlers.
 */
enum ost_status policy_instance_load(const struct sandbox_limits *limits, const struct policy_source *source,
                                     struct policy_facts *facts, struct sandbox **out, struct sandbox_failure *failure);

/* Run the handler of the trigger; verbs write into *decision. False: it broke, and *failure says why. */
bool policy_instance_run(struct sandbox *sandbox, struct policy_facts *facts, enum policy_trigger trigger,
                         const struct policy_visit *visit, struct decision *decision, struct sandbox_failure *failure);

/* verbs.c: put the verbs in the table on top of the stack. */
void verbs_open(lua_State *lua);
/* visit.c: the metatables of the visit; and the visit of the run as a value. */
void visit_open(lua_State *lua);
void visit_push(lua_State *lua, const struct policy_visit *visit);

#endif
