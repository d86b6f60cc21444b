#include "runtime/policy/compose.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "runtime/base/log.h"
#include "runtime/base/text.h"

#define SHADOW_NS_PER_SECOND INT64_C(20000000) /* of CPU time, all shadows together: 2 % of one processor */

static enum policy_breach breach_of(const struct sandbox_failure *failure)
{
    switch (failure->breach) {
    case SANDBOX_CPU:
        return BREACH_CPU;
    case SANDBOX_MEMORY:
        return BREACH_MEMORY;
    default:
        return BREACH_ERROR;
    }
}

/* True: without this policy's say nobody gets in. A fault of ours keeps no car in. */
static bool is_needed(const struct policy_question *question)
{
    return question->trigger == TRIGGER_SESSION_START || question->trigger == TRIGGER_HTTP ||
           (question->trigger == TRIGGER_DOOR_REQUEST && question->visit->direction == DIRECTION_IN);
}

static void add_broken(const struct policy_facts *facts, const struct sandbox_failure *failure, enum policy_breach breach,
                       bool is_logged, struct decision *decision)
{
    struct decision_reason *reason;

    if (decision->reason_count == DECISION_REASONS_MAX)
        decision->reason_count--;
    reason = &decision->reasons[decision->reason_count++];
    memset(reason, 0, sizeof(*reason));
    reason->verb = REASON_BROKEN;
    reason->revision = facts->revision;
    reason->line = failure->line;
    snprintf(reason->policy, sizeof(reason->policy), "%s", facts->name);
    snprintf(reason->code, sizeof(reason->code), "%s", policy_breach_text(breach));
    text_copy(reason->text, sizeof(reason->text), failure->text);
    if (!is_logged)
        return;
    if (failure->line > 0)
        log_warning("policy", "%s:%d: %s", facts->name, failure->line, failure->text);
    else
        log_warning("policy", "%s: %s", facts->name, failure->text);
}

/* What a decision holds before a policy is asked, to be put back where it breaks. */
struct before {
    unsigned reasons, notes, alarms;
    int64_t leave_by_ms, offer;
    bool has_offer, has_state;
    enum garage_state state;
    unsigned state_author;
    char state_reason[REASON_BYTES];
    struct price price;
};

static void keep(const struct decision *decision, struct before *before)
{
    before->reasons = decision->reason_count;
    before->notes = decision->note_count;
    before->alarms = decision->alarm_count;
    before->leave_by_ms = decision->leave_by_ms;
    before->has_offer = decision->has_offer;
    before->offer = decision->offer;
    before->has_state = decision->has_state;
    before->state = decision->state;
    before->state_author = decision->state_author;
    if (before->has_state)
        memcpy(before->state_reason, decision->state_reason, sizeof(before->state_reason));
    if (decision->trigger == TRIGGER_SESSION_STOP)
        before->price = decision->price;
}

static void put_back(const struct before *before, struct decision *decision)
{
    decision->reason_count = before->reasons;
    decision->note_count = before->notes;
    decision->alarm_count = before->alarms;
    decision->leave_by_ms = before->leave_by_ms;
    decision->has_offer = before->has_offer;
    decision->offer = before->offer;
    decision->has_state = before->has_state;
    decision->state = before->state;
    decision->state_author = before->state_author;
    if (before->has_state)
        memcpy(decision->state_reason, before->state_reason, sizeof(decision->state_reason));
    if (decision->trigger == TRIGGER_SESSION_STOP)
        decision->price = before->price;
}

static struct policy_revision *note_asked(const struct policy_facts *facts, struct decision *decision)
{
    struct policy_revision *asked = &decision->revisions[decision->revision_count++]; /* a set has no more than there is room for */

    memset(asked, 0, sizeof(*asked));
    snprintf(asked->name, sizeof(asked->name), "%s", facts->name);
    asked->revision = facts->revision;
    return asked;
}

