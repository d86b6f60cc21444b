/* Typos, reloads and restarts: what a configuration may not do to a running garage. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "tests/support/garage.h"
#include "tests/unit/check.h"

static struct garage_under_test garage;
static struct http_client client;
static char changed[8192];

/* The default configuration with one part replaced. */
static const char *with(const char *part, const char *replacement)
{
    const char *at = strstr(garage_default, part);

    assert_non_null(at);
    snprintf(changed, sizeof(changed), "%.*s%s%s", (int)(at - garage_default), garage_default, replacement, at + strlen(part));
    return changed;
}

static void connect_client(void)
{
    assert_true(garage_start(&garage));
    assert_true(client_init(&client, garage.address));
}

static void begin(void)
{
    garage_make(&garage, NULL, garage_default);
    connect_client();
}

static void restart(void)
{
    client_finish(&client);
    garage_signal(&garage, SIGKILL);
    connect_client();
}

static void end(void)
{
    client_finish(&client);
    garage_signal(&garage, SIGTERM);
    garage_configure(&garage, garage_default);
    garage_assert_sound(&garage);
    garage_remove(&garage);
}

static bool log_has(void *text)
{
    char *log = garage_log(&garage);
    bool found = log && strstr(log, text);

    free(log);
    return found;
}

static void assert_log(const char *text)
{
    char *log;

    if (wait_for(log_has, (void *)(uintptr_t)text, 10000))
        return;
    log = garage_log(&garage);
    fail_msg("the log has no '%s':\n%s", text, log ? log : "");
}

static void forget_log(void)
{
    char path[256];

    snprintf(path, sizeof(path), "%s/log", garage.folder);
    assert_int_equal(truncate(path, 0), 0);
}

/* Is this text among the faults now? */
static bool has_fault(const char *text)
{
    assert_true(client_call(&client, "GET", "/v1/faults", garage.staff, "", NULL));
    return strstr(client.body, text) != NULL;
}

static int ask_as(const char *token, const char *path)
{
    assert_true(client_call(&client, "GET", path, token, "", NULL));
    return client.status;
}

/* ---- the last good configuration ---- */

static void assert_typo_starts(const char *configuration)
{
    char output[4096];

    garage_configure(&garage, configuration);
    forget_log();
    restart();
    assert_log("LAST GOOD");
    assert_true(has_fault("configuration_invalid"));
    /* The command line finds what serve found, and says so. */
    assert_int_equal(garage_run(&garage, output, sizeof(output), "door list"), 0);
    assert_non_null(strstr(output, "last good"));
    assert_non_null(strstr(output, "north/entry-1"));
    assert_int_equal(garage_run(&garage, output, sizeof(output), "token list"), 0);
    assert_non_null(strstr(output, "parkapp"));
}

static void assert_all_typos_start(void)
{
    assert_typo_starts("-- the path to the garage\nstorage { path = \"ostler.db\"\n");
    assert_typo_starts("storage { path = 'ostler.db'\n");
    assert_typo_starts(with("path = ", "pathh = "));
    assert_typo_starts("");
}

static void every_typo_starts_on_the_last_good_configuration(void **state)
{
    (void)state;
    begin();
    assert_all_typos_start();
    end();
}

static void every_typo_starts_where_only_the_service_manager_names_the_folder(void **state)
{
    char pointer[256];

    (void)state;
    garage_make(&garage, NULL, garage_default);
    setenv("STATE_DIRECTORY", garage.folder, 1);
    connect_client();
    snprintf(pointer, sizeof(pointer), "%s/.garage.lua.state", garage.folder);
    assert_int_equal(unlink(pointer), 0);
    assert_all_typos_start();
    unsetenv("STATE_DIRECTORY");
    end();
}

