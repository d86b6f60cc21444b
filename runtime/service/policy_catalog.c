#include "runtime/service/policy_catalog.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/log.h"
#include "runtime/base/sha256.h"
#include "runtime/service/policy_watch.h"

/* A set and those who use it; the catalog itself counts as one user while the set is in force. */
struct policy_lease {
    struct policy_catalog *catalog;
    struct policy_host *host;
    struct policy_set *set; /* NULL: no policies, or, with is_broken, none that could be read */
    bool is_broken;
    unsigned users;
};

struct policy_catalog {
    struct policy_catalog_parts parts;
    pthread_mutex_t lock;
    struct policy_lease *current;
    unsigned generation;
    struct policy_watch *watch;
    struct metric *loaded;
    struct metric *broken;
};

static void lease_destroy(struct policy_lease *lease)
{
    if (lease->set)
        lease->host->ops->destroy_set(lease->host, lease->set);
    free(lease);
}

static struct policy_lease *lease_create(struct policy_catalog *catalog, struct policy_set *set, bool is_broken)
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
    catalog->watch = policy_watch_create(parts->faults);
    catalog->current = lease_create(catalog, NULL, false);
    if (!catalog->watch || !catalog->current) {
        policy_watch_destroy(catalog->watch);
        free(catalog->current);
        free(catalog);
        return OST_NO_MEMORY;
    }
    pthread_mutex_init(&catalog->lock, NULL);
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

enum ost_status policy_lease_decide(struct policy_lease *lease, enum policy_trigger trigger,
                                    const struct policy_visit *visit, int wait_ms, struct decision *out)
{
    if (lease->set) {
        struct policy_question question = {.trigger = trigger, .visit = visit, .wait_ms = wait_ms};
        enum ost_status status = lease->host->ops->decide(lease->host, lease->set, &question, out);

        /* A set that was replaced meanwhile says nothing about the one in force. */
        if (status == OST_OK && (!decision_has_broken(out) || is_in_force(lease)))
            policy_watch_saw(lease->catalog->watch, out);
        return status;
    }
    if (lease->is_broken) {
        decide_unread(trigger, out);
    } else {
        memset(out, 0, sizeof(*out));
        out->trigger = trigger;
        out->outcome = DECISION_ALLOWED;
    }
    return OST_OK;
}

size_t policy_lease_describe(struct policy_lease *lease, struct policy_facts *out, size_t max)
{
    return lease->set ? lease->host->ops->describe(lease->host, lease->set, out, max) : 0;
}

/* ---- loading a directory ---- */

struct folder {
    struct policy_source sources[POLICIES_MAX];
    size_t count;
};

static void folder_free(struct folder *folder)
{
    for (size_t i = 0; i < folder->count; i++)
        free((char *)(uintptr_t)folder->sources[i].text);
}

static int is_policy_file(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name);

    if (entry->d_name[0] == '.' || length < 5 || strcmp(entry->d_name + length - 4, ".lua") != 0)
        return 0;
    return length < 9 || strcmp(entry->d_name + length - 9, "_spec.lua") != 0;
}

/* At most one byte more than a policy may have, so that the host notices a longer one. */
static enum ost_status read_source(const char *path, struct policy_source *source)
{
    char *bytes = NULL;
    FILE *file = fopen(path, "rb");

    if (!file) {
        log_error("policy", "cannot open %s: %s", path, strerror(errno));
        return OST_IO;
    }
    bytes = malloc(POLICY_SOURCE_MAX + 1);
    if (!bytes) {
        fclose(file);
        return OST_NO_MEMORY;
    }
    source->length = fread(bytes, 1, POLICY_SOURCE_MAX + 1, file);
    if (ferror(file)) {
        log_error("policy", "cannot read %s: %s", path, strerror(errno));
        free(bytes);
        fclose(file);
        return OST_IO;
    }
    fclose(file);
    source->text = bytes;
    return OST_OK;
}

/* The revision number of these bytes; 0 without a store, or where it cannot say (it has logged why). */
static int number_revision(struct policy_catalog *catalog, const struct policy_source *source)
{
    struct store *store = catalog->parts.store;
    struct sha256_piece piece = {source->text, source->length};
    unsigned char digest[SHA256_BYTES];
    char name[SLUG_BYTES];
    int revision = 0;

    if (!store)
        return 0;
    sha256(&piece, 1, digest);
    snprintf(name, sizeof(name), "%.*s", (int)(strlen(source->file) - 4), source->file);
    if (store->ops->policy_revision(store, name, digest, clock_wall_ms(catalog->parts.clock), &revision) != OST_OK)
        return 0;
    return revision;
}

