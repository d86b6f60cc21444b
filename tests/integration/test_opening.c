/* A runtime starts whatever state its disk is in, and lets out who was inside. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/garage.h"
#include "tests/unit/check.h"

static struct garage_under_test garage;
static struct http_client client;
static char disk[64]; /* a small one, for the database alone */

static void serve(void)
{
    if (!garage_start(&garage)) {
        char *log = garage_log(&garage);

        fail_msg("it does not start:\n%s", log);
    }
    assert_true(client_init(&client, garage.address));
}

static int set_up(void **state)
{
    static const char original[] = "storage { path = \"ostler.db\" }";
    char configuration[4096];
    const char *at = strstr(garage_default, original);

    (void)state;
    strcpy(disk, "/tmp/ostler-disk-XXXXXX");
    if (!mkdtemp(disk) || mount("tmpfs", disk, "tmpfs", 0, "size=8m") != 0)
        fail_msg("a small disk cannot be mounted: run the tests as root");
    snprintf(configuration, sizeof(configuration), "%.*sstorage { path = \"%s/ostler.db\", reserve = \"1024KB\" }%s",
             (int)(at - garage_default), garage_default, disk, at + strlen(original));
    garage_make(&garage, NULL, configuration);
    serve();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    client_finish(&client);
    if (garage.pid)
        garage_signal(&garage, SIGTERM);
    garage_assert_sound(&garage);
    garage_remove(&garage);
    if (umount(disk) != 0)
        fail_msg("the small disk is still in use");
    return rmdir(disk);
}

static void end(int signal)
{
    client_finish(&client);
    garage_signal(&garage, signal);
}

static void fill(void)
{
    static char block[65536];
    char path[128];
    int file;

    snprintf(path, sizeof(path), "%s/ballast", disk);
    file = open(path, O_WRONLY | O_CREAT, 0600);
    assert_true(file >= 0);
    while (write(file, block, sizeof(block)) > 0)
        ;
    while (write(file, block, 512) > 0)
        ;
    close(file);
}

static void drop(const char *name)
{
    char path[128];

    snprintf(path, sizeof(path), "%s/%s", disk, name);
    assert_int_equal(unlink(path), 0);
}

static void remount(unsigned long flags)
{
    assert_int_equal(mount(NULL, disk, NULL, MS_REMOUNT | flags, NULL), 0);
}

static int start(const char *user, const char *plate, char session[64])
{
    char body[256];

    snprintf(body, sizeof(body), "{\"garageId\":\"north\",\"userId\":\"%s\",\"licensePlate\":\"%s\"}", user, plate);
    assert_true(client_call(&client, "POST", "/v1/sessions", garage.token, "", body));
    if (session)
        client_member(&client, "sessionId", session, 64);
    return client.status;
}

static int stop(const char *session)
{
    char path[128];

    snprintf(path, sizeof(path), "/v1/sessions/%s/stop", session);
    assert_true(client_call(&client, "POST", path, garage.token, "Prefer: wait=5\r\n", NULL));
    return client.status;
}

static bool is_ended(void *session)
{
    char path[128], status[16];

    snprintf(path, sizeof(path), "/v1/sessions/%s", (const char *)session);
    assert_true(client_call(&client, "GET", path, garage.token, "", NULL));
    client_member(&client, "status", status, sizeof(status));
    return strcmp(status, "ended") == 0;
}

static bool takes_starts(void *context)
{
    (void)context;
    return start("late", "LATE", NULL) / 100 == 2; /* 200: one that was answered 503 was recorded all the same */
}

static bool has_fault(void *code)
{
    return client_call(&client, "GET", "/v1/faults", garage.staff, "", NULL) && strstr(client.body, code);
}

static void assert_let_out(const char *session, int status)
{
    assert_int_equal(stop(session), status);
    assert_non_null(strstr(client.body, "\"status\":\"opened\""));
}

static void after_a_clean_stop_a_full_disk_opens_with_the_reserve(void **state)
{
    char inside[64];

    (void)state;
    assert_int_equal(start("u1", "AB1", inside), 201);
    end(SIGTERM);
    fill();
    serve();
    assert_int_equal(start("u2", "AB2", NULL), 503);
    assert_let_out(inside, 200);
    assert_true(has_fault("storage_full"));
    drop("ballast");
    assert_true(wait_for(takes_starts, NULL, 10000));
}

