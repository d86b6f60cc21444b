#include "runtime/service/policy_catalog_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(DEPLOYMENTS_MAX <= POLICIES_WATCHED_MAX, "each policy that can be deployed is watched");

static void lease_destroy(struct policy_lease *lease)
{
    if (lease->set)
        lease->host->ops->destroy_set(lease->host, lease->set);
    free(lease);
}

struct policy_lease *catalog_lease_create(struct policy_catalog *catalog, struct policy_set *set, bool is_broken)
{
    struct policy_lease *lease = calloc(1, sizeof(*lease));

    if (lease)
        *lease = (struct policy_lease){
            .catalog = catalog, .host = catalog->parts.host, .set = set, .is_broken = is_broken, .users = 1};
    return lease;
}

enum ost_status policy_catalog_create(const struct policy_catalog_parts *parts, struct policy_catalog **out)
{
    struct policy_catalog *catalog = calloc(1, sizeof(*catalog));

    if (!catalog)
        return OST_NO_MEMORY;
    catalog->parts = *parts;
    catalog->watch = policy_watch_create(parts->clock, parts->faults, parts->metrics);
    catalog->current = catalog_lease_create(catalog, NULL, false);
    if (!catalog->watch || !catalog->current) {
        policy_watch_destroy(catalog->watch);
        free(catalog->current);
        free(catalog);
        return OST_NO_MEMORY;
    }
    pthread_mutex_init(&catalog->lock, NULL);
    pthread_mutex_init(&catalog->change_lock, NULL);
    catalog->loaded = metrics_register(parts->metrics, METRIC_GAUGE, "ostler_policies_loaded", "",
                                       "Policies in force, broken ones included.");
    catalog->broken = metrics_register(parts->metrics, METRIC_GAUGE, "ostler_policies_broken", "",
                                       "Policies in force that did not load.");
    *out = catalog;
    return OST_OK;
}

void policy_catalog_destroy(struct policy_catalog *catalog)
{
    if (!catalog)
        return;
    policy_catalog_put(catalog, catalog->current);
    policy_watch_destroy(catalog->watch);
    pthread_mutex_destroy(&catalog->change_lock);
    pthread_mutex_destroy(&catalog->lock);
    free(catalog);
}

struct policy_lease *policy_catalog_take(struct policy_catalog *catalog)
{
    struct policy_lease *lease;

    pthread_mutex_lock(&catalog->lock);
    lease = catalog->current;
    lease->users++;
    pthread_mutex_unlock(&catalog->lock);
    return lease;
}

void policy_catalog_put(struct policy_catalog *catalog, struct policy_lease *lease)
{
    bool last;

    pthread_mutex_lock(&catalog->lock);
    last = --lease->users == 0;
    pthread_mutex_unlock(&catalog->lock);
    if (last)
        lease_destroy(lease);
}

unsigned policy_catalog_generation(struct policy_catalog *catalog)
{
    unsigned generation;

    pthread_mutex_lock(&catalog->lock);
    generation = catalog->generation;
    pthread_mutex_unlock(&catalog->lock);
    return generation;
}

bool policy_lease_listens(const struct policy_lease *lease, enum policy_trigger trigger)
{
    if (!lease->set)
        return lease->is_broken;
    return lease->host->ops->listens(lease->set, trigger);
}

/* The answer of a folder that could not be read: nobody knows what its policies would say. */
static void decide_unread(enum policy_trigger trigger, struct decision *out)
{
    memset(out, 0, sizeof(*out));
    out->trigger = trigger;
    out->outcome = trigger == TRIGGER_SESSION_START ? DECISION_BROKEN : DECISION_ALLOWED;
    out->reasons[0] = (struct decision_reason){.verb = REASON_BROKEN, .code = "not_loaded"};
    snprintf(out->reasons[0].text, sizeof(out->reasons[0].text), "The folder of the policies cannot be read.");
    out->reason_count = 1;
}

static bool is_in_force(const struct policy_lease *lease)
{
    bool is_current;

    pthread_mutex_lock(&lease->catalog->lock);
    is_current = lease->catalog->current == lease;
    pthread_mutex_unlock(&lease->catalog->lock);
    return is_current;
}

/* A set that was replaced meanwhile says nothing about the one in force. */
static bool counts_for_its_policies(const struct policy_lease *lease, const struct policy_question *question, const struct decision *decision)
{
    return !decision_has_broken(decision) || (!question->is_repeated && is_in_force(lease));
}

enum ost_status policy_lease_ask(struct policy_lease *lease, const struct policy_question *question, struct decision *out)
{
    if (lease->set) {
        enum ost_status status = lease->host->ops->decide(lease->host, lease->set, question, out);

        if (status == OST_OK && counts_for_its_policies(lease, question, out))
            policy_watch_saw(lease->catalog->watch, out);
        else if (status == OST_OK)
            policy_watch_tally(lease->catalog->watch, out);
        return status;
    }
    if (lease->is_broken) {
        decide_unread(question->trigger, out);
    } else {
        memset(out, 0, sizeof(*out));
        out->trigger = question->trigger;
        out->outcome = DECISION_ALLOWED;
    }
    return OST_OK;
}

enum ost_status policy_lease_decide(struct policy_lease *lease, enum policy_trigger trigger,
                                    const struct policy_visit *visit, int wait_ms, struct decision *out)
{
    struct policy_question question = {.trigger = trigger, .visit = visit, .wait_ms = wait_ms};

    return policy_lease_ask(lease, &question, out);
}