static enum ost_status folder_read(struct policy_catalog *catalog, const char *directory, struct folder *folder)
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
    for (int i = 0; i < found && status == OST_OK; i++) {
        struct policy_source *source = &folder->sources[folder->count];
        char path[4096];

        snprintf(source->file, sizeof(source->file), "%s", entries[i]->d_name);
        snprintf(path, sizeof(path), "%s/%s", directory, entries[i]->d_name);
        status = read_source(path, source);
        if (status == OST_OK) {
            source->revision = number_revision(catalog, source);
            folder->count++;
        }
    }
    for (int i = 0; i < found; i++)
        free(entries[i]);
    free(entries);
    return status;
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
                          "The policy does not load: starts are refused. Mend the file, then reload.");
    }
    if (lease->is_broken)
        fault_board_raise(catalog->parts.faults, "policies", "policies_unread", FAULT_ALARM,
                          problem ? problem->text : "The folder of the policies cannot be read.");
    else
        fault_board_clear(catalog->parts.faults, "policies", "policies_unread");
    metric_set(catalog->loaded, (int64_t)count);
    metric_set(catalog->broken, broken);
}

static void put_in_force(struct policy_catalog *catalog, struct policy_lease *lease,
                         const struct policy_problem *problem)
{
    struct policy_lease *before;

    pthread_mutex_lock(&catalog->lock);
    before = catalog->current;
    catalog->current = lease;
    catalog->generation++;
    pthread_mutex_unlock(&catalog->lock);
    policy_watch_forget(catalog->watch);
    show_faults(catalog, lease, before, problem);
    policy_catalog_put(catalog, before);
}

static void describe_unread(enum ost_status why, const char *directory, struct policy_problem *problems,
                            size_t problems_max, size_t *problem_count)
{
    *problem_count = 1;
    if (problems_max == 0)
        return;
    memset(&problems[0], 0, sizeof(problems[0]));
    snprintf(problems[0].file, sizeof(problems[0].file), "%s", directory);
    if (why == OST_TOO_LARGE)
        snprintf(problems[0].text, sizeof(problems[0].text), "holds more than %d policies; move some of them away",
                 POLICIES_MAX);
    else
        snprintf(problems[0].text, sizeof(problems[0].text),
                 "cannot be read; make the folder, or name another one in policies { directory = ... }");
}

enum ost_status policy_catalog_load(struct policy_catalog *catalog, const char *directory, enum policy_load how,
                                    struct policy_problem *problems, size_t problems_max, size_t *problem_count)
{
    struct folder *folder = calloc(1, sizeof(*folder));
    struct policy_host *host = catalog->parts.host;
    struct policy_set *set = NULL;
    struct policy_lease *lease = NULL;
    enum ost_status status = OST_NO_MEMORY;
    enum ost_status unread = OST_OK;

    *problem_count = 0;
    if (!folder)
        return OST_NO_MEMORY;
    if (directory[0])
        unread = folder_read(catalog, directory, folder);
    if (unread == OST_NO_MEMORY)
        goto done;
    if (unread != OST_OK)
        describe_unread(unread, directory, problems, problems_max, problem_count);
    else if (folder->count > 0 && host->ops->compile(host, folder->sources, folder->count, &set, problems, problems_max,
                                                     problem_count) != OST_OK)
        goto done;
    status = unread == OST_OK && *problem_count == 0 ? OST_OK : unread == OST_NOT_FOUND ? OST_NOT_FOUND : OST_INVALID;
    if (status != OST_OK && how == POLICY_LOAD_STRICT)
        goto done;
    lease = lease_create(catalog, set, unread != OST_OK);
    if (!lease) {
        status = OST_NO_MEMORY;
        goto done;
    }
    set = NULL; /* now owned by the lease */
    put_in_force(catalog, lease, problems_max > 0 && *problem_count > 0 ? &problems[0] : NULL);
done:
    if (set)
        host->ops->destroy_set(host, set);
    folder_free(folder);
    free(folder);
    return status;
}
