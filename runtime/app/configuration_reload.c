/*
 * A reload: what of a new configuration takes effect at once, and what waits for a restart.
 *
 * Partners, scopes, limits, rules, spots and policies do at once. Addresses, the database and doors do not: doors run on
 * the plans that they were started with, so the site in force shows those, whatever the file says by now.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/app/configuration.h"

struct differences {
    char *text;
    size_t bytes;
    size_t length;
};

static void differ(struct differences *differences, const char *format, ...) OST_PRINTF(2, 3);

static void differ(struct differences *differences, const char *format, ...)
{
    size_t room = differences->bytes - differences->length;
    char what[192];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(what, sizeof(what), format, arguments);
    va_end(arguments);
    if (room < sizeof(what) + 8) { /* the last one says that there are more */
        if (room > 8 && strcmp(differences->text + differences->length - 3, "...") != 0)
            differences->length += (size_t)snprintf(differences->text + differences->length, room, ", ...");
        return;
    }
    differences->length += (size_t)snprintf(differences->text + differences->length, room, "%s%s", differences->length ? ", " : "", what);
}

static void compare_settings(const struct configuration *now, const struct configuration *next, struct differences *differences)
{
    if (strcmp(now->http.listen, next->http.listen) != 0)
        differ(differences, "http.listen");
    if (now->http.workers != next->http.workers)
        differ(differences, "http.workers");
    if (now->http.connections_per_address != next->http.connections_per_address)
        differ(differences, "http.connections_per_address");
    if (strcmp(now->metrics.listen, next->metrics.listen) != 0)
        differ(differences, "metrics.listen");
    if (strcmp(now->storage.path, next->storage.path) != 0)
        differ(differences, "storage.path");
    if (now->storage.quota_bytes != next->storage.quota_bytes)
        differ(differences, "storage.quota");
    if (now->storage.reserve_bytes != next->storage.reserve_bytes)
        differ(differences, "storage.reserve");
    if (now->storage.keep_past_sessions_ms != next->storage.keep_past_sessions_ms)
        differ(differences, "storage.keep_past_sessions");
}

static void compare_doors(const struct garage *now, const struct garage *next, struct differences *differences)
{
    for (size_t i = 0; i < next->door_count; i++) {
        const struct door_plan *door = garage_find_door(now, next->doors[i].id);

        if (!door)
            differ(differences, "new door %s/%s", next->id, next->doors[i].id);
        else if (memcmp(door, &next->doors[i], sizeof(*door)) != 0)
            differ(differences, "door %s/%s", next->id, door->id);
    }
    for (size_t i = 0; i < now->door_count; i++) {
        if (!garage_find_door(next, now->doors[i].id))
            differ(differences, "removed door %s/%s", now->id, now->doors[i].id);
    }
}

static void compare_sites(const struct site *now, const struct site *next, struct differences *differences)
{
    for (size_t i = 0; i < next->garage_count; i++) {
        const struct garage *garage = site_find_garage(now, next->garages[i].id);

        if (garage)
            compare_doors(garage, &next->garages[i], differences);
        else
            differ(differences, "new garage %s", next->garages[i].id);
    }
    for (size_t i = 0; i < now->garage_count; i++) {
        if (!site_find_garage(next, now->garages[i].id))
            differ(differences, "removed garage %s", now->garages[i].id);
    }
}

/* A running garage as it is to go on: settings of the next one where that has it, doors of its own. out is all zero. */
static enum ost_status carry_garage(const struct garage *running, const struct garage *next, struct garage *out)
{
    const struct garage *settings = next ? next : running;
    enum ost_status status;

    *out = *settings;
    out->zone = NULL;
    out->door_count = 0;
    out->doors = calloc(running->door_count ? running->door_count : 1, sizeof(*out->doors));
    if (!out->doors)
        return OST_NO_MEMORY;
    memcpy(out->doors, running->doors, running->door_count * sizeof(*out->doors));
    out->door_count = running->door_count;
    status = zone_create(settings->timezone, &out->zone);
    return status;
}

enum ost_status configuration_merge(const struct configuration *started, const struct site *running, struct configuration *next,
                                    char *text, size_t bytes)
{
    struct differences differences = {.text = text, .bytes = bytes};
    struct site *merged = calloc(1, sizeof(*merged));
    enum ost_status status = OST_NO_MEMORY;

    text[0] = '\0';
    if (merged)
        merged->garages = calloc(running->garage_count, sizeof(*merged->garages));
    if (!merged || !merged->garages)
        goto done;
    status = OST_OK;
    for (size_t i = 0; i < running->garage_count && status == OST_OK; i++) {
        status = carry_garage(&running->garages[i], site_find_garage(next->site, running->garages[i].id), &merged->garages[i]);
        merged->garage_count++; /* from here on the site frees what hangs off it */
    }
    if (status != OST_OK)
        goto done;
    compare_settings(started, next, &differences);
    compare_sites(running, next->site, &differences);
    merged->partners = next->site->partners;
    merged->partner_count = next->site->partner_count;
    next->site->partners = NULL;
    next->site->partner_count = 0;
    site_destroy(next->site);
    next->site = merged;
    merged = NULL; /* now the configuration's */
done:
    site_destroy(merged);
    return status;
}
