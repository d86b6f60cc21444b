/* The rules of runtime/ports/store.h, on the SQLite store. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "db/sqlite_store.h"
#include "db/sqlite_tools.h"
#include "db/store_internal.h"
#include "tests/unit/check.h"

#define SPOTS 5
#define PATIENCE_MS 20000

static char folder[64];
static char path[96];
static struct clock clock_now;
static struct uuid_generator ids;
static struct store *store;

static void open_store_with(int64_t quota_bytes, int64_t reserve_bytes)
{
    static const char *const garages[] = {"north", "south"};
    struct sqlite_store_settings settings = {.path = path, .garage_ids = garages, .garage_count = 2, .clock = &clock_now,
                                             .ids = &ids, .quota_bytes = quota_bytes, .reserve_bytes = reserve_bytes};

    assert_ok(sqlite_store_open(&settings, &store));
}

static int set_up(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/ostler-store-XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof(path), "%s/ostler.db", folder);
    clock_init_system(&clock_now);
    uuid_generator_init(&ids);
    open_store_with(0, 1 << 20);
    return 0;
}

static void on_problem(void *context, const char *problem)
{
    (void)context;
    print_message("db check: %s\n", problem);
}

static void assert_sound(void)
{
    size_t problems = 1;

    assert_ok(sqlite_check(path, on_problem, NULL, &problems));
    assert_int_equal(problems, 0);
}

/* Every test leaves a sound database behind. */
static int tear_down(void **state)
{
    char command[128];

    (void)state;
    if (store)
        store->ops->destroy(store);
    store = NULL;
    assert_sound();
    uuid_generator_finish(&ids);
    snprintf(command, sizeof(command), "rm -rf '%s'", folder);
    return system(command);
}

static int64_t deadline(void)
{
    return clock_monotonic_ms(&clock_now) + PATIENCE_MS;
}

static struct store_change *start_of(const char *garage, const char *user, const char *plate)
{
    struct store_change *change = store_change_create(STORE_START);
    struct session *session = change->session;
    int64_t now_ms = clock_wall_ms(&clock_now);

    session->id = uuid_make(&ids, now_ms);
    snprintf(session->garage_id, sizeof(session->garage_id), "%s", garage);
    snprintf(session->partner_id, sizeof(session->partner_id), "parkapp");
    snprintf(session->user_id, sizeof(session->user_id), "%s", user);
    snprintf(session->plate, sizeof(session->plate), "%s", plate);
    strcpy(session->entry.door_id, "entry-1");
    session->started_at_ms = now_ms;
    change->command->id = session->entry.command_id = uuid_make(&ids, now_ms);
    change->command->cause_id = session->id;
    change->command->requested_at_ms = now_ms;
    snprintf(change->command->garage_id, sizeof(change->command->garage_id), "%s", garage);
    strcpy(change->command->door_id, "entry-1");
    strcpy(change->command->partner_id, "parkapp");
    change->decision->id = session->decision_id = uuid_make(&ids, now_ms);
    event_session_started(change->event, session, change->decision, "hash");
    change->event->id = uuid_make(&ids, now_ms);
    change->u.start.spots = SPOTS;
    return change;
}

static struct store_change *stop_of(const struct session *session, const char *partner)
{
    struct store_change *change = store_change_create(STORE_STOP);
    int64_t now_ms = clock_wall_ms(&clock_now);

    *change->session = *session;
    change->session->ended_at_ms = now_ms;
    change->session->end = END_STOPPED;
    snprintf(change->session->partner_id, sizeof(change->session->partner_id), "%s", partner);
    strcpy(change->session->exit.door_id, "exit-1");
    change->command->id = change->session->exit.command_id = uuid_make(&ids, now_ms);
    change->command->cause_id = session->id;
    change->command->requested_at_ms = now_ms;
    snprintf(change->command->garage_id, sizeof(change->command->garage_id), "%s", session->garage_id);
    strcpy(change->command->door_id, "exit-1");
    strcpy(change->command->partner_id, "parkapp");
    event_session_ended(change->event, session, change->decision);
    change->event->id = uuid_make(&ids, now_ms);
    return change;
}

