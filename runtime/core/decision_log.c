#include "runtime/core/decision_log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void decision_write_context(struct json_writer *writer, const struct policy_visit *visit)
{
    json_begin_object(writer);
    json_put_string(writer, "id", visit->garage.id);
    json_put_string(writer, "name", visit->garage.name);
    json_put_string(writer, "currency", visit->garage.currency);
    json_put_string(writer, "timezone", visit->zone ? zone_name(visit->zone) : "");
    json_put_integer(writer, "capacity", visit->garage.capacity);
    json_end_object(writer);
}

/* ---- the inputs: a table of what is written how, for both ways ---- */

enum shape { TEXT, INTEGER, KIND, DOOR_KIND, DIRECTION, HAPPENED };

static const struct input {
    const char *name;
    enum shape shape;
    size_t offset, bytes;
} inputs[] = {
#define IN(name, shape, member) {name, shape, offsetof(struct policy_visit, member), sizeof(((struct policy_visit *)0)->member)}
    IN("now", INTEGER, now_ms),
    IN("kind", KIND, kind),
    IN("country", TEXT, country),
    IN("entrance", TEXT, entrance),
    IN("state", TEXT, garage.state),
    IN("free", INTEGER, garage.free),
    IN("holders", INTEGER, garage.season_holders),
    IN("season", INTEGER, garage.season_inside),
    IN("exit", INTEGER, last_exit_ms),
    IN("visits", INTEGER, visits_today),
    IN("started", INTEGER, started_ms),
    IN("stayed", INTEGER, stayed_ms),
    IN("session", TEXT, session_id),
    IN("door", TEXT, door_id),
    IN("doorKind", DOOR_KIND, door_kind),
    IN("way", DIRECTION, direction),
    IN("happened", HAPPENED, happened),
    IN("fault", TEXT, fault),
    IN("cause", TEXT, cause),
#undef IN
};
#define INPUT_COUNT (sizeof(inputs) / sizeof(inputs[0]))

static int64_t number_of(const struct policy_visit *visit, const struct input *input)
{
    const void *member = (const char *)visit + input->offset;

    return input->shape == INTEGER ? *(const int64_t *)member : (int64_t) * (const unsigned *)member;
}

void decision_write_inputs(struct json_writer *writer, const struct policy_visit *visit)
{
    char seed[24];

    json_begin_object(writer);
    for (size_t i = 0; i < INPUT_COUNT; i++) {
        const struct input *input = &inputs[i];
        const char *text = (const char *)visit + input->offset;

        if (input->shape == TEXT && *text)
            json_put_string(writer, input->name, text);
        else if (input->shape != TEXT && number_of(visit, input) != 0)
            json_put_integer(writer, input->name, number_of(visit, input));
    }
    if (visit->inside)
        json_put_boolean(writer, "inside", true);
    if (visit->openings > 0)
        json_put_integer(writer, "openings", visit->openings);
    if (visit->list_count > 0) {
        json_name(writer, "lists");
        json_begin_array(writer);
        for (unsigned i = 0; i < visit->list_count; i++)
            json_write_string(writer, visit->lists[i]);
        json_end_array(writer);
    }
    snprintf(seed, sizeof(seed), "%llx", (unsigned long long)visit->seed); /* 64 bits are more than JSON's numbers hold */
    json_put_string(writer, "seed", seed);
    json_end_object(writer);
}

/* True where it is missing too: it stays empty. */
static bool read_text(const struct json_value *object, const char *name, char *out, size_t bytes)
{
    return !json_member(object, name) || json_copy_member(object, name, out, bytes);
}

static bool read_number(const struct json_value *root, const struct input *input, struct policy_visit *visit)
{
    static const int64_t most[] = {[KIND] = VISIT_STAFF, [DOOR_KIND] = DOOR_PEDESTRIAN, [DIRECTION] = DIRECTION_OUT, [HAPPENED] = DOOR_HAS_RECOVERED};
    int64_t number = json_as_integer(json_member(root, input->name), 0);
    void *member = (char *)visit + input->offset;

    if (input->shape == INTEGER) {
        *(int64_t *)member = number;
        return true;
    }
    if (number < 0 || number > most[input->shape])
        return false;
    *(unsigned *)member = (unsigned)number;
    return true;
}

static bool read_lists(const struct json_value *lists, struct policy_visit *visit)
{
    if (json_length(lists) > LISTS_PER_VISIT_MAX)
        return false;
    for (size_t i = 0; i < json_length(lists); i++) {
        const char *name = json_as_string(json_element(lists, i), NULL);

        if (!name || strlen(name) >= SLUG_BYTES)
            return false;
        snprintf(visit->lists[visit->list_count++], SLUG_BYTES, "%s", name);
    }
    return true;
}

