/* What happens to cars and records while something of ours is broken. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "tests/support/garage.h"
#include "tests/unit/check.h"

static struct garage_under_test garage;
static struct http_client client;

static void begin(const char *parent, const char *configuration)
{
    garage_make(&garage, parent, configuration);
    assert_true(garage_start(&garage));
    assert_true(client_init(&client, garage.address));
}

static void restart(void)
{
    client_finish(&client);
    assert_true(garage_start(&garage));
    assert_true(client_init(&client, garage.address));
}

static void end(void)
{
    client_finish(&client);
    if (garage.pid)
        garage_signal(&garage, SIGTERM);
    garage_assert_sound(&garage);
    garage_remove(&garage);
}

/* A start in "north"; its status, and the session's id. */
static int start(const char *user, const char *plate, char session[64])
{
    char body[256];

    snprintf(body, sizeof(body), "{\"garageId\":\"north\",\"userId\":\"%s\",\"licensePlate\":\"%s\"}", user, plate);
    assert_true(client_call(&client, "POST", "/v1/sessions", garage.token, "", body));
    if (session)
        client_member(&client, "sessionId", session, 64);
    return client.status;
}

static int stop_with(const char *session, const char *token, const char *headers)
{
    char path[128];

    snprintf(path, sizeof(path), "/v1/sessions/%s/stop", session);
    assert_true(client_call(&client, "POST", path, token, headers, NULL));
    return client.status;
}

static int stop(const char *session)
{
    return stop_with(session, garage.token, "");
}

static void assert_code(const char *code)
{
    char found[64];

    client_member(&client, "code", found, sizeof(found));
    assert_string_equal(found, code);
}

/* Openings in the ledger so far. */
static int openings(void)
{
    int count = 0;

    assert_true(client_call(&client, "GET", "/v1/door-ledger?limit=200", garage.staff, "", NULL));
    assert_int_equal(client.status, 200);
    for (const char *at = client.body; (at = strstr(at, "\"openingId\"")); at++)
        count++;
    return count;
}

static int wanted_openings;

static bool has_openings(void *context)
{
    (void)context;
    return openings() == wanted_openings;
}

static void assert_openings(int count)
{
    wanted_openings = count;
    if (!wait_for(has_openings, NULL, 10000))
        fail_msg("%d openings in the ledger, not %d", openings(), count);
}

static bool has_price(void *context)
{
    char path[128];

    snprintf(path, sizeof(path), "/v1/sessions/%s", (const char *)context);
    return client_call(&client, "GET", path, garage.token, "", NULL) && strstr(client.body, "\"amount\":700");
}

static void broken_policies_stop_starts_and_never_an_exit(void **state)
{
    char inside[64], ended[64], foreign[128];

    (void)state;
    begin(NULL, garage_default);
    assert_int_equal(start("u1", "AB1", inside), 201);
    assert_int_equal(start("u2", "AB2", ended), 201);
    assert_int_equal(stop(ended), 200);
    assert_openings(3);
    garage_signal(&garage, SIGTERM);
    garage_policy(&garage, "tariff.lua", "policy { name = \"tariff\"");
    restart();

    assert_int_equal(start("u3", "AB3", NULL), 503);
    assert_code("policy_unavailable");
    assert_int_equal(stop_with(inside, NULL, ""), 401);
    assert_int_equal(stop_with(inside, garage.other, ""), 404);
    assert_int_equal(stop(ended), 200);
    assert_openings(3); /* nobody was let out who may not */

    assert_int_equal(stop_with(inside, garage.token, "Prefer: wait=5\r\n"), 200);
    assert_non_null(strstr(client.body, "\"price\":null,\"pricePending\":true"));
    assert_non_null(strstr(client.body, "\"status\":\"opened\""));
    assert_openings(4);
    assert_true(client_call(&client, "GET", "/v1/door-ledger?limit=1", garage.staff, "", NULL));
    assert_non_null(strstr(client.body, "\"degraded\":true"));

    garage_policy(&garage, "tariff.lua", "policy { name = \"tariff\" } function on.session_stop(visit) charge(money(7), \"flat\") end");
    garage_signal(&garage, SIGHUP);
    assert_true(wait_for(has_price, inside, 15000));
    assert_null(strstr(client.body, "pricePending"));
    snprintf(foreign, sizeof(foreign), "/v1/sessions/%s", inside);
    assert_true(client_call(&client, "GET", foreign, garage.other, "", NULL));
    assert_int_equal(client.status, 404);
    assert_int_equal(start("u3", "AB3", NULL), 201);
    end();
}

