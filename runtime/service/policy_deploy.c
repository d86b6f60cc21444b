#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/log.h"
#include "runtime/base/sha256.h"
#include "runtime/base/text.h"
#include "runtime/service/policy_deploy_internal.h"

static void begin(struct deploy *deploy, struct policy_catalog *catalog, const char *name, const char *message, const char *actor,
                  enum policy_mode mode, struct deploy_answer *out)
{
    const struct policy_deployment *before;

    memset(out, 0, sizeof(*out));
    pthread_mutex_lock(&catalog->change_lock);
    before = deployment_find(catalog->deployments, catalog->deployment_count, name);
    *deploy = (struct deploy){.catalog = catalog, .out = out, .name = name, .message = message ? message : "", .actor = actor,
                              .mode = mode, .record = calloc(1, sizeof(struct policy_record))};
    out->mode = mode;
    out->previous = before ? before->live : 0;
    if (!deploy->record)
        out->verdict = DEPLOY_OVERLOADED;
    else if (!catalog->parts.store)
        out->verdict = DEPLOY_STORAGE_UNAVAILABLE;
}

static void end(struct deploy *deploy)
{
    pthread_mutex_unlock(&deploy->catalog->change_lock);
    free(deploy->record);
}

/* ---- the change ---- */

/* The deployments as they will be. False: there are too many. */
static bool plan_deployments(struct deploy *deploy, struct policy_deployment *next, size_t *count)
{
    struct policy_catalog *catalog = deploy->catalog;
    int revision = deploy->record->revision;
    struct policy_deployment *mine;

    memcpy(next, catalog->deployments, catalog->deployment_count * sizeof(*next));
    *count = catalog->deployment_count;
    mine = deployment_find(next, *count, deploy->name);
    if (!mine && *count == DEPLOYMENTS_MAX)
        return false;
    if (!mine) {
        mine = &next[(*count)++];
        *mine = (struct policy_deployment){.live = 0};
        snprintf(mine->name, sizeof(mine->name), "%s", deploy->name);
    }
    if (deploy->mode == POLICY_ON) {
        mine->live = revision;
        mine->activated_at_ms = clock_wall_ms(catalog->parts.clock);
    }
    if (deploy->mode == POLICY_SHADOW)
        mine->shadow = revision;
    if (deploy->mode == POLICY_OFF || (deploy->mode == POLICY_SHADOW && mine->live == revision))
        mine->live = 0;
    if (deploy->mode == POLICY_OFF || (deploy->mode == POLICY_ON && mine->shadow == revision))
        mine->shadow = 0;
    for (size_t i = 0; i < *count; i++)
        next[i].from_folder = false;
    return true;
}

/* Problems of other policies, which were there before, keep nobody from deploying. */
static void take_own_problems(struct deploy *deploy, const struct policy_problem *problems, size_t count)
{
    char file[SLUG_BYTES + 16];

    deploy_name_file(deploy, ".lua", file);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(problems[i].file, file) == 0 || strcmp(problems[i].file, deploy->name) == 0)
            deploy_report(deploy, file, problems[i].line, problems[i].text);
    }
}

static struct policy_set *compile(struct deploy *deploy, const struct policy_deployment *next, size_t count)
{
    struct policy_problem problems[POLICIES_MAX];
    struct policy_plan *plan = calloc(1, sizeof(*plan));
    struct policy_set *set = NULL;
    size_t problem_count = 0;
    enum ost_status status = OST_NO_MEMORY;

    if (plan)
        status = plan_read(deploy->catalog, next, count, deploy->record, plan);
    if (status == OST_OK)
        status = plan_compile(deploy->catalog, plan, &set, problems, POLICIES_MAX, &problem_count);
    if (!deploy_fault(deploy, status))
        take_own_problems(deploy, problems, problem_count < POLICIES_MAX ? problem_count : POLICIES_MAX);
    if (plan)
        plan_free(plan);
    free(plan);
    return set;
}

static void fill_event(struct deploy *deploy, enum policy_result result, int revision, struct event *event)
{
    const struct policy_catalog_parts *parts = &deploy->catalog->parts;
    const struct site *site = parts->sites ? site_registry_take(parts->sites) : NULL;
    char hash[SHA256_TEXT_BYTES];

    if (!site || site->garage_count == 0)
        goto done; /* an event is some garage's */
    sha256_format(deploy->record->sha256, hash);
    event_policy_deployed(event, site->garages[0].id, deploy->name, revision, hash,
                          deploy->actor, result, deploy->out->previous);
    event->time_ms = clock_wall_ms(parts->clock);
    event->id = uuid_make(parts->ids, event->time_ms);
    event->trust = clock_trust(parts->clock);
done:
    if (site)
        site_registry_put(parts->sites, site);
}

