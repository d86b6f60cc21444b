#include "runtime/core/visit_context.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/suggest.h"
#include "runtime/core/plate.h"
#include "runtime/core/time_text.h"

#define MINUTE_MS INT64_C(60000)
#define START (1u << TRIGGER_SESSION_START)
#define STOP (1u << TRIGGER_SESSION_STOP)
#define DOOR (1u << TRIGGER_DOOR_REQUEST)
#define FREE (1u << TRIGGER_AVAILABILITY)
#define EVENT (1u << TRIGGER_DOOR_EVENT)
#define CALL (1u << TRIGGER_HTTP)
#define EVERY ((1u << TRIGGER_COUNT) - 1)
#define VISIT (START | STOP | DOOR)

struct reading {
    enum policy_trigger trigger;
    const struct zone *zone;
    struct policy_visit *visit;
    struct policy_request *request;
    bool has_stayed, has_started;
    char *why;
};

enum shape { TEXT, INTEGER, BOOLEAN, TIME, DURATION, PLATE, KIND, WAY, OPENINGS, HAPPENED, LISTS, GARAGE, METHOD, QUERY, BODY };

static const struct field {
    const char *name;
    enum shape shape;
    unsigned triggers;
    size_t offset, bytes;
} fields[] = {
#define IN(member) offsetof(struct policy_visit, member), sizeof(((struct policy_visit *)0)->member)
    {"plate", PLATE, VISIT, IN(plate)},
    {"country", TEXT, VISIT, IN(country)},
    {"kind", KIND, VISIT | EVENT, 0, 0},
    {"user", TEXT, VISIT, IN(user_id)},
    {"partner", TEXT, VISIT | CALL, IN(partner_id)},
    {"now", TIME, EVERY, IN(now_ms)},
    {"entrance", TEXT, VISIT, IN(entrance)},
    {"inside", BOOLEAN, VISIT, IN(inside)},
    {"last_exit", TIME, VISIT, IN(last_exit_ms)},
    {"visits_today", INTEGER, VISIT, IN(visits_today)},
    {"lists", LISTS, VISIT, 0, 0},
    {"garage", GARAGE, EVERY, 0, 0},
    {"started", TIME, STOP, IN(started_ms)},
    {"stayed", DURATION, STOP, IN(stayed_ms)},
    {"direction", WAY, DOOR | EVENT, 0, 0},
    {"session", TEXT, DOOR, IN(session_id)},
    {"door", TEXT, DOOR | EVENT, IN(door_id)},
    {"openings", OPENINGS, DOOR, 0, 0},
    {"happened", HAPPENED, EVENT, 0, 0},
    {"fault", TEXT, EVENT, IN(fault)},
    {"cause", TEXT, EVENT, IN(cause)},
    {"method", METHOD, CALL, 0, 0},
    {"query", QUERY, CALL, 0, 0},
    {"body", BODY, CALL, 0, 0},
    {NULL, TEXT, 0, 0, 0},
};
static const struct field garage_fields[] = {
    {"name", TEXT, EVERY, IN(garage.name)},
    {"state", TEXT, EVERY, IN(garage.state)},
    {"currency", TEXT, EVERY, IN(garage.currency)},
    {"free", INTEGER, EVERY, IN(garage.free)},
    {"capacity", INTEGER, EVERY, IN(garage.capacity)},
    {"season_holders", INTEGER, EVERY, IN(garage.season_holders)},
    {"season_inside", INTEGER, EVERY, IN(garage.season_inside)},
    {NULL, TEXT, 0, 0, 0},
#undef IN
};

static bool fail(struct reading *reading, const char *name, const char *what)
{
    snprintf(reading->why, VISIT_WHY_BYTES, "%.60s %.180s", name, what);
    return false;
}

/* ---- times ---- */

/* "2026-05-19 08:30" or "... 08:30:15" in the zone, " +01:00" behind it where that says more; or RFC 3339. */
static bool read_time(const struct zone *zone, const char *text, int64_t *out)
{
    struct local_time local = {.year = 0};
    int hours, minutes, length = 0;
    char sign;

    if (clock_parse(text, out) == OST_OK)
        return true;
    if (sscanf(text, "%4d-%2d-%2d %2d:%2d%n", &local.year, &local.month, &local.day, &local.hour, &local.minute, &length) != 5 ||
        local.month < 1 || local.month > 12 || local.day < 1 || local.day > 31 || local.hour > 23 || local.minute > 59)
        return false;
    text += length;
    if (sscanf(text, ":%2d%n", &local.second, &length) == 1)
        text += length;
    *out = zone_wall_ms(zone, &local);
    if (sscanf(text, " %c%2d:%2d%n", &sign, &hours, &minutes, &length) == 3 && (sign == '+' || sign == '-') && !text[length]) {
        struct local_time there;
        int64_t offset_s = (hours * 60 + minutes) * (sign == '+' ? 60 : -60);

        zone_local_time(zone, *out, &there);
        *out += (there.offset_s - offset_s) * 1000;
        return true;
    }
    return !*text;
}

