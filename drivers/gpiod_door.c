#include "drivers/gpiod_door.h"

#include <dirent.h>
#include <errno.h>
#include <gpiod.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EVENTS_AT_ONCE 16
#define DRAINS_MAX     4 /* a sensor that never stops flickering must not hold the door thread */

struct gpiod_door {
    struct door_driver base; /* first: a door_driver pointer is a pointer to this */
    struct line_plan relay;
    struct line_plan open_sensor;
    char chip_label[LINE_NAME_BYTES];
    char consumer[32]; /* as the kernel and `gpioinfo` show it */
    struct gpiod_line_request *request; /* NULL: not held */
    unsigned relay_offset;
    unsigned sensor_offset;
    struct gpiod_edge_event_buffer *events; /* NULL without a sensor */
};

static struct gpiod_door *of(struct door_driver *driver)
{
    return (struct gpiod_door *)driver;
}

static bool has_sensor(const struct gpiod_door *door)
{
    return door->open_sensor.name[0] != '\0';
}

/* ---- finding the chip and its lines ---- */

static bool chip_has_label(struct gpiod_chip *chip, const char *label)
{
    struct gpiod_chip_info *info = gpiod_chip_get_info(chip);
    bool same = info && strcmp(gpiod_chip_info_get_label(info), label) == 0;

    gpiod_chip_info_free(info);
    return same;
}

/* NULL where there is none. A chip may come back under another number, so every time all are asked. */
static struct gpiod_chip *open_chip(const char *label)
{
    struct gpiod_chip *found = NULL;
    struct dirent *entry;
    DIR *folder = opendir("/dev");

    if (!folder)
        return NULL;
    while (!found && (entry = readdir(folder)) != NULL) {
        char path[sizeof("/dev/") + sizeof(entry->d_name)];
        struct gpiod_chip *chip;

        if (strncmp(entry->d_name, "gpiochip", strlen("gpiochip")) != 0)
            continue;
        snprintf(path, sizeof(path), "/dev/%s", entry->d_name);
        chip = gpiod_is_gpiochip_device(path) ? gpiod_chip_open(path) : NULL;
        if (!chip)
            continue;
        if (chip_has_label(chip, label))
            found = chip;
        else
            gpiod_chip_close(chip);
    }
    closedir(folder);
    return found;
}

static size_t line_count(struct gpiod_chip *chip)
{
    struct gpiod_chip_info *info = gpiod_chip_get_info(chip);
    size_t count = info ? gpiod_chip_info_get_num_lines(info) : 0;

    gpiod_chip_info_free(info);
    return count;
}

static enum ost_status find_line(struct gpiod_door *door, struct gpiod_chip *chip, const char *name, unsigned *out,
                                 char problem[static REASON_BYTES])
{
    int offset = gpiod_chip_get_line_offset_from_name(chip, name);
    char *end;
    unsigned long number;

    if (offset >= 0) {
        *out = (unsigned)offset;
        return OST_OK;
    }
    number = strtoul(name, &end, 10);
    if (name[0] >= '0' && name[0] <= '9' && *end == '\0' && number < line_count(chip)) {
        *out = (unsigned)number;
        return OST_OK;
    }
    snprintf(problem, REASON_BYTES, "chip \"%s\" has no line \"%s\"", door->chip_label, name);
    return OST_UNAVAILABLE;
}

/* ---- the request ---- */

static enum gpiod_line_bias bias_of(const char *bias)
{
    if (strcmp(bias, "pull-up") == 0)
        return GPIOD_LINE_BIAS_PULL_UP;
    if (strcmp(bias, "pull-down") == 0)
        return GPIOD_LINE_BIAS_PULL_DOWN;
    if (strcmp(bias, "disabled") == 0)
        return GPIOD_LINE_BIAS_DISABLED;
    return GPIOD_LINE_BIAS_AS_IS;
}

static bool bias_is_known(const char *bias)
{
    return bias[0] == '\0' || bias_of(bias) != GPIOD_LINE_BIAS_AS_IS;
}

