#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/service/policy_runner_internal.h"

/* ---- alarms ---- */

static void alarm_subject(char subject[FAULT_SUBJECT_BYTES], const char *policy, const char *garage_id, const char *door_id)
{
    snprintf(subject, FAULT_SUBJECT_BYTES, "policy/%s/door/%s/%s", policy, garage_id, door_id);
}

static bool raises(const struct decision *decision, unsigned author, const char *code)
{
    for (unsigned i = 0; i < decision->alarm_count; i++) {
        if (decision->alarms[i].author == author && strcmp(decision->alarms[i].code, code) == 0)
            return true;
    }
    return false;
}

/* What policies raise about a door stands until the same door is told of again and they do not. */
static void show_alarms(struct policy_runner *runner, const struct door_plan *door, const struct decision *decision)
{
    char subject[FAULT_SUBJECT_BYTES];
    struct fault *faults = calloc(FAULTS_MAX, sizeof(*faults));
    size_t count = faults ? fault_board_list(runner->parts.faults, faults, FAULTS_MAX) : 0;

    for (unsigned a = 0; a < decision->revision_count; a++) {
        alarm_subject(subject, decision->revisions[a].name, door->garage_id, door->id);
        for (size_t i = 0; i < count; i++) {
            if (faults[i].cleared_at_ms == 0 && strcmp(faults[i].subject, subject) == 0 && !raises(decision, a + 1, faults[i].code))
                fault_board_clear(runner->parts.faults, subject, faults[i].code);
        }
        for (unsigned i = 0; i < decision->alarm_count; i++) {
            if (decision->alarms[i].author == a + 1)
                fault_board_raise(runner->parts.faults, subject, decision->alarms[i].code, FAULT_ALARM, decision->alarms[i].text);
        }
    }
    free(faults);
}

/* Is there a policy in force, and a door, of which this can be the alarm? */
static bool has_author(const struct policy_runner *runner, const struct policy_facts *facts, size_t count, const char *subject)
{
    char name[SLUG_BYTES], garage_id[SLUG_BYTES], door_id[SLUG_BYTES];
    const struct garage *garage;

    if (sscanf(subject, "policy/%63[^/]/door/%63[^/]/%63[^/]", name, garage_id, door_id) != 3)
        return true; /* no alarm about a door: another's to clear */
    garage = site_find_garage(runner->site, garage_id);
    if (!garage || !garage_find_door(garage, door_id))
        return false;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(facts[i].name, name) == 0 && !facts[i].is_shadow)
            return true;
    }
    return false;
}

void doors_forget(struct policy_runner *runner)
{
    struct policy_facts *facts = calloc(POLICIES_MAX, sizeof(*facts));
    struct fault *faults = calloc(FAULTS_MAX, sizeof(*faults));

    if (facts && faults) {
        size_t policies = policy_lease_describe(runner->lease, facts, POLICIES_MAX);
        size_t count = fault_board_list(runner->parts.faults, faults, FAULTS_MAX);

        for (size_t i = 0; i < count; i++) {
            if (faults[i].cleared_at_ms == 0 && !has_author(runner, facts, policies, faults[i].subject))
                fault_board_clear(runner->parts.faults, faults[i].subject, faults[i].code);
        }
    }
    free(facts);
    free(faults);
}

/* ---- what happened ---- */

static void fill(struct policy_runner *runner, const struct garage *garage, const struct door_plan *door,
                 const struct door_event *event, struct policy_visit *visit)
{
    session_desk_fill_garage(runner->parts.desk, garage, visit);
    snprintf(visit->door_id, sizeof(visit->door_id), "%s", door->id);
    snprintf(visit->fault, sizeof(visit->fault), "%s", event->fault);
    if (event->has_cause)
        snprintf(visit->cause, sizeof(visit->cause), "%s", door_cause_text(event->cause));
    visit->door_kind = door->kind;
    visit->direction = door->kind == DOOR_EXIT ? DIRECTION_OUT : DIRECTION_IN;
    visit->happened = event->happened;
}

void doors_hear(struct policy_runner *runner, const struct door_event *event)
{
    const struct garage *garage = site_find_garage(runner->site, event->garage_id);
    const struct door_plan *door = garage ? garage_find_door(garage, event->door_id) : NULL;
    struct policy_visit visit;
    struct policy_question question = {.trigger = TRIGGER_DOOR_EVENT, .visit = &visit, .wait_ms = RUNNER_WAIT_MS};
    struct decision *decision;

    if (!door || !policy_lease_listens(runner->lease, TRIGGER_DOOR_EVENT))
        return;
    runner_beat(runner);
    decision = malloc(sizeof(*decision));
    fill(runner, garage, door, event, &visit);
    if (decision && policy_lease_ask(runner->lease, &question, decision) == OST_OK) {
        show_alarms(runner, door, decision);
        runner_record(runner, garage, &visit, decision);
    } else {
        metric_add(runner->events_dropped, 1);
    }
    free(decision);
}
