#include "runtime/service/policy_runner.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "runtime/base/log.h"
#include "runtime/core/policy.h"
#include "runtime/service/policy_deploy.h"
#include "runtime/service/policy_watch.h"

#define ROUND_MS 250
#define LATE_MS 60000 /* a schedule that is later is left out */
#define WAIT_MS 250   /* for a free instance */
#define DUE_MAX (POLICIES_MAX * 4)
#define SEEN_MAX 64
#define COMMIT_MS 5000

/* When a policy's schedule is due for a garage. */
struct due {
    char name[SLUG_BYTES], garage_id[SLUG_BYTES];
    struct policy_schedule schedule;
    int64_t at_ms; /* wall */
};

/* A door as it was at the last look. */
struct seen {
    char garage_id[SLUG_BYTES], door_id[SLUG_BYTES];
    bool is_known;
    struct door_snapshot door;
};

struct policy_runner {
    struct policy_runner_parts parts;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool ending;
    struct due due[DUE_MAX];
    size_t due_count;
    unsigned due_generation; /* of the catalog, when the dues were made */
    int64_t last_run_ms;     /* wall: no run is of a moment before */
    struct seen seen[SEEN_MAX];
    size_t seen_count;
    struct metric *missed;
};

/* ---- what a decision leads to ---- */