static void fill_audit(const struct deploy *deploy, struct audit_line *audit)
{
    static const char *const actions[] = {"policy.off", "policy.shadow", "policy.activate"};
    const struct policy_catalog_parts *parts = &deploy->catalog->parts;

    audit->at_ms = clock_wall_ms(parts->clock);
    audit->id = uuid_make(parts->ids, audit->at_ms);
    snprintf(audit->actor, sizeof(audit->actor), "%s", deploy->actor);
    snprintf(audit->action, sizeof(audit->action), "%s", deploy->quarantined ? "policy.quarantine" : deploy->is_new ? "policy.deploy" : actions[deploy->mode]);
    snprintf(audit->subject, sizeof(audit->subject), "policy/%s/%d", deploy->name, deploy->record->revision);
    text_copy(audit->reason, sizeof(audit->reason), deploy->message);
}

static void fill_history(const struct deploy *deploy, struct policy_activation *line)
{
    *line = (struct policy_activation){.revision = deploy->mode == POLICY_OFF ? 0 : deploy->record->revision,
                                       .previous = deploy->out->previous, .mode = deploy->mode, .result = deploy->result,
                                       .at_ms = clock_wall_ms(deploy->catalog->parts.clock)};
    snprintf(line->name, sizeof(line->name), "%s", deploy->name);
    text_copy(line->actor, sizeof(line->actor), deploy->actor);
    text_copy(line->message, sizeof(line->message), deploy->message);
}

/* The first deployment takes the folder's ones over, so all that changed goes along; no more than can be in force. */
static bool fill_deployments(struct deploy *deploy, const struct policy_deployment *next, size_t count, struct store_change *change)
{
    const struct policy_catalog *catalog = deploy->catalog;

    for (size_t i = 0; i < count; i++) {
        bool is_mine = strcmp(next[i].name, deploy->name) == 0;

        if (!is_mine && !(i < catalog->deployment_count && catalog->deployments[i].from_folder))
            continue;
        if (change->u.policy.count == POLICIES_MAX)
            return false;
        change->u.policy.deployments[change->u.policy.count++] = next[i];
    }
    return true;
}

static bool commit(struct deploy *deploy, const struct policy_deployment *next, size_t count)
{
    struct store_change *change = store_change_create(STORE_POLICY);
    enum ost_status status = OST_NO_MEMORY;

    if (change && !fill_deployments(deploy, next, count, change)) {
        status = OST_TOO_LARGE;
    } else if (change) {
        if (deploy->is_new)
            *change->record = *deploy->record;
        if (deploy->quarantined) {
            change->u.policy.mark = POLICY_MARK_QUARANTINED;
            change->u.policy.marked_revision = deploy->quarantined;
            change->u.policy.marked_at_ms = clock_wall_ms(deploy->catalog->parts.clock);
            snprintf(change->u.policy.marked_name, sizeof(change->u.policy.marked_name), "%s", deploy->name);
        }
        fill_history(deploy, change->activation);
        fill_event(deploy, deploy->result, deploy->mode == POLICY_ON ? deploy->record->revision : 0, change->event);
        fill_audit(deploy, change->audit);
        status = deployments_commit(deploy->catalog, change);
    }
    store_change_release(change);
    return !deploy_fault(deploy, status);
}

/* Compile the whole next set, commit, switch. */
static void put_in_force(struct deploy *deploy)
{
    struct policy_catalog *catalog = deploy->catalog;
    struct policy_deployment *next = calloc(DEPLOYMENTS_MAX, sizeof(*next));
    struct policy_lease *lease = NULL;
    struct policy_set *set = NULL;
    size_t count = 0;

    if (!next || !plan_deployments(deploy, next, &count))
        deploy_fault(deploy, next ? OST_TOO_LARGE : OST_NO_MEMORY);
    if (deploy->out->verdict == DEPLOY_DONE)
        set = compile(deploy, next, count);
    if (deploy->out->verdict == DEPLOY_DONE) {
        lease = catalog_lease_create(catalog, set, false);
        deploy_fault(deploy, lease ? OST_OK : OST_NO_MEMORY);
    }
    if (deploy->out->verdict == DEPLOY_DONE && commit(deploy, next, count)) {
        memcpy(catalog->deployments, next, count * sizeof(*next));
        catalog->deployment_count = count;
        atomic_store(&catalog->is_deployed, true);
        catalog_put_in_force(catalog, lease, NULL);
        set = NULL;
        lease = NULL;
    }
    free(lease);
    if (set)
        catalog->parts.host->ops->destroy_set(catalog->parts.host, set);
    free(next);
}