size_t policy_lease_describe(struct policy_lease *lease, struct policy_facts *out, size_t max)
{
    return lease->set ? lease->host->ops->describe(lease->host, lease->set, out, max) : 0;
}

size_t policy_lease_settings(struct policy_lease *lease, size_t place, struct policy_setting *out, size_t max)
{
    return lease->set && lease->host->ops->settings ? lease->host->ops->settings(lease->host, lease->set, place, out, max) : 0;
}

/* ---- putting a set in force ---- */

/* Raise a fault for each broken policy, and clear those of policies that are well now. */
static void show_faults(struct policy_catalog *catalog, struct policy_lease *lease, const struct policy_lease *before,
                        const struct policy_problem *problem)
{
    struct policy_facts facts[POLICIES_MAX];
    char subject[FAULT_SUBJECT_BYTES];
    size_t count = policy_lease_describe((struct policy_lease *)(uintptr_t)before, facts, POLICIES_MAX);
    int64_t broken = 0;

    for (size_t i = 0; i < count && i < POLICIES_MAX; i++) {
        snprintf(subject, sizeof(subject), "policy/%.63s", facts[i].name);
        fault_board_clear(catalog->parts.faults, subject, "policy_broken");
    }
    count = policy_lease_describe(lease, facts, POLICIES_MAX);
    for (size_t i = 0; i < count && i < POLICIES_MAX; i++) {
        if (!facts[i].broken)
            continue;
        broken++;
        snprintf(subject, sizeof(subject), "policy/%.63s", facts[i].name);
        fault_board_raise(catalog->parts.faults, subject, "policy_broken", FAULT_ALARM,
                          "The policy does not load: starts are refused. Mend it and deploy it again, or roll it back.");
    }
    if (lease->is_broken)
        fault_board_raise(catalog->parts.faults, "policies", "policies_unread", FAULT_ALARM,
                          problem ? problem->text : "The folder of the policies cannot be read.");
    else
        fault_board_clear(catalog->parts.faults, "policies", "policies_unread");
    metric_set(catalog->loaded, (int64_t)count);
    metric_set(catalog->broken, broken);
}

/* Tell the watch which revisions are live now. Under the change lock. */
static void announce(struct policy_catalog *catalog)
{
    for (size_t i = 0; i < catalog->deployment_count; i++) {
        const struct policy_deployment *each = &catalog->deployments[i];

        policy_watch_activated(catalog->watch, each->name, each->live, each->activated_at_ms, record_is_proven(catalog, each->name, each->live));
    }
}

void catalog_put_in_force(struct policy_catalog *catalog, struct policy_lease *lease, const struct policy_problem *problem)
{
    struct policy_lease *before;

    pthread_mutex_lock(&catalog->lock);
    before = catalog->current;
    catalog->current = lease;
    catalog->generation++;
    pthread_mutex_unlock(&catalog->lock);
    policy_watch_forget(catalog->watch);
    announce(catalog);
    show_faults(catalog, lease, before, problem);
    policy_catalog_put(catalog, before);
}

/* ---- loading ---- */

struct policy_watch *policy_catalog_watch(struct policy_catalog *catalog)
{
    return catalog->watch;
}

bool policy_catalog_is_deployed(struct policy_catalog *catalog)
{
    return atomic_load(&catalog->is_deployed);
}

/* Nobody knows what is deployed: at a start nobody gets in until the store can be read. */
static enum ost_status give_up_reading(struct policy_catalog *catalog, enum policy_load how, enum ost_status why)
{
    struct policy_problem problem = {.text = "The deployed policies cannot be read from the database."};
    struct policy_lease *lease = how == POLICY_LOAD_STRICT ? NULL : catalog_lease_create(catalog, NULL, true);

    if (lease) {
        catalog_put_in_force(catalog, lease, &problem);
        atomic_store(&catalog->is_unsettled, true);
    }
    return why;
}

enum ost_status policy_catalog_load(struct policy_catalog *catalog, const char *directory, enum policy_load how,
                                    struct policy_problem *problems, size_t problems_max, size_t *problem_count)
{
    enum ost_status status = OST_OK;

    *problem_count = 0;
    pthread_mutex_lock(&catalog->change_lock);
    if (catalog->parts.store)
        status = deployments_read(catalog);
    if (status != OST_OK)
        status = give_up_reading(catalog, how, status);
    else if (policy_catalog_is_deployed(catalog))
        status = deployments_load(catalog, how, problems, problems_max, problem_count);
    else
        status = folder_load(catalog, directory, how, problems, problems_max, problem_count);
    pthread_mutex_unlock(&catalog->change_lock);
    return status;
}

void policy_catalog_settle(struct policy_catalog *catalog)
{
    struct policy_problem problem;
    size_t problem_count;

    if (!atomic_exchange(&catalog->is_unsettled, false))
        return;
    pthread_mutex_lock(&catalog->change_lock);
    if (deployments_read(catalog) != OST_OK ||
        deployments_load(catalog, POLICY_LOAD_LENIENT, &problem, 1, &problem_count) == OST_IO)
        atomic_store(&catalog->is_unsettled, true);
    pthread_mutex_unlock(&catalog->change_lock);
}
