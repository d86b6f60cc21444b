/* ostler check: everything that can be wrong, each line with what to do. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "db/sqlite_tools.h"
#include "drivers/driver_table.h"
#include "runtime/app/runtime.h"
#include "runtime/app/state.h"
#include "runtime/base/clock.h"
#include "runtime/cli/cli.h"
#include "runtime/policy/lua_host.h"
#include "runtime/service/fault_board.h"
#include "runtime/service/policy_catalog.h"

enum verdict { CHECK_OK, CHECK_WARN, CHECK_FAIL };

struct check {
    bool json;
    bool any;
    int fails;
};

static void say(struct check *check, enum verdict verdict, const char *what, const char *format, ...) OST_PRINTF(4, 5);

static void say(struct check *check, enum verdict verdict, const char *what, const char *format, ...)
{
    static const char *const words[] = {"OK", "WARN", "FAIL"};
    char text[512], line[1200];
    struct json_writer writer;
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    check->fails += verdict == CHECK_FAIL;
    if (!check->json) {
        printf("%-4s  %-14s %s\n", words[verdict], what, text);
        return;
    }
    json_writer_init(&writer, line, sizeof(line));
    json_begin_object(&writer);
    json_put_string(&writer, "check", what);
    json_put_string(&writer, "result", words[verdict]);
    json_put_string(&writer, "detail", text);
    json_end_object(&writer);
    printf("%s%.*s", check->any ? "," : "[", (int)writer.length, line);
    check->any = true;
}

static void check_configuration(struct check *check, const struct configuration_report *report)
{
    for (size_t i = 0; i < report->count && i < CONFIGURATION_PROBLEMS_MAX; i++)
        say(check, report->problems[i].is_warning ? CHECK_WARN : CHECK_FAIL, "configuration", "%s:%d: %s", report->file,
            report->problems[i].line, report->problems[i].text);
    if (report->count == 0)
        say(check, CHECK_OK, "configuration", "%s", report->file);
}

static void check_clock(struct check *check)
{
    struct clock clock;

    clock_init_system(&clock);
    switch (clock_trust(&clock)) {
    case CLOCK_SYNCED:
        say(check, CHECK_OK, "clock", "is kept by a time source");
        break;
    case CLOCK_HOLDOVER:
        say(check, CHECK_WARN, "clock", "no time source keeps it now; see 'timedatectl'");
        break;
    case CLOCK_UNSYNCED:
        say(check, CHECK_FAIL, "clock", "was never set; see 'timedatectl', or set it with 'date'");
        break;
    }
}

static void check_disk(struct check *check, const char *folder)
{
    struct statvfs disk;
    long long free_mb;

    if (statvfs(folder, &disk) != 0) {
        say(check, CHECK_FAIL, "disk", "there is no folder %s; make it", folder);
        return;
    }
    free_mb = (long long)(disk.f_bavail * disk.f_frsize >> 20);
    if (access(folder, W_OK) != 0)
        say(check, CHECK_FAIL, "disk", "%s cannot be written by this user", folder);
    else
        say(check, free_mb < 64 ? CHECK_FAIL : free_mb < 512 ? CHECK_WARN : CHECK_OK, "disk", "%lld MB are free in %s%s", free_mb, folder,
            free_mb < 512 ? "; make room" : "");
}

static void on_problem(void *context, const char *problem)
{
    say(context, CHECK_FAIL, "database", "%s; keep a copy, and restore a backup", problem);
}

static void check_database(struct check *check, const char *path)
{
    size_t problems = 0;
    enum ost_status status = sqlite_check(path, on_problem, check, &problems);

    if (status == OST_NOT_FOUND)
        say(check, CHECK_OK, "database", "%s is not there yet; the first start makes it", path);
    else if (status != OST_OK)
        say(check, CHECK_FAIL, "database", "%s cannot be read: %s", path, ost_status_text(status));
    else if (problems == 0)
        say(check, CHECK_OK, "database", "%s is sound", path);
}

/* A line is only tried where no runtime holds it: taking it would move nothing, but the runtime could not have it back. */
static void check_door(struct check *check, const struct door_plan *plan)
{
    const struct door_driver_type *type = door_driver_table;
    struct door_driver *driver;
    char problem[REASON_BYTES] = "";
    char name[140];
    enum ost_status status;

    snprintf(name, sizeof(name), "%s/%s", plan->garage_id, plan->id);
    while (type->name && strcmp(type->name, plan->driver) != 0)
        type++;
    if (!type->name || type->create(plan, &driver, problem) != OST_OK) {
        say(check, CHECK_FAIL, name, "%s", problem[0] ? problem : "there is no such driver");
        return;
    }
    status = driver->ops->acquire(driver, problem);
    if (status == OST_OK)
        say(check, CHECK_OK, name, "%s, %s", door_kind_text(plan->kind), plan->driver);
    else if (status == OST_BUSY)
        say(check, CHECK_WARN, name, "%s; if that is the runtime itself, all is well", problem);
    else
        say(check, CHECK_FAIL, name, "%s", problem);
    driver->ops->destroy(driver);
}

