#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/log.h"
#include "runtime/service/policy_runner_internal.h"

#define LATE_MS   60000 /* a run that is later is left out */
#define COMMIT_MS 5000

static void set_state(struct policy_runner *runner, const struct garage *garage, const struct decision *decision)
{
    struct store *store = runner->parts.store;
    const char *author = decision->revisions[decision->state_author - 1].name;
    struct store_change *change;
    struct garage_counts counts;

    if (store->ops->garage_counts(store, garage->id, &counts) == OST_OK && counts.state == decision->state)
        return;
    change = store_change_create(STORE_GARAGE_STATE);
    if (!change)
        return;
    snprintf(change->u.garage.garage_id, sizeof(change->u.garage.garage_id), "%s", garage->id);
    change->u.garage.set_state = true;
    change->u.garage.state = decision->state;
    change->audit->at_ms = clock_wall_ms(runner->parts.clock);
    change->audit->id = uuid_make(runner->parts.ids, change->audit->at_ms);
    snprintf(change->audit->actor, sizeof(change->audit->actor), "policy/%s", author);
    snprintf(change->audit->action, sizeof(change->audit->action), "garage.state");
    snprintf(change->audit->subject, sizeof(change->audit->subject), "garage/%s", garage->id);
    snprintf(change->audit->reason, sizeof(change->audit->reason), "%s", decision->state_reason);
    if (store->ops->commit(store, change, clock_monotonic_ms(runner->parts.clock) + COMMIT_MS) != OST_OK)
        log_error("policy", "%s could not set the state of %s: the store does not take it", author, garage->id);
    store_change_release(change);
}

static void run_due(struct policy_runner *runner, const struct garage *garage, const struct due *due)
{
    struct decision *decision = malloc(sizeof(*decision));
    struct policy_visit visit;
    struct policy_question question = {
        .trigger = TRIGGER_SCHEDULE, .visit = &visit, .only = due->name, .wait_ms = RUNNER_WAIT_MS};

    session_desk_fill_garage(runner->parts.desk, garage, &visit);
    if (decision && policy_lease_ask(runner->lease, &question, decision) == OST_OK) {
        if (decision->has_state)
            set_state(runner, garage, decision);
        runner_record(runner, garage, &visit, decision);
    } else {
        metric_add(runner->missed, 1);
        log_error("policy", "the schedule of %s could not run for %s: no instance is free", due->name, garage->id);
    }
    free(decision);
}

/* ---- when ---- */

/* False: no memory. */
static bool reserve(struct policy_runner *runner, size_t count)
{
    free(runner->due);
    runner->due_count = 0;
    runner->due = calloc(count + 1, sizeof(*runner->due));
    return runner->due;
}

static void add_due(struct policy_runner *runner, const struct policy_facts *facts, const struct garage *garage, int64_t after_ms)
{
    struct due *due = &runner->due[runner->due_count++];

    due->schedule = facts->schedule;
    snprintf(due->name, sizeof(due->name), "%s", facts->name);
    snprintf(due->garage_id, sizeof(due->garage_id), "%s", garage->id);
    due->at_ms = policy_schedule_next(&facts->schedule, garage->zone, after_ms);
}

/* Counted from the round before: a deployment takes no run away that came due since. */
static void plan(struct policy_runner *runner, int64_t now_ms)
{
    struct policy_facts *facts = calloc(POLICIES_MAX, sizeof(*facts));
    int64_t after_ms = runner->last_round_ms > 0 && runner->last_round_ms < now_ms ? runner->last_round_ms : now_ms;
    size_t count = facts ? policy_lease_describe(runner->lease, facts, POLICIES_MAX) : 0;

    if (after_ms < runner->last_run_ms)
        after_ms = runner->last_run_ms;
    if (reserve(runner, count * runner->site->garage_count)) {
        for (size_t i = 0; i < count; i++) {
            for (size_t g = 0; g < runner->site->garage_count && facts[i].schedule.kind != SCHEDULE_NONE && !facts[i].is_shadow; g++)
                add_due(runner, &facts[i], &runner->site->garages[g], after_ms);
        }
    }
    free(facts);
}

void schedules_run(struct policy_runner *runner, bool is_new, int64_t now_ms)
{
    if (is_new)
        plan(runner, now_ms);
    for (size_t i = 0; i < runner->due_count; i++) {
        struct due *due = &runner->due[i];
        const struct garage *garage = site_find_garage(runner->site, due->garage_id);

        if (due->at_ms > now_ms || !garage)
            continue;
        runner_beat(runner);
        if (now_ms - due->at_ms <= LATE_MS)
            run_due(runner, garage, due);
        else
            metric_add(runner->missed, 1);
        if (due->at_ms > runner->last_run_ms)
            runner->last_run_ms = due->at_ms;
        due->at_ms = policy_schedule_next(&due->schedule, garage->zone, now_ms); /* after now: once, however late */
    }
    runner->last_round_ms = now_ms;
}