static bool log_says(const char *text)
{
    char *log = garage_log(&garage);
    bool found = strstr(log, text) != NULL;

    free(log);
    return found;
}

static bool has_refused_the_reload(void *context)
{
    (void)context;
    return log_says("not reloaded: a policy is broken");
}

static bool has_reloaded(void *context)
{
    (void)context;
    return log_says("configuration: reloaded");
}

static void a_reload_with_a_broken_policy_changes_nothing(void **state)
{
    (void)state;
    begin(NULL, garage_default);
    garage_policy(&garage, "a.lua", "policy { name = \"a\" } function on.session_start(visit) visit.palte() end");
    garage_signal(&garage, SIGHUP);
    assert_true(wait_for(has_refused_the_reload, NULL, 10000));
    assert_int_equal(start("u1", "AB1", NULL), 201);
    garage_policy(&garage, "a.lua", "policy { name = \"a\" } function on.session_start(visit) deny(\"no_more\") end");
    garage_signal(&garage, SIGHUP);
    assert_true(wait_for(has_reloaded, NULL, 10000)); /* and a good one does change something */
    assert_int_equal(start("u2", "AB2", NULL), 403);
    assert_code("no_more");
    end();
}

static void a_typo_and_a_power_cut_start_on_the_last_good_configuration(void **state)
{
    char configuration[4096];
    char *log;

    (void)state;
    begin(NULL, garage_default);
    snprintf(configuration, sizeof(configuration), "%s", garage_default);
    memcpy(strstr(configuration, "spots = 20"), "sopts = 20", 10);
    garage_configure(&garage, configuration);
    garage_signal(&garage, SIGKILL);
    restart();
    assert_int_equal(start("u1", "AB1", NULL), 201);
    log = garage_log(&garage);
    assert_non_null(strstr(log, "did you mean 'spots'?"));
    assert_non_null(strstr(log, "LAST GOOD"));
    free(log);
    assert_true(client_call(&client, "GET", "/v1/faults", garage.staff, "", NULL));
    assert_non_null(strstr(client.body, "configuration_invalid"));
    garage_configure(&garage, garage_default);
    end();
}

/* ---- a full disk ---- */

static void fill(const char *folder, const char *name)
{
    char path[256];
    static char block[65536];
    int file;

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    file = open(path, O_WRONLY | O_CREAT, 0600);
    assert_true(file >= 0);
    while (write(file, block, sizeof(block)) > 0)
        ;
    while (write(file, block, 512) > 0)
        ;
    close(file);
}

static bool starts_again(void *context)
{
    (void)context;
    return start("late", "LATE", NULL) / 100 == 2; /* 200: one that was answered 503 was recorded all the same */
}

#define INSIDE 400