/* Puts a line into the configuration, which copies the settings. False without memory. */
static bool add_line(struct gpiod_line_config *config, unsigned offset, const struct line_plan *plan, bool is_output)
{
    struct gpiod_line_settings *settings = gpiod_line_settings_new();
    bool added = false;

    if (!settings)
        return false;
    gpiod_line_settings_set_active_low(settings, plan->active_low);
    if (gpiod_line_settings_set_bias(settings, bias_of(plan->bias)) != 0)
        goto done;
    if (is_output) {
        if (gpiod_line_settings_set_direction(settings, GPIOD_LINE_DIRECTION_OUTPUT) != 0 ||
            gpiod_line_settings_set_output_value(settings, GPIOD_LINE_VALUE_INACTIVE) != 0)
            goto done;
    } else {
        gpiod_line_settings_set_debounce_period_us(settings, (unsigned long)plan->debounce_ms * 1000);
        if (gpiod_line_settings_set_direction(settings, GPIOD_LINE_DIRECTION_INPUT) != 0 ||
            gpiod_line_settings_set_edge_detection(settings, GPIOD_LINE_EDGE_BOTH) != 0)
            goto done;
    }
    added = gpiod_line_config_add_line_settings(config, &offset, 1, settings) == 0;
done:
    gpiod_line_settings_free(settings);
    return added;
}

/* Adds the name of who holds the line, where somebody does. */
static void name_holder(struct gpiod_chip *chip, unsigned offset, const char *name, char problem[static REASON_BYTES])
{
    struct gpiod_line_info *info = gpiod_chip_get_line_info(chip, offset);

    if (info && gpiod_line_info_is_used(info)) {
        const char *consumer = gpiod_line_info_get_consumer(info);

        snprintf(problem, REASON_BYTES, "line \"%s\" is held by \"%.64s\"", name,
                 consumer ? consumer : "an unnamed program");
    }
    gpiod_line_info_free(info);
}

static enum ost_status explain(struct gpiod_door *door, struct gpiod_chip *chip, int error,
                               char problem[static REASON_BYTES])
{
    snprintf(problem, REASON_BYTES, "chip \"%s\" does not give its lines: %s", door->chip_label, strerror(error));
    if (error != EBUSY)
        return error == ENOMEM ? OST_NO_MEMORY : OST_UNAVAILABLE;
    if (has_sensor(door))
        name_holder(chip, door->sensor_offset, door->open_sensor.name, problem);
    name_holder(chip, door->relay_offset, door->relay.name, problem);
    return OST_BUSY;
}

static enum ost_status request_lines(struct gpiod_door *door, struct gpiod_chip *chip,
                                     char problem[static REASON_BYTES])
{
    struct gpiod_line_config *config = gpiod_line_config_new();
    struct gpiod_request_config *who = gpiod_request_config_new();
    enum ost_status status = OST_NO_MEMORY;

    if (!config || !who || !add_line(config, door->relay_offset, &door->relay, true) ||
        (has_sensor(door) && !add_line(config, door->sensor_offset, &door->open_sensor, false)))
        goto done;
    gpiod_request_config_set_consumer(who, door->consumer);
    door->request = gpiod_chip_request_lines(chip, who, config);
    status = door->request ? OST_OK : explain(door, chip, errno, problem);
done:
    gpiod_request_config_free(who);
    gpiod_line_config_free(config);
    return status;
}

/* The chip is gone, or as good as that: let go, so that acquire() begins anew. */
static enum ost_status lost(struct gpiod_door *door)
{
    if (door->request)
        gpiod_line_request_release(door->request);
    door->request = NULL;
    return OST_UNAVAILABLE;
}

/* ---- the driver ---- */

static enum ost_status acquire(struct door_driver *driver, char problem[static REASON_BYTES])
{
    struct gpiod_door *door = of(driver);
    struct gpiod_chip *chip;
    enum ost_status status;

    if (door->request)
        return OST_OK;
    chip = open_chip(door->chip_label);
    if (!chip) {
        snprintf(problem, REASON_BYTES, "there is no GPIO chip with the label \"%s\"", door->chip_label);
        return OST_UNAVAILABLE;
    }
    status = find_line(door, chip, door->relay.name, &door->relay_offset, problem);
    if (status == OST_OK && has_sensor(door))
        status = find_line(door, chip, door->open_sensor.name, &door->sensor_offset, problem);
    if (status == OST_OK)
        status = request_lines(door, chip, problem);
    gpiod_chip_close(chip); /* a request outlives its chip's descriptor */
    return status;
}

static enum ost_status set_relay(struct door_driver *driver, bool energised)
{
    struct gpiod_door *door = of(driver);
    enum gpiod_line_value value = energised ? GPIOD_LINE_VALUE_ACTIVE : GPIOD_LINE_VALUE_INACTIVE;

    if (!door->request)
        return OST_UNAVAILABLE;
    if (gpiod_line_request_set_value(door->request, door->relay_offset, value) == 0)
        return OST_OK;
    return errno == ENODEV ? lost(door) : OST_IO;
}

