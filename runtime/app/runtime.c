#include "runtime/app/runtime.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "db/sqlite_store.h"
#include "drivers/driver_table.h"
#include "runtime/app/state.h"
#include "runtime/auth/device_tokens.h"
#include "runtime/base/log.h"
#include "runtime/http/api.h"
#include "runtime/http/server.h"
#include "runtime/policy/lua_host.h"
#include "runtime/service/housekeeping.h"
#include "runtime/service/policy_runner.h"

#define DRAIN_MS 10000
#define HEARTBEAT_MAX_MS 5000
#define OUTBOX_KEPT_MS (INT64_C(30) * 86400000)
#define PROBLEMS_SHOWN 32

/* In the order in which they are made; they end the other way round. */
struct runtime {
    char path[PATH_BYTES];
    char state[PATH_BYTES];
    struct configuration *configuration; /* started with; its site was handed to the registry */
    bool start_failed;                   /* the file's own one was valid, but the start with it failed */
    struct clock clock;
    struct uuid_generator ids;
    struct metrics *metrics;
    struct fault_board *faults;
    struct site_registry *sites;
    struct store *store;
    struct policy_host *policy_host;
    struct policy_catalog *policies;
    struct authenticator *authenticator;
    struct queue *door_events; /* from the door threads to the policy runner */
    struct door_actuator *doors;
    struct maintenance maintenance; /* until housekeeping takes it over */
    struct session_desk *desk;
    struct housekeeping *housekeeping;
    struct policy_runner *policy_runner;
    struct http_api api;
    struct http_server *metrics_server;
    struct http_server *server;
};

void runtime_print_report(const struct configuration_report *report)
{
    for (size_t i = 0; i < report->count && i < CONFIGURATION_PROBLEMS_MAX; i++) {
        const struct configuration_problem *problem = &report->problems[i];
        const char *kind = problem->is_warning ? "warning" : "error";

        if (problem->line > 0)
            fprintf(stderr, "%s:%d: %s: %s\n", report->file, problem->line, kind, problem->text);
        else
            fprintf(stderr, "%s: %s: %s\n", report->file, kind, problem->text);
    }
    if (report->count > CONFIGURATION_PROBLEMS_MAX)
        fprintf(stderr, "%s: and %zu more\n", report->file, report->count - CONFIGURATION_PROBLEMS_MAX);
}

/* ---- configuration ---- */

/* Only what a start has succeeded with: what is valid can still fail, such as an address that is not this machine's. */
static void keep_as_last_good(struct runtime *runtime, const struct configuration *configuration)
{
    switch (state_keep_configuration(runtime->state, runtime->path, configuration)) {
    case OST_OK:
        break;
    case OST_UNAVAILABLE:
        log_warning("configuration", "the folder of %s cannot be written, so a broken file would not lead to the copy in %s; set STATE_DIRECTORY to that folder",
                    runtime->path, runtime->state);
        break;
    default:
        log_error("configuration", "cannot keep a copy in %s: a typo later could keep the runtime from starting", runtime->state);
        break;
    }
}

/* ---- starting ---- */

static enum ost_status open_store(struct runtime *runtime)
{
    const struct configuration *configuration = runtime->configuration;
    const struct site *site = configuration->site;
    const char **ids = calloc(site->garage_count, sizeof(*ids));
    struct sqlite_store_settings settings = {
        .path = configuration->storage.path,
        .quota_bytes = configuration->storage.quota_bytes,
        .reserve_bytes = configuration->storage.reserve_bytes,
        .starts_max = (unsigned)configuration->http.workers / 2, /* reads and stops keep workers of their own */
        .garage_ids = ids,
        .garage_count = site->garage_count,
        .clock = &runtime->clock,
        .ids = &runtime->ids,
        .metrics = runtime->metrics,
    };
    enum ost_status status;

    if (!ids)
        return OST_NO_MEMORY;
    for (size_t i = 0; i < site->garage_count; i++)
        ids[i] = site->garages[i].id;
    mkdir(runtime->state, 0750); /* where it is missing; opening says what is wrong */
    status = sqlite_store_open(&settings, &runtime->store);
    free(ids);
    return status;
}

