/* The contract of stores: how changes come in, are told and race. */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/contract/store_contract_bench.h"

#define RACERS 64

static void count_done(void *context, struct store_change *change, enum ost_status status)
{
    (void)change;
    if (status == OST_OK)
        atomic_fetch_add((_Atomic unsigned *)context, 1);
}

/* Wait until so many are done. */
static void await(struct bench *bench, _Atomic unsigned *done, unsigned count)
{
    int64_t until = clock_monotonic_ms(&bench->clock) + PATIENCE_MS;

    while (atomic_load(done) < count && clock_monotonic_ms(&bench->clock) < until)
        sched_yield();
    assert_int_equal(atomic_load(done), count);
}

static void post(struct bench *bench, struct store_change *change, _Atomic unsigned *done)
{
    change->on_done = count_done;
    change->done_context = done;
    assert_ok(bench->store->ops->post(bench->store, change));
}

static void a_posted_change_is_told_when_it_is_decided(void **state)
{
    struct bench *bench = *state;
    static _Atomic unsigned done;

    atomic_store(&done, 0);
    post(bench, a_start(bench, "anna", "NLAB12CD"), &done);
    await(bench, &done, 1);
    assert_int_equal(occupied(bench), 1);
}

static void posted_changes_are_applied_in_their_order(void **state)
{
    struct bench *bench = *state;
    struct store_change *start = a_start(bench, "anna", "NLAB12CD");
    struct store_change *changes[] = {start, a_stop(bench, start->session->id, "parkapp"),
                                      a_start(bench, "anna", "NLAB12CD")};
    static _Atomic unsigned done;

    atomic_store(&done, 0);
    for (size_t i = 0; i < 3; i++) {
        store_change_retain(changes[i]);
        post(bench, changes[i], &done);
    }
    await(bench, &done, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(changes[i]->result, STORE_DONE);
        store_change_release(changes[i]);
    }
    assert_int_equal(occupied(bench), 1);
}

static void a_change_that_comes_after_its_deadline_is_stored_whole_or_not_at_all(void **state)
{
    struct bench *bench = *state;
    struct store_change *late = a_start(bench, "anna", "NLAB12CD");
    int64_t deadline_ms = clock_monotonic_ms(&bench->clock) - 1;
    static _Atomic unsigned done;
    struct session found;
    enum ost_status status;

    atomic_store(&done, 0);
    late->on_done = count_done;
    late->done_context = &done;
    status = bench->store->ops->commit(bench->store, late, deadline_ms);
    store_change_release(late);
    assert_true(status == OST_OK || status == OST_TIMEOUT || status == OST_UNCERTAIN);
    await(bench, &done, status == OST_UNCERTAIN ? 1 : 0);
    park(bench, "bert", "NLOTHER1");
    assert_int_equal(bench->store->ops->find_active_by_user(bench->store, "parkapp", "anna", &found),
                     status == OST_TIMEOUT ? OST_NOT_FOUND : OST_OK);
    assert_int_equal(occupied(bench), status == OST_TIMEOUT ? 1 : 2);
    assert_int_equal(atomic_load(&done), status == OST_UNCERTAIN ? 1 : 0);
}

static void a_store_that_takes_changes_is_healthy_and_counts_them(void **state)
{
    struct bench *bench = *state;
    struct store_health health;

    park(bench, "anna", "NLAB12CD");
    assert_int_equal(result_of(bench, a_start(bench, "anna", "NLOTHER1")), STORE_USER_ACTIVE);
    bench->store->ops->health(bench->store, &health);
    assert_int_equal(health.room, STORE_ROOM);
    assert_true(health.writable);
    assert_string_equal(health.problem, "");
    assert_int_equal(health.changes, 2);
    assert_in_range(health.commits, 1, 2);
}

static void a_change_of_which_a_part_cannot_be_stored_leaves_nothing(void **state)
{
    struct bench *bench = *state;
    struct store_change *start = a_start(bench, "anna", "NLAB12CD");
    struct stored_answer answer;
    struct door_command command;
    struct session session;

    with_key(bench, start, "key-1", 1);
    strcpy(start->event->garage_id, "nowhere");
    assert_int_not_equal(commit(bench, start), OST_OK);
    assert_int_equal(bench->store->ops->find_session(bench->store, start->session->id, &session), OST_NOT_FOUND);
    assert_int_equal(bench->store->ops->find_command(bench->store, start->command->id, &command), OST_NOT_FOUND);
    assert_int_equal(bench->store->ops->find_answer(bench->store, "parkapp", "key-1", &answer), OST_NOT_FOUND);
    assert_int_equal(occupied(bench), 0);
    store_change_release(start);
    park(bench, "anna", "NLAB12CD");
}

/* ---- races ---- */

struct racer {
    struct bench *bench;
    pthread_t thread;
    struct store_change *change;
    enum ost_status status;
};

