/* How the answers of policies become one decision, as the policy contract says. Private to runtime/policy. */
#ifndef OSTLER_POLICY_COMPOSE_H
#define OSTLER_POLICY_COMPOSE_H

#include "runtime/policy/policy_set.h"

/*
 * Ask the policies of a set that a question is for, on a slot, and conclude. *out is zeroed first. Shadows are asked after the
 * decision is made, each in a run of its own, as long as there is time for them.
 */
void compose_decide(struct policy_set *set, struct slot *slot, const struct policy_question *question, struct decision *out);

/*
 * Ask one policy and note it in the decision's revisions: what it said before it broke does not count. sandbox NULL: it did not
 * load. True: it said allow_always(), and nobody else is asked. *cpu_now_ns as in policy_instance_run().
 */
bool compose_ask(struct sandbox *sandbox, struct policy_facts *facts, const struct policy_question *question, bool is_logged,
                 int64_t *cpu_now_ns, struct decision *decision);
/* The outcome, and the reason that is shown brought to the front. fails_open: a broken policy is among those that may. */
void compose_conclude(const struct policy_question *question, bool is_override, bool fails_open, struct decision *decision);

#endif