static void log_problems(const struct policy_problem *problems, size_t count)
{
    for (size_t i = 0; i < count && i < PROBLEMS_SHOWN; i++)
        log_error("policy", "%s:%d: %s", problems[i].file, problems[i].line, problems[i].text);
}

static enum ost_status load_policies(struct runtime *runtime, const char *directory, enum policy_load how)
{
    struct policy_problem problems[PROBLEMS_SHOWN];
    size_t count = 0;
    enum ost_status status = policy_catalog_load(runtime->policies, directory, how, problems, PROBLEMS_SHOWN, &count);

    log_problems(problems, count);
    return status;
}

static enum ost_status start_policies(struct runtime *runtime)
{
    struct lua_policy_host_settings settings = {.instances = 0};
    enum ost_status status = lua_policy_host_create(&settings, &runtime->policy_host);
    struct policy_catalog_parts parts = {
        .store = runtime->store, .sites = runtime->sites, .ids = &runtime->ids, .clock = &runtime->clock,
        .faults = runtime->faults, .metrics = runtime->metrics};

    if (status != OST_OK)
        return status;
    parts.host = runtime->policy_host;
    status = policy_catalog_create(&parts, &runtime->policies);
    if (status != OST_OK)
        return status;
    status = load_policies(runtime, runtime->configuration->policies_directory, POLICY_LOAD_LENIENT);
    return status == OST_NO_MEMORY ? status : OST_OK; /* broken ones stop starts, not the start-up */
}

static enum ost_status start_doors(struct runtime *runtime)
{
    struct door_actuator_parts parts = {
        .clock = &runtime->clock,
        .ids = &runtime->ids,
        .store = runtime->store,
        .faults = runtime->faults,
        .metrics = runtime->metrics,
        .drivers = door_driver_table,
    };
    const struct site *site = site_registry_take(runtime->sites);
    enum ost_status status = queue_create(DOOR_EVENTS_MAX, sizeof(struct door_event), &runtime->door_events);

    parts.events = runtime->door_events;
    if (status == OST_OK)
        status = door_actuator_create(&parts, site, &runtime->doors);
    if (status == OST_OK) {
        runtime->maintenance = (struct maintenance){
            .clock = &runtime->clock, .store = runtime->store, .doors = runtime->doors, .faults = runtime->faults};
        if (!maintenance_restore(&runtime->maintenance, site))
            log_error("serve", "maintenance locks cannot be read: entry doors are locked until they can");
    }
    site_registry_put(runtime->sites, site);
    return status;
}

/* Half of the quota, by what a decision takes: about half a kilobyte with its share of the indexes. */
static uint64_t decisions_max(int64_t quota_bytes)
{
    return quota_bytes > 0 ? (uint64_t)quota_bytes / 1024 + 1000 : 0;
}

static enum ost_status start_policy_runner(struct runtime *runtime)
{
    struct policy_runner_parts parts = {
        .clock = &runtime->clock,
        .ids = &runtime->ids,
        .store = runtime->store,
        .sites = runtime->sites,
        .desk = runtime->desk,
        .door_events = runtime->door_events,
        .policies = runtime->policies,
        .faults = runtime->faults,
        .metrics = runtime->metrics,
    };
    enum ost_status status = policy_runner_create(&parts, &runtime->policy_runner);

    return status == OST_OK ? policy_runner_start(runtime->policy_runner) : status;
}

static enum ost_status start_desk(struct runtime *runtime)
{
    const char *database = strrchr(runtime->configuration->storage.path, '/'); /* whose stops they are */
    char spill[2 * PATH_BYTES + 16];
    struct session_desk_parts parts = {
        .clock = &runtime->clock,
        .ids = &runtime->ids,
        .store = runtime->store,
        .doors = runtime->doors,
        .policies = runtime->policies,
        .faults = runtime->faults,
        .metrics = runtime->metrics,
        .spill_path = spill,
    };
    struct housekeeping_parts chores = {
        .clock = &runtime->clock,
        .store = runtime->store,
        .sites = runtime->sites,
        .policies = runtime->policies,
        .faults = runtime->faults,
        .metrics = runtime->metrics,
        .maintenance = runtime->maintenance,
        .keep_past_sessions_ms = runtime->configuration->storage.keep_past_sessions_ms,
        .keep_outbox_ms = OUTBOX_KEPT_MS,
        .decisions_max = decisions_max(runtime->configuration->storage.quota_bytes),
    };
    enum ost_status status = sqlite_store_plate_key(runtime->store, parts.plate_key);

