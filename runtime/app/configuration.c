#include "runtime/app/configuration.h"

#include <lauxlib.h>
#include <libgen.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/app/configuration_keys.h"
#include "runtime/policy/sandbox.h"

static const char *const sections[] = {"http", "metrics", "storage", "policies", "garage", "door", "partner", "upstream", NULL};

/* ---- sections ---- */

/* Loopback is the only place to listen without TLS, unless something in front does it. */
static void check_exposure(struct keys *keys, const char *listen, bool insecure)
{
    bool is_loopback = strncmp(listen, "127.", 4) == 0 || strncmp(listen, "[::1]:", 6) == 0;

    if (!is_loopback && !insecure)
        keys_fail(keys, "listen", "without TLS only an address of this machine is safe, such as 127.0.0.1:8080; if something in front does TLS, add insecure = true");
}

static int read_http(lua_State *lua)
{
    static const char *const known[] = {"listen", "workers", "connections_per_address", "insecure", "tls", NULL};
    struct keys keys;
    struct configuration *configuration = keys_begin(&keys, lua, "http", known);

    keys_text(&keys, "listen", configuration->http.listen, sizeof(configuration->http.listen), false);
    configuration->http.workers = keys_integer(&keys, "workers", 8, 1024, configuration->http.workers);
    configuration->http.connections_per_address = keys_integer(&keys, "connections_per_address", 1, 1024, 0);
    configuration->http.insecure = keys_boolean(&keys, "insecure", false);
    if (keys_has(&keys, "tls"))
        keys_fail(&keys, "tls", "this version does not do TLS; let a proxy in front do it and set insecure = true, or listen on 127.0.0.1");
    check_exposure(&keys, configuration->http.listen, configuration->http.insecure);
    return 0;
}

static int read_metrics(lua_State *lua)
{
    static const char *const known[] = {"listen", NULL};
    struct keys keys;
    struct configuration *configuration = keys_begin(&keys, lua, "metrics", known);

    keys_text(&keys, "listen", configuration->metrics.listen, sizeof(configuration->metrics.listen), true);
    return 0;
}

static int read_storage(lua_State *lua)
{
    static const char *const known[] = {"path", "quota", "reserve", "keep_past_sessions", NULL};
    struct keys keys;
    struct configuration *configuration = keys_begin(&keys, lua, "storage", known);

    keys_path(&keys, "path", configuration->storage.path, true);
    configuration->storage.quota_bytes = keys_size(&keys, "quota", 16 << 20, INT64_C(1) << 43, 0);
    configuration->storage.reserve_bytes = keys_size(&keys, "reserve", 1 << 20, 1 << 30, configuration->storage.reserve_bytes);
    configuration->storage.keep_past_sessions_ms =
        keys_duration(&keys, "keep_past_sessions", 86400000, INT64_C(3660) * 86400000, configuration->storage.keep_past_sessions_ms);
    return 0;
}

static int read_policies(lua_State *lua)
{
    static const char *const known[] = {"directory", NULL};
    struct keys keys;
    struct configuration *configuration = keys_begin(&keys, lua, "policies", known);

    keys_path(&keys, "directory", configuration->policies_directory, true);
    return 0;
}

static int read_upstream(lua_State *lua)
{
    static const char *const known[] = {"servers", "credentials_file", "offline_starts", NULL};
    struct keys keys;

    keys_begin(&keys, lua, "upstream", known);
    keys_fail(&keys, NULL, "this version does not sync upstream; take upstream { } out: events stay in the database for 30 days");
    return 0;
}

static int read_partner(lua_State *lua)
{
    static const char *const known[] = {"id", "issuer", "audience", "scopes", "requests_per_minute", NULL};
    struct keys keys;
    struct configuration *configuration = keys_begin(&keys, lua, "partner", known);
    struct site *site = configuration->site;
    struct partner *grown = realloc(site->partners, (site->partner_count + 1) * sizeof(*grown));
    struct partner *partner;

    if (!grown)
        return luaL_error(lua, "out of memory");
    site->partners = grown;
    partner = &grown[site->partner_count];
    memset(partner, 0, sizeof(*partner));
    keys_slug(&keys, "id", partner->id, true);
    if (strcmp(partner->id, STAFF_PARTNER) == 0)
        keys_fail(&keys, "id", "'staff' is built in; give this partner another id");
    else if (partner->id[0] && site_find_partner(site, partner->id))
        keys_fail(&keys, "id", "two partners have this id");
    partner->scopes = keys_scopes(&keys, "scopes");
    partner->requests_per_minute = (uint32_t)keys_integer(&keys, "requests_per_minute", 1, 600000, 0);
    if (keys_has(&keys, "issuer") || keys_has(&keys, "audience"))
        keys_warn(&keys, "issuer", "this version does not verify access tokens of an identity provider; make device tokens with 'ostler token create'");
    site->partner_count++;
    return 0;
}

