#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/app/configuration_keys.h"
#include "runtime/policy/sandbox.h"

#define STRAY_DOORS "stray doors" /* in Lua's registry: door -> line */

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

/* A door belongs to a garage only once that takes it: until then the one on top of the stack is kept with its line. */
static void note_stray_door(lua_State *lua, int line)
{
    if (lua_getfield(lua, LUA_REGISTRYINDEX, STRAY_DOORS) != LUA_TTABLE) {
        lua_pop(lua, 1);
        lua_newtable(lua);
        lua_pushvalue(lua, -1);
        lua_setfield(lua, LUA_REGISTRYINDEX, STRAY_DOORS);
    }
    lua_pushvalue(lua, -2);
    lua_pushinteger(lua, line);
    lua_rawset(lua, -3);
    lua_pop(lua, 1);
}

int configuration_read_door(lua_State *lua)
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
    if (keys_choice(&keys, "fault", faults, door.simulated_fault, sizeof(door.simulated_fault)) && strcmp(door.driver, "gpiod") == 0)
        keys_fail(&keys, "fault", "is for simulated doors only: no fault can be put into hardware; take it out");
    read_line(&keys, "open_sensor", &door.open_sensor);
    memcpy(lua_newuserdatauv(lua, sizeof(door), 0), &door, sizeof(door));
    luaL_newmetatable(lua, "door");
    lua_setmetatable(lua, -2);
    note_stray_door(lua, keys.line);
    return 1;
}

/* Take a door out of those that stand in no garage so far. */
static void claim_door(lua_State *lua, int door)
{
    door = lua_absindex(lua, door);
    if (lua_getfield(lua, LUA_REGISTRYINDEX, STRAY_DOORS) == LUA_TTABLE) {
        lua_pushvalue(lua, door);
        lua_pushnil(lua);
        lua_rawset(lua, -3);
    }
    lua_pop(lua, 1);
}

void configuration_report_stray_doors(lua_State *lua)
{
    struct keys keys = {.lua = lua, .context = sandbox_host(lua), .section = "door"};

    lua_settop(lua, 0);
    if (lua_getfield(lua, LUA_REGISTRYINDEX, STRAY_DOORS) != LUA_TTABLE)
        return;
    for (lua_pushnil(lua); lua_next(lua, 1); lua_pop(lua, 1)) {
        keys.line = (int)lua_tointeger(lua, -1);
        keys_fail(&keys, NULL, "stands in no garage; write it into one: garage { ..., doors = { door { ... } } }");
    }
}

static void read_doors(struct keys *keys, struct garage *garage)
{
    lua_State *lua = keys->lua;
    lua_Unsigned count = 0;

    if (!keys_has(keys, "doors")) {
        keys_fail(keys, "doors", "is required: doors = { door { ... }, door { ... } }");
        return;
    }
    if (!keys_list(keys, "doors", DOORS_PER_GARAGE_MAX, &count, "{ door { ... }, door { ... } }")) {
        lua_pushnil(lua); /* reported already: no error a door on top of it */
        lua_setfield(lua, LUA_REGISTRYINDEX, STRAY_DOORS);
        return;
    }
    garage->doors = calloc(count, sizeof(*garage->doors));
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
            claim_door(lua, -1);
        } else {
            garage->doors[garage->door_count] = *door;
            snprintf(garage->doors[garage->door_count].garage_id, SLUG_BYTES, "%s", garage->id);
            garage->door_count++;
            claim_door(lua, -1);
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

int configuration_read_garage(lua_State *lua)
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