    snprintf(spill, sizeof(spill), "%s/%s-stops.jsonl", runtime->state,
             database ? database + 1 : runtime->configuration->storage.path);
    if (status == OST_OK)
        status = session_desk_create(&parts, &runtime->desk);
    chores.desk = runtime->desk;
    if (status == OST_OK)
        status = housekeeping_create(&chores, &runtime->housekeeping);
    return status == OST_OK ? start_policy_runner(runtime) : status;
}

static enum ost_status start_servers(struct runtime *runtime)
{
    const struct configuration *configuration = runtime->configuration;
    struct http_server_settings settings = {
        .listen = configuration->http.listen,
        .workers = (unsigned)configuration->http.workers,
        .connections_per_address = (unsigned)configuration->http.connections_per_address,
        .routes = http_routes,
        .route_count = http_route_count,
        .authenticator = runtime->authenticator,
        .sites = runtime->sites,
        .ids = &runtime->ids,
        .clock = &runtime->clock,
        .metrics = runtime->metrics,
        .context = &runtime->api,
    };
    enum ost_status status;

    runtime->api.clock = &runtime->clock;
    runtime->api.ids = &runtime->ids;
    runtime->api.store = runtime->store;
    runtime->api.desk = runtime->desk;
    runtime->api.doors = runtime->doors;
    runtime->api.policies = runtime->policies;
    runtime->api.faults = runtime->faults;
    runtime->api.metrics = runtime->metrics;
    runtime->api.workers = settings.workers;
    status = http_server_start(&settings, &runtime->server);
    if (status != OST_OK || !configuration->metrics.listen[0])
        return status;
    settings.listen = configuration->metrics.listen;
    settings.workers = 8;
    settings.connections_per_address = 8;
    settings.routes = metrics_routes;
    settings.route_count = metrics_route_count;
    settings.metrics = NULL;
    if (http_server_start(&settings, &runtime->metrics_server) != OST_OK) {
        /* Nobody is kept in or out by missing metrics. */
        fault_board_raise(runtime->faults, "metrics", "metrics_unavailable", FAULT_WARNING, "The address of metrics{} cannot be listened on.");
    }
    return OST_OK;
}

/* The command line's own token: what it may do, staff may. A new one at each start; the old one is revoked by its expiry. */
static enum ost_status make_cli_token(struct runtime *runtime)
{
    struct store_change *change = store_change_create(STORE_TOKEN);
    char text[DEVICE_TOKEN_TEXT_BYTES];
    char kept[CLI_TOKEN_BYTES], address[80];
    enum ost_status status;
    struct caller caller;
    const struct site *site;

    if (!change)
        return OST_NO_MEMORY;
    site = site_registry_take(runtime->sites);
    if (state_read_cli(runtime->state, kept, address) == OST_OK &&
        runtime->authenticator->ops->authenticate(runtime->authenticator, site, kept, strlen(kept), &caller) == OST_OK) {
        status = state_write_cli(runtime->state, kept, http_server_address(runtime->server));
    } else {
        device_token_make(STAFF_PARTNER, SCOPES_OF_STAFF, clock_wall_ms(&runtime->clock), 0, &change->u.token.token, text);
        status = runtime->store->ops->commit(runtime->store, change, clock_monotonic_ms(&runtime->clock) + 5000);
        if (status == OST_OK)
            status = state_write_cli(runtime->state, text, http_server_address(runtime->server));
        explicit_bzero(text, sizeof(text));
    }
    site_registry_put(runtime->sites, site);
    store_change_release(change);
    if (status != OST_OK)
        log_warning("serve", "the command line has no token in %s: %s", runtime->state, ost_status_text(status));
    return OST_OK; /* a full disk must not keep a garage from starting */
}

static enum ost_status start_parts(struct runtime *runtime)
{
    enum ost_status status = open_store(runtime);