/* Commit, and drop the change; the result. out (may be NULL) is the session that it ends up with. */
static enum store_result commit(struct store_change *change, struct session *out)
{
    enum store_result result;

    assert_ok(store->ops->commit(store, change, deadline()));
    result = change->result;
    if (out)
        *out = *change->session;
    store_change_release(change);
    return result;
}

static int64_t occupied(const char *garage)
{
    struct garage_counts counts;

    assert_ok(store->ops->garage_counts(store, garage, &counts));
    return counts.occupied;
}

static void reopen(void)
{
    store->ops->destroy(store);
    store = NULL;
    open_store_with(0, 1 << 20);
}

static void what_a_restart_finds_unfinished_is_expired_and_in_the_ledger_once(void **state)
{
    struct door_opening openings[4];
    struct door_command command;
    struct session session;
    store_cursor next;
    size_t count;

    (void)state;
    assert_int_equal(commit(start_of("north", "u1", "AB1"), &session), STORE_DONE);
    reopen();
    assert_ok(store->ops->find_command(store, session.entry.command_id, &command));
    assert_int_equal(command.status, COMMAND_EXPIRED);
    assert_string_equal(command.reason, "restarted");
    reopen();
    assert_ok(store->ops->list_openings(store, INT64_MAX, 4, openings, &count, &next));
    assert_int_equal(count, 1);
    assert_true(uuid_equal(openings[0].command.id, session.entry.command_id));
}

static void lists_go_on_where_the_last_page_ended(void **state)
{
    struct session_filter filter = {.partner_id = "parkapp", .active = true, .ended = true};
    struct session sessions[3];
    struct session session;
    store_cursor next;
    size_t count;
    char user[16], plate[16];

    (void)state;
    for (int i = 0; i < 5; i++) {
        snprintf(user, sizeof(user), "u%d", i);
        snprintf(plate, sizeof(plate), "P%d", i);
        assert_int_equal(commit(start_of("north", user, plate), &session), STORE_DONE);
        if (i % 2)
            assert_int_equal(commit(stop_of(&session, "parkapp"), NULL), STORE_DONE);
    }
    assert_ok(store->ops->list_sessions(store, &filter, INT64_MAX, 3, sessions, &count, &next));
    assert_int_equal(count, 3);
    assert_string_equal(sessions[0].user_id, "u4");
    assert_string_equal(sessions[2].user_id, "u2");
    assert_true(next > 0);
    assert_ok(store->ops->list_sessions(store, &filter, next, 3, sessions, &count, &next));
    assert_int_equal(count, 2);
    assert_string_equal(sessions[1].user_id, "u0");
    assert_int_equal(next, 0);
    filter.user_id = "u3";
    assert_ok(store->ops->list_sessions(store, &filter, INT64_MAX, 3, sessions, &count, &next));
    assert_int_equal(count, 1);
    assert_int_equal(sessions[0].status, SESSION_ENDED);
}

static void lists_leave_a_reader_to_those_who_want_out(void **state)
{
    struct sqlite_store *sqlite = (struct sqlite_store *)store;
    struct reader *lists[32];
    struct session session, found;
    unsigned count = sqlite->settings.readers - 1;

    (void)state;
    assert_int_equal(commit(start_of("north", "u1", "AB1"), &session), STORE_DONE);
    assert_in_range(count, 1, 32);
    for (unsigned i = 0; i < count; i++)
        assert_non_null(lists[i] = reader_take_for_list(sqlite));
    assert_ok(store->ops->find_session(store, session.id, &found));
    for (unsigned i = 0; i < count; i++)
        reader_put(lists[i]);
}

