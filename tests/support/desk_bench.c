#include "tests/support/desk_bench.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "drivers/driver_table.h"
#include "tests/support/memory_store.h"
#include "tests/support/rule_host.h"

#define PATIENCE_MS 10000

/* The ops of a port take no context of a test's: one bench at a time. */
static struct desk_bench *on_bench;

static enum ost_status commit(struct store *store, struct store_change *change, int64_t deadline_ms)
{
    enum ost_status fault = (enum ost_status)on_bench->fail.commit;

    if (fault != OST_OK)
        return fault;
    return on_bench->memory_ops->commit(store, change, deadline_ms);
}

static enum ost_status post(struct store *store, struct store_change *change)
{
    enum ost_status fault = (enum ost_status)on_bench->fail.post;

    if (fault != OST_OK)
        return fault;
    return on_bench->memory_ops->post(store, change);
}

static enum ost_status count_openings(struct store *store, struct uuid session_id, const char *door_id,
                                      int64_t since_ms, struct opening_count *out)
{
    enum ost_status fault = (enum ost_status)on_bench->fail.count_openings;

    if (fault != OST_OK)
        return fault;
    return on_bench->memory_ops->count_openings(store, session_id, door_id, since_ms, out);
}

static enum ost_status read_facts(struct store *store, const char *garage_id, const char *plate, const char *user_id,
                                  int64_t today_from_ms, int64_t now_ms, struct visit_facts *out)
{
    enum ost_status fault = (enum ost_status)on_bench->fail.read_facts;

    if (fault != OST_OK)
        return fault;
    return on_bench->memory_ops->read_facts(store, garage_id, plate, user_id, today_from_ms, now_ms, out);
}

/* ---- the site ---- */

static void add_door(struct garage *garage, const char *id, enum door_kind kind)
{
    struct door_plan *door = &garage->doors[garage->door_count++];

    *door = (struct door_plan){
        .kind = kind, .pulse_ms = 20, .gap_ms = 20, .travel_ms = 60, .command_expires_ms = 10000};
    strcpy(door->garage_id, garage->id);
    strcpy(door->id, id);
    strcpy(door->driver, "simulated");
    strcpy(door->simulated_fault, "none");
}

static void make_site(struct site *site)
{
    struct garage *garage = calloc(1, sizeof(*garage));

    assert_non_null(garage);
    site->garages = garage;
    site->garage_count = 1;
    strcpy(garage->id, "nassaukade");
    strcpy(garage->name, "Nassaukade");
    strcpy(garage->currency, "EUR");
    garage->spots = 100;
    garage->rules = session_rules_default;
    assert_ok(zone_create("Europe/Amsterdam", &garage->zone));
    garage->doors = calloc(4, sizeof(*garage->doors));
    assert_non_null(garage->doors);
    add_door(garage, "entry-1", DOOR_ENTRY);
    add_door(garage, "exit-1", DOOR_EXIT);
}

static void finish_site(struct site *site)
{
    zone_destroy(site->garages->zone);
    free(site->garages->doors);
    free(site->garages);
}

void desk_bench_add_exit(struct desk_bench *bench)
{
    add_door(bench->site.garages, "exit-2", DOOR_EXIT);
}

/* ---- from set-up to tear-down ---- */

void desk_bench_begin(struct desk_bench *bench)
{
    char spill[96];
    struct door_actuator_parts doors = {
        .clock = &bench->clock,
        .ids = &bench->ids,
        .store = bench->store,
        .faults = bench->faults,
        .drivers = door_driver_table,
    };
    struct session_desk_parts desk = {
        .clock = &bench->clock,
        .ids = &bench->ids,
        .store = bench->store,
        .policies = bench->policies,
        .faults = bench->faults,
        .metrics = bench->metrics,
        .spill_path = spill,
    };

    snprintf(spill, sizeof(spill), "%s/stops.jsonl", bench->folder);
    assert_ok(door_actuator_create(&doors, &bench->site, &bench->doors));
    desk.doors = bench->doors;
    assert_ok(session_desk_create(&desk, &bench->desk));
}

void desk_bench_end(struct desk_bench *bench)
{
    door_actuator_destroy(bench->doors);
    session_desk_destroy(bench->desk);
}

void desk_bench_restart(struct desk_bench *bench)
{
    desk_bench_end(bench);
    desk_bench_begin(bench);
}

int desk_bench_set_up(void **state)
{
    static const char *const garages[] = {"nassaukade"};
    struct desk_bench *bench = calloc(1, sizeof(*bench));
    struct policy_catalog_parts catalog;

    assert_non_null(bench);
    on_bench = bench;
    clock_init_system(&bench->clock);
    uuid_generator_init(&bench->ids);
    bench->metrics = metrics_create();
    bench->faults = fault_board_create(&bench->clock, NULL);
    bench->store = memory_store_create(&bench->clock, garages, 1);
    assert_non_null(bench->store);
    bench->memory_ops = bench->store->ops;
    bench->store_ops = *bench->memory_ops;
    bench->store_ops.commit = commit;
    bench->store_ops.post = post;
    bench->store_ops.count_openings = count_openings;
    bench->store_ops.read_facts = read_facts;
    bench->store->ops = &bench->store_ops;
    strcpy(bench->folder, "/tmp/ostler-desk-XXXXXX");
    assert_non_null(mkdtemp(bench->folder));
    bench->host = rule_host_create();
    assert_non_null(bench->host);
    catalog = (struct policy_catalog_parts){
        .host = bench->host, .store = bench->store, .ids = &bench->ids, .clock = &bench->clock, .faults = bench->faults};
    assert_ok(policy_catalog_create(&catalog, &bench->policies));
    make_site(&bench->site);
    strcpy(bench->caller.partner_id, "parkapp");
    strcpy(bench->caller.actor, "parkapp/t1");
    bench->call = (struct desk_call){
        .site = &bench->site, .caller = &bench->caller, .traceparent = "", .idempotency_key = ""};
    desk_bench_begin(bench);
    *state = bench;
    return 0;
}

