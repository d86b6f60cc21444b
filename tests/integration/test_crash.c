/*
 * kill -9 at random moments under load, again and again: what was acknowledged is there, and nothing happened twice.
 */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/support/garage.h"
#include "tests/unit/check.h"

#define KILLS 200
#define WORKERS 8
#define SESSIONS_MAX 4096 /* acknowledged in one round */

static struct garage_under_test garage;
static _Atomic bool killed;

/* What one worker was told in one round. */
struct record {
    char session[64];
    bool stopped; /* its stop was acknowledged */
    bool unsure;  /* its stop was sent, and no answer came */
};

struct worker {
    pthread_t thread;
    int number;
    int round;
    unsigned seed;
    struct record records[SESSIONS_MAX / WORKERS];
    size_t count;
};

static void *work(void *context)
{
    struct worker *worker = context;
    struct http_client client;

    worker->count = 0;
    if (!client_init(&client, garage.address))
        return NULL;
    client.timeout_ms = 3000;
    for (int i = 0; !atomic_load(&killed) && worker->count < SESSIONS_MAX / WORKERS; i++) {
        struct record *record = &worker->records[worker->count];
        char body[256], path[128];

        snprintf(body, sizeof(body), "{\"garageId\":\"north\",\"userId\":\"u-%d-%d-%d\",\"licensePlate\":\"%dX%dX%d\"}", worker->round,
                 worker->number, i, worker->round, worker->number, i);
        if (!client_call(&client, "POST", "/v1/sessions", garage.token, "", body))
            break;
        if (client.status != 201)
            continue;
        memset(record, 0, sizeof(*record));
        client_member(&client, "sessionId", record->session, sizeof(record->session));
        worker->count++;
        if (rand_r(&worker->seed) % 4 == 0)
            continue;
        snprintf(path, sizeof(path), "/v1/sessions/%s/stop", record->session);
        record->unsure = true;
        if (!client_call(&client, "POST", path, garage.token, "", NULL))
            break;
        record->unsure = false;
        record->stopped = client.status == 200;
    }
    client_finish(&client);
    return NULL;
}

static void assert_remembered(struct http_client *client, const struct worker *worker)
{
    for (size_t i = 0; i < worker->count; i++) {
        const struct record *record = &worker->records[i];
        char path[128], status[16];

        snprintf(path, sizeof(path), "/v1/sessions/%s", record->session);
        assert_true(client_call(client, "GET", path, garage.token, "", NULL));
        if (client->status != 200)
            fail_msg("round %d: session %s was acknowledged and is gone", worker->round, record->session);
        client_member(client, "status", status, sizeof(status));
        if (record->stopped && strcmp(status, "ended") != 0)
            fail_msg("round %d: the stop of %s was acknowledged and is gone", worker->round, record->session);
        if (!record->stopped && !record->unsure && strcmp(status, "active") != 0)
            fail_msg("round %d: session %s ended and nobody asked", worker->round, record->session);
    }
}

/* The next round starts with room: what still runs is stopped. */
static void empty_garage(struct http_client *client)
{
    do {
        char id[64], path[128];

        assert_true(client_call(client, "GET", "/v1/sessions?status=active&limit=1", garage.token, "", NULL));
        client_member(client, "sessionId", id, sizeof(id));
        if (!id[0])
            return;
        snprintf(path, sizeof(path), "/v1/sessions/%s/stop", id);
        assert_true(client_call(client, "POST", path, garage.token, "", "{\"openDoor\":false}"));
        assert_int_equal(client->status, 200);
    } while (true);
}

/* No command has two openings in the ledger, and none that is final was finished twice: db check knows the rules. */
static void one_round(struct worker *workers, int round, unsigned *seed)
{
    struct timespec until_kill = {.tv_nsec = (5 + rand_r(seed) % 120) * 1000000L};
    struct http_client client;

    atomic_store(&killed, false);
    for (int i = 0; i < WORKERS; i++) {
        workers[i].number = i;
        workers[i].round = round;
        workers[i].seed = (unsigned)rand_r(seed);
        assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    nanosleep(&until_kill, NULL); /* the random moment itself, not a wait for something */
    garage_signal(&garage, SIGKILL);
    atomic_store(&killed, true);
    for (int i = 0; i < WORKERS; i++)
        pthread_join(workers[i].thread, NULL);
    garage_assert_sound(&garage);
    if (!garage_start(&garage))
        fail_msg("round %d: it does not start after a kill -9", round);
    assert_true(client_init(&client, garage.address));
    for (int i = 0; i < WORKERS; i++)
        assert_remembered(&client, &workers[i]);
    empty_garage(&client);
    client_finish(&client);
}

static void what_was_acknowledged_survives_kill_9(void **state)
{
    static struct worker workers[WORKERS];
    const char *given = getenv("OSTLER_SEED");
    unsigned seed = given ? (unsigned)strtoul(given, NULL, 10) : (unsigned)time(NULL);
    char configuration[4096];
    size_t acknowledged = 0;
    char *spots;

    (void)state;
    print_message("seed %u (OSTLER_SEED=%u repeats it)\n", seed, seed);
    snprintf(configuration, sizeof(configuration), "%s", garage_default);
    spots = strstr(configuration, "spots = 20");
    memcpy(spots, "spots=9999", 10);
    garage_make(&garage, NULL, configuration);
    assert_true(garage_start(&garage));
    for (int round = 0; round < KILLS; round++) {
        one_round(workers, round, &seed);
        for (int i = 0; i < WORKERS; i++)
            acknowledged += workers[i].count;
    }
    print_message("%d kills, %zu acknowledged starts\n", KILLS, acknowledged);
    assert_true(acknowledged > KILLS);
    garage_signal(&garage, SIGTERM);
    garage_assert_sound(&garage);
    garage_remove(&garage);
}

RUN(T(what_was_acknowledged_survives_kill_9))
