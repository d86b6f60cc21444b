/* A disk that stalls, or can be read and not written, or neither: what is let out, what is refused, what is kept. */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tests/support/garage.h"
#include "tests/unit/check.h"

#define CARS 6

static struct garage_under_test garage;
static struct http_client client;
static char sessions[CARS][64];

static void break_disk(const char *how, bool wrong)
{
    char path[256];

    snprintf(path, sizeof(path), "%s/%s", garage.folder, how);
    if (wrong)
        assert_int_equal(close(open(path, O_CREAT | O_WRONLY, 0600)), 0);
    else
        assert_int_equal(unlink(path), 0);
}

static int start(struct http_client *caller, int number, char session[64])
{
    char body[256];

    snprintf(body, sizeof(body), "{\"garageId\":\"north\",\"userId\":\"u%d\",\"licensePlate\":\"AB%d\"}", number, number);
    if (!client_call(caller, "POST", "/v1/sessions", garage.token, "", body))
        return 0;
    if (session)
        client_member(caller, "sessionId", session, 64);
    return caller->status;
}

static int stop(struct http_client *caller, const char *session, const char *headers)
{
    char path[128];

    snprintf(path, sizeof(path), "/v1/sessions/%s/stop", session);
    return client_call(caller, "POST", path, garage.token, headers, NULL) ? caller->status : 0;
}

static int setup(void **state)
{
    (void)state;
    garage_make(&garage, NULL, garage_default);
    setenv("OSTLER_FAULTY_DISK", garage.folder, 1);
    garage.preload = OSTLER_PRELOAD;
    assert_true(garage_start(&garage));
    assert_true(client_init(&client, garage.address));
    for (int i = 0; i < CARS; i++)
        assert_int_equal(start(&client, i, sessions[i]), 201);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    client_finish(&client);
    if (garage.pid)
        garage_signal(&garage, SIGTERM);
    garage_assert_sound(&garage);
    garage_remove(&garage);
    return 0;
}

struct leaver {
    pthread_t thread;
    struct http_client client;
    const char *session;
    int status;
};

static void *leave(void *context)
{
    struct leaver *leaver = context;

    /* Until the door has opened: its outcome then queues behind the stop. */
    leaver->status = stop(&leaver->client, leaver->session, "Prefer: wait=8\r\n");
    return NULL;
}

static void *enter(void *context)
{
    struct leaver *arrival = context;

    arrival->status = start(&arrival->client, CARS, NULL);
    return NULL;
}

static bool have_all_ended(void *context)
{
    (void)context;
    for (int i = 0; i < CARS; i++) {
        char path[128];

        snprintf(path, sizeof(path), "/v1/sessions/%s", sessions[i]);
        if (!client_call(&client, "GET", path, garage.token, "", NULL) || !strstr(client.body, "\"status\":\"ended\""))
            return false;
    }
    return true;
}

/* The stops queue behind a commit that hangs: each is let out when its time is up, and none may be lost by that. */
static void stops_behind_a_stalled_disk_are_let_out_and_kept(void **state)
{
    struct leaver leavers[CARS] = {0}, arrival = {0};

    (void)state;
    assert_true(client_init(&arrival.client, garage.address));
    break_disk("stall-sync", true);
    assert_int_equal(pthread_create(&arrival.thread, NULL, enter, &arrival), 0);
    for (int i = 0; i < CARS; i++) {
        leavers[i].session = sessions[i];
        assert_true(client_init(&leavers[i].client, garage.address));
        assert_int_equal(pthread_create(&leavers[i].thread, NULL, leave, &leavers[i]), 0);
    }
    for (int i = 0; i < CARS; i++) {
        assert_int_equal(pthread_join(leavers[i].thread, NULL), 0);
        assert_int_equal(leavers[i].status, 202);
        client_finish(&leavers[i].client);
    }
    break_disk("stall-sync", false);
    assert_int_equal(pthread_join(arrival.thread, NULL), 0);
    client_finish(&arrival.client);
    assert_true(arrival.status == 201 || arrival.status == 503);
    assert_true(wait_for(have_all_ended, NULL, 15000));
    assert_int_equal(start(&client, 100, NULL), 201);
}

static char late_session[64];

static bool late_session_is_known(void *context)
{
    (void)context;
    return start(&client, CARS, late_session) == 200;
}

/* 503 says that no door opens: the commit that comes later may not open it either. */
static void no_door_opens_after_a_503(void **state)
{
    char path[128], command[64];

    (void)state;
    break_disk("stall-sync", true);
    assert_int_equal(start(&client, CARS, NULL), 503);
    break_disk("stall-sync", false);
    assert_true(wait_for(late_session_is_known, NULL, 10000));
    client_member(&client, "commandId", command, sizeof(command));
    snprintf(path, sizeof(path), "/v1/door-commands/%s", command);
    assert_true(client_call(&client, "GET", path, garage.token, "", NULL));
    assert_non_null(strstr(client.body, "\"status\":\"expired\",\"reason\":\"storage_unavailable\""));
    assert_non_null(strstr(client.body, "\"relayFiredAt\":null"));
    /* Its user finds the session running, and may open the door for it. */
    snprintf(path, sizeof(path), "/v1/sessions/%s/doors/entry-1/open", late_session);
    assert_true(client_call(&client, "POST", path, garage.token, "Prefer: wait=5\r\n", NULL));
    assert_int_equal(client.status, 202);
    assert_non_null(strstr(client.body, "\"status\":\"opened\""));
}