bool compose_ask(struct sandbox *sandbox, struct policy_facts *facts, const struct policy_question *question, bool is_logged,
                 int64_t *cpu_now_ns, struct decision *decision)
{
    struct policy_run run = {.facts = facts, .trigger = question->trigger, .visit = question->visit, .decision = decision,
                             .response = question->response, .trace = question->trace};
    struct policy_revision *asked = note_asked(facts, decision);
    struct sandbox_failure failure = {.text = "the policy did not load"};
    int64_t began_ns = *cpu_now_ns;
    struct before before;

    if (!sandbox) {
        asked->breach = BREACH_NOT_LOADED;
        add_broken(facts, &failure, asked->breach, is_logged, decision);
        return false;
    }
    keep(decision, &before);
    if (policy_instance_run(sandbox, &run, cpu_now_ns, &asked->memory_bytes, &failure)) {
        asked->cpu_ns = *cpu_now_ns - began_ns;
        return run.ends_asking;
    }
    asked->cpu_ns = *cpu_now_ns - began_ns;
    asked->breach = breach_of(&failure);
    put_back(&before, decision);
    if (question->response)
        question->response->status = 0;
    add_broken(facts, &failure, asked->breach, is_logged, decision);
    return false;
}

/* The first reason of a verb; -1: there is none. */
static int find_reason(const struct decision *decision, int verb)
{
    for (unsigned i = 0; i < decision->reason_count; i++) {
        if ((int)decision->reasons[i].verb == verb)
            return (int)i;
    }
    return -1;
}

static void bring_to_front(struct decision *decision, int shown)
{
    struct decision_reason first;

    if (shown <= 0)
        return;
    first = decision->reasons[shown];
    memmove(&decision->reasons[1], &decision->reasons[0], (size_t)shown * sizeof(first));
    decision->reasons[0] = first;
}

void compose_conclude(const struct policy_question *question, bool is_override, bool fails_open, struct decision *decision)
{
    int shown = -1;

    decision->outcome = DECISION_ALLOWED;
    if (is_override) {
        shown = find_reason(decision, REASON_ALLOW_ALWAYS);
    } else {
        shown = find_reason(decision, REASON_DENY);
        if (shown >= 0)
            decision->outcome = DECISION_DENIED;
    }
    if (decision->outcome == DECISION_ALLOWED && !is_override && is_needed(question) && !fails_open) {
        shown = find_reason(decision, REASON_BROKEN);
        if (shown >= 0)
            decision->outcome = DECISION_BROKEN;
    }
    bring_to_front(decision, shown);
}

/* Does this place take part? shadow: the place of the shadow whose run this is, -1: the real one. */
static bool takes_part(const struct policy_set *set, size_t at, const struct policy_question *question, int shadow)
{
    const struct policy_facts *facts = &set->facts[at];

    if (!policy_set_listens(set, at, question->trigger) || (question->only && strcmp(facts->name, question->only) != 0))
        return false;
    if (facts->is_shadow)
        return (int)at == shadow;
    return shadow < 0 || strcmp(facts->name, set->facts[shadow].name) != 0;
}

/* One run over the set; adds what it takes to *cpu_now_ns. */
static void run_once(struct policy_set *set, struct slot *slot, const struct policy_question *question, int shadow,
                     int64_t *cpu_now_ns, struct decision *out)
{
    bool is_override = false, has_broken = false, fails_open = true;
    int64_t began_ns = *cpu_now_ns;

    memset(out, 0, sizeof(*out));
    out->trigger = question->trigger;
    for (size_t i = 0; i < set->count && !is_override; i++) {
        if (!takes_part(set, i, question, shadow))
            continue;
        is_override = compose_ask(slot->sandboxes[i], &set->facts[i], question, shadow < 0, cpu_now_ns, out);
        if (out->revisions[out->revision_count - 1].breach == BREACH_NONE)
            continue;
        has_broken = true;
        fails_open &= set->facts[i].fail == FAIL_OPEN;
    }
    compose_conclude(question, is_override, has_broken && fails_open, out);
    out->cpu_ns = *cpu_now_ns - began_ns;
}