/* A day that the month does not have would be taken for another. */
static bool is_same_day(const struct zone *zone, const char *text, int64_t wall_ms)
{
    struct local_time local;
    int year, month, day;

    zone_local_time(zone, wall_ms, &local);
    return sscanf(text, "%4d-%2d-%2d ", &year, &month, &day) != 3 || strchr(text, 'T') || strchr(text, '+') || local.day == day;
}

/* ---- fields ---- */

static bool read_lists(struct reading *reading, const struct json_value *value)
{
    if (json_kind(value) != JSON_IS_ARRAY && json_length(value) > 0)
        return fail(reading, "lists", "is a list of names, as in lists = { \"blocked\" }");
    if (json_length(value) > LISTS_PER_VISIT_MAX)
        return fail(reading, "lists", "has more names than a visit can have");
    reading->visit->list_count = 0;
    for (size_t i = 0; i < json_length(value); i++) {
        const char *name = json_as_string(json_element(value, i), NULL);

        if (!name || !slug_is_valid(name))
            return fail(reading, "lists", "is a list of names, as in lists = { \"blocked\" }");
        snprintf(reading->visit->lists[reading->visit->list_count++], SLUG_BYTES, "%s", name);
    }
    return true;
}

static bool read_door_kind(struct reading *reading, const char *text)
{
    for (unsigned kind = DOOR_ENTRY; kind <= DOOR_PEDESTRIAN; kind++) {
        if (strcmp(door_kind_text((enum door_kind)kind), text) == 0) {
            reading->visit->door_kind = (enum door_kind)kind;
            return true;
        }
    }
    return fail(reading, "kind", "of a door is entry, exit or pedestrian");
}

static bool read_kind(struct reading *reading, const char *text)
{
    if (reading->trigger == TRIGGER_DOOR_EVENT)
        return read_door_kind(reading, text);
    return visit_kind_parse(text, &reading->visit->kind) == OST_OK ||
           fail(reading, "kind", "is visitor, season, booking or staff");
}

static bool read_happened(struct reading *reading, const char *text)
{
    for (unsigned happening = 0; happening <= DOOR_HAS_RECOVERED; happening++) {
        if (strcmp(door_happening_text((enum door_happening)happening), text) == 0) {
            reading->visit->happened = (enum door_happening)happening;
            return true;
        }
    }
    return fail(reading, "happened", "is opened, closed, fault or recovered");
}

static bool read_word(struct reading *reading, const struct field *field, const char *text)
{
    void *member = (char *)reading->visit + field->offset;

    switch (field->shape) {
    case TEXT:
        if (strlen(text) >= field->bytes)
            return fail(reading, field->name, "is too long");
        snprintf(member, field->bytes, "%s", text);
        return true;
    case PLATE:
        return plate_normalise(text, member) == OST_OK || fail(reading, field->name, "is no plate, as in \"AB-12-CD\"");
    case TIME:
        if (!read_time(reading->zone, text, member) || !is_same_day(reading->zone, text, *(int64_t *)member))
            return fail(reading, field->name, "is a time, as in \"2026-05-19 08:30\"");
        reading->has_started |= member == &reading->visit->started_ms;
        return true;
    case DURATION:
        reading->has_stayed = true;
        return duration_read(text, member) || fail(reading, field->name, "is a duration, as in \"2h 5min\"");
    case KIND:
        return read_kind(reading, text);
    case WAY:
        reading->visit->direction = strcmp(text, "out") == 0 ? DIRECTION_OUT : DIRECTION_IN;
        return strcmp(text, "out") == 0 || strcmp(text, "in") == 0 || fail(reading, field->name, "is in or out");
    case HAPPENED:
        return read_happened(reading, text);
    case METHOD:
        reading->request->method = text;
        return strcmp(text, "GET") == 0 || strcmp(text, "POST") == 0 || fail(reading, field->name, "is GET or POST");
    default:
        return false;
    }
}

static bool read_object(struct reading *reading, const struct json_value *object, const struct field *table, const char *owner);

