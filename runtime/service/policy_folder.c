/* The configuration's folder of policies: read, checked, stored as revisions, put in force. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/log.h"
#include "runtime/service/policy_catalog_internal.h"

#define SPEC_SUFFIX "_spec.lua"

struct folder {
    struct policy_plan plan;
    bool is_broken[POLICIES_MAX]; /* it does not load, and nothing of before takes its place */
    bool has_number[POLICIES_MAX], is_new[POLICIES_MAX]; /* of its revision */
    struct problem_list {
        struct policy_problem *problems;
        size_t max, *count;
    } list;
    unsigned last_good;           /* entries that are of before */
};

static void report(struct problem_list *list, const struct policy_problem *problem)
{
    if (*list->count < list->max)
        list->problems[*list->count] = *problem;
    (*list->count)++;
}

/* ---- reading ---- */

static int is_policy_file(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name), spec = strlen(SPEC_SUFFIX);

    if (entry->d_name[0] == '.' || length < 5 || strcmp(entry->d_name + length - 4, ".lua") != 0)
        return 0;
    return length < spec || strcmp(entry->d_name + length - spec, SPEC_SUFFIX) != 0;
}

/* At most max bytes, and one more where there are more; NULL: logged, and *status says why. Freed by the caller. */
static char *read_file(const char *path, size_t max, size_t *length, enum ost_status *status)
{
    FILE *file = fopen(path, "rb");
    char *bytes = malloc(max + 2);

    *status = !bytes ? OST_NO_MEMORY : !file ? OST_IO : OST_OK;
    if (*status == OST_OK) {
        *length = fread(bytes, 1, max + 1, file);
        if (ferror(file))
            *status = OST_IO;
        else
            bytes[*length] = '\0';
    }
    if (*status == OST_IO)
        log_error("policy", "cannot read %s: %s", path, strerror(errno));
    if (file)
        fclose(file);
    if (*status == OST_OK)
        return bytes;
    free(bytes);
    return NULL;
}

/* The spec that stands beside; one that cannot be kept is only left out, as a start runs none. */
static void read_spec(const char *directory, const char *base, struct policy_record *record)
{
    enum ost_status status;
    char path[4096];
    char *bytes;
    size_t length;
    FILE *there;

    snprintf(path, sizeof(path), "%.3900s/%.100s" SPEC_SUFFIX, directory, base);
    there = fopen(path, "rb");
    if (!there)
        return;
    fclose(there);
    bytes = read_file(path, POLICY_SPEC_MAX, &length, &status);
    if (bytes && length <= POLICY_SPEC_MAX && strlen(bytes) == length)
        memcpy(record->spec, bytes, length + 1);
    else if (bytes)
        log_warning("policy", "%s is longer than %d bytes, or no text: it is not kept with its policy", path, POLICY_SPEC_MAX);
    free(bytes);
}

static enum ost_status read_policy(const char *directory, const char *file, struct policy_plan *plan)
{
    struct policy_record *record = calloc(1, sizeof(*record));
    enum ost_status status = OST_NO_MEMORY;
    char path[4096];
    size_t length = 0;
    char *bytes;

    if (!record)
        return status;
    snprintf(record->name, sizeof(record->name), "%.*s", (int)(strlen(file) - 4), file);
    snprintf(record->settings, sizeof(record->settings), "{}");
    snprintf(record->author, sizeof(record->author), "folder");
    snprintf(record->message, sizeof(record->message), "From the file %.200s", file);
    snprintf(path, sizeof(path), "%.3800s/%.255s", directory, file);
    bytes = read_file(path, POLICY_SOURCE_MAX, &length, &status);
    if (!bytes) {
        free(record);
        return status;
    }
    status = plan_add(plan, record, file, false);
    if (status == OST_OK && length <= POLICY_SOURCE_MAX && strlen(bytes) == length) {
        memcpy(record->source, bytes, length + 1);
        read_spec(directory, record->name, record);
        free(bytes);
    } else if (status == OST_OK) {
        plan->entries[plan->count - 1].raw = bytes;
        plan->entries[plan->count - 1].raw_length = length;
    } else {
        free(bytes);
    }
    return status;
}

static enum ost_status read_folder(const char *directory, struct policy_plan *plan)
{
    struct dirent **entries = NULL;
    enum ost_status status = OST_OK;
    int found = scandir(directory, &entries, is_policy_file, alphasort);

    if (found < 0) {
        log_error("policy", "cannot read the folder of policies %s: %s", directory, strerror(errno));
        return errno == ENOENT ? OST_NOT_FOUND : OST_IO;
    }
    if (found > POLICIES_MAX) {
        log_error("policy", "%s holds %d policies; at most %d can be in force", directory, found, POLICIES_MAX);
        status = OST_TOO_LARGE;
    }
    for (int i = 0; i < found; i++) {
        if (status == OST_OK)
            status = read_policy(directory, entries[i]->d_name, plan);
        free(entries[i]);
    }
    free(entries);
    return status;
}

/* ---- checking ---- */