static void a_configuration_that_was_never_good_ends_with_78(void **state)
{
    char output[4096];

    (void)state;
    garage_make(&garage, NULL, garage_default);
    garage_configure(&garage, "storage {");
    assert_false(garage_start(&garage));
    assert_int_equal(garage_run(&garage, output, sizeof(output), "serve"), 78);
    assert_int_equal(garage_run(&garage, output, sizeof(output), "door list"), 78);
    assert_int_equal(garage_run(&garage, output, sizeof(output), "token list"), 78);
    assert_int_equal(garage_run(&garage, output, sizeof(output), "--config /nonexist door list"), 78);
    assert_int_equal(garage_run(&garage, output, sizeof(output), "--config /nonexist db check"), 78);
    garage_configure(&garage, garage_default);
    assert_int_equal(garage_run(&garage, output, sizeof(output), "door list"), 69); /* good, and nothing runs */
    garage_remove(&garage);
}

static void a_bad_address_is_refused_by_check_and_reload(void **state)
{
    static const char *const addresses[] = {"\"127.0.0.1:80a0\"", "\"127.0.0.1:99999\"", "\"127.evil.example:80\""};
    char output[4096];

    (void)state;
    begin();
    for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
        garage_configure(&garage, with("\"127.0.0.1:0\"", addresses[i]));
        assert_int_equal(garage_run(&garage, output, sizeof(output), "check"), 78);
        assert_non_null(strstr(output, "http.listen: must be an address"));
        forget_log();
        garage_signal(&garage, SIGHUP);
        assert_log("not reloaded");
        restart();
        assert_true(has_fault("configuration_invalid"));
    }
    end();
}

/* Numeric and valid, but of another machine: only listening on it can tell. */
static const char *with_foreign_address(void)
{
    return with("http { listen = \"127.0.0.1:0\" }", "http { listen = \"192.0.2.1:8080\", insecure = true }");
}

static void an_address_that_cannot_be_listened_on_falls_back(void **state)
{
    char output[4096];

    (void)state;
    begin();
    garage_configure(&garage, with_foreign_address());
    forget_log();
    restart();
    assert_log("LAST GOOD");
    assert_log("cannot listen on 192.0.2.1:8080");
    assert_true(has_fault("cannot start with it"));
    assert_int_equal(ask_as(garage.token, "/v1/garages"), 200);
    assert_int_equal(garage_run(&garage, output, sizeof(output), "door list"), 0);
    restart(); /* still there */
    assert_int_equal(ask_as(garage.token, "/v1/garages"), 200);
    end();
}

static void a_reload_that_needs_a_restart_does_not_become_the_last_good_one(void **state)
{
    (void)state;
    begin();
    garage_configure(&garage, with_foreign_address());
    garage_signal(&garage, SIGHUP);
    assert_log("with a restart: http.listen");
    assert_true(has_fault("restart_needed"));
    garage_configure(&garage, "");
    restart();
    assert_int_equal(ask_as(garage.token, "/v1/garages"), 200);
    end();
}

static void a_reload_that_needs_none_becomes_the_last_good_one(void **state)
{
    (void)state;
    begin();
    garage_configure(&garage, with("partner { id = \"otherapp\" }", "partner { id = \"newapp\" }"));
    garage_signal(&garage, SIGHUP);
    assert_log("reloaded: partners");
    garage_configure(&garage, "");
    restart();
    assert_int_equal(ask_as(garage.other, "/v1/garages"), 401); /* otherapp is no partner of that one */
    assert_int_equal(ask_as(garage.token, "/v1/garages"), 200);
    end();
}

/* ---- reload ---- */

static void a_removed_partner_loses_access_although_a_door_waits_for_a_restart(void **state)
{
    static char text[8192];
    char *partner;

    (void)state;
    begin();
    snprintf(text, sizeof(text), "%s", with("travel_time = \"100ms\"", "travel_time = \"900ms\""));
    partner = strstr(text, "partner { id = \"otherapp\" }");
    assert_non_null(partner);
    snprintf(partner, 64, "partner { id = \"newapp\" }\n");
    garage_configure(&garage, text);
    garage_policy(&garage, "shut.lua", "policy { name = \"shut\" } function on.session_start(visit) deny(\"shut\", \"Shut.\") end");
    garage_signal(&garage, SIGHUP);
    assert_log("with a restart: door north/entry-1");
    assert_int_equal(ask_as(garage.other, "/v1/garages"), 401);
    assert_int_equal(ask_as(garage.token, "/v1/garages"), 200);
    assert_true(client_call(&client, "POST", "/v1/sessions", garage.token, "",
                            "{\"garageId\":\"north\",\"userId\":\"u\",\"licensePlate\":\"AB1\"}"));
    assert_int_equal(client.status, 403);
    end();
}

