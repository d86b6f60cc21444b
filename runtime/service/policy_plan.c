#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/log.h"
#include "runtime/base/sha256.h"
#include "runtime/service/policy_catalog_internal.h"

/* ---- records ---- */

struct policy_record *record_copy(const struct policy_record *record)
{
    struct policy_record *copy = malloc(sizeof(*copy));

    if (copy)
        *copy = *record;
    return copy;
}

void record_digest(struct policy_record *record)
{
    char grants[96];
    int length = snprintf(grants, sizeof(grants), "%s %d %u %s", record->has_order ? "order" : "own", record->has_order ? record->order : 0,
                          record->rights, policy_fail_text(record->fail));
    struct sha256_piece pieces[] = {
        {record->source, strlen(record->source) + 1}, /* with the NUL, so that no two divide alike */
        {record->spec, strlen(record->spec) + 1},
        {record->settings, strlen(record->settings) + 1},
        {grants, (size_t)length},
    };

    sha256(pieces, sizeof(pieces) / sizeof(pieces[0]), record->sha256);
}

enum ost_status record_number(struct policy_catalog *catalog, struct policy_record *record, bool *is_new)
{
    struct store *store = catalog->parts.store;
    struct policy_record *newest;
    enum ost_status status;

    record_digest(record);
    *is_new = false;
    status = store->ops->find_policy_digest(store, record->name, record->sha256, &record->revision);
    if (status != OST_NOT_FOUND)
        return status;
    newest = malloc(sizeof(*newest));
    if (!newest)
        return OST_NO_MEMORY;
    status = store->ops->find_policy(store, record->name, 0, newest);
    if (status == OST_OK || status == OST_NOT_FOUND) {
        record->revision = status == OST_OK ? newest->revision + 1 : 1;
        *is_new = true;
        status = OST_OK;
    }
    free(newest);
    return status;
}

bool record_is_proven(struct policy_catalog *catalog, const char *name, int revision)
{
    struct store *store = catalog->parts.store;
    struct policy_record *record = store && revision > 0 ? malloc(sizeof(*record)) : NULL;
    bool is_proven = record && store->ops->find_policy(store, name, revision, record) == OST_OK && record->proven_at_ms > 0;

    free(record);
    return is_proven;
}

/* ---- plans ---- */

enum ost_status plan_add(struct policy_plan *plan, struct policy_record *record, const char *file, bool is_shadow)
{
    struct plan_entry *entry;

    if (!record)
        return OST_NO_MEMORY;
    if (plan->count == POLICIES_MAX) {
        free(record);
        return OST_TOO_LARGE;
    }
    entry = &plan->entries[plan->count++];
    *entry = (struct plan_entry){.record = record, .is_shadow = is_shadow};
    snprintf(entry->file, sizeof(entry->file), "%s", file);
    return OST_OK;
}

void plan_free(struct policy_plan *plan)
{
    for (size_t i = 0; i < plan->count; i++) {
        free(plan->entries[i].record);
        free(plan->entries[i].raw);
    }
    plan->count = 0;
}

static enum ost_status read_entry(struct policy_catalog *catalog, const char *name, int revision, const struct policy_record *overlay,
                                  bool is_shadow, struct policy_plan *plan)
{
    struct store *store = catalog->parts.store;
    struct policy_record *record;
    enum ost_status status = OST_OK;
    char file[SLUG_BYTES + 8];

    snprintf(file, sizeof(file), "%.63s.lua", name);
    if (overlay && overlay->revision == revision && strcmp(overlay->name, name) == 0)
        return plan_add(plan, record_copy(overlay), file, is_shadow);
    record = malloc(sizeof(*record));
    if (!record)
        return OST_NO_MEMORY;
    status = store->ops->find_policy(store, name, revision, record);
    if (status == OST_OK)
        return plan_add(plan, record, file, is_shadow);
    free(record);
    log_error("policy", "revision %d of %s cannot be read: %s", revision, name, ost_status_text(status));
    return status == OST_NOT_FOUND ? OST_CORRUPT : status;
}

enum ost_status plan_read(struct policy_catalog *catalog, const struct policy_deployment *deployments, size_t count,
                          const struct policy_record *overlay, struct policy_plan *plan)
{
    enum ost_status status = OST_OK;

    plan->count = 0;
    for (size_t i = 0; i < count && status == OST_OK; i++) {
        const struct policy_deployment *each = &deployments[i];

        if (each->live > 0)
            status = read_entry(catalog, each->name, each->live, overlay, false, plan);
        if (each->shadow > 0 && status == OST_OK)
            status = read_entry(catalog, each->name, each->shadow, overlay, true, plan);
    }
    if (status != OST_OK)
        plan_free(plan);
    return status;
}

