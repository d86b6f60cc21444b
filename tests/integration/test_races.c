/* Many callers at the same instant: just one wins. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/garage.h"
#include "tests/unit/check.h"

#define CALLERS 64
#define ROUNDS 100

static struct garage_under_test garage;

struct caller {
    pthread_t thread;
    pthread_barrier_t *barrier;
    struct http_client client;
    bool same_user;
    int round, number;
    int status;
    char code[64];
    char session[64];
};

static void *call(void *context)
{
    struct caller *caller = context;
    char body[256];

    /* The last spot: each has its own user and plate. One user's session: the same user in two garages, other plates. */
    snprintf(body, sizeof(body), "{\"garageId\":\"%s\",\"userId\":\"u-%d-%d\",\"licensePlate\":\"R%d N%d\",\"doorId\":\"%s\"}",
             caller->same_user && caller->number % 2 ? "south" : "north", caller->round, caller->same_user ? 0 : caller->number,
             caller->round, caller->number, caller->same_user && caller->number % 2 ? "in-a" : "entry-1");
    pthread_barrier_wait(caller->barrier);
    caller->status = client_call(&caller->client, "POST", "/v1/sessions", garage.token, "", body) ? caller->client.status : 0;
    client_member(&caller->client, "code", caller->code, sizeof(caller->code));
    client_member(&caller->client, "sessionId", caller->session, sizeof(caller->session));
    return NULL;
}

static void race(struct caller *callers, int round, bool same_user, const char *loser)
{
    pthread_barrier_t barrier;
    char path[128];
    int winners = 0;
    int winner = -1;

    pthread_barrier_init(&barrier, NULL, CALLERS);
    for (int i = 0; i < CALLERS; i++) {
        callers[i].barrier = &barrier;
        callers[i].round = round;
        callers[i].number = i;
        callers[i].same_user = same_user;
        assert_int_equal(pthread_create(&callers[i].thread, NULL, call, &callers[i]), 0);
    }
    for (int i = 0; i < CALLERS; i++)
        pthread_join(callers[i].thread, NULL);
    pthread_barrier_destroy(&barrier);
    for (int i = 0; i < CALLERS; i++) {
        if (callers[i].status == 201) {
            winners++;
            winner = i;
        } else if (callers[i].status != 409 || strcmp(callers[i].code, loser) != 0) {
            fail_msg("round %d, caller %d: %d %s", round, i, callers[i].status, callers[i].code);
        }
    }
    assert_int_equal(winners, 1);
    snprintf(path, sizeof(path), "/v1/sessions/%s/stop", callers[winner].session);
    assert_true(client_call(&callers[winner].client, "POST", path, garage.token, "",
                            same_user && winner % 2 ? "{\"doorId\":\"out-a\"}" : NULL));
    assert_int_equal(callers[winner].client.status, 200);
}

static void run_rounds(bool same_user, const char *configuration, const char *loser)
{
    static struct caller callers[CALLERS];

    garage_make(&garage, NULL, configuration);
    assert_true(garage_start(&garage));
    for (int i = 0; i < CALLERS; i++)
        assert_true(client_init(&callers[i].client, garage.address));
    for (int round = 0; round < ROUNDS; round++)
        race(callers, round, same_user, loser);
    for (int i = 0; i < CALLERS; i++)
        client_finish(&callers[i].client);
    garage_signal(&garage, SIGTERM);
    garage_assert_sound(&garage);
    garage_remove(&garage);
}

static void of_64_cars_one_gets_the_last_spot_each_round(void **state)
{
    char configuration[4096];
    char *spots;

    (void)state;
    snprintf(configuration, sizeof(configuration), "%s", garage_default);
    spots = strstr(configuration, "spots = 20");
    memcpy(spots, "spots = 01", 10);
    run_rounds(false, configuration, "garage_full");
}

static void of_64_calls_for_one_user_one_gets_the_session_each_round(void **state)
{
    (void)state;
    run_rounds(true, garage_default, "session_already_active");
}

RUN(T(of_64_cars_one_gets_the_last_spot_each_round), T(of_64_calls_for_one_user_one_gets_the_session_each_round))