static void a_reload_with_a_broken_policy_keeps_the_partners(void **state)
{
    (void)state;
    begin();
    garage_configure(&garage, with("partner { id = \"otherapp\" }", ""));
    garage_policy(&garage, "a.lua", "policy { name = \"a\"");
    garage_signal(&garage, SIGHUP);
    assert_log("a policy is broken; nothing changed");
    assert_int_equal(ask_as(garage.other, "/v1/garages"), 200);
    end();
}

static int notify_socket(char path[64])
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct timeval patience = {.tv_sec = 1};
    int file = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    snprintf(path, 64, "/tmp/ostler-notify-%ld", (long)getpid());
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    unlink(path);
    assert_true(file >= 0);
    assert_int_equal(bind(file, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(setsockopt(file, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), 0);
    return file;
}

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void the_watchdog_is_petted_while_a_reload_waits_for_the_database(void **state)
{
    char path[64], message[256];
    int file = notify_socket(path);
    sqlite3 *database = NULL;
    int64_t began_ms = 0, longest_ms = 0, last_ms = 0;
    bool ready = false;
    ssize_t length;

    (void)state;
    setenv("NOTIFY_SOCKET", path, 1);
    setenv("WATCHDOG_USEC", "900000", 1);
    begin();
    while ((length = recv(file, message, sizeof(message) - 1, MSG_DONTWAIT)) > 0)
        ; /* of the start */
    assert_int_equal(sqlite3_open(garage.database, &database), SQLITE_OK);
    assert_int_equal(sqlite3_exec(database, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    garage_policy(&garage, "new.lua", "policy { name = \"new\" } function on.session_start(visit) end");
    garage_signal(&garage, SIGHUP);
    began_ms = last_ms = now_ms();
    while (!ready && now_ms() < began_ms + 15000) {
        if (database && now_ms() > began_ms + 3000) { /* longer than the watchdog's time */
            sqlite3_close(database);
            database = NULL;
        }
        length = recv(file, message, sizeof(message) - 1, 0);
        if (length < 0)
            continue;
        message[length] = '\0';
        ready = strcmp(message, "READY=1") == 0;
        if (strcmp(message, "WATCHDOG=1") == 0) {
            longest_ms = now_ms() - last_ms > longest_ms ? now_ms() - last_ms : longest_ms;
            last_ms = now_ms();
        }
    }
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");
    assert_true(ready);
    assert_true(now_ms() > began_ms + 2000); /* it did wait */
    longest_ms = now_ms() - last_ms > longest_ms ? now_ms() - last_ms : longest_ms;
    if (longest_ms > 900)
        fail_msg("the watchdog was not petted for %lld ms", (long long)longest_ms);
    sqlite3_close(database);
    close(file);
    unlink(path);
    end();
}

RUN(T(every_typo_starts_on_the_last_good_configuration),
    T(every_typo_starts_where_only_the_service_manager_names_the_folder), T(a_configuration_that_was_never_good_ends_with_78),
    T(a_bad_address_is_refused_by_check_and_reload), T(an_address_that_cannot_be_listened_on_falls_back),
    T(a_reload_that_needs_a_restart_does_not_become_the_last_good_one), T(a_reload_that_needs_none_becomes_the_last_good_one),
    T(a_removed_partner_loses_access_although_a_door_waits_for_a_restart), T(a_reload_with_a_broken_policy_keeps_the_partners),
    T(the_watchdog_is_petted_while_a_reload_waits_for_the_database))