static bool read_field(struct reading *reading, const struct field *field, const struct json_value *value)
{
    void *member = (char *)reading->visit + field->offset;
    const char *text = json_as_string(value, NULL);

    switch (field->shape) {
    case INTEGER:
        *(int64_t *)member = json_as_integer(value, 0);
        return json_kind(value) == JSON_IS_INTEGER || fail(reading, field->name, "is a whole number");
    case OPENINGS:
        reading->visit->openings = (unsigned)json_as_integer(value, 0);
        return json_kind(value) == JSON_IS_INTEGER || fail(reading, field->name, "is a whole number");
    case BOOLEAN:
        *(bool *)member = json_as_boolean(value, false);
        return json_kind(value) == JSON_IS_BOOLEAN || fail(reading, field->name, "is true or false");
    case LISTS:
        return read_lists(reading, value);
    case GARAGE:
        return read_object(reading, value, garage_fields, "the garage");
    case QUERY:
        reading->request->query = value;
        return json_kind(value) == JSON_IS_OBJECT || fail(reading, field->name, "is a table of texts");
    case BODY:
        reading->request->body = value;
        return true;
    default:
        return text ? read_word(reading, field, text) : fail(reading, field->name, "is a text");
    }
}

static bool complain(struct reading *reading, const struct field *table, const char *owner, const char *name)
{
    const char *names[40];
    const char *close;
    size_t count = 0;

    for (const struct field *field = table; field->name; field++) {
        if (field->triggers & 1u << reading->trigger)
            names[count++] = field->name;
    }
    names[count] = NULL;
    close = suggest(name, names);
    if (close)
        snprintf(reading->why, VISIT_WHY_BYTES, "%s has no field '%.40s' in on.%s; did you mean '%s'?", owner, name, policy_trigger_text(reading->trigger), close);
    else
        snprintf(reading->why, VISIT_WHY_BYTES, "%s has no field '%.40s' in on.%s", owner, name, policy_trigger_text(reading->trigger));
    return false;
}

static bool read_object(struct reading *reading, const struct json_value *object, const struct field *table, const char *owner)
{
    const struct json_value *value;
    const char *name;
    void *iterator = NULL;

    if (json_kind(object) != JSON_IS_OBJECT)
        return fail(reading, owner, "is a table of fields");
    while (json_next_member(object, &iterator, &name, &value)) {
        const struct field *field = table;

        while (field->name && (strcmp(field->name, name) != 0 || !(field->triggers & 1u << reading->trigger)))
            field++;
        if (!field->name)
            return complain(reading, table, owner, name);
        if (!read_field(reading, field, value))
            return false;
    }
    return true;
}

static void fill_defaults(struct policy_visit *visit, enum policy_trigger trigger, int64_t now_ms, const struct zone *zone)
{
    memset(visit, 0, sizeof(*visit));
    visit->zone = zone;
    visit->now_ms = now_ms;
    snprintf(visit->plate, sizeof(visit->plate), "AB12CD");
    snprintf(visit->user_id, sizeof(visit->user_id), "user-1");
    snprintf(visit->partner_id, sizeof(visit->partner_id), "partner");
    snprintf(visit->entrance, sizeof(visit->entrance), "entry-1");
    snprintf(visit->garage.id, sizeof(visit->garage.id), "garage");
    snprintf(visit->garage.name, sizeof(visit->garage.name), "Garage");
    snprintf(visit->garage.currency, sizeof(visit->garage.currency), "EUR");
    snprintf(visit->garage.state, sizeof(visit->garage.state), "open");
    visit->garage.free = 50;
    visit->garage.capacity = 100;
    visit->seed = 1;
    if (trigger == TRIGGER_DOOR_REQUEST || trigger == TRIGGER_DOOR_EVENT)
        snprintf(visit->door_id, sizeof(visit->door_id), "entry-1");
}

/* Of a stop, the one time from the other. */
static bool complete(struct reading *reading)
{
    struct policy_visit *visit = reading->visit;

    if (reading->trigger == TRIGGER_SESSION_STOP && reading->has_stayed && !reading->has_started)
        visit->started_ms = visit->now_ms - visit->stayed_ms;
    else if (reading->trigger == TRIGGER_SESSION_STOP && reading->has_started && !reading->has_stayed)
        visit->stayed_ms = visit->now_ms - visit->started_ms;
    else if (reading->trigger == TRIGGER_SESSION_STOP && !reading->has_started)
        visit->started_ms = visit->now_ms;
    return visit->stayed_ms >= 0 || fail(reading, "started", "is later than now");
}

enum ost_status visit_context_read(const struct json_value *context, enum policy_trigger trigger, int64_t now_ms,
                                   const struct zone *zone, struct policy_visit *out, struct policy_request *request,
                                   char why[static VISIT_WHY_BYTES])
{
    static const char *const owners[] = {"visit", "visit", "request", "the garage", "event", "clock", "request"};
    struct reading reading = {.trigger = trigger, .zone = zone, .visit = out, .request = request, .why = why};

    why[0] = '\0';
    fill_defaults(out, trigger, now_ms, zone);
    *request = (struct policy_request){.method = "GET"};
    if (trigger == TRIGGER_HTTP)
        out->request = request;
    if (context && !read_object(&reading, context, fields, owners[trigger]))
        return OST_INVALID;
    return complete(&reading) ? OST_OK : OST_INVALID;
}
