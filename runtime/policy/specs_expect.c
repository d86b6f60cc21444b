/* What a case may expect, and what is told where it does not come. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/policy/specs.h"

/* "line 14 denied closed: 'We are closed.'", "it was allowed (no rule spoke)". */
static void tell_outcome(const struct decision *decision, char *text, size_t bytes)
{
    const struct decision_reason *first = &decision->reasons[0];

    if (decision->outcome == DECISION_ALLOWED)
        snprintf(text, bytes, decision->reason_count > 0 ? "it was allowed" : "it was allowed (no rule spoke)");
    else if (first->verb == REASON_DENY)
        snprintf(text, bytes, "line %d denied %s: '%.160s'", first->line, first->code, first->text);
    else
        snprintf(text, bytes, "the policy broke in line %d: %.200s", first->line, first->text);
}

static void tell_time(const struct zone *zone, int64_t wall_ms, char *text, size_t bytes)
{
    struct local_time local;

    zone_local_time(zone, wall_ms, &local);
    snprintf(text, bytes, "%04d-%02d-%02d %02d:%02d", local.year, local.month, local.day, local.hour, local.minute);
}

static bool says_nothing(const struct decision *decision)
{
    return decision->outcome == DECISION_ALLOWED && decision->reason_count == 0 && decision->leave_by_ms == 0 && !decision->price.is_set &&
           !decision->has_offer && !decision->has_state && decision->alarm_count == 0 && decision->note_count == 0;
}

static bool check_price(const char *wanted, const struct decision *decision, char *text, size_t bytes)
{
    char got[40];

    snprintf(got, sizeof(got), "%lld.%02lld", (long long)(decision->price.amount / 100), (long long)(decision->price.amount % 100));
    if (decision->price.is_set && strcmp(got, wanted) == 0)
        return true;
    if (decision->price.is_set)
        snprintf(text, bytes, "the price was %s", got);
    else
        snprintf(text, bytes, "nothing was charged");
    return false;
}

static bool is_same_moment(const struct zone *zone, const char *wanted, int64_t wall_ms)
{
    char local[40], exact[48];
    struct local_time there;
    int64_t meant_ms;

    if (clock_parse(wanted, &meant_ms) == OST_OK)
        return meant_ms == wall_ms;
    tell_time(zone, wall_ms, local, sizeof(local));
    zone_local_time(zone, wall_ms, &there);
    snprintf(exact, sizeof(exact), "%s %c%02d:%02d", local, there.offset_s < 0 ? '-' : '+', abs(there.offset_s) / 3600, abs(there.offset_s) / 60 % 60);
    return strcmp(wanted, local) == 0 || strcmp(wanted, exact) == 0;
}

static bool check_leave_by(const char *wanted, const struct decision *decision, const struct zone *zone, char *text, size_t bytes)
{
    char got[40];

    if (decision->leave_by_ms && is_same_moment(zone, wanted, decision->leave_by_ms))
        return true;
    if (decision->leave_by_ms == 0) {
        snprintf(text, bytes, "no time to leave was set");
        return false;
    }
    tell_time(zone, decision->leave_by_ms, got, sizeof(got));
    snprintf(text, bytes, "it was %s", got);
    return false;
}

static bool check_deny(const char *wanted, const struct decision *decision, char *text, size_t bytes)
{
    if (decision->outcome == DECISION_DENIED && strcmp(decision->reasons[0].code, wanted) == 0)
        return true;
    tell_outcome(decision, text, bytes);
    return false;
}

static bool check_broken(const char *wanted, const struct decision *decision, char *text, size_t bytes)
{
    for (unsigned i = 0; i < decision->reason_count; i++) {
        if (decision->reasons[i].verb == REASON_BROKEN && (!*wanted || strcmp(decision->reasons[i].code, wanted) == 0))
            return true;
    }
    tell_outcome(decision, text, bytes);
    return false;
}

static bool check_number(const char *wanted, bool is_there, int64_t got, const char *what, char *text, size_t bytes)
{
    if (is_there && strtoll(wanted, NULL, 10) == got)
        return true;
    if (is_there)
        snprintf(text, bytes, "%s was %lld", what, (long long)got);
    else
        snprintf(text, bytes, "there was none");
    return false;
}