/* A garage on a disk of its own, with INSIDE cars in it, and then no room on the disk. */
static void fill_small_disk(char *mount_point, const char *options, bool small_reserve, char inside[INSIDE][64])
{
    char configuration[4096], user[16], plate[16];
    char *storage;

    assert_non_null(mkdtemp(mount_point));
    if (mount("tmpfs", mount_point, "tmpfs", 0, options) != 0)
        fail_msg("a small disk cannot be mounted: run the tests as root");
    snprintf(configuration, sizeof(configuration), "%s", garage_default);
    memcpy(strstr(configuration, "spots = 20"), "spots=9999", 10);
    storage = strstr(configuration, "storage { path = \"ostler.db\" }");
    if (small_reserve) {
        memmove(storage + 50, storage + 30, strlen(storage + 30) + 1);
        memcpy(storage, "storage { path = \"ostler.db\", reserve = \"1024KB\" } ", 50);
    }
    begin(mount_point, configuration);
    for (int i = 0; i < INSIDE; i++) {
        snprintf(user, sizeof(user), "u%d", i);
        snprintf(plate, sizeof(plate), "P%d", i);
        assert_int_equal(start(user, plate, inside[i]), 201);
    }
    fill(garage.folder, "ballast");
}

static void remove_small_disk(const char *mount_point)
{
    end();
    assert_int_equal(umount(mount_point), 0);
    rmdir(mount_point);
}

static void remove_ballast(void)
{
    char command[256];

    snprintf(command, sizeof(command), "rm -f %s/ballast*", garage.folder);
    assert_int_equal(system(command), 0);
}

/* Stop every car; what each was answered. Somebody else takes now and then what the reserve gave back. */
static void stop_all(char inside[INSIDE][64], int answered[INSIDE])
{
    char name[32];

    for (int i = 0; i < INSIDE; i++) {
        if (i % 10 == 9) {
            snprintf(name, sizeof(name), "ballast%d", i);
            fill(garage.folder, name);
        }
        answered[i] = stop(inside[i]);
        if (answered[i] != 200 && answered[i] != 202)
            fail_msg("stop %d was answered %d: %s", i, answered[i], client.body);
        if (answered[i] == 202)
            assert_non_null(strstr(client.body, "\"status\":\"ending\""));
    }
}

static int count_of(const int answered[INSIDE], int status)
{
    int count = 0;

    for (int i = 0; i < INSIDE; i++)
        count += answered[i] == status;
    return count;
}

/* Each ends within a few seconds, and never seems to run again meanwhile. */
static void assert_all_end(char inside[INSIDE][64])
{
    char path[128], status[16];

    for (int i = 0; i < INSIDE; i++) {
        for (int tries = 0; tries < 100; tries++) {
            snprintf(path, sizeof(path), "/v1/sessions/%s", inside[i]);
            assert_true(client_call(&client, "GET", path, garage.token, "", NULL));
            client_member(&client, "status", status, sizeof(status));
            if (strcmp(status, "ending") != 0)
                break;
            usleep(50000);
        }
        assert_string_equal(status, "ended");
    }
}

static void a_full_disk_refuses_starts_and_lets_every_car_out(void **state)
{
    static char inside[INSIDE][64];
    static int answered[INSIDE];
    char mount_point[] = "/tmp/ostler-disk-XXXXXX";

    (void)state;
    fill_small_disk(mount_point, "size=13m", true, inside);
    for (int i = 0; i < 200 && start("x", "X", NULL) == 201; i++) { /* the log may have room left in it */
        char session[64];

        client_member(&client, "sessionId", session, sizeof(session));
        assert_int_equal(stop(session) / 100, 2);
    }
    assert_int_equal(client.status, 503);
    assert_code("storage_unavailable");
    stop_all(inside, answered);
    print_message("%d stops were answered 200, %d 202\n", count_of(answered, 200), count_of(answered, 202));
    assert_true(count_of(answered, 200) > 0);
    assert_true(count_of(answered, 202) > 0);
    assert_int_equal(stop(inside[INSIDE - 1]) / 100, 2); /* again: the same, or it was recorded meanwhile */
    remove_ballast();
    assert_true(wait_for(starts_again, NULL, 30000));
    assert_all_end(inside);
    remove_small_disk(mount_point);
}