static size_t log_length(void)
{
    char *log = garage_log(&garage);
    size_t length = strlen(log);

    free(log);
    return length;
}

static bool takes_a_start(void *context)
{
    return start(&client, *(int *)context, NULL) == 201;
}

static void a_disk_that_is_read_but_not_written_leaves_the_process_calm(void **state)
{
    struct timespec a_while = {.tv_sec = 3};
    int user = 50;
    size_t before;

    (void)state;
    break_disk("fail-write", true);
    assert_int_equal(start(&client, 40, NULL), 503);
    before = log_length();
    nanosleep(&a_while, NULL); /* the time in which the log could grow */
    assert_true(log_length() - before < 20000);
    assert_int_equal(start(&client, 41, NULL), 503);
    assert_int_equal(stop(&client, sessions[0], ""), 202);
    break_disk("fail-write", false);
    assert_true(wait_for(takes_a_start, &user, 15000));
    assert_int_equal(stop(&client, sessions[0], ""), 200);
}

static void a_broken_disk_does_not_keep_the_process_from_ending(void **state)
{
    (void)state;
    break_disk("fail-write", true);
    assert_int_equal(start(&client, 40, NULL), 503);
    garage_signal(&garage, SIGTERM); /* waits for the end, 30 s at most */
    break_disk("fail-write", false);
    client_finish(&client);
    assert_true(garage_start(&garage));
    assert_true(client_init(&client, garage.address));
    assert_int_equal(start(&client, 41, NULL), 201);
}

/* Whose a session is and where is known without the disk; the rest is recorded when it can be read again. */
static void a_disk_that_cannot_be_read_lets_its_owner_out_and_nobody_else(void **state)
{
    char path[128];
    int user = 95;

    (void)state;
    /* Another process writes, so that nothing read before counts. */
    assert_int_equal(garage_run(&garage, NULL, 0, "token create --partner parkapp --scope sessions:read"), 0);
    break_disk("fail-read", true);
    snprintf(path, sizeof(path), "/v1/sessions/%s/stop", sessions[0]);
    assert_true(client_call(&client, "POST", path, garage.other, "", NULL));
    assert_int_equal(client.status, 404);
    assert_int_equal(stop(&client, sessions[0], "Prefer: wait=8\r\n") / 100, 2);
    assert_non_null(strstr(client.body, "\"status\":\"opened\""));
    assert_non_null(strstr(client.body, "\"pricePending\":true"));
    break_disk("fail-read", false);
    assert_true(wait_for(takes_a_start, &user, 15000));
    for (int i = 1; i < CARS; i++)
        assert_int_equal(stop(&client, sessions[i], ""), 200);
    assert_true(wait_for(have_all_ended, NULL, 15000));
    snprintf(path, sizeof(path), "/v1/sessions/%s", sessions[0]);
    assert_true(client_call(&client, "GET", path, garage.token, "", NULL));
    assert_non_null(strstr(client.body, "\"userId\":\"u0\""));
}

/* What cannot be read before a commit cannot be compared after it: nothing may be taken for stored. */
static void what_was_acknowledged_around_a_dead_disk_is_there_afterwards(void **state)
{
    int status[20];
    int user = 90;

    (void)state;
    /* Another process writes, so that the writer has to read anew. */
    assert_int_equal(garage_run(&garage, NULL, 0, "token create --partner parkapp --scope sessions:read"), 0);
    break_disk("fail-read", true);
    break_disk("fail-write", true);
    for (int i = 0; i < 3; i++)
        status[i] = start(&client, 60 + i, NULL);
    break_disk("fail-read", false);
    for (int i = 3; i < 6; i++)
        status[i] = start(&client, 60 + i, NULL);
    break_disk("fail-write", false);
    assert_true(wait_for(takes_a_start, &user, 15000));
    garage_signal(&garage, SIGKILL);
    client_finish(&client);
    assert_true(garage_start(&garage));
    assert_true(client_init(&client, garage.address));
    for (int i = 0; i < 6; i++) {
        if (status[i] == 201) /* the same start again is the session that runs */
            assert_int_equal(start(&client, 60 + i, NULL), 200);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(stops_behind_a_stalled_disk_are_let_out_and_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(no_door_opens_after_a_503, setup, teardown),
        cmocka_unit_test_setup_teardown(a_disk_that_is_read_but_not_written_leaves_the_process_calm, setup, teardown),
        cmocka_unit_test_setup_teardown(a_broken_disk_does_not_keep_the_process_from_ending, setup, teardown),
        cmocka_unit_test_setup_teardown(a_disk_that_cannot_be_read_lets_its_owner_out_and_nobody_else, setup, teardown),
        cmocka_unit_test_setup_teardown(what_was_acknowledged_around_a_dead_disk_is_there_afterwards, setup, teardown),
    };

    return cmocka_run_group_tests_name("disk", tests, NULL, NULL);
}