static void check_policies(struct check *check, const char *directory)
{
    struct lua_policy_host_settings settings = {.instances = 2};
    struct policy_problem problems[32];
    struct policy_facts facts[POLICIES_MAX];
    struct policy_catalog_parts parts = {.store = NULL};
    struct policy_catalog *catalog = NULL;
    struct clock clock;
    size_t count = 0;

    clock_init_system(&clock);
    parts.clock = &clock;
    parts.faults = fault_board_create(&clock, NULL);
    if (lua_policy_host_create(&settings, &parts.host) != OST_OK || policy_catalog_create(&parts, &catalog) != OST_OK) {
        say(check, CHECK_FAIL, "policies", "there is no memory to load them");
    } else if (policy_catalog_load(catalog, directory, POLICY_LOAD_STRICT, problems, 32, &count) != OST_OK) {
        for (size_t i = 0; i < count && i < 32; i++)
            say(check, CHECK_FAIL, "policies", "%s:%d: %s", problems[i].file, problems[i].line, problems[i].text);
    } else {
        struct policy_lease *lease = policy_catalog_take(catalog);
        size_t loaded = policy_lease_describe(lease, facts, POLICIES_MAX);

        policy_catalog_put(catalog, lease);
        if (loaded > 0)
            say(check, CHECK_OK, "policies", "%zu load", loaded);
        else
            say(check, CHECK_OK, "policies", "there are none: every start is allowed");
    }
    policy_catalog_destroy(catalog);
    if (parts.host)
        parts.host->ops->destroy(parts.host);
    fault_board_destroy(parts.faults);
}

int command_check(struct cli *cli)
{
    struct check check = {.json = cli->json};
    struct configuration_report *report = calloc(1, sizeof(*report));
    struct configuration *configuration = NULL;
    char folder[PATH_BYTES];
    int code;

    if (!report)
        return EXIT_REFUSED;
    if (configuration_read(configuration_path(cli->configuration), &configuration, report) != OST_OK)
        configuration = NULL;
    check_configuration(&check, report);
    check_clock(&check);
    say(&check, CHECK_OK, "certificates", "none are used: TLS is left to a proxy in front");
    if (configuration) {
        state_folder(configuration, folder);
        check_disk(&check, folder);
        check_database(&check, configuration->storage.path);
        for (size_t i = 0; i < configuration->site->garage_count; i++) {
            for (size_t j = 0; j < configuration->site->garages[i].door_count; j++)
                check_door(&check, &configuration->site->garages[i].doors[j]);
        }
        check_policies(&check, configuration->policies_directory);
    }
    if (check.json)
        printf("]\n");
    code = configuration ? (check.fails ? EXIT_REFUSED : EXIT_DONE) : EXIT_CONFIGURATION;
    configuration_free(configuration);
    free(report);
    return code;
}
