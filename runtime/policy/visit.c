/*
 * What a handler is given, as policies see it: the visit, and by the same value a request, an event, a clock, the garage. Fields
 * are read when they are asked for; a wrong name is an error.
 */
#include <lauxlib.h>
#include <stddef.h>
#include <string.h>

#include "runtime/policy/instance.h"
#include "runtime/policy/json_lua.h"
#include "runtime/policy/units.h"
#include "runtime/policy/words.h"

#define VISIT "visit"
#define GARAGE "garage"

struct visit_value {
    const struct policy_visit *visit;
};

enum shape {
    TEXT, TEXT_OR_NIL, INTEGER, BOOLEAN, TIME, TIME_OR_NIL, DURATION, KIND, DIRECTION, OPENINGS, THE_GARAGE, ON_LIST,
    PLATE_MATCHES, HAPPENED, METHOD, QUERY, BODY
};

/* Where a field is in struct policy_visit, and what policies see of it. Which triggers have it says words.c. */
struct field {
    const char *name;
    enum shape shape;
    size_t offset;
};

#define IN(member) offsetof(struct policy_visit, member)

static const struct field fields_of_visit[] = {
    {"plate", TEXT, IN(plate)},
    {"country", TEXT_OR_NIL, IN(country)},
    {"kind", KIND, 0},
    {"user", TEXT, IN(user_id)},
    {"partner", TEXT, IN(partner_id)},
    {"now", TIME, IN(now_ms)},
    {"entrance", TEXT, IN(entrance)},
    {"garage", THE_GARAGE, 0},
    {"inside", BOOLEAN, IN(inside)},
    {"last_exit", TIME_OR_NIL, IN(last_exit_ms)},
    {"visits_today", INTEGER, IN(visits_today)},
    {"on_list", ON_LIST, 0},
    {"started", TIME_OR_NIL, IN(started_ms)},
    {"stayed", DURATION, IN(stayed_ms)},
    {"direction", DIRECTION, 0},
    {"session", TEXT_OR_NIL, IN(session_id)},
    {"door", TEXT_OR_NIL, IN(door_id)},
    {"openings", OPENINGS, 0},
    {"plate_matches", PLATE_MATCHES, 0},
    {"happened", HAPPENED, 0},
    {"fault", TEXT_OR_NIL, IN(fault)},
    {"cause", TEXT_OR_NIL, IN(cause)},
    {"method", METHOD, 0},
    {"query", QUERY, 0},
    {"body", BODY, 0},
    {"name", TEXT, IN(garage.name)},
    {"state", TEXT, IN(garage.state)},
    {"free", INTEGER, IN(garage.free)},
    {"capacity", INTEGER, IN(garage.capacity)},
    {"season_holders", INTEGER, IN(garage.season_holders)},
    {"season_inside", INTEGER, IN(garage.season_inside)},
    {NULL, TEXT, 0},
};
static const struct field fields_of_garage[] = {
    {"name", TEXT, IN(garage.name)},
    {"state", TEXT, IN(garage.state)},
    {"free", INTEGER, IN(garage.free)},
    {"capacity", INTEGER, IN(garage.capacity)},
    {"season_holders", INTEGER, IN(garage.season_holders)},
    {"season_inside", INTEGER, IN(garage.season_inside)},
    {NULL, TEXT, 0},
};

static const struct policy_visit *check_visit(lua_State *lua, const char *kind)
{
    return ((struct visit_value *)luaL_checkudata(lua, 1, kind))->visit;
}

static void push_view(lua_State *lua, const struct policy_visit *visit, const char *kind)
{
    struct visit_value *value = lua_newuserdatauv(lua, sizeof(*value), 0);

    value->visit = visit;
    luaL_setmetatable(lua, kind);
}

void visit_push(lua_State *lua, const struct policy_visit *visit)
{
    push_view(lua, visit, VISIT);
}

static int read_only(lua_State *lua)
{
    return sandbox_fail(lua, "what a handler is given can only be read");
}

static const struct policy_visit *check_method(lua_State *lua, const char *use)
{
    if (!luaL_testudata(lua, 1, VISIT))
        sandbox_fail(lua, "write it with a colon: visit:%s", use);
    return check_visit(lua, VISIT);
}

static void push_json(lua_State *lua, const struct json_value *value)
{
    if (value)
        json_push(lua, value);
    else
        lua_pushnil(lua);
}

/* visit:on_list "name", also where it was kept from a visit:on_list without a call. */
static int on_list(lua_State *lua)
{
    const struct policy_visit *visit = check_method(lua, "on_list \"name\"");
    const char *name = luaL_checkstring(lua, 2);
    bool found = false;

    for (unsigned i = 0; i < visit->list_count && !found; i++)
        found = strcmp(visit->lists[i], name) == 0;
    lua_pushboolean(lua, found);
    return 1;
}