static void set_state(struct policy_runner *runner, const struct garage *garage, const struct decision *decision)
{
    struct store *store = runner->parts.store;
    const char *author = decision->revisions[decision->state_author - 1].name;
    struct store_change *change;
    struct garage_counts counts;

    if (store->ops->garage_counts(store, garage->id, &counts) != OST_OK || counts.state == decision->state)
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

static bool said_something(const struct decision *decision)
{
    return decision->note_count > 0 || decision->has_state || decision->alarm_count > 0 || decision->reason_count > 0;
}

/* Kept with what it was made from; each note becomes an event. */
static void record(struct policy_runner *runner, const struct garage *garage, const struct policy_visit *visit, struct decision *decision)
{
    struct store *store = runner->parts.store;
    int64_t now_ms = clock_wall_ms(runner->parts.clock);
    struct store_change *change;

    if (!said_something(decision))
        return;
    change = store_change_create(STORE_DECISION);
    if (!change)
        return;
    decision->id = uuid_make(runner->parts.ids, now_ms);
    decision->decided_at_ms = now_ms;
    decision->trust = clock_trust(runner->parts.clock);
    for (unsigned i = 0; i < decision->note_count; i++)
        decision->note_ids[i] = uuid_make(runner->parts.ids, now_ms);
    snprintf(change->session->garage_id, sizeof(change->session->garage_id), "%s", garage->id);
    *change->decision = *decision;
    *change->visit = *visit;
    if (store->ops->post(store, change) != OST_OK) {
        store_change_release(change);
        log_warning("policy", "a decision of a schedule or a door event could not be kept: the store is full");
    }
}

/* ---- schedules ---- */

static void add_due(struct policy_runner *runner, const struct policy_facts *facts, const struct garage *garage, int64_t now_ms)
{
    struct due *due = runner->due_count < DUE_MAX ? &runner->due[runner->due_count] : NULL;

    if (!due)
        return;
    *due = (struct due){.schedule = facts->schedule};
    snprintf(due->name, sizeof(due->name), "%s", facts->name);
    snprintf(due->garage_id, sizeof(due->garage_id), "%s", garage->id);
    due->at_ms = policy_schedule_next(&facts->schedule, garage->zone, now_ms);
    runner->due_count++;
}

/* Other policies are in force, or the first ones: what they want is counted from now on. */
static void plan(struct policy_runner *runner, struct policy_lease *lease, const struct site *site, int64_t now_ms)
{
    struct policy_facts *facts;
    unsigned generation = policy_catalog_generation(runner->parts.policies);
    size_t count;

    if (generation == runner->due_generation)
        return;
    facts = calloc(POLICIES_MAX, sizeof(*facts));
    if (!facts)
        return;
    runner->due_generation = generation;
    runner->due_count = 0;
    count = policy_lease_describe(lease, facts, POLICIES_MAX);
    for (size_t i = 0; i < count && i < POLICIES_MAX; i++) {
        for (size_t g = 0; g < site->garage_count && facts[i].schedule.kind != SCHEDULE_NONE && !facts[i].is_shadow; g++)
            add_due(runner, &facts[i], &site->garages[g], now_ms > runner->last_run_ms ? now_ms : runner->last_run_ms);
    }
    free(facts);
}

static void run_due(struct policy_runner *runner, struct policy_lease *lease, const struct garage *garage, const struct due *due)
{
    struct decision *decision = malloc(sizeof(*decision));
    struct policy_visit visit;
    struct policy_question question = {.trigger = TRIGGER_SCHEDULE, .visit = &visit, .only = due->name, .wait_ms = WAIT_MS};

    session_desk_fill_garage(runner->parts.desk, garage, &visit);
    if (decision && policy_lease_ask(lease, &question, decision) == OST_OK) {
        if (decision->has_state)
            set_state(runner, garage, decision);
        record(runner, garage, &visit, decision);
    }
    free(decision);
}

static void run_schedules(struct policy_runner *runner, struct policy_lease *lease, const struct site *site)
{
    int64_t now_ms = clock_wall_ms(runner->parts.clock);

    plan(runner, lease, site, now_ms);
    for (size_t i = 0; i < runner->due_count; i++) {
        struct due *due = &runner->due[i];
        const struct garage *garage = site_find_garage(site, due->garage_id);

        if (due->at_ms > now_ms || !garage)
            continue;
        if (now_ms - due->at_ms <= LATE_MS)
            run_due(runner, lease, garage, due);
        else
            metric_add(runner->missed, 1);
        if (due->at_ms > runner->last_run_ms)
            runner->last_run_ms = due->at_ms;
        due->at_ms = policy_schedule_next(&due->schedule, garage->zone, now_ms); /* after now: once, however late */
    }
}

/* ---- door events ---- */

static struct seen *find_seen(struct policy_runner *runner, const struct door_plan *door)
{
    struct seen *seen;

    for (size_t i = 0; i < runner->seen_count; i++) {
        if (strcmp(runner->seen[i].garage_id, door->garage_id) == 0 && strcmp(runner->seen[i].door_id, door->id) == 0)
            return &runner->seen[i];
    }
    if (runner->seen_count == SEEN_MAX)
        return NULL;
    seen = &runner->seen[runner->seen_count++];
    *seen = (struct seen){.is_known = false};
    snprintf(seen->garage_id, sizeof(seen->garage_id), "%s", door->garage_id);
    snprintf(seen->door_id, sizeof(seen->door_id), "%s", door->id);
    return seen;
}

static bool raises(const struct decision *decision, unsigned author, const char *code)
{
    for (unsigned i = 0; i < decision->alarm_count; i++) {
        if (decision->alarms[i].author == author && strcmp(decision->alarms[i].code, code) == 0)
            return true;
    }
    return false;
}

/* What policies raise about a door stands until the same door is told of again and they do not. */
static void show_alarms(struct policy_runner *runner, const struct door_plan *door, const struct decision *decision)
{
    char subject[FAULT_SUBJECT_BYTES], detail[REASON_BYTES];
    struct fault *faults = calloc(FAULTS_MAX, sizeof(*faults));
    size_t count = faults ? fault_board_list(runner->parts.faults, faults, FAULTS_MAX) : 0;

    for (unsigned a = 0; a < decision->revision_count; a++) {
        snprintf(subject, sizeof(subject), "policy/%.63s/door/%.63s/%.20s", decision->revisions[a].name, door->garage_id, door->id);
        for (size_t i = 0; i < count; i++) {
            if (faults[i].cleared_at_ms == 0 && strcmp(faults[i].subject, subject) == 0 && !raises(decision, a + 1, faults[i].code))
                fault_board_clear(runner->parts.faults, subject, faults[i].code);
        }
        for (unsigned i = 0; i < decision->alarm_count; i++) {
            if (decision->alarms[i].author != a + 1)
                continue;
            snprintf(detail, sizeof(detail), "%s", decision->alarms[i].text);
            fault_board_raise(runner->parts.faults, subject, decision->alarms[i].code, FAULT_ALARM, detail);
        }
    }
    free(faults);
}

static void tell(struct policy_runner *runner, struct policy_lease *lease, const struct garage *garage, const struct door_plan *door,
                 enum door_happening happened, const char *fault)
{
    struct decision *decision = malloc(sizeof(*decision));
    struct policy_visit visit;
    struct policy_question question = {.trigger = TRIGGER_DOOR_EVENT, .visit = &visit, .wait_ms = WAIT_MS};

    session_desk_fill_garage(runner->parts.desk, garage, &visit);
    snprintf(visit.door_id, sizeof(visit.door_id), "%s", door->id);
    snprintf(visit.fault, sizeof(visit.fault), "%s", fault);
    visit.door_kind = door->kind;
    visit.direction = door->kind == DOOR_EXIT ? DIRECTION_OUT : DIRECTION_IN;
    visit.happened = happened;
    if (decision && policy_lease_ask(lease, &question, decision) == OST_OK) {
        show_alarms(runner, door, decision);
        record(runner, garage, &visit, decision);
    }
    free(decision);
}

static bool has_fault(const struct door_snapshot *door, const char *code)
{
    for (size_t i = 0; i < door->fault_count; i++) {
        if (strcmp(door->faults[i], code) == 0)
            return true;
    }
    return false;
}

static void compare(struct policy_runner *runner, struct policy_lease *lease, const struct garage *garage, const struct door_plan *door,
                    const struct door_snapshot *before, const struct door_snapshot *now)
{
    if (before->position != now->position && now->position == DOOR_OPEN)
        tell(runner, lease, garage, door, DOOR_HAS_OPENED, "");
    if (before->position != now->position && now->position == DOOR_CLOSED && before->position != DOOR_POSITION_UNKNOWN)
        tell(runner, lease, garage, door, DOOR_HAS_CLOSED, "");
    for (size_t i = 0; i < now->fault_count; i++) {
        if (!has_fault(before, now->faults[i]))
            tell(runner, lease, garage, door, DOOR_HAS_FAULT, now->faults[i]);
    }
    for (size_t i = 0; i < before->fault_count; i++) {
        if (!has_fault(now, before->faults[i]))
            tell(runner, lease, garage, door, DOOR_HAS_RECOVERED, before->faults[i]);
    }
}

static void look_at_doors(struct policy_runner *runner, struct policy_lease *lease, const struct site *site)
{
    bool listens = policy_lease_listens(lease, TRIGGER_DOOR_EVENT);

    for (size_t g = 0; g < site->garage_count; g++) {
        for (size_t d = 0; d < site->garages[g].door_count; d++) {
            const struct door_plan *door = &site->garages[g].doors[d];
            struct seen *seen = find_seen(runner, door);
            struct door_snapshot now;

            if (!seen || door_actuator_snapshot(runner->parts.doors, door->garage_id, door->id, &now) != OST_OK)
                continue;
            if (seen->is_known && listens)
                compare(runner, lease, &site->garages[g], door, &seen->door, &now);
            seen->door = now;
            seen->is_known = true;
        }
    }
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
    if (runner->parts.store->ops->post(runner->parts.store, change) != OST_OK)
        store_change_release(change);
}

static void serve_watch(struct policy_runner *runner)
{
    struct policy_watch *watch = policy_catalog_watch(runner->parts.policies);
    char name[SLUG_BYTES];
    int revision;

    while (policy_watch_take_quarantine(watch, name, &revision))
        policy_quarantine(runner->parts.policies, name, revision);
    while (policy_watch_take_proven(watch, name, &revision))
        mark_proven(runner, name, revision);
    policy_watch_refresh(watch);
    policy_catalog_settle(runner->parts.policies);
}

/* ---- the thread ---- */

static bool wait_a_round(struct policy_runner *runner)
{
    struct timespec until;
    bool ending;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += ROUND_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_mutex_lock(&runner->lock);
    if (!runner->ending)
        pthread_cond_timedwait(&runner->wake, &runner->lock, &until);
    ending = runner->ending;
    pthread_mutex_unlock(&runner->lock);
    return !ending;
}

static void *run(void *context)
{
    struct policy_runner *runner = context;

    do {
        const struct site *site = site_registry_take(runner->parts.sites);
        struct policy_lease *lease = policy_catalog_take(runner->parts.policies);

        run_schedules(runner, lease, site);
        look_at_doors(runner, lease, site);
        policy_catalog_put(runner->parts.policies, lease);
        site_registry_put(runner->parts.sites, site);
        serve_watch(runner);
    } while (wait_a_round(runner));
    return NULL;
}

enum ost_status policy_runner_create(const struct policy_runner_parts *parts, struct policy_runner **out)
{
    struct policy_runner *runner = calloc(1, sizeof(*runner));
    pthread_condattr_t monotonic;

    if (!runner)
        return OST_NO_MEMORY;
    runner->parts = *parts;
    runner->due_generation = UINT32_MAX;
    runner->missed = metrics_register(parts->metrics, METRIC_COUNTER, "ostler_policy_schedules_missed_total", "",
                                      "Runs of schedules that were left out, as they were more than a minute late.");
    pthread_mutex_init(&runner->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&runner->wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    if (pthread_create(&runner->thread, NULL, run, runner) == 0) {
        *out = runner;
        return OST_OK;
    }
    pthread_cond_destroy(&runner->wake);
    pthread_mutex_destroy(&runner->lock);
    free(runner);
    return OST_NO_MEMORY;
}

void policy_runner_destroy(struct policy_runner *runner)
{
    if (!runner)
        return;
    pthread_mutex_lock(&runner->lock);
    runner->ending = true;
    pthread_cond_signal(&runner->wake);
    pthread_mutex_unlock(&runner->lock);
    pthread_join(runner->thread, NULL);
    pthread_cond_destroy(&runner->wake);
    pthread_mutex_destroy(&runner->lock);
    free(runner);
}