    if (status != OST_OK)
        return status;
    status = site_registry_create(runtime->configuration->site, &runtime->sites);
    if (status != OST_OK)
        return status;
    runtime->configuration->site = NULL; /* now the registry's */
    status = start_policies(runtime);
    if (status == OST_OK)
        status = device_token_authenticator_create(runtime->store, &runtime->clock, runtime->metrics, &runtime->authenticator);
    if (status == OST_OK)
        status = start_doors(runtime);
    if (status == OST_OK)
        status = start_desk(runtime);
    if (status == OST_OK)
        status = start_servers(runtime);
    return status == OST_OK ? make_cli_token(runtime) : status;
}

/* Takes over the configuration, also where it fails. */
static enum ost_status start_with(const char *path, struct configuration *configuration, struct runtime **out)
{
    struct runtime *runtime = calloc(1, sizeof(*runtime));
    enum ost_status status;

    if (!runtime) {
        configuration_free(configuration);
        return OST_NO_MEMORY;
    }
    snprintf(runtime->path, sizeof(runtime->path), "%s", path);
    runtime->configuration = configuration;
    state_folder(configuration, runtime->state);
    clock_init_system(&runtime->clock);
    uuid_generator_init(&runtime->ids);
    runtime->metrics = metrics_create();
    runtime->faults = fault_board_create(&runtime->clock, runtime->metrics);
    status = start_parts(runtime);
    if (status != OST_OK) {
        runtime_stop(runtime);
        return status;
    }
    *out = runtime;
    return OST_OK;
}

/* why is for people: what is wrong with the configuration that the file has now. */
static enum ost_status start_on_last_good(const char *path, struct configuration *configuration, const char *why, struct runtime **out)
{
    char text[256];
    enum ost_status status;

    log_error("configuration", "%s %s: STARTING ON THE LAST GOOD ONE. Mend it: 'ostler check' and the lines above say what is wrong.",
              path, why);
    status = start_with(path, configuration, out);
    if (status != OST_OK)
        return status;
    snprintf(text, sizeof(text), "The configuration %s; the runtime runs on the last good one. 'ostler check' and the log say what is wrong.", why);
    fault_board_raise((*out)->faults, "configuration", "configuration_invalid", FAULT_ALARM, text);
    return OST_OK;
}

/* The file is valid, and yet the start failed: where it is another one than the last good one, that may be why. */
static enum ost_status start_on_earlier(const char *path, const char *storage_path, const char *text, struct runtime **out,
                                        enum ost_status failure)
{
    struct configuration *earlier;
    enum ost_status status;

    if (failure == OST_NO_MEMORY || state_last_good(path, storage_path, &earlier) != OST_OK)
        return failure;
    if (strcmp(earlier->text, text) == 0) {
        configuration_free(earlier);
        return failure;
    }
    status = start_on_last_good(path, earlier, "is valid, but the runtime cannot start with it", out);
    if (status == OST_OK)
        (*out)->start_failed = true;
    return status;
}

enum ost_status runtime_start(const char *configuration_path, struct runtime **out)
{
    struct configuration_report *report = calloc(1, sizeof(*report));
    struct configuration *configuration = NULL;
    char *text = NULL;
    enum ost_status status;

    if (!report)
        return OST_NO_MEMORY;
    status = configuration_read(configuration_path, &configuration, report);
    runtime_print_report(report);
    if (status != OST_OK) {
        status = state_last_good(configuration_path, report->storage_path, &configuration) == OST_OK
                     ? start_on_last_good(configuration_path, configuration, "is broken", out)
                     : OST_INVALID;
        goto done;
    }
    text = strdup(configuration->text);
    if (!text) {
        configuration_free(configuration);
        status = OST_NO_MEMORY;
        goto done;
    }
    status = start_with(configuration_path, configuration, out);
    if (status == OST_OK)
        keep_as_last_good(*out, (*out)->configuration);
    else
        status = start_on_earlier(configuration_path, report->storage_path, text, out, status);
done:
    free(text);
    free(report);
    return status;
}

const char *runtime_address(const struct runtime *runtime)
{
    return http_server_address(runtime->server);
}

/* ---- reloading ---- */

/* What the registry can take of the next configuration; text names what waits for a restart. */
static enum ost_status merge(struct runtime *runtime, struct configuration *next, char *text, size_t bytes)
{
    const struct site *site = site_registry_take(runtime->sites);
    enum ost_status status = configuration_merge(runtime->configuration, site, next, text, bytes);