/* Each source by itself: its own name, or what is wrong with it. */
static enum ost_status check_entry(struct policy_catalog *catalog, struct folder *folder, size_t at)
{
    struct policy_host *host = catalog->parts.host;
    struct plan_entry *entry = &folder->plan.entries[at];
    struct policy_source source = {.text = entry->raw ? entry->raw : entry->record->source,
                                   .length = entry->raw ? entry->raw_length : strlen(entry->record->source)};
    struct policy_problem problems[8];
    struct policy_setting form[1];
    struct policy_facts facts;
    size_t form_count, count;
    enum ost_status status;

    snprintf(source.file, sizeof(source.file), "%s", entry->file);
    status = host->ops->check(host, &source, &facts, form, 0, &form_count, problems, 8, &count);
    if (status == OST_OK) {
        snprintf(entry->record->name, sizeof(entry->record->name), "%s", facts.name);
        return OST_OK;
    }
    if (status != OST_INVALID)
        return status;
    folder->is_broken[at] = true;
    for (size_t i = 0; i < count && i < 8; i++)
        report(&folder->list, &problems[i]);
    return OST_OK;
}

/* What ran before in the place of what is broken now. */
static void take_last_good(struct policy_catalog *catalog, struct folder *folder, size_t at)
{
    struct plan_entry *entry = &folder->plan.entries[at];
    const struct policy_deployment *before =
        deployment_find(catalog->deployments, catalog->deployment_count, entry->record->name);
    struct store *store = catalog->parts.store;
    struct policy_record *record = store && before && before->live > 0 ? malloc(sizeof(*record)) : NULL;

    if (!record)
        return;
    if (store->ops->find_policy(store, before->name, before->live, record) != OST_OK) {
        free(record);
        return;
    }
    free(entry->record);
    free(entry->raw);
    entry->raw = NULL;
    entry->record = record;
    folder->is_broken[at] = false;
    folder->last_good |= 1u << at;
}

static enum ost_status check_all(struct policy_catalog *catalog, enum policy_load how, struct folder *folder)
{
    enum ost_status status = OST_OK;

    for (size_t i = 0; i < folder->plan.count && status == OST_OK; i++) {
        status = check_entry(catalog, folder, i);
        if (folder->is_broken[i] && how == POLICY_LOAD_LENIENT)
            take_last_good(catalog, folder, i);
    }
    return status;
}

/* ---- storing ---- */

static bool can_store(struct policy_catalog *catalog)
{
    struct store *store = catalog->parts.store;
    struct store_health health;

    if (!store)
        return false;
    store->ops->health(store, &health);
    return health.room == STORE_ROOM && health.writable;
}

/* A deployment that differs from the stored one. record NULL: the policy is no longer in the folder. */
static void store_deployment(struct policy_catalog *catalog, const char *name, const struct policy_record *record, bool is_new)
{
    struct policy_deployment *before = deployment_find(catalog->deployments, catalog->deployment_count, name);
    int revision = record ? record->revision : 0;
    struct store_change *change;
    struct policy_deployment *next;
    int64_t now_ms = clock_wall_ms(catalog->parts.clock);

    if ((before ? before->live : 0) == revision && !is_new)
        return;
    change = store_change_create(STORE_POLICY);
    if (!change)
        return;
    if (is_new) {
        *change->record = *record;
        change->record->created_at_ms = now_ms;
    }
    next = &change->u.policy.deployments[0];
    change->u.policy.count = 1;
    *next = (struct policy_deployment){.live = revision, .from_folder = true, .activated_at_ms = now_ms};
    snprintf(next->name, sizeof(next->name), "%s", name);
    *change->activation = (struct policy_activation){.revision = revision, .previous = before ? before->live : 0,
                                                     .mode = revision > 0 ? POLICY_ON : POLICY_OFF,
                                                     .result = POLICY_ACTIVATED, .at_ms = now_ms};
    snprintf(change->activation->name, sizeof(change->activation->name), "%s", name);
    snprintf(change->activation->actor, sizeof(change->activation->actor), "folder");
    if (deployments_commit(catalog, change) != OST_OK)
        log_warning("policy", "revision %d of %s is in force, and could not be stored", revision, name);
    store_change_release(change);
}

static void number_all(struct policy_catalog *catalog, struct folder *folder)
{
    for (size_t i = 0; i < folder->plan.count && catalog->parts.store; i++) {
        if (!folder->is_broken[i] && !(folder->last_good & 1u << i))
            folder->has_number[i] = record_number(catalog, folder->plan.entries[i].record, &folder->is_new[i]) == OST_OK;
    }
}

/* Store what the store does not have. What cannot be stored is in force all the same. */
static void store_all(struct policy_catalog *catalog, const struct folder *folder)
{
    bool stores = can_store(catalog);

    for (size_t i = 0; i < folder->plan.count && stores; i++) {
        const struct policy_record *record = folder->plan.entries[i].record;

        if (folder->has_number[i])
            store_deployment(catalog, record->name, record, folder->is_new[i]);
    }
    for (size_t i = 0; i < catalog->deployment_count && stores; i++) {
        bool is_there = false;

        for (size_t j = 0; j < folder->plan.count; j++)
            is_there |= strcmp(folder->plan.entries[j].record->name, catalog->deployments[i].name) == 0;
        if (!is_there)
            store_deployment(catalog, catalog->deployments[i].name, NULL, false);
    }
    if (stores && deployments_read(catalog) != OST_OK)
        atomic_store(&catalog->is_unsettled, true);
}