static bool check_notify(const char *wanted, const struct decision *decision, char *text, size_t bytes)
{
    for (unsigned i = 0; i < decision->note_count; i++) {
        if (!*wanted || strcmp(decision->notes[i], wanted) == 0)
            return true;
    }
    snprintf(text, bytes, decision->note_count > 0 ? "the note was '%.200s'" : "there was no note", decision->notes[0]);
    return false;
}

static bool check_raise(const char *wanted, const struct decision *decision, char *text, size_t bytes)
{
    for (unsigned i = 0; i < decision->alarm_count; i++) {
        if (strcmp(decision->alarms[i].code, wanted) == 0)
            return true;
    }
    snprintf(text, bytes, decision->alarm_count > 0 ? "%s was raised" : "nothing was raised", decision->alarms[0].code);
    return false;
}

static bool check_body(const char *wanted, const struct policy_response *response, char *text, size_t bytes)
{
    if (response->status && response->length == strlen(wanted) && memcmp(response->body, wanted, response->length) == 0)
        return true;
    snprintf(text, bytes, "the answer was %.*s", (int)(response->length < 200 ? response->length : 200), response->body);
    return false;
}

static bool check_state(const char *wanted, const struct decision *decision, char *text, size_t bytes)
{
    if (decision->has_state && strcmp(garage_state_text(decision->state), wanted) == 0)
        return true;
    snprintf(text, bytes, decision->has_state ? "it was set to %s" : "no state was set", garage_state_text(decision->state));
    return false;
}

static bool is_simple(const char *expect, const struct decision *decision, bool *holds)
{
    if (strcmp(expect, "allow") == 0)
        *holds = decision->outcome == DECISION_ALLOWED && !decision_has_broken(decision);
    else if (strcmp(expect, "nothing") == 0)
        *holds = says_nothing(decision);
    else if (strcmp(expect, "no price") == 0)
        *holds = !decision->price.is_set;
    else if (strcmp(expect, "no leave_by") == 0)
        *holds = decision->leave_by_ms == 0;
    else if (strcmp(expect, "no offer") == 0)
        *holds = !decision->has_offer;
    else
        return false;
    return true;
}

/* What stands behind a word; NULL: the expectation is another one. */
static const char *behind(const char *expect, const char *word)
{
    size_t length = strlen(word);

    if (strncmp(expect, word, length) != 0 || (expect[length] && expect[length] != ' '))
        return NULL;
    return expect + length + strspn(expect + length, " ");
}

bool spec_expectation_holds(const char *expect, const struct decision *decision, const struct policy_response *response,
                            const struct zone *zone, char *text, size_t bytes)
{
    const char *wanted;
    bool holds;

    if (is_simple(expect, decision, &holds)) {
        if (!holds && decision->price.is_set)
            check_price("", decision, text, bytes);
        else if (!holds)
            tell_outcome(decision, text, bytes);
        return holds;
    }
    if ((wanted = behind(expect, "deny")) && *wanted)
        return check_deny(wanted, decision, text, bytes);
    if ((wanted = behind(expect, "price")) && *wanted)
        return check_price(wanted, decision, text, bytes);
    if ((wanted = behind(expect, "leave_by")) && *wanted)
        return check_leave_by(wanted, decision, zone, text, bytes);
    if ((wanted = behind(expect, "offer")) && *wanted)
        return check_number(wanted, decision->has_offer, decision->offer, "the offer", text, bytes);
    if ((wanted = behind(expect, "status")) && *wanted)
        return check_number(wanted, response->status > 0, response->status, "the status", text, bytes);
    if ((wanted = behind(expect, "notify")))
        return check_notify(wanted, decision, text, bytes);
    if ((wanted = behind(expect, "raise")) && *wanted)
        return check_raise(wanted, decision, text, bytes);
    if ((wanted = behind(expect, "state")) && *wanted)
        return check_state(wanted, decision, text, bytes);
    if ((wanted = behind(expect, "body")) && *wanted)
        return check_body(wanted, response, text, bytes);
    if ((wanted = behind(expect, "broken")))
        return check_broken(wanted, decision, text, bytes);
    snprintf(text, bytes, "that is nothing that can be expected: write allow, deny CODE, nothing, price 2.50, leave_by TIME, offer 5, notify, "
                          "raise CODE, state closed, status 200, body JSON or broken");
    return false;
}