static void *race(void *context)
{
    struct racer *racer = context;

    racer->status = commit(racer->bench, racer->change);
    return NULL;
}

/* How many of 64 at once were stored. */
static unsigned winners_of(struct bench *bench, const char *user, uint32_t spots)
{
    static struct racer racers[RACERS];
    unsigned winners = 0;

    for (unsigned i = 0; i < RACERS; i++) {
        char name[32], plate[32];

        snprintf(name, sizeof(name), "user-%u", i);
        snprintf(plate, sizeof(plate), "NL%u", i);
        racers[i].bench = bench;
        racers[i].change = a_start(bench, user ? user : name, plate);
        racers[i].change->u.start.spots = spots;
    }
    for (unsigned i = 0; i < RACERS; i++)
        assert_int_equal(pthread_create(&racers[i].thread, NULL, race, &racers[i]), 0);
    for (unsigned i = 0; i < RACERS; i++) {
        pthread_join(racers[i].thread, NULL);
        assert_ok(racers[i].status);
        winners += racers[i].change->result == STORE_DONE;
        store_change_release(racers[i].change);
    }
    return winners;
}

static void one_of_64_gets_the_last_spot(void **state)
{
    assert_int_equal(winners_of(*state, NULL, 1), 1);
    assert_int_equal(occupied(*state), 1);
}

static void one_of_64_gets_the_users_session(void **state)
{
    assert_int_equal(winners_of(*state, "anna", 1000), 1);
    assert_int_equal(occupied(*state), 1);
}

static void a_change_that_cannot_be_stored_takes_no_other_with_it(void **state)
{
    struct bench *bench = *state;
    static struct racer racers[RACERS];
    unsigned stored = 0;

    for (unsigned i = 0; i < RACERS; i++) {
        char name[32];

        snprintf(name, sizeof(name), "U%u", i / 2); /* pairs: one is stored, the other is answered with it */
        racers[i].bench = bench;
        racers[i].change = a_start(bench, name, name);
        if (i % 8 == 7)
            strcpy(racers[i].change->event->garage_id, "nowhere");
    }
    for (unsigned i = 0; i < RACERS; i++)
        assert_int_equal(pthread_create(&racers[i].thread, NULL, race, &racers[i]), 0);
    for (unsigned i = 0; i < RACERS; i++) {
        struct store_change *change = racers[i].change;
        struct session found;

        pthread_join(racers[i].thread, NULL);
        if (racers[i].status == OST_OK) {
            assert_ok(bench->store->ops->find_active_by_user(bench->store, "parkapp", change->session->user_id, &found));
            assert_true(uuid_equal(found.id, change->session->id));
            assert_true(change->result != STORE_DONE || uuid_equal(found.id, change->command->cause_id));
            stored += change->result == STORE_DONE;
        } else {
            assert_int_equal(i % 8, 7);
        }
        store_change_release(change);
    }
    assert_int_equal(stored, RACERS / 2);
    assert_int_equal(occupied(bench), RACERS / 2);
}

static void the_counters_equal_the_tables_after_chaos(void **state)
{
    struct bench *bench = *state;
    struct session_filter filter = {.active = true};
    struct session *page = calloc(100, sizeof(*page));
    const unsigned seed = (unsigned)clock_wall_ms(&bench->clock);
    unsigned random_state = seed;
    struct uuid ids[20] = {0};
    store_cursor next;
    size_t count;

    print_message("seed %u\n", seed);
    for (int i = 0; i < 300; i++) {
        unsigned who = (unsigned)rand_r(&random_state) % 20;
        char user[16];

        snprintf(user, sizeof(user), "u%u", who);
        if (rand_r(&random_state) % 2 || uuid_is_nil(ids[who])) {
            struct store_change *start = a_start(bench, user, user);

            assert_ok(commit(bench, start));
            ids[who] = start->session->id;
            store_change_release(start);
        } else {
            result_of(bench, a_stop(bench, ids[who], "parkapp"));
        }
    }
    assert_ok(bench->store->ops->list_sessions(bench->store, &filter, INT64_MAX, 100, page, &count, &next));
    assert_int_equal(occupied(bench), count);
    free(page);
}

int store_contract_run_queue(const char *name)
{
    const struct CMUnitTest cases[] = {
        CASE(a_posted_change_is_told_when_it_is_decided),
        CASE(posted_changes_are_applied_in_their_order),
        CASE(a_change_that_comes_after_its_deadline_is_stored_whole_or_not_at_all),
        CASE(a_change_of_which_a_part_cannot_be_stored_leaves_nothing),
        CASE(a_store_that_takes_changes_is_healthy_and_counts_them),
        CASE(one_of_64_gets_the_last_spot),
        CASE(one_of_64_gets_the_users_session),
        CASE(a_change_that_cannot_be_stored_takes_no_other_with_it),
        CASE(the_counters_equal_the_tables_after_chaos),
    };

    return cmocka_run_group_tests_name(name, cases, NULL, NULL);
}