/* What the planner says it will do. */
static void explain(enum statement which, char *plan, size_t bytes)
{
    struct connection connection = {.database = NULL};
    sqlite3_stmt *row = NULL;
    char text[4096];

    assert_ok(connection_open(&connection, path, CONNECTION_READER));
    snprintf(text, sizeof(text), "EXPLAIN QUERY PLAN %s", statement_texts[which]);
    assert_int_equal(sqlite3_prepare_v2(connection.database, text, -1, &row, NULL), SQLITE_OK);
    for (size_t length = 0; sqlite3_step(row) == SQLITE_ROW && length < bytes;)
        length += (size_t)snprintf(plan + length, bytes - length, "%s\n", (const char *)sqlite3_column_text(row, 3));
    sqlite3_finalize(row);
    connection_close(&connection);
}

static void a_partners_sessions_are_found_by_an_index(void **state)
{
    static const enum statement lists[] = {SQL_LIST_ACTIVE_OF_PARTNER, SQL_LIST_PAST_OF_PARTNER,
                                           SQL_ACTIVE_OF_PARTNER, SQL_PAST_OF_PARTNER};
    char plan[4096] = "";

    (void)state;
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        explain(lists[i], plan, sizeof(plan));
        if (strstr(plan, "SCAN s") || strstr(plan, "SCAN p") || strstr(plan, "TEMP B-TREE"))
            fail_msg("%s", plan);
    }
}

static void a_partner_lists_its_own_whether_few_or_many(void **state)
{
    struct session_filter filter = {.partner_id = "parkapp", .active = true, .ended = true};
    static struct session found[10];
    char user[16], plate[16];
    store_cursor next = INT64_MAX;
    size_t count;

    (void)state;
    for (int i = 0; i < 5003; i++) { /* more than FEW in reads.c */
        struct store_change *start;

        snprintf(user, sizeof(user), "u%d", i);
        snprintf(plate, sizeof(plate), "P%d", i);
        start = start_of("north", user, plate);
        start->u.start.spots = 6000;
        if (i % 2500 == 0)
            strcpy(start->session->partner_id, "other");
        assert_int_equal(commit(start, NULL), STORE_DONE);
    }
    filter.partner_id = "other";
    assert_ok(store->ops->list_sessions(store, &filter, INT64_MAX, 10, found, &count, &next));
    assert_int_equal(count, 3);
    assert_string_equal(found[0].user_id, "u5000");
    assert_string_equal(found[2].user_id, "u0");
    filter.partner_id = "nobody";
    assert_ok(store->ops->list_sessions(store, &filter, INT64_MAX, 10, found, &count, &next));
    assert_int_equal(count, 0);
    filter.partner_id = "parkapp";
    assert_ok(store->ops->list_sessions(store, &filter, INT64_MAX, 10, found, &count, &next));
    assert_int_equal(count, 10);
    assert_string_equal(found[0].user_id, "u5002");
    assert_string_equal(found[2].user_id, "u4999");
}

static void a_token_of_another_process_counts_at_once(void **state)
{
    struct device_token token = {.id = "tok_1", .partner_id = "parkapp", .scopes = SCOPE_SESSIONS_READ, .hash = {1, 2, 3}};
    struct device_token found;

    (void)state;
    assert_int_equal(store->ops->find_token(store, token.hash, &found), OST_NOT_FOUND);
    assert_ok(sqlite_token_put(path, &token));
    assert_ok(store->ops->find_token(store, token.hash, &found));
    assert_int_equal(found.revoked_at_ms, 0);
    assert_ok(sqlite_token_revoke(path, "tok_1", 7));
    assert_ok(store->ops->find_token(store, token.hash, &found));
    assert_int_equal(found.revoked_at_ms, 7);
    assert_int_equal(sqlite_token_revoke(path, "tok_1", 8), OST_NOT_FOUND);
}