static enum ost_status probe(struct door_driver *driver)
{
    struct gpiod_door *door = of(driver);

    if (!door->request)
        return OST_UNAVAILABLE;
    if (gpiod_line_request_get_value(door->request, door->relay_offset) == GPIOD_LINE_VALUE_ERROR)
        return lost(door);
    return OST_OK;
}

static enum ost_status read_position(struct door_driver *driver, int64_t now_ms, enum door_position *out)
{
    struct gpiod_door *door = of(driver);
    enum gpiod_line_value value;

    (void)now_ms;
    if (!door->request)
        return OST_UNAVAILABLE;
    value = gpiod_line_request_get_value(door->request, door->sensor_offset);
    if (value == GPIOD_LINE_VALUE_ERROR)
        return lost(door);
    *out = value == GPIOD_LINE_VALUE_ACTIVE ? DOOR_OPEN : DOOR_POSITION_UNKNOWN;
    return OST_OK;
}

static int event_descriptor(struct door_driver *driver)
{
    struct gpiod_door *door = of(driver);

    return door->request && has_sensor(door) ? gpiod_line_request_get_fd(door->request) : -1;
}

static enum ost_status drain_events(struct door_driver *driver)
{
    struct gpiod_door *door = of(driver);

    if (!door->request)
        return OST_UNAVAILABLE;
    for (int drains = 0; drains < DRAINS_MAX; drains++) {
        int ready = gpiod_line_request_wait_edge_events(door->request, 0);

        if (ready == 0)
            return OST_OK;
        /* Of a vanished chip the wait says "ready" for ever, and only the read fails. */
        if (ready < 0 || gpiod_line_request_read_edge_events(door->request, door->events, EVENTS_AT_ONCE) < 0)
            return lost(door);
    }
    return OST_OK;
}

static void destroy(struct door_driver *driver)
{
    struct gpiod_door *door = of(driver);

    if (door->request) {
        /* Releasing the line may leave its level as it is: the relay is released first. */
        (void)gpiod_line_request_set_value(door->request, door->relay_offset, GPIOD_LINE_VALUE_INACTIVE);
        gpiod_line_request_release(door->request);
    }
    gpiod_edge_event_buffer_free(door->events);
    free(door);
}

static const struct door_driver_ops ops_without_sensor = {
    .acquire = acquire,
    .set_relay = set_relay,
    .probe = probe,
    .destroy = destroy,
};

static const struct door_driver_ops ops_with_sensor = {
    .acquire = acquire,
    .set_relay = set_relay,
    .probe = probe,
    .read_position = read_position,
    .event_descriptor = event_descriptor,
    .drain_events = drain_events,
    .destroy = destroy,
};

static enum ost_status check_plan(const struct door_plan *plan, char problem[static REASON_BYTES])
{
    if (!plan->chip[0])
        snprintf(problem, REASON_BYTES, "a gpiod door needs a chip: the label of its GPIO chip");
    else if (!plan->relay.name[0])
        snprintf(problem, REASON_BYTES, "a gpiod door needs a relay: the name or offset of its line");
    else if (!bias_is_known(plan->relay.bias) || !bias_is_known(plan->open_sensor.bias))
        snprintf(problem, REASON_BYTES, "bias is none of: pull-up, pull-down, disabled");
    else if (strcmp(plan->relay.name, plan->open_sensor.name) == 0)
        snprintf(problem, REASON_BYTES, "relay and open_sensor are the same line");
    else
        return OST_OK;
    return OST_INVALID;
}

enum ost_status gpiod_door_create(const struct door_plan *plan, struct door_driver **out,
                                  char problem[static REASON_BYTES])
{
    enum ost_status status = check_plan(plan, problem);
    struct gpiod_door *door;

    if (status != OST_OK)
        return status;
    door = calloc(1, sizeof(*door));
    if (!door)
        return OST_NO_MEMORY;
    door->relay = plan->relay;
    door->open_sensor = plan->open_sensor;
    memcpy(door->chip_label, plan->chip, sizeof(door->chip_label));
    snprintf(door->consumer, sizeof(door->consumer), "ostler %.23s", plan->id);
    door->base.ops = has_sensor(door) ? &ops_with_sensor : &ops_without_sensor;
    if (has_sensor(door)) {
        door->events = gpiod_edge_event_buffer_new(EVENTS_AT_ONCE);
        if (!door->events) {
            free(door);
            return OST_NO_MEMORY;
        }
    }
    *out = &door->base;
    return OST_OK;
}