static int matches(lua_State *lua)
{
    const struct policy_visit *visit = check_method(lua, "plate_matches \"TX-##-*\"");

    lua_pushboolean(lua, read_plates_match(lua, 2, visit->plate));
    return 1;
}

static void push_time_or_nil(lua_State *lua, const struct policy_visit *visit, int64_t wall_ms)
{
    if (wall_ms > 0)
        push_time(lua, visit->zone, wall_ms);
    else
        lua_pushnil(lua);
}

static void push_field(lua_State *lua, const struct policy_visit *visit, const struct field *field, bool of_door)
{
    const void *member = (const char *)visit + field->offset;

    switch (field->shape) {
    case TEXT:
        lua_pushstring(lua, member);
        break;
    case TEXT_OR_NIL:
        lua_pushstring(lua, *(const char *)member ? member : NULL);
        break;
    case INTEGER:
        lua_pushinteger(lua, *(const int64_t *)member);
        break;
    case BOOLEAN:
        lua_pushboolean(lua, *(const bool *)member);
        break;
    case TIME:
        push_time(lua, visit->zone, *(const int64_t *)member);
        break;
    case TIME_OR_NIL:
        push_time_or_nil(lua, visit, *(const int64_t *)member);
        break;
    case DURATION:
        push_duration(lua, *(const int64_t *)member);
        break;
    case KIND:
        lua_pushstring(lua, of_door ? door_kind_text(visit->door_kind) : visit_kind_text(visit->kind));
        break;
    case DIRECTION:
        lua_pushstring(lua, visit->direction == DIRECTION_OUT ? "out" : "in");
        break;
    case OPENINGS:
        lua_pushinteger(lua, visit->openings);
        break;
    case THE_GARAGE:
        push_view(lua, visit, GARAGE);
        break;
    case ON_LIST:
        lua_pushcfunction(lua, on_list);
        break;
    case PLATE_MATCHES:
        lua_pushcfunction(lua, matches);
        break;
    case HAPPENED:
        lua_pushstring(lua, door_happening_text(visit->happened));
        break;
    case METHOD:
        lua_pushstring(lua, visit->request->method);
        break;
    case QUERY:
        if (visit->request->query)
            push_json(lua, visit->request->query);
        else
            lua_newtable(lua);
        break;
    case BODY:
        push_json(lua, visit->request->body);
        break;
    }
}

/* The words of an owner by name, as Lua finds them: the first upvalue of __index. A value is the field's place and its triggers. */
#define PLACE_BITS 8

static void push_words(lua_State *lua, const struct word *words, const struct field *fields)
{
    lua_newtable(lua);
    for (; words->name; words++) {
        lua_Integer place = 0;

        while (strcmp(fields[place].name, words->name) != 0)
            place++;
        lua_pushinteger(lua, (lua_Integer)words->triggers << PLACE_BITS | place);
        lua_setfield(lua, -2, words->name);
    }
}

static int read_field(lua_State *lua, const char *kind, const char *owner, const struct word *words, const struct field *fields)
{
    const struct policy_visit *visit = check_visit(lua, kind);
    const struct policy_run *run = sandbox_host(lua);
    lua_Integer word;
    char text[192];

    lua_pushvalue(lua, 2);
    lua_rawget(lua, lua_upvalueindex(1));
    word = lua_tointeger(lua, -1);
    lua_pop(lua, 1);
    if (!(word >> PLACE_BITS & AT(run->trigger))) {
        word_complain(words, owner, luaL_checkstring(lua, 2), run->trigger, text, sizeof(text));
        return sandbox_fail(lua, "%s", text);
    }
    fields += word & ((1 << PLACE_BITS) - 1);
    push_field(lua, visit, fields, run->trigger == TRIGGER_DOOR_EVENT);
    trace_read(lua, run, owner, fields->name);
    return 1;
}

static int visit_field(lua_State *lua)
{
    static const char *const owners[TRIGGER_COUNT] = {"visit", "visit", "request", "the garage", "event", "clock", "request"};

    return read_field(lua, VISIT, owners[((struct policy_run *)sandbox_host(lua))->trigger], visit_words, fields_of_visit);
}

static int garage_field(lua_State *lua)
{
    return read_field(lua, GARAGE, "the garage", garage_words, fields_of_garage);
}

static void open_view(lua_State *lua, const char *kind, lua_CFunction index, const struct word *words, const struct field *fields)
{
    luaL_newmetatable(lua, kind);
    push_words(lua, words, fields);
    lua_pushcclosure(lua, index, 1);
    lua_setfield(lua, -2, "__index");
    lua_pushcfunction(lua, read_only);
    lua_setfield(lua, -2, "__newindex");
    lua_pop(lua, 1);
}

void visit_open(lua_State *lua)
{
    open_view(lua, VISIT, visit_field, visit_words, fields_of_visit);
    open_view(lua, GARAGE, garage_field, garage_words, fields_of_garage);
}