/* Is the very revision in force in this mode already? */
static bool is_in_force(const struct deploy *deploy)
{
    const struct policy_deployment *mine =
        deployment_find(deploy->catalog->deployments, deploy->catalog->deployment_count, deploy->name);
    int revision = deploy->record->revision;

    if (deploy->is_new || !policy_catalog_is_deployed(deploy->catalog))
        return false;
    if (!mine || deploy->mode == POLICY_OFF)
        return deploy->mode == POLICY_OFF && (!mine || (mine->live == 0 && mine->shadow == 0));
    return deploy->mode == POLICY_ON ? mine->live == revision : mine->shadow == revision;
}

static void switch_over(struct deploy *deploy)
{
    char subject[FAULT_SUBJECT_BYTES];

    deploy->out->revision = deploy->record->revision;
    deploy->out->is_new = deploy->is_new;
    if (is_in_force(deploy)) {
        deploy->out->verdict = DEPLOY_UNCHANGED;
        return;
    }
    put_in_force(deploy);
    if (deploy->out->verdict != DEPLOY_DONE)
        return;
    log_notice("policy", "%s: revision %d is %s (was %d), by %s", deploy->name, deploy->record->revision, policy_mode_text(deploy->mode),
               deploy->out->previous, deploy->actor);
    snprintf(subject, sizeof(subject), "policy/%.63s", deploy->name);
    if (deploy->mode == POLICY_ON && !deploy->quarantined)
        fault_board_clear(deploy->catalog->parts.faults, subject, "policy_quarantined");
}

/* What was refused is told upstream too, and never waited for. */
static void tell_rejected(struct deploy *deploy)
{
    struct store *store = deploy->catalog->parts.store;
    struct store_change *change = store_change_create(STORE_EVENT);

    if (!change)
        return;
    record_digest(deploy->record);
    fill_event(deploy, POLICY_REJECTED, 0, change->event);
    if (store->ops->post(store, change) != OST_OK)
        store_change_release(change);
}

/* Only the revision: nothing is switched. */
static void store_only(struct deploy *deploy)
{
    struct store_change *change;
    enum ost_status status = OST_NO_MEMORY;

    deploy->out->revision = deploy->record->revision;
    deploy->out->is_new = deploy->is_new;
    if (!deploy->is_new) {
        deploy->out->verdict = DEPLOY_UNCHANGED;
        return;
    }
    change = store_change_create(STORE_POLICY);
    if (change) {
        *change->record = *deploy->record;
        fill_audit(deploy, change->audit);
        status = deployments_commit(deploy->catalog, change);
    }
    store_change_release(change);
    deploy_fault(deploy, status);
}

/* ---- the use cases ---- */

static int live_of(const struct policy_catalog *catalog, const char *name)
{
    const struct policy_deployment *mine =
        deployment_find((struct policy_deployment *)(uintptr_t)catalog->deployments, catalog->deployment_count, name);

    return mine ? mine->live : 0;
}

void policy_deploy(struct policy_catalog *catalog, const struct deploy_request *request, struct deploy_answer *out)
{
    struct deploy deploy;

    begin(&deploy, catalog, request->name, request->message, request->actor, request->mode, out);
    if (out->verdict == DEPLOY_DONE && !deploy_read_base(&deploy, live_of(catalog, request->name)) && out->verdict == DEPLOY_DONE &&
        !request->source)
        out->verdict = DEPLOY_NO_POLICY;
    if (out->verdict == DEPLOY_DONE) {
        deploy_apply(&deploy, request);
        deploy_check(&deploy);
        if (out->verdict == DEPLOY_INVALID)
            tell_rejected(&deploy);
    }
    if (out->verdict == DEPLOY_DONE && !deploy_fault(&deploy, record_number(catalog, deploy.record, &deploy.is_new))) {
        if (request->mode == POLICY_OFF)
            store_only(&deploy);
        else
            switch_over(&deploy);
    }
    end(&deploy);
}

static void activate(struct deploy *deploy, int revision)
{
    int previous = deploy->out->previous;

    if (!deploy_read_base(deploy, revision)) {
        if (deploy->out->verdict == DEPLOY_DONE)
            deploy->out->verdict = revision == DEPLOY_LATEST ? DEPLOY_NO_POLICY : DEPLOY_NO_REVISION;
        return;
    }
    if (deploy->mode == POLICY_ON && deploy->record->revision < previous && deploy->result == POLICY_ACTIVATED)
        deploy->result = POLICY_ROLLED_BACK;
    switch_over(deploy);
}