/* ---- doors and garages ---- */

static void read_line(struct keys *keys, const char *key, struct line_plan *line)
{
    static const char *const known[] = {"line", "active_low", "bias", "debounce", NULL};
    static const char *const biases[] = {"pull-up", "pull-down", "disabled", NULL};
    struct keys inner;

    if (!keys_table(keys, key, &inner, known)) {
        keys_text(keys, key, line->name, sizeof(line->name), false);
        return;
    }
    keys_text(&inner, "line", line->name, sizeof(line->name), true);
    line->active_low = keys_boolean(&inner, "active_low", false);
    keys_choice(&inner, "bias", biases, line->bias, sizeof(line->bias));
    line->debounce_ms = keys_duration(&inner, "debounce", 0, 10000, 0);
    keys_end_table(&inner);
}

static int read_door(lua_State *lua)
{
    static const char *const known[] = {"id", "kind", "driver", "chip", "relay", "active_low", "pulse", "gap", "command_expires",
                                        "open_sensor", "travel_time", "fault", NULL};
    static const char *const kinds[] = {"entry", "exit", "pedestrian", NULL};
    static const char *const drivers[] = {"simulated", "gpiod", NULL};
    static const char *const faults[] = {"none", "unreachable", "stuck", "slow", "welded", "bouncing", NULL};
    struct door_plan door;
    char kind[16] = "";
    struct keys keys;

    memset(&door, 0, sizeof(door)); /* padding too: plans are compared by their bytes */
    strcpy(door.simulated_fault, "none");
    keys_begin(&keys, lua, "door", known);
    keys_slug(&keys, "id", door.id, true);
    if (!keys_choice(&keys, "kind", kinds, kind, sizeof(kind)))
        keys_fail(&keys, "kind", "is required: entry, exit or pedestrian");
    else if (door_kind_parse(kind, &door.kind) != OST_OK)
        door.kind = DOOR_ENTRY; /* reported already */
    if (!keys_choice(&keys, "driver", drivers, door.driver, sizeof(door.driver)))
        keys_fail(&keys, "driver", "is required: gpiod or simulated");
    keys_text(&keys, "chip", door.chip, sizeof(door.chip), strcmp(door.driver, "gpiod") == 0);
    keys_text(&keys, "relay", door.relay.name, sizeof(door.relay.name), strcmp(door.driver, "gpiod") == 0);
    door.relay.active_low = keys_boolean(&keys, "active_low", false);
    door.pulse_ms = keys_duration(&keys, "pulse", 10, PULSE_MAX_MS, 500);
    door.gap_ms = keys_duration(&keys, "gap", 0, 60000, door.pulse_ms < 250 ? door.pulse_ms : 250);
    door.command_expires_ms = keys_duration(&keys, "command_expires", 1000, 60000, 10000);
    door.travel_ms = keys_duration(&keys, "travel_time", 0, 300000, strcmp(door.driver, "simulated") == 0 ? 2000 : 10000);
    keys_choice(&keys, "fault", faults, door.simulated_fault, sizeof(door.simulated_fault));
    read_line(&keys, "open_sensor", &door.open_sensor);
    memcpy(lua_newuserdatauv(lua, sizeof(door), 0), &door, sizeof(door));
    luaL_newmetatable(lua, "door");
    lua_setmetatable(lua, -2);
    return 1;
}

static void read_doors(struct keys *keys, struct garage *garage)
{
    lua_State *lua = keys->lua;
    lua_Unsigned count;

    if (!keys_has(keys, "doors")) {
        keys_fail(keys, "doors", "is required: doors = { door { ... }, door { ... } }");
        return;
    }
    lua_getfield(lua, keys->table, "doors");
    count = lua_istable(lua, -1) ? lua_rawlen(lua, -1) : 0;
    if (count == 0 || count > DOORS_PER_GARAGE_MAX) {
        keys_fail(keys, "doors", "must be a table of 1 to 256 doors: { door { ... }, door { ... } }");
        count = 0;
    }
    garage->doors = calloc(count ? count : 1, sizeof(*garage->doors));
    if (!garage->doors)
        luaL_error(lua, "out of memory");
    for (lua_Unsigned i = 1; i <= count; i++) {
        const struct door_plan *door;

        lua_rawgeti(lua, -1, (lua_Integer)i);
        door = luaL_testudata(lua, -1, "door");
        if (!door) {
            keys_fail(keys, "doors", "must hold doors only, each written as door { ... }");
        } else if (door->id[0] && garage_find_door(garage, door->id)) {
            keys_fail(keys, "doors", "two doors of this garage have the same id");
        } else {
            garage->doors[garage->door_count] = *door;
            snprintf(garage->doors[garage->door_count].garage_id, SLUG_BYTES, "%s", garage->id);
            garage->door_count++;
        }
        lua_pop(lua, 1);
    }
    lua_pop(lua, 1);
}