static void stops_that_a_full_disk_never_took_are_recorded_by_the_next_run(void **state)
{
    static char inside[INSIDE][64];
    static int answered[INSIDE];
    char mount_point[] = "/tmp/ostler-disk-XXXXXX";
    char *log;

    (void)state;
    fill_small_disk(mount_point, "size=13m", true, inside);
    stop_all(inside, answered);
    assert_true(count_of(answered, 202) > 0);
    garage_signal(&garage, SIGTERM);
    remove_ballast();
    restart();
    log = garage_log(&garage);
    assert_non_null(strstr(log, "stops of the last run"));
    free(log);
    assert_all_end(inside);
    assert_int_equal(stop(inside[INSIDE - 1]), 200);
    assert_int_equal(start("u399", "P399", NULL), 201);
    remove_small_disk(mount_point);
}

static void what_a_full_disk_acknowledged_survives_kill_9(void **state)
{
    static char inside[INSIDE][64];
    static int answered[INSIDE];
    char mount_point[] = "/tmp/ostler-disk-XXXXXX";
    char path[256], status[16];

    (void)state;
    fill_small_disk(mount_point, "size=24m", false, inside);
    for (int i = 0; i < INSIDE; i++)
        answered[i] = stop(inside[i]);
    garage_signal(&garage, SIGKILL);
    remove_ballast();
    restart();
    for (int i = 0; i < INSIDE; i++) {
        snprintf(path, sizeof(path), "/v1/sessions/%s", inside[i]);
        assert_true(client_call(&client, "GET", path, garage.token, "", NULL));
        assert_int_equal(client.status, 200);
        client_member(&client, "status", status, sizeof(status));
        if (answered[i] == 200)
            assert_string_equal(status, "ended");
    }
    remove_small_disk(mount_point);
}

/* ---- fsync fails ---- */

static void nothing_is_acknowledged_while_fsync_fails_and_all_goes_on_after(void **state)
{
    char control[64] = "/tmp/ostler-fail-XXXXXX";
    char inside[64], path[128], status[16];

    (void)state;
    assert_true(mkstemp(control) >= 0);
    unlink(control);
    setenv("OSTLER_FAIL_FSYNC", control, 1);
    garage_make(&garage, NULL, garage_default);
    garage.preload = OSTLER_PRELOAD;
    assert_true(garage_start(&garage));
    assert_true(client_init(&client, garage.address));
    assert_int_equal(start("u1", "AB1", inside), 201);
    close(open(control, O_CREAT | O_WRONLY, 0600));
    assert_int_equal(start("u2", "AB2", NULL), 503);
    assert_int_equal(stop(inside), 202);
    assert_non_null(strstr(client.body, "\"status\":\"ending\""));
    unlink(control);
    assert_true(wait_for(starts_again, NULL, 20000));
    for (int tries = 0; tries < 200; tries++) {
        snprintf(path, sizeof(path), "/v1/sessions/%s", inside);
        assert_true(client_call(&client, "GET", path, garage.token, "", NULL));
        client_member(&client, "status", status, sizeof(status));
        if (strcmp(status, "ended") == 0)
            break;
        usleep(50000);
    }
    assert_string_equal(status, "ended");
    garage_signal(&garage, SIGKILL);
    garage.preload = NULL;
    restart();
    assert_true(client_call(&client, "GET", path, garage.token, "", NULL));
    client_member(&client, "status", status, sizeof(status));
    assert_string_equal(status, "ended");
    end();
    unsetenv("OSTLER_FAIL_FSYNC");
}

RUN(T(broken_policies_stop_starts_and_never_an_exit), T(a_reload_with_a_broken_policy_changes_nothing),
    T(a_typo_and_a_power_cut_start_on_the_last_good_configuration), T(a_full_disk_refuses_starts_and_lets_every_car_out),
    T(stops_that_a_full_disk_never_took_are_recorded_by_the_next_run),
    T(what_a_full_disk_acknowledged_survives_kill_9),
    T(nothing_is_acknowledged_while_fsync_fails_and_all_goes_on_after))