    site_registry_put(runtime->sites, site);
    return status;
}

/* Said last, in one line: what is in force now, and what is not. */
static void conclude_reload(struct runtime *runtime, const struct configuration *next, const char *waiting)
{
    char text[640];

    if (!waiting[0]) {
        keep_as_last_good(runtime, next);
        fault_board_clear(runtime->faults, "configuration", "configuration_invalid");
        fault_board_clear(runtime->faults, "configuration", "restart_needed");
        log_notice("configuration", "reloaded: partners, garages and policies are those of %s", runtime->path);
        return;
    }
    if (!runtime->start_failed) /* one that a start failed with has not become better by a reload */
        fault_board_clear(runtime->faults, "configuration", "configuration_invalid");
    snprintf(text, sizeof(text), "These parts of the configuration take effect with a restart: %s.", waiting);
    fault_board_raise(runtime->faults, "configuration", "restart_needed", FAULT_WARNING, text);
    log_warning("configuration", "reloaded, except what takes effect with a restart: %s; partners, rules of garages and policies are those of %s",
                waiting, runtime->path);
}

bool runtime_reload(struct runtime *runtime)
{
    struct configuration_report *report = calloc(1, sizeof(*report));
    struct configuration *next = NULL;
    bool reloaded = false;
    char waiting[512];

    if (!report)
        return false;
    if (configuration_read(runtime->path, &next, report) != OST_OK) {
        runtime_print_report(report);
        log_error("configuration", "not reloaded: %s has %zu errors; nothing changed", runtime->path, report->errors);
        goto done;
    }
    runtime_print_report(report); /* warnings */
    /* All that can fail comes before the first change; of the policies nothing changes where one is broken. */
    if (merge(runtime, next, waiting, sizeof(waiting)) != OST_OK) {
        log_error("configuration", "not reloaded: out of memory; nothing changed");
        goto done;
    }
    if (load_policies(runtime, next->policies_directory, POLICY_LOAD_STRICT) != OST_OK) {
        log_error("configuration", "not reloaded: a policy is broken; nothing changed");
        goto done;
    }
    if (site_registry_swap(runtime->sites, next->site) != OST_OK) {
        log_error("configuration", "out of memory: the policies are new, partners and garages are not; reload again");
        goto done;
    }
    next->site = NULL; /* now the registry's */
    conclude_reload(runtime, next, waiting);
    reloaded = true;
done:
    configuration_free(next);
    free(report);
    return reloaded;
}

/* ---- watching and stopping ---- */

bool runtime_is_alive(struct runtime *runtime)
{
    int64_t oldest_ms = clock_monotonic_ms(&runtime->clock) - HEARTBEAT_MAX_MS;

    return door_actuator_heartbeat_ms(runtime->doors) > oldest_ms &&
           http_server_heartbeat_ms(runtime->server) > oldest_ms &&
           housekeeping_heartbeat_ms(runtime->housekeeping) > oldest_ms - 10000 && /* it may wait for a slow disk; */
           policy_runner_heartbeat_ms(runtime->policy_runner) > oldest_ms - 25000; /* so may this, and for deployments */
}

void runtime_stop(struct runtime *runtime)
{
    if (!runtime)
        return;
    http_server_stop(runtime->server, DRAIN_MS);
    http_server_stop(runtime->metrics_server, 0);
    policy_runner_destroy(runtime->policy_runner);
    housekeeping_destroy(runtime->housekeeping);
    door_actuator_destroy(runtime->doors);
    queue_destroy(runtime->door_events);
    if (runtime->store)
        runtime->store->ops->destroy(runtime->store);
    session_desk_destroy(runtime->desk); /* after the store: its late decisions call back into the desk */
    if (runtime->authenticator)
        runtime->authenticator->ops->destroy(runtime->authenticator);
    policy_catalog_destroy(runtime->policies);
    if (runtime->policy_host)
        runtime->policy_host->ops->destroy(runtime->policy_host);
    site_registry_destroy(runtime->sites);
    fault_board_destroy(runtime->faults);
    metrics_destroy(runtime->metrics);
    uuid_generator_finish(&runtime->ids);
    configuration_free(runtime->configuration);
    free(runtime);
}