static void read_rules(struct keys *keys, struct session_rules *rules)
{
    *rules = session_rules_default;
    rules->entry_reopen_ms = keys_duration(keys, "entry_reopen", 0, 86400000, rules->entry_reopen_ms);
    rules->exit_grace_ms = keys_duration(keys, "exit_grace", 0, 86400000, rules->exit_grace_ms);
    rules->openings_max = (unsigned)keys_integer(keys, "openings_max", 1, 100, rules->openings_max);
    rules->pedestrian_max = (unsigned)keys_integer(keys, "pedestrian_openings", 1, 100, rules->pedestrian_max);
    rules->pedestrian_window_ms = keys_duration(keys, "pedestrian_window", 60000, 86400000, rules->pedestrian_window_ms);
}

static int read_garage(lua_State *lua)
{
    static const char *const known[] = {"id", "name", "spots", "timezone", "currency", "doors", "entry_reopen", "exit_grace",
                                        "openings_max", "pedestrian_openings", "pedestrian_window", NULL};
    struct keys keys;
    struct configuration *configuration = keys_begin(&keys, lua, "garage", known);
    struct site *site = configuration->site;
    struct garage *grown = realloc(site->garages, (site->garage_count + 1) * sizeof(*grown));
    struct garage *garage;

    if (!grown)
        return luaL_error(lua, "out of memory");
    site->garages = grown;
    garage = &grown[site->garage_count];
    memset(garage, 0, sizeof(*garage));
    keys_slug(&keys, "id", garage->id, true);
    if (garage->id[0] && site_find_garage(site, garage->id))
        keys_fail(&keys, "id", "two garages have this id");
    site->garage_count++; /* from here on the site frees what hangs off it */
    snprintf(garage->name, sizeof(garage->name), "%s", garage->id);
    snprintf(garage->timezone, sizeof(garage->timezone), "UTC");
    snprintf(garage->currency, sizeof(garage->currency), "EUR");
    keys_text(&keys, "name", garage->name, sizeof(garage->name), false);
    keys_text(&keys, "timezone", garage->timezone, sizeof(garage->timezone), false);
    keys_text(&keys, "currency", garage->currency, sizeof(garage->currency), false);
    if (!keys_has(&keys, "spots"))
        keys_fail(&keys, "spots", "is required: how many cars the garage holds");
    garage->spots = (uint32_t)keys_integer(&keys, "spots", 1, 100000000, 1);
    if (zone_create(garage->timezone, &garage->zone) != OST_OK)
        keys_fail(&keys, "timezone", "is no time zone of this machine; write one such as \"Europe/Amsterdam\"");
    if (!currency_is_valid(garage->currency))
        keys_fail(&keys, "currency", "must be three capital letters, such as \"EUR\"");
    read_rules(&keys, &garage->rules);
    read_doors(&keys, garage);
    return 0;
}

/* ---- the whole file ---- */

static int unknown_section(lua_State *lua)
{
    struct keys keys = {.lua = lua, .context = sandbox_host(lua), .line = sandbox_line(lua)};

    keys_unknown(&keys, luaL_checkstring(lua, 2), sections, "there is no section '%s'");
    return luaL_error(lua, "reported");
}

static int run_file(lua_State *lua)
{
    const struct configuration_context *context = sandbox_host(lua);
    static const luaL_Reg readers[] = {{"http", read_http}, {"metrics", read_metrics}, {"storage", read_storage},
        {"policies", read_policies}, {"garage", read_garage}, {"door", read_door}, {"partner", read_partner},
        {"upstream", read_upstream}, {NULL, NULL}};

    sandbox_push_library(lua);
    luaL_setfuncs(lua, readers, 0);
    lua_newtable(lua);
    lua_pushcfunction(lua, unknown_section);
    lua_setfield(lua, -2, "__index");
    lua_setmetatable(lua, -2);
    sandbox_load(lua, context->text, context->length, "configuration");
    lua_call(lua, 0, 0);
    return 0;
}

static struct configuration *configuration_create(void)
{
    struct configuration *configuration = calloc(1, sizeof(*configuration));