void policy_activate(struct policy_catalog *catalog, const char *name, int revision, enum policy_mode mode, const char *message,
                     const char *actor, struct deploy_answer *out)
{
    struct deploy deploy;

    begin(&deploy, catalog, name, message, actor, mode, out);
    if (out->verdict == DEPLOY_DONE && !deploy_read_base(&deploy, DEPLOY_LATEST) && out->verdict == DEPLOY_DONE)
        out->verdict = DEPLOY_NO_POLICY;
    if (out->verdict == DEPLOY_DONE)
        activate(&deploy, mode == POLICY_OFF ? live_of(catalog, name) : revision);
    end(&deploy);
}

void policy_roll_back(struct policy_catalog *catalog, const char *name, const char *message, const char *actor,
                      struct deploy_answer *out)
{
    struct deploy deploy;
    enum ost_status status;
    int revision;

    begin(&deploy, catalog, name, message, actor, POLICY_ON, out);
    deploy.result = POLICY_ROLLED_BACK;
    if (out->verdict == DEPLOY_DONE) {
        status = history_last_good(catalog, name, live_of(catalog, name), &revision);
        if (status == OST_NOT_FOUND)
            out->verdict = DEPLOY_NO_REVISION;
        else if (!deploy_fault(&deploy, status))
            activate(&deploy, revision);
    }
    end(&deploy);
}

int policy_previous(struct policy_catalog *catalog, const char *name)
{
    int revision = 0;

    if (!catalog->parts.store)
        return 0;
    pthread_mutex_lock(&catalog->change_lock);
    if (history_last_good(catalog, name, live_of(catalog, name), &revision) != OST_OK)
        revision = 0;
    pthread_mutex_unlock(&catalog->change_lock);
    return revision;
}

void policy_quarantine(struct policy_catalog *catalog, const char *name, int revision)
{
    struct deploy_answer *out = calloc(1, sizeof(*out));
    char subject[FAULT_SUBJECT_BYTES], text[REASON_BYTES];
    struct deploy deploy;
    int good;

    if (!out)
        return;
    begin(&deploy, catalog, name, "It broke too often.", "ostler", POLICY_ON, out);
    deploy.result = POLICY_QUARANTINED;
    deploy.quarantined = revision;
    if (out->verdict == DEPLOY_DONE && live_of(catalog, name) == revision &&
        history_last_good(catalog, name, revision, &good) == OST_OK) {
        activate(&deploy, good);
        snprintf(subject, sizeof(subject), "policy/%.63s", name);
        snprintf(text, sizeof(text), "Revision %d broke too often and is quarantined; revision %d runs again. Mend it and deploy it anew.",
                 revision, good);
        if (out->verdict == DEPLOY_DONE)
            policy_watch_quarantined(catalog->watch, name);
        if (out->verdict == DEPLOY_DONE)
            fault_board_raise(catalog->parts.faults, subject, "policy_quarantined", FAULT_ALARM, text);
    }
    end(&deploy);
    free(out);
}

/* ---- trying ---- */

void policy_try(struct policy_catalog *catalog, const struct try_request *request, struct decision *decision,
                struct policy_trace *trace, struct deploy_answer *out)
{
    struct policy_host *host = catalog->parts.host;
    struct policy_problem problem;
    struct policy_source source;
    struct deploy deploy;
    int revision;

    begin(&deploy, catalog, request->name, NULL, "", POLICY_OFF, out);
    revision = request->revision ? request->revision : live_of(catalog, request->name);
    if (out->verdict == DEPLOY_DONE && !deploy_read_base(&deploy, revision) && out->verdict == DEPLOY_DONE && !request->source)
        out->verdict = request->revision ? DEPLOY_NO_REVISION : DEPLOY_NO_POLICY;
    if (out->verdict == DEPLOY_DONE) {
        struct deploy_request changes = {.name = request->name, .source = request->source, .source_length = request->source_length,
                                         .settings = request->settings, .actor = ""};

        deploy_apply(&deploy, &changes);
    }
    pthread_mutex_unlock(&catalog->change_lock); /* what follows touches nobody's policies */
    if (out->verdict == DEPLOY_DONE) {
        enum ost_status status;

        source = deploy_source(deploy.record);
        out->revision = request->source ? 0 : deploy.record->revision;
        status = host->ops->trace(host, &source, request->question, decision, trace, &problem);
        if (status == OST_INVALID)
            deploy_report(&deploy, problem.file, problem.line, problem.text);
        else
            deploy_fault(&deploy, status);
    }
    free(deploy.record);
}
