#include "runtime/core/decision.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/core/text_table.h"

static const char *const triggers[] = {"session_start", "session_stop", "door_request", "availability",
                                       "door_event",    "schedule",     "http"};
static const char *const happenings[] = {"opened", "closed", "fault", "recovered"};
static const char *const breaches[] = {"none", "error", "cpu_limit", "memory_limit", "not_loaded"};
static const char *const outcomes[] = {"allowed", "denied", "broken"};
static const char *const verbs[] = {"deny", "allow", "allow_always", "broken"};

bool decision_has_broken(const struct decision *decision)
{
    if (decision->outcome == DECISION_BROKEN)
        return true;
    for (unsigned i = 0; i < decision->reason_count; i++) {
        if (decision->reasons[i].verb == REASON_BROKEN)
            return true;
    }
    return false;
}

const struct policy_revision *decision_note_author(const struct decision *decision, unsigned note)
{
    unsigned author = decision->note_authors[note];

    if (author == 0 && decision->revision_count == 1)
        author = 1; /* nobody else was asked */
    return author > 0 && author <= decision->revision_count ? &decision->revisions[author - 1] : NULL;
}

const char *policy_trigger_text(enum policy_trigger trigger)
{
    return TEXT_OF(triggers, trigger);
}

enum ost_status policy_trigger_parse(const char *text, enum policy_trigger *out)
{
    for (unsigned i = 0; i < TRIGGER_COUNT; i++) {
        if (strcmp(triggers[i], text) == 0) {
            *out = i;
            return OST_OK;
        }
    }
    return OST_INVALID;
}

const char *door_happening_text(enum door_happening happening)
{
    return TEXT_OF(happenings, happening);
}

const char *policy_breach_text(enum policy_breach breach)
{
    return TEXT_OF(breaches, breach);
}

const char *decision_outcome_text(enum decision_outcome outcome)
{
    return TEXT_OF(outcomes, outcome);
}

enum ost_status decision_outcome_parse(const char *text, enum decision_outcome *out)
{
    size_t value;
    enum ost_status status = VALUE_OF(outcomes, text, &value);

    if (status == OST_OK)
        *out = (enum decision_outcome)value;
    return status;
}

void decision_write_revisions(struct json_writer *writer, const struct decision *decision)
{
    json_begin_object(writer);
    for (unsigned i = 0; i < decision->revision_count; i++)
        json_put_integer(writer, decision->revisions[i].name, decision->revisions[i].revision);
    json_end_object(writer);
}

void decision_write_reasons(struct json_writer *writer, const struct decision *decision)
{
    json_begin_array(writer);
    for (unsigned i = 0; i < decision->reason_count; i++) {
        const struct decision_reason *reason = &decision->reasons[i];

        json_begin_object(writer);
        json_put_string(writer, "verb", TEXT_OF(verbs, reason->verb));
        json_put_string(writer, "policy", reason->policy);
        json_put_integer(writer, "revision", reason->revision);
        json_put_integer(writer, "line", reason->line);
        json_put_string(writer, "code", reason->code);
        json_put_string(writer, "text", reason->text);
        json_end_object(writer);
    }
    json_end_array(writer);
}

void policy_visit_write(struct json_writer *writer, const struct policy_visit *visit)
{
    char seed[24];

    json_begin_object(writer);
    json_put_integer(writer, "now", visit->now_ms);
    json_put_string(writer, "plate", visit->plate);
    json_put_string(writer, "country", visit->country);
    json_put_string(writer, "kind", visit_kind_text(visit->kind));
    json_put_string(writer, "user", visit->user_id);
    json_put_string(writer, "partner", visit->partner_id);
    json_put_string(writer, "entrance", visit->entrance);
    json_name(writer, "garage");
    json_begin_object(writer);
    json_put_string(writer, "id", visit->garage.id);
    json_put_string(writer, "name", visit->garage.name);
    json_put_string(writer, "currency", visit->garage.currency);
    json_put_string(writer, "state", visit->garage.state);
    json_put_integer(writer, "free", visit->garage.free);
    json_put_integer(writer, "capacity", visit->garage.capacity);
    json_put_integer(writer, "seasonHolders", visit->garage.season_holders);
    json_put_integer(writer, "seasonInside", visit->garage.season_inside);
    json_end_object(writer);
    json_put_boolean(writer, "inside", visit->inside);
    json_put_integer(writer, "lastExit", visit->last_exit_ms);
    json_put_integer(writer, "visitsToday", visit->visits_today);
    json_name(writer, "lists");
    json_begin_array(writer);
    for (unsigned i = 0; i < visit->list_count; i++)
        json_write_string(writer, visit->lists[i]);
    json_end_array(writer);
    json_put_integer(writer, "started", visit->started_ms);
    json_put_integer(writer, "stayed", visit->stayed_ms);
    if (visit->door_id[0]) {
        json_put_string(writer, "session", visit->session_id);
        json_put_string(writer, "door", visit->door_id);
        json_put_string(writer, "doorKind", door_kind_text(visit->door_kind));
        json_put_string(writer, "direction", visit->direction == DIRECTION_OUT ? "out" : "in");
        json_put_integer(writer, "openings", visit->openings);
    }
    snprintf(seed, sizeof(seed), "%llx", (unsigned long long)visit->seed); /* 64 bits are more than JSON's numbers hold */
    json_put_string(writer, "seed", seed);
    json_end_object(writer);
}