    if (!configuration)
        return NULL;
    configuration->site = calloc(1, sizeof(*configuration->site));
    if (!configuration->site) {
        free(configuration);
        return NULL;
    }
    snprintf(configuration->http.listen, sizeof(configuration->http.listen), "127.0.0.1:8080");
    snprintf(configuration->metrics.listen, sizeof(configuration->metrics.listen), "127.0.0.1:9464");
    configuration->http.workers = 256;
    configuration->storage.reserve_bytes = 4 << 20;
    configuration->storage.keep_past_sessions_ms = INT64_C(400) * 86400000;
    return configuration;
}

void configuration_free(struct configuration *configuration)
{
    if (!configuration)
        return;
    site_destroy(configuration->site);
    free(configuration);
}

static bool add_staff(struct site *site)
{
    struct partner *grown = realloc(site->partners, (site->partner_count + 1) * sizeof(*grown));

    if (!grown)
        return false;
    site->partners = grown;
    grown[site->partner_count] = (struct partner){.id = STAFF_PARTNER, .scopes = SCOPES_OF_STAFF};
    site->partner_count++;
    return true;
}

static void check_whole(const struct configuration *configuration, struct configuration_report *report)
{
    if (configuration->site->garage_count == 0)
        report_problem(report, 0, false, "there is no garage; write garage { id = \"...\", spots = ..., doors = { ... } }");
    if (!configuration->storage.path[0])
        report_problem(report, 0, false, "there is no database; write storage { path = \"/var/lib/ostler/ostler.db\" }");
}

enum ost_status configuration_parse(const char *text, size_t length, const char *path, struct configuration **out,
                                    struct configuration_report *report)
{
    struct sandbox_limits limits = {.memory_bytes = 64 << 20, .cpu_ns = 1000000000};
    struct configuration_context context = {.text = text, .length = length, .path = path, .report = report};
    struct sandbox_failure failure;
    struct sandbox *sandbox = NULL;
    enum ost_status status = OST_NO_MEMORY;

    memset(report, 0, sizeof(*report));
    snprintf(report->file, sizeof(report->file), "%s", path);
    context.configuration = configuration_create();
    if (!context.configuration || sandbox_create(&limits, &sandbox) != OST_OK)
        goto done;
    sandbox_set_host(sandbox, &context);
    if (!sandbox_call(sandbox, run_file, NULL, &failure) && (failure.breach != SANDBOX_ERROR || strcmp(failure.text, "reported") != 0))
        report_problem(report, failure.line, false, "%s", failure.text);
    else
        check_whole(context.configuration, report);
    snprintf(report->storage_path, sizeof(report->storage_path), "%s", context.configuration->storage.path);
    if (!add_staff(context.configuration->site))
        goto done;
    status = report->errors > 0 ? OST_INVALID : OST_OK;
    if (status == OST_OK) {
        *out = context.configuration;
        context.configuration = NULL;
    }
done:
    sandbox_destroy(sandbox);
    configuration_free(context.configuration);
    return status;
}

enum ost_status configuration_read(const char *path, struct configuration **out, struct configuration_report *report)
{
    char *text = NULL;
    size_t length = 0;
    enum ost_status status = file_read(path, CONFIGURATION_BYTES_MAX, &text, &length);

    if (status == OST_OK) {
        status = configuration_parse(text, length, path, out, report);
        free(text);
        return status;
    }
    memset(report, 0, sizeof(*report));
    snprintf(report->file, sizeof(report->file), "%s", path);
    report_problem(report, 0, false, status == OST_NOT_FOUND ? "is not there; write it, or name another one with --config"
                                     : status == OST_TOO_LARGE ? "is longer than 256 KiB"
                                                               : "cannot be read; look at its permissions");
    return status;
}

const char *configuration_path(const char *option)
{
    const char *from_environment = getenv("OSTLER_CONFIG");

    return option ? option : from_environment && from_environment[0] ? from_environment : "/etc/ostler/garage.lua";
}

static bool same_doors(const struct site *now, const struct site *next)
{
    if (now->garage_count != next->garage_count)
        return false;
    for (size_t i = 0; i < now->garage_count; i++) {
        const struct garage *a = &now->garages[i], *b = &next->garages[i];

        if (strcmp(a->id, b->id) != 0 || a->door_count != b->door_count ||
            memcmp(a->doors, b->doors, a->door_count * sizeof(*a->doors)) != 0)
            return false;
    }
    return true;
}

void configuration_differences(const struct configuration *now, const struct site *site_now,
                               const struct configuration *next, char *text, size_t bytes)
{
    snprintf(text, bytes, "%s%s%s%s", memcmp(&now->http, &next->http, sizeof(now->http)) ? " http" : "",
             memcmp(&now->metrics, &next->metrics, sizeof(now->metrics)) ? " metrics" : "",
             memcmp(&now->storage, &next->storage, sizeof(now->storage)) ? " storage" : "",
             same_doors(site_now, next->site) ? "" : " garages-and-doors");
}