static bool read_root(const struct json_value *root, struct policy_visit *visit)
{
    char seed[24] = "";

    for (size_t i = 0; i < INPUT_COUNT; i++) {
        const struct input *input = &inputs[i];

        if (input->shape == TEXT ? !read_text(root, input->name, (char *)visit + input->offset, input->bytes)
                                 : !read_number(root, input, visit))
            return false;
    }
    visit->inside = json_as_boolean(json_member(root, "inside"), false);
    visit->openings = (unsigned)json_as_integer(json_member(root, "openings"), 0);
    if (!read_text(root, "seed", seed, sizeof(seed)))
        return false;
    visit->seed = strtoull(seed, NULL, 16);
    return read_lists(json_member(root, "lists"), visit);
}

static bool read_context(const struct json_value *garage, struct policy_visit *visit, char timezone[ZONE_NAME_BYTES])
{
    visit->garage.capacity = json_as_integer(json_member(garage, "capacity"), 0);
    return read_text(garage, "id", visit->garage.id, sizeof(visit->garage.id)) &&
           read_text(garage, "name", visit->garage.name, sizeof(visit->garage.name)) &&
           read_text(garage, "currency", visit->garage.currency, sizeof(visit->garage.currency)) &&
           read_text(garage, "timezone", timezone, ZONE_NAME_BYTES);
}

enum ost_status decision_read_inputs(const char *context, const char *text, struct policy_visit *visit,
                                     char timezone[ZONE_NAME_BYTES])
{
    struct json_document *garage = NULL, *rest = NULL;
    char error[128];
    bool fine;

    memset(visit, 0, sizeof(*visit));
    timezone[0] = '\0';
    fine = json_parse(context, strlen(context), 4, &garage, error) == OST_OK && json_parse(text, strlen(text), 4, &rest, error) == OST_OK &&
           read_context(json_root(garage), visit, timezone) && read_root(json_root(rest), visit);
    json_free(garage);
    json_free(rest);
    return fine ? OST_OK : OST_CORRUPT;
}

/* ---- results ---- */

static void write_shadows(struct json_writer *writer, const struct decision *decision)
{
    json_name(writer, "shadows");
    json_begin_array(writer);
    for (unsigned i = 0; i < decision->shadow_count; i++) {
        const struct shadow_verdict *shadow = &decision->shadows[i];

        json_begin_object(writer);
        json_put_string(writer, "policy", shadow->name);
        json_put_integer(writer, "revision", shadow->revision);
        json_put_boolean(writer, "differs", shadow->differs);
        if (shadow->differs) {
            json_put_string(writer, "outcome", decision_outcome_text(shadow->outcome));
            json_put_string(writer, "code", shadow->code[0] ? shadow->code : NULL);
            json_put_integer(writer, "line", shadow->line);
            json_put_integer(writer, "price", shadow->price);
            json_put_time(writer, "leaveBy", shadow->leave_by_ms);
        }
        json_end_object(writer);
    }
    json_end_array(writer);
}

static void write_alarms(struct json_writer *writer, const struct decision *decision)
{
    json_name(writer, "alarms");
    json_begin_array(writer);
    for (unsigned i = 0; i < decision->alarm_count; i++)
        json_write_string(writer, decision->alarms[i].code);
    json_end_array(writer);
}

bool decision_write_result(struct json_writer *writer, const struct decision *decision)
{
    if (decision->leave_by_ms == 0 && !decision->price.is_set && !decision->has_offer && !decision->has_state &&
        decision->alarm_count == 0 && decision->note_count == 0 && decision->shadow_count == 0)
        return false;
    json_begin_object(writer);
    if (decision->leave_by_ms)
        json_put_time(writer, "leaveBy", decision->leave_by_ms);
    if (decision->price.is_set) {
        json_put_integer(writer, "price", decision->price.amount);
        json_put_integer(writer, "priceLines", decision->price.line_count);
    }
    if (decision->has_offer)
        json_put_integer(writer, "offer", decision->offer);
    if (decision->has_state)
        json_put_string(writer, "state", garage_state_text(decision->state));
    if (decision->alarm_count > 0)
        write_alarms(writer, decision);
    if (decision->note_count > 0)
        json_put_integer(writer, "notes", decision->note_count);
    if (decision->shadow_count > 0)
        write_shadows(writer, decision);
    json_end_object(writer);
    return true;
}