static void a_full_quota_refuses_starts_and_lets_cars_out(void **state)
{
    struct session inside[8];
    struct store_change *change;
    enum ost_status status = OST_OK;
    char user[64], plate[16];

    (void)state;
    store->ops->destroy(store);
    open_store_with(16 << 20, 4 << 20);
    for (int i = 0; i < SPOTS; i++) {
        snprintf(user, sizeof(user), "in%d", i);
        snprintf(plate, sizeof(plate), "IN%d", i);
        assert_int_equal(commit(start_of("south", user, plate), &inside[i]), STORE_DONE);
    }
    for (int i = 0; i < 60000 && status == OST_OK; i++) { /* starts and stops fill it up */
        struct session session;

        snprintf(user, sizeof(user), "u%d", i);
        snprintf(plate, sizeof(plate), "P%d", i % 1000000);
        change = start_of("north", user, plate);
        status = store->ops->commit(store, change, deadline());
        session = *change->session;
        store_change_release(change);
        if (status == OST_OK)
            assert_int_equal(commit(stop_of(&session, "parkapp"), NULL), STORE_DONE);
    }
    assert_int_equal(status, OST_NO_SPACE);
    for (int i = 0; i < SPOTS; i++)
        assert_int_equal(commit(stop_of(&inside[i], "parkapp"), NULL), STORE_DONE);
    assert_int_equal(occupied("south"), 0);
}

/* ---- races ---- */

#define RACERS 16

struct racer {
    pthread_t thread;
    pthread_barrier_t *barrier;
    struct store_change *change;
    enum ost_status status;
};

static void *race(void *context)
{
    struct racer *racer = context;

    pthread_barrier_wait(racer->barrier);
    racer->status = store->ops->commit(store, racer->change, deadline());
    return NULL;
}

static unsigned run_race(struct racer *racers, enum store_result loser)
{
    pthread_barrier_t barrier;
    unsigned winners = 0;

    pthread_barrier_init(&barrier, NULL, RACERS);
    for (int i = 0; i < RACERS; i++) {
        racers[i].barrier = &barrier;
        assert_int_equal(pthread_create(&racers[i].thread, NULL, race, &racers[i]), 0);
    }
    for (int i = 0; i < RACERS; i++) {
        pthread_join(racers[i].thread, NULL);
        assert_ok(racers[i].status);
        winners += racers[i].change->result == STORE_DONE;
        if (racers[i].change->result != STORE_DONE)
            assert_int_equal(racers[i].change->result, loser);
        store_change_release(racers[i].change);
    }
    pthread_barrier_destroy(&barrier);
    return winners;
}

static void one_of_many_gets_the_last_spot_and_one_the_users_session(void **state)
{
    struct racer racers[RACERS];
    char user[32], plate[16];

    (void)state;
    for (int i = 0; i < SPOTS - 1; i++) {
        snprintf(user, sizeof(user), "first%d", i);
        snprintf(plate, sizeof(plate), "F%d", i);
        assert_int_equal(commit(start_of("north", user, plate), NULL), STORE_DONE);
    }
    for (int i = 0; i < RACERS; i++) {
        snprintf(user, sizeof(user), "racer%d", i);
        snprintf(plate, sizeof(plate), "R%d", i);
        racers[i].change = start_of("north", user, plate);
    }
    assert_int_equal(run_race(racers, STORE_GARAGE_FULL), 1);
    for (int i = 0; i < RACERS; i++) {
        snprintf(plate, sizeof(plate), "S%d", i);
        racers[i].change = start_of("south", "one", plate);
    }
    assert_int_equal(run_race(racers, STORE_USER_ACTIVE), 1);
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(what_a_restart_finds_unfinished_is_expired_and_in_the_ledger_once), CASE(lists_go_on_where_the_last_page_ended),
        CASE(lists_leave_a_reader_to_those_who_want_out), CASE(a_partners_sessions_are_found_by_an_index),
        CASE(a_partner_lists_its_own_whether_few_or_many),
        CASE(a_token_of_another_process_counts_at_once),
        CASE(a_full_quota_refuses_starts_and_lets_cars_out), CASE(one_of_many_gets_the_last_spot_and_one_the_users_session),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