/* ---- putting in force ---- */

static void name_last_good(struct policy_catalog *catalog, const struct folder *folder)
{
    char subject[FAULT_SUBJECT_BYTES], text[REASON_BYTES];

    for (size_t i = 0; i < folder->plan.count; i++) {
        const struct plan_entry *entry = &folder->plan.entries[i];

        if (!(folder->last_good & 1u << i))
            continue;
        snprintf(subject, sizeof(subject), "policy/%.63s", entry->record->name);
        snprintf(text, sizeof(text), "The file %.64s does not load: revision %d, the last good one, runs on. Mend the file, then reload.",
                 entry->file, entry->record->revision);
        fault_board_raise(catalog->parts.faults, subject, "policy_broken", FAULT_ALARM, text);
    }
}

static enum ost_status put_folder_in_force(struct policy_catalog *catalog, enum policy_load how, struct folder *folder)
{
    struct policy_problem problems[8];
    size_t count = 0;
    struct policy_set *set = NULL;
    struct policy_lease *lease;
    enum ost_status status;

    if (*folder->list.count > 0 && how == POLICY_LOAD_STRICT)
        return OST_INVALID;
    number_all(catalog, folder);
    status = plan_compile(catalog, &folder->plan, &set, problems, 8, &count);
    if (status != OST_OK)
        return status;
    for (size_t i = 0; i < count && i < 8 && *folder->list.count == 0; i++) /* of the whole: two with one name, say */
        report(&folder->list, &problems[i]);
    lease = *folder->list.count > 0 && how == POLICY_LOAD_STRICT ? NULL : catalog_lease_create(catalog, set, false);
    if (!lease) {
        if (set)
            catalog->parts.host->ops->destroy_set(catalog->parts.host, set);
        return *folder->list.count > 0 ? OST_INVALID : OST_NO_MEMORY;
    }
    store_all(catalog, folder);
    catalog_put_in_force(catalog, lease, *folder->list.count > 0 && folder->list.max > 0 ? &folder->list.problems[0] : NULL);
    name_last_good(catalog, folder);
    return *folder->list.count > 0 ? OST_INVALID : OST_OK;
}

/* Without a folder: what was in force before; where nothing was, nobody knows what the policies would say. */
static enum ost_status do_without(struct policy_catalog *catalog, const struct policy_problem *problem)
{
    struct policy_problem ignored;
    struct policy_lease *lease;
    size_t count;

    if (catalog->deployment_count > 0 && deployments_load(catalog, POLICY_LOAD_LENIENT, &ignored, 1, &count) != OST_NO_MEMORY) {
        fault_board_raise(catalog->parts.faults, "policies", "policies_unread", FAULT_ALARM,
                          "The folder of the policies cannot be read: those of before run on.");
        return OST_OK;
    }
    lease = catalog_lease_create(catalog, NULL, true);
    if (!lease)
        return OST_NO_MEMORY;
    catalog_put_in_force(catalog, lease, problem);
    return OST_OK;
}

static void describe_unread(enum ost_status why, const char *directory, struct policy_problem *problem)
{
    memset(problem, 0, sizeof(*problem));
    snprintf(problem->file, sizeof(problem->file), "%s", directory);
    if (why == OST_TOO_LARGE)
        snprintf(problem->text, sizeof(problem->text), "holds more than %d policies; move some of them away", POLICIES_MAX);
    else
        snprintf(problem->text, sizeof(problem->text), "cannot be read; make the folder, or name another one in policies { directory = ... }");
}

enum ost_status folder_load(struct policy_catalog *catalog, const char *directory, enum policy_load how,
                            struct policy_problem *problems, size_t problems_max, size_t *problem_count)
{
    struct folder *folder = calloc(1, sizeof(*folder));
    struct policy_problem unread;
    enum ost_status status = OST_OK;

    if (!folder)
        return OST_NO_MEMORY;
    folder->list = (struct problem_list){problems, problems_max, problem_count};
    if (directory[0])
        status = read_folder(directory, &folder->plan);
    if (status == OST_OK)
        status = check_all(catalog, how, folder);
    if (status == OST_OK) {
        status = put_folder_in_force(catalog, how, folder);
    } else if (status != OST_NO_MEMORY) {
        describe_unread(status, directory, &unread);
        report(&folder->list, &unread);
        status = status == OST_NOT_FOUND ? OST_NOT_FOUND : OST_INVALID;
        if (how == POLICY_LOAD_LENIENT && do_without(catalog, &unread) != OST_OK)
            status = OST_NO_MEMORY;
    }
    plan_free(&folder->plan);
    free(folder);
    return status;
}