static bool read_garage(const struct json_value *garage, struct policy_visit *visit)
{
    if (!garage || !json_copy_member(garage, "id", visit->garage.id, sizeof(visit->garage.id)) ||
        !json_copy_member(garage, "name", visit->garage.name, sizeof(visit->garage.name)) ||
        !json_copy_member(garage, "currency", visit->garage.currency, sizeof(visit->garage.currency)) ||
        !json_copy_member(garage, "state", visit->garage.state, sizeof(visit->garage.state)))
        return false;
    visit->garage.free = json_as_integer(json_member(garage, "free"), 0);
    visit->garage.capacity = json_as_integer(json_member(garage, "capacity"), 0);
    visit->garage.season_holders = json_as_integer(json_member(garage, "seasonHolders"), 0);
    visit->garage.season_inside = json_as_integer(json_member(garage, "seasonInside"), 0);
    return true;
}

static bool read_lists(const struct json_value *lists, struct policy_visit *visit)
{
    if (!lists || json_kind(lists) != JSON_IS_ARRAY || json_length(lists) > LISTS_PER_VISIT_MAX)
        return false;
    for (size_t i = 0; i < json_length(lists); i++) {
        const char *name = json_as_string(json_element(lists, i), NULL);

        if (!name || strlen(name) >= SLUG_BYTES)
            return false;
        snprintf(visit->lists[i], sizeof(visit->lists[i]), "%s", name);
    }
    visit->list_count = (unsigned)json_length(lists);
    return true;
}

static bool read_door(const struct json_value *value, struct policy_visit *visit)
{
    const char *direction = json_as_string(json_member(value, "direction"), NULL);

    if (!json_member(value, "door"))
        return true;
    visit->direction = direction && strcmp(direction, "out") == 0 ? DIRECTION_OUT : DIRECTION_IN;
    visit->openings = (unsigned)json_as_integer(json_member(value, "openings"), 0);
    return json_copy_member(value, "door", visit->door_id, sizeof(visit->door_id)) &&
           json_copy_member(value, "session", visit->session_id, sizeof(visit->session_id)) &&
           door_kind_parse(json_as_string(json_member(value, "doorKind"), NULL), &visit->door_kind) == OST_OK;
}

enum ost_status policy_visit_read(const struct json_value *value, struct policy_visit *out)
{
    struct policy_visit visit = {.zone = NULL};
    const char *seed = json_as_string(json_member(value, "seed"), NULL);

    if (!json_copy_member(value, "plate", visit.plate, sizeof(visit.plate)) ||
        !json_copy_member(value, "country", visit.country, sizeof(visit.country)) ||
        !json_copy_member(value, "user", visit.user_id, sizeof(visit.user_id)) ||
        !json_copy_member(value, "partner", visit.partner_id, sizeof(visit.partner_id)) ||
        !json_copy_member(value, "entrance", visit.entrance, sizeof(visit.entrance)) ||
        visit_kind_parse(json_as_string(json_member(value, "kind"), NULL), &visit.kind) != OST_OK || !seed ||
        !read_garage(json_member(value, "garage"), &visit) || !read_lists(json_member(value, "lists"), &visit) ||
        !read_door(value, &visit))
        return OST_CORRUPT;
    visit.now_ms = json_as_integer(json_member(value, "now"), 0);
    visit.inside = json_as_boolean(json_member(value, "inside"), false);
    visit.last_exit_ms = json_as_integer(json_member(value, "lastExit"), 0);
    visit.visits_today = json_as_integer(json_member(value, "visitsToday"), 0);
    visit.started_ms = json_as_integer(json_member(value, "started"), 0);
    visit.stayed_ms = json_as_integer(json_member(value, "stayed"), 0);
    visit.seed = strtoull(seed, NULL, 16);
    *out = visit;
    return OST_OK;
}