static void remove_folder(const char *folder)
{
    DIR *entries = opendir(folder);
    struct dirent *entry;

    assert_non_null(entries);
    while ((entry = readdir(entries))) {
        if (entry->d_name[0] != '.')
            assert_int_equal(unlinkat(dirfd(entries), entry->d_name, 0), 0);
    }
    closedir(entries);
    assert_int_equal(rmdir(folder), 0);
}

int desk_bench_tear_down(void **state)
{
    struct desk_bench *bench = *state;

    desk_bench_heal(bench);
    desk_bench_end(bench);
    bench->store->ops->destroy(bench->store);
    policy_catalog_destroy(bench->policies);
    bench->host->ops->destroy(bench->host);
    fault_board_destroy(bench->faults);
    metrics_destroy(bench->metrics);
    uuid_generator_finish(&bench->ids);
    finish_site(&bench->site);
    remove_folder(bench->folder);
    free(bench);
    return 0;
}

/* ---- what a test does ---- */

void desk_bench_policy(struct desk_bench *bench, const char *name, const char *text)
{
    struct policy_problem problems[4];
    char path[160];
    size_t count;

    snprintf(path, sizeof(path), "%s/%s.lua", bench->folder, name);
    if (text) {
        FILE *file = fopen(path, "w");

        assert_non_null(file);
        fputs(text, file);
        fclose(file);
    } else {
        assert_int_equal(unlink(path), 0);
    }
    (void)!policy_catalog_load(bench->policies, bench->folder, POLICY_LOAD_LENIENT, problems, 4, &count);
}

static unsigned render(const struct desk_answer *answer, struct json_writer *body, char location[128])
{
    (void)location;
    if (uuid_is_nil(answer->session.id))
        door_command_write(body, &answer->command);
    else
        session_write(body, &answer->session, false);
    return 200;
}

struct uuid desk_bench_start(struct desk_bench *bench, const char *user, const char *plate)
{
    struct start_request request = {.garage_id = "nassaukade"};

    strcpy(request.user_id, user);
    strcpy(request.plate, plate);
    session_desk_start(bench->desk, &bench->call, &request, render, &bench->answer);
    return bench->answer.session.id;
}

void desk_bench_stop(struct desk_bench *bench, struct uuid session)
{
    struct stop_request request = {.session_id = session, .open_door = true};

    desk_bench_stop_with(bench, &request);
}

void desk_bench_stop_with(struct desk_bench *bench, const struct stop_request *request)
{
    session_desk_stop(bench->desk, &bench->call, request, render, &bench->answer);
}

void desk_bench_open(struct desk_bench *bench, struct uuid session, const char *door)
{
    struct open_request request = {.session_id = session};

    strcpy(request.door_id, door);
    session_desk_open(bench->desk, &bench->call, &request, render, &bench->answer);
}

void desk_bench_key(struct desk_bench *bench, const char *key, unsigned char digest)
{
    bench->call.idempotency_key = key;
    memset(bench->call.digest, digest, sizeof(bench->call.digest));
}

struct session desk_bench_session(struct desk_bench *bench, struct uuid session)
{
    struct session found = {.status = SESSION_ACTIVE};

    assert_ok(bench->store->ops->find_session(bench->store, session, &found));
    return found;
}

bool desk_bench_has_fault(struct desk_bench *bench, const char *subject, const char *code)
{
    struct fault faults[64];
    size_t count = fault_board_list(bench->faults, faults, 64);

    for (size_t i = 0; i < count; i++) {
        if (faults[i].cleared_at_ms == 0 && strcmp(faults[i].subject, subject) == 0 &&
            strcmp(faults[i].code, code) == 0)
            return true;
    }
    return false;
}

struct door_command desk_bench_await(struct desk_bench *bench, struct uuid command)
{
    int64_t deadline_ms = clock_monotonic_ms(&bench->clock) + PATIENCE_MS;
    struct door_command found = {.status = COMMAND_QUEUED};

    while (clock_monotonic_ms(&bench->clock) < deadline_ms) {
        struct timespec pause = {.tv_nsec = 2000000};

        if (bench->store->ops->find_command(bench->store, command, &found) == OST_OK &&
            command_status_is_final(found.status))
            return found;
        nanosleep(&pause, NULL);
    }
    fail_msg("a door command did not come to an end");
    return found;
}

void desk_bench_heal(struct desk_bench *bench)
{
    bench->fail.commit = OST_OK;
    bench->fail.post = OST_OK;
    bench->fail.count_openings = OST_OK;
    bench->fail.read_facts = OST_OK;
}

long desk_bench_metric(struct desk_bench *bench, const char *name)
{
    char *text = NULL, *at = NULL;
    char line[128];
    long value = -1;

    assert_true(metrics_render(bench->metrics, &text) > 0);
    snprintf(line, sizeof(line), "\n%s ", name);
    at = strstr(text, line);
    if (at)
        value = strtol(at + strlen(line), NULL, 10);
    free(text);
    return value;
}