static void a_full_disk_without_a_reserve_opens_all_the_same(void **state)
{
    char inside[64];

    (void)state;
    assert_int_equal(start("u1", "AB1", inside), 201);
    end(SIGTERM);
    drop("ostler.db-reserve");
    fill();
    serve();
    assert_int_equal(start("u2", "AB2", NULL), 503);
    assert_let_out(inside, 202);
    drop("ballast");
    assert_true(wait_for(is_ended, inside, 10000));
    assert_true(wait_for(takes_starts, NULL, 10000));
}

static void what_kill_9_left_unfinished_keeps_no_full_disk_from_starting(void **state)
{
    char inside[64], path[128];

    (void)state;
    assert_int_equal(start("u1", "AB1", inside), 201); /* its command is hardly ever recorded as final by now */
    end(SIGKILL);
    drop("ostler.db-reserve");
    fill();
    serve();
    snprintf(path, sizeof(path), "/v1/sessions/%s", inside);
    assert_true(client_call(&client, "GET", path, garage.token, "", NULL));
    assert_non_null(strstr(client.body, "\"status\":\"expired\""));
    assert_int_equal(start("u2", "AB2", NULL), 503);
    assert_int_equal(stop(inside) / 100, 2); /* 200 where a checkpoint made room in the log */
    assert_non_null(strstr(client.body, "\"status\":\"opened\""));
    drop("ballast");
    assert_true(wait_for(is_ended, inside, 10000));
}

/* Reads work, starts are refused, stops are kept and recorded later. */
static void assert_serves_read_only(char *inside)
{
    char path[128];

    snprintf(path, sizeof(path), "/v1/sessions/%s", inside);
    assert_true(client_call(&client, "GET", path, garage.token, "", NULL));
    assert_int_equal(client.status, 200);
    assert_true(client_call(&client, "GET", path, garage.other, "", NULL));
    assert_int_equal(client.status, 404);
    assert_int_equal(start("u2", "AB2", NULL), 503);
    assert_let_out(inside, 202);
    assert_true(has_fault("storage_unavailable"));
    remount(0);
    assert_true(wait_for(is_ended, inside, 10000));
    assert_true(wait_for(takes_starts, NULL, 10000));
}

static void a_read_only_disk_after_kill_9_lets_out(void **state)
{
    char inside[64];

    (void)state;
    assert_int_equal(start("u1", "AB1", inside), 201);
    end(SIGKILL);
    remount(MS_RDONLY);
    serve();
    assert_serves_read_only(inside);
}

static void a_read_only_disk_after_a_clean_stop_lets_out(void **state)
{
    char inside[64];

    (void)state;
    assert_int_equal(start("u1", "AB1", inside), 201);
    end(SIGTERM);
    remount(MS_RDONLY);
    serve();
    assert_serves_read_only(inside);
}

static void a_token_of_another_process_counts_after_a_read_only_start(void **state)
{
    char output[1024], token[64];
    const char *found;

    (void)state;
    end(SIGTERM);
    drop("ostler.db-tokens");
    remount(MS_RDONLY);
    serve();
    remount(0);
    assert_true(wait_for(takes_starts, NULL, 10000));
    assert_int_equal(garage_run(&garage, output, sizeof(output), "token create --json --partner parkapp --scope sessions:read"), 0);
    found = strstr(output, "\"token\":\"");
    assert_non_null(found);
    snprintf(token, sizeof(token), "%.*s", (int)strcspn(found + 9, "\""), found + 9);
    assert_true(client_call(&client, "GET", "/v1/sessions", token, "", NULL));
    assert_int_equal(client.status, 200);
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
RUN(CASE(after_a_clean_stop_a_full_disk_opens_with_the_reserve), CASE(a_full_disk_without_a_reserve_opens_all_the_same),
    CASE(what_kill_9_left_unfinished_keeps_no_full_disk_from_starting), CASE(a_read_only_disk_after_kill_9_lets_out),
    CASE(a_read_only_disk_after_a_clean_stop_lets_out), CASE(a_token_of_another_process_counts_after_a_read_only_start))