static void fill_source(const struct plan_entry *entry, struct policy_source *source)
{
    const struct policy_record *record = entry->record;

    *source = (struct policy_source){.text = entry->raw ? entry->raw : record->source,
                                     .length = entry->raw ? entry->raw_length : strlen(record->source),
                                     .revision = record->revision,
                                     .settings = record->settings,
                                     .has_order = record->has_order,
                                     .order = record->order,
                                     .rights = record->rights,
                                     .fail = record->fail,
                                     .is_shadow = entry->is_shadow};
    snprintf(source->file, sizeof(source->file), "%s", entry->file);
}

enum ost_status plan_compile(struct policy_catalog *catalog, const struct policy_plan *plan, struct policy_set **set,
                             struct policy_problem *problems, size_t problems_max, size_t *problem_count)
{
    struct policy_host *host = catalog->parts.host;
    struct policy_source *sources = calloc(POLICIES_MAX, sizeof(*sources));
    enum ost_status status = OST_OK;

    *set = NULL;
    *problem_count = 0;
    if (!sources)
        return OST_NO_MEMORY;
    for (size_t i = 0; i < plan->count; i++)
        fill_source(&plan->entries[i], &sources[i]);
    if (plan->count > 0)
        status = host->ops->compile(host, sources, plan->count, set, problems, problems_max, problem_count);
    free(sources);
    return status;
}

/* ---- deployments ---- */

enum ost_status deployments_read(struct policy_catalog *catalog)
{
    struct store *store = catalog->parts.store;
    bool is_deployed = false;
    enum ost_status status =
        store->ops->list_deployments(store, catalog->deployments, DEPLOYMENTS_MAX, &catalog->deployment_count);

    if (status != OST_OK)
        return status;
    if (catalog->deployment_count > DEPLOYMENTS_MAX)
        return OST_TOO_LARGE;
    for (size_t i = 0; i < catalog->deployment_count; i++)
        is_deployed |= !catalog->deployments[i].from_folder;
    atomic_store(&catalog->is_deployed, is_deployed);
    return OST_OK;
}

struct policy_deployment *deployment_find(struct policy_deployment *deployments, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(deployments[i].name, name) == 0)
            return &deployments[i];
    }
    return NULL;
}

/* A store_done_fn, on the writer's thread: what was given up is stored after all. */
static void decided_late(void *context, struct store_change *change, enum ost_status status)
{
    struct policy_catalog *catalog = context;

    (void)change;
    if (status == OST_OK)
        atomic_store(&catalog->is_unsettled, true);
}

enum ost_status deployments_commit(struct policy_catalog *catalog, struct store_change *change)
{
    struct store *store = catalog->parts.store;
    enum ost_status status;

    change->on_done = decided_late;
    change->done_context = catalog;
    status = store->ops->commit(store, change, clock_monotonic_ms(catalog->parts.clock) + DEPLOY_DEADLINE_MS);
    if (status == OST_OK && change->result != STORE_DONE)
        return OST_CONFLICT;
    return status;
}

enum ost_status deployments_load(struct policy_catalog *catalog, enum policy_load how, struct policy_problem *problems,
                                 size_t problems_max, size_t *problem_count)
{
    struct policy_plan *plan = calloc(1, sizeof(*plan));
    struct policy_set *set = NULL;
    struct policy_lease *lease = NULL;
    enum ost_status status = OST_NO_MEMORY;

    if (!plan)
        return status;
    status = plan_read(catalog, catalog->deployments, catalog->deployment_count, NULL, plan);
    if (status == OST_OK)
        status = plan_compile(catalog, plan, &set, problems, problems_max, problem_count);
    if (status == OST_OK && *problem_count > 0)
        status = OST_INVALID;
    if (status == OST_OK || (status == OST_INVALID && how == POLICY_LOAD_LENIENT)) {
        lease = catalog_lease_create(catalog, set, false);
        status = lease ? status : OST_NO_MEMORY;
    }
    if (lease) {
        catalog_put_in_force(catalog, lease, NULL);
    } else if (set) {
        catalog->parts.host->ops->destroy_set(catalog->parts.host, set);
    }
    plan_free(plan);
    free(plan);
    return status;
}