/* ---- shadows ---- */

static int64_t monotonic_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

/* Nobody waits for a shadow, and all of them together take a small share of the time. */
static bool has_time_for_shadow(struct policy_set *set)
{
    int64_t second = monotonic_s(), counted = atomic_load(&set->shadow_second);

    if (atomic_load(&set->waiting) > 0)
        return false;
    if (counted != second && atomic_compare_exchange_strong(&set->shadow_second, &counted, second))
        atomic_store(&set->shadow_ns, 0);
    return atomic_load(&set->shadow_ns) < SHADOW_NS_PER_SECOND;
}

static const char *code_shown(const struct decision *decision)
{
    return decision->outcome == DECISION_ALLOWED || decision->reason_count == 0 ? "" : decision->reasons[0].code;
}

static bool differs(const struct decision *a, const struct decision *b)
{
    return a->outcome != b->outcome || strcmp(code_shown(a), code_shown(b)) != 0 || a->leave_by_ms != b->leave_by_ms ||
           a->price.is_set != b->price.is_set || a->price.amount != b->price.amount || a->has_offer != b->has_offer ||
           a->offer != b->offer;
}

static void note_verdict(const struct policy_set *set, size_t at, const struct decision *would_be, struct decision *decision)
{
    struct shadow_verdict *verdict = &decision->shadows[decision->shadow_count++];

    memset(verdict, 0, sizeof(*verdict));
    snprintf(verdict->name, sizeof(verdict->name), "%s", set->facts[at].name);
    verdict->revision = set->facts[at].revision;
    verdict->differs = differs(decision, would_be);
    verdict->outcome = would_be->outcome;
    verdict->leave_by_ms = would_be->leave_by_ms;
    verdict->price = would_be->price.is_set ? would_be->price.amount : 0;
    verdict->offer = would_be->has_offer ? would_be->offer : -1;
    snprintf(verdict->code, sizeof(verdict->code), "%s", code_shown(would_be));
    if (verdict->code[0])
        verdict->line = would_be->reasons[0].line;
    for (unsigned i = 0; i < would_be->revision_count; i++) {
        const struct policy_revision *asked = &would_be->revisions[i];

        if (strcmp(asked->name, verdict->name) != 0)
            continue;
        verdict->breach = asked->breach;
        verdict->cpu_ns = asked->cpu_ns;
    }
}

/* Would the run with this shadow ask it, or leave out its live twin? */
static bool is_shadow_for(const struct policy_set *set, size_t at, const struct policy_question *question)
{
    return set->facts[at].is_shadow && (!question->only || strcmp(set->facts[at].name, question->only) == 0);
}

static void ask_shadows(struct policy_set *set, struct slot *slot, const struct policy_question *question, int64_t *cpu_now_ns,
                        struct decision *out)
{
    for (size_t i = 0; i < set->count; i++) {
        int64_t began_ns = *cpu_now_ns;

        if (!is_shadow_for(set, i, question))
            continue;
        if (out->shadow_count == DECISION_SHADOWS_MAX || !has_time_for_shadow(set)) {
            out->shadows_skipped++;
            continue;
        }
        run_once(set, slot, question, (int)i, cpu_now_ns, &slot->scratch);
        atomic_fetch_add(&set->shadow_ns, *cpu_now_ns - began_ns);
        note_verdict(set, i, &slot->scratch, out);
    }
}

void compose_decide(struct policy_set *set, struct slot *slot, const struct policy_question *question, struct decision *out)
{
    int64_t cpu_now_ns = sandbox_cpu_now_ns();

    run_once(set, slot, question, -1, &cpu_now_ns, out);
    if (set->shadow_count > 0 && !question->no_shadows && !question->response)
        ask_shadows(set, slot, question, &cpu_now_ns, out);
}
