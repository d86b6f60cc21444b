#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/log.h"
#include "runtime/service/policy_deploy.h"
#include "runtime/service/policy_runner_internal.h"
#include "runtime/service/policy_watch.h"

#define ROUND_MS 250

void runner_beat(struct policy_runner *runner)
{
    atomic_store(&runner->heartbeat_ms, clock_monotonic_ms(runner->parts.clock));
}

/* ---- what is kept of a decision ---- */

/* One that did not load is asked about everything, and has a fault that says so. */
static bool is_news(const struct decision_reason *reason)
{
    return reason->verb != REASON_BROKEN || strcmp(reason->code, policy_breach_text(BREACH_NOT_LOADED)) != 0;
}

static void log_broken(const struct decision *decision)
{
    for (unsigned i = 0; i < decision->reason_count; i++) {
        const struct decision_reason *reason = &decision->reasons[i];

        if (reason->verb == REASON_BROKEN && is_news(reason))
            log_error("policy", "%s broke on %s, line %d: %s", reason->policy, policy_trigger_text(decision->trigger), reason->line,
                      reason->text);
    }
}

static bool said_something(const struct decision *decision)
{
    for (unsigned i = 0; i < decision->reason_count; i++) {
        if (is_news(&decision->reasons[i]))
            return true;
    }
    return decision->note_count > 0 || decision->has_state || decision->alarm_count > 0;
}

void runner_record(struct policy_runner *runner, const struct garage *garage, const struct policy_visit *visit,
                   struct decision *decision)
{
    log_broken(decision);
    if (said_something(decision))
        session_desk_record(runner->parts.desk, garage, visit, decision);
}

/* ---- what the watch asks for ---- */

static void mark_proven(struct policy_runner *runner, const char *name, int revision)
{
    struct store_change *change = store_change_create(STORE_POLICY);

    if (!change)
        return;
    change->u.policy.mark = POLICY_MARK_PROVEN;
    change->u.policy.marked_revision = revision;
    change->u.policy.marked_at_ms = clock_wall_ms(runner->parts.clock);
    snprintf(change->u.policy.marked_name, sizeof(change->u.policy.marked_name), "%s", name);
    if (runner->parts.store->ops->post(runner->parts.store, change) == OST_OK)
        return;
    store_change_release(change);
    log_warning("policy", "that %s had its first calls could not be stored: after a restart it is young again", name);
}

static void serve_watch(struct policy_runner *runner)
{
    struct policy_watch *watch = policy_catalog_watch(runner->parts.policies);
    char name[SLUG_BYTES];
    int revision;

    while (policy_watch_take_quarantine(watch, name, &revision)) {
        runner_beat(runner);
        policy_quarantine(runner->parts.policies, name, revision);
    }
    while (policy_watch_take_proven(watch, name, &revision))
        mark_proven(runner, name, revision);
    policy_watch_refresh(watch);
    runner_beat(runner);
    policy_catalog_settle(runner->parts.policies);
}

/* ---- rounds ---- */

static void give_back(struct policy_runner *runner)
{
    if (runner->site)
        site_registry_put(runner->parts.sites, runner->site);
    if (runner->lease)
        policy_catalog_put(runner->parts.policies, runner->lease);
}

/* True: the policies or the site are others than in the last round. */
static bool borrow(struct policy_runner *runner)
{
    const struct site *site = site_registry_take(runner->parts.sites);
    struct policy_lease *lease = policy_catalog_take(runner->parts.policies);
    bool is_new = site != runner->site || lease != runner->lease;

    give_back(runner);
    runner->site = site;
    runner->lease = lease;
    return is_new;
}

/* With the policies in force now: an event that was waited for is heard by those that were deployed meanwhile. */
static void begin_round(struct policy_runner *runner)
{
    bool is_new;

    runner_beat(runner);
    is_new = borrow(runner);
    if (is_new)
        doors_forget(runner);
    schedules_run(runner, is_new, clock_wall_ms(runner->parts.clock));
}

static void end_round(struct policy_runner *runner)
{
    struct door_event event;

    for (unsigned i = 0; i < DOOR_EVENTS_MAX && queue_pop(runner->parts.door_events, 0, &event) == OST_OK; i++)
        doors_hear(runner, &event);
    serve_watch(runner);
}

void policy_runner_round(struct policy_runner *runner)
{
    begin_round(runner);
    end_round(runner);
}

/* ---- the thread ---- */

static void *run(void *context)
{
    struct policy_runner *runner = context;

    while (!atomic_load(&runner->ending)) {
        struct door_event event;
        bool has_event = queue_pop(runner->parts.door_events, ROUND_MS, &event) == OST_OK;

        begin_round(runner);
        if (has_event)
            doors_hear(runner, &event);
        end_round(runner);
    }
    return NULL;
}

enum ost_status policy_runner_create(const struct policy_runner_parts *parts, struct policy_runner **out)
{
    struct policy_runner *runner = calloc(1, sizeof(*runner));

    if (!runner)
        return OST_NO_MEMORY;
    runner->parts = *parts;
    runner->missed = metrics_register(parts->metrics, METRIC_COUNTER, "ostler_policy_schedules_missed_total", "",
                                      "Runs of schedules that were left out, as they were more than a minute late.");
    runner->events_dropped = metrics_register(parts->metrics, METRIC_COUNTER, "ostler_policy_door_events_missed_total", "",
                                              "What happened at doors and no policy could be asked about in time.");
    runner_beat(runner);
    *out = runner;
    return OST_OK;
}

enum ost_status policy_runner_start(struct policy_runner *runner)
{
    runner->has_thread = pthread_create(&runner->thread, NULL, run, runner) == 0;
    return runner->has_thread ? OST_OK : OST_NO_MEMORY;
}

void policy_runner_destroy(struct policy_runner *runner)
{
    if (!runner)
        return;
    atomic_store(&runner->ending, true);
    queue_close(runner->parts.door_events);
    if (runner->has_thread)
        pthread_join(runner->thread, NULL);
    give_back(runner);
    free(runner->due);
    free(runner);
}

int64_t policy_runner_heartbeat_ms(struct policy_runner *runner)
{
    return atomic_load(&runner->heartbeat_ms);
}
