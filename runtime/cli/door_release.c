/*
 * ostler door release: put every relay to its released level, without the runtime.
 *
 * A line keeps its level when the process that drove it dies: a relay that was energised then stays so. The service manager
 * runs this when the runtime has ended in whatever way (ExecStopPost); a technician may at any time. It moves nothing but
 * relays towards released, and takes no line from who holds it.
 */
#include <stdio.h>
#include <string.h>

#include "drivers/driver_table.h"
#include "runtime/cli/cli.h"

static const struct door_driver_type *driver_of(const struct door_plan *plan)
{
    const struct door_driver_type *type = door_driver_table;

    while (type->name && strcmp(type->name, plan->driver) != 0)
        type++;
    return type->name ? type : NULL;
}

/* The sensor is left out: whoever holds that must not keep a relay energised. */
static enum ost_status release(const struct door_plan *plan, char problem[static REASON_BYTES])
{
    const struct door_driver_type *type = driver_of(plan);
    struct door_plan relay_only = *plan;
    struct door_driver *driver;
    enum ost_status status;

    memset(&relay_only.open_sensor, 0, sizeof(relay_only.open_sensor));
    snprintf(problem, REASON_BYTES, "there is no driver \"%s\"", plan->driver);
    status = type ? type->create(&relay_only, &driver, problem) : OST_INVALID;
    if (status != OST_OK)
        return status;
    snprintf(problem, REASON_BYTES, "it does not answer");
    status = driver->ops->acquire(driver, problem);
    if (status == OST_OK) {
        snprintf(problem, REASON_BYTES, "the relay does not release");
        status = driver->ops->set_relay(driver, false);
    }
    driver->ops->destroy(driver);
    return status;
}

static const char *advice(enum ost_status status)
{
    switch (status) {
    case OST_BUSY:
        return "; end that first: the runtime with 'systemctl stop ostler', another program by itself";
    case OST_UNAVAILABLE:
        return "; 'gpiodetect' and 'gpioinfo' show the chips and lines that are there, and need the group gpio";
    default:
        return "";
    }
}

static void say(struct cli *cli, const struct door_plan *plan, enum ost_status status, const char *problem, bool is_first)
{
    char door[2 * SLUG_BYTES], line[1024];
    struct json_writer writer;

    snprintf(door, sizeof(door), "%s/%s", plan->garage_id, plan->id);
    if (!cli->json) {
        printf("%-24s %s%s%s\n", door, status == OST_OK ? "released" : "NOT released: ", status == OST_OK ? "" : problem,
               advice(status));
        return;
    }
    json_writer_init(&writer, line, sizeof(line) - 1);
    json_begin_object(&writer);
    json_put_string(&writer, "door", door);
    json_put_boolean(&writer, "released", status == OST_OK);
    json_put_string(&writer, "problem", status == OST_OK ? NULL : problem);
    json_end_object(&writer);
    printf("%s%.*s", is_first ? "" : ",", (int)writer.length, line);
}

static bool is_meant(const struct door_plan *plan, const char *name)
{
    char whole[2 * SLUG_BYTES];

    snprintf(whole, sizeof(whole), "%s/%s", plan->garage_id, plan->id);
    return !name || strcmp(name, plan->id) == 0 || strcmp(name, whole) == 0;
}

int door_release(struct cli *cli)
{
    const char *name = cli->argument_count > 0 ? cli->arguments[0] : NULL;
    struct configuration *configuration;
    size_t meant = 0;
    int code;

    configuration = cli_configuration(cli, &code);
    if (!configuration)
        return code;
    code = EXIT_DONE;
    if (cli->json)
        printf("{\"items\":[");
    for (size_t g = 0; g < configuration->site->garage_count; g++) {
        const struct garage *garage = &configuration->site->garages[g];

        for (size_t d = 0; d < garage->door_count; d++) {
            char problem[REASON_BYTES];
            enum ost_status status;

            if (!is_meant(&garage->doors[d], name))
                continue;
            status = release(&garage->doors[d], problem);
            say(cli, &garage->doors[d], status, problem, meant++ == 0);
            if (status != OST_OK)
                code = EXIT_REFUSED;
        }
    }
    if (cli->json)
        printf("]}\n");
    configuration_free(configuration);
    if (name && meant == 0)
        return cli_fail(EXIT_REFUSED, "there is no door '%s' in the configuration", name);
    return code;
}
