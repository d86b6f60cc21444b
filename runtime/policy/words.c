#include "runtime/policy/words.h"

#include <stdio.h>
#include <string.h>

#include "runtime/base/suggest.h"

#define WORDS_MAX 64

#define START AT(TRIGGER_SESSION_START)
#define STOP AT(TRIGGER_SESSION_STOP)
#define DOOR AT(TRIGGER_DOOR_REQUEST)
#define FREE AT(TRIGGER_AVAILABILITY)
#define EVENT AT(TRIGGER_DOOR_EVENT)
#define TIMER AT(TRIGGER_SCHEDULE)
#define CALL AT(TRIGGER_HTTP)
#define VISIT (START | STOP | DOOR)

const struct word policy_verbs[] = {
    {"allow", START | DOOR}, {"deny", START | DOOR}, {"allow_always", START | DOOR}, {"require_leave_by", START},
    {"notify", START | STOP | EVENT | TIMER}, {"charge", STOP}, {"replace_price", STOP}, {"offer", FREE}, {"raise", EVENT},
    {"set_garage_state", TIMER}, {"respond", CALL}, {NULL, 0},
};
const struct word visit_words[] = {
    {"plate", VISIT}, {"country", VISIT}, {"kind", VISIT | EVENT}, {"user", VISIT}, {"partner", VISIT | CALL}, {"now", AT_EVERY},
    {"entrance", VISIT}, {"garage", AT_EVERY & ~FREE}, {"inside", VISIT}, {"last_exit", VISIT}, {"visits_today", VISIT},
    {"on_list", VISIT}, {"plate_matches", VISIT}, {"started", STOP}, {"stayed", STOP}, {"direction", DOOR | EVENT},
    {"session", DOOR}, {"door", DOOR | EVENT}, {"openings", DOOR}, {"happened", EVENT}, {"fault", EVENT}, {"cause", EVENT},
    {"method", CALL}, {"query", CALL}, {"body", CALL}, {"name", FREE}, {"state", FREE}, {"free", FREE}, {"capacity", FREE},
    {"season_holders", FREE}, {"season_inside", FREE}, {NULL, 0},
};
const struct word garage_words[] = {
    {"name", AT_EVERY}, {"state", AT_EVERY}, {"free", AT_EVERY}, {"capacity", AT_EVERY}, {"season_holders", AT_EVERY},
    {"season_inside", AT_EVERY}, {NULL, 0},
};
const struct word policy_words[] = {
    {"policy", 0}, {"setting", 0}, {"on", 0}, {"money", 0}, {"duration", 0}, {"hours", 0}, {"tariff", 0}, {"plates", 0},
    {"number", 0}, {"text", 0}, {"boolean", 0}, {"assert", 0}, {"error", 0}, {"ipairs", 0}, {"pairs", 0}, {"select", 0},
    {"tonumber", 0}, {"tostring", 0}, {"type", 0}, {"string", 0}, {"table", 0}, {"math", 0}, {NULL, 0},
};

const struct word *word_find(const struct word *words, const char *name)
{
    while (words->name && strcmp(words->name, name) != 0)
        words++;
    return words->name ? words : NULL;
}

/* Words of other languages and of everyday speech, and what each is called here. */
static const struct {
    const char *written, *meant;
} synonyms[] = {
    {"null", "nil"}, {"None", "nil"}, {"NULL", "nil"}, {"undefined", "nil"}, {"True", "true"}, {"False", "false"},
    {"refuse", "deny"}, {"reject", "deny"}, {"block", "deny"}, {"forbid", "deny"}, {"decline", "deny"}, {"accept", "allow"},
    {"permit", "allow"}, {"price", "charge"}, {"bill", "charge"}, {"print", "notify"}, {"log", "notify"}, {"alert", "notify"},
    {"warn", "notify"}, {"message", "notify"}, {"os", "visit.now"}, {"date", "now"}, {"time", "now"}, {"hour", "now.hour"},
    {"weekday", "now.weekday"}, {"license", "plate"}, {"licence", "plate"}, {"license_plate", "plate"}, {"number_plate", "plate"},
    {"type", "kind"}, {"start", "started"}, {"parked", "stayed"}, {"description", "about"}, {"max", "cap"}, {"maximum", "cap"},
    {"session_begin", "session_start"}, {"session_end", "session_stop"}, {"start", "session_start"}, {"stop", "session_stop"},
    {"entry", "session_start"}, {"exit", "session_stop"}, {"timer", "schedule"}, {"price", "rate"}, {"interval", "every"}, {"schedule", "every"}, {NULL, NULL},
};

const char *word_meaning(const char *name)
{
    for (size_t i = 0; synonyms[i].written; i++) {
        if (strcmp(synonyms[i].written, name) == 0)
            return synonyms[i].meant;
    }
    return NULL;
}

/* What was meant, where it is one of the names, or a field of one ("now.hour"). */
static const char *meant_among(const char *name, const char *const *names)
{
    for (size_t i = 0; synonyms[i].written; i++) {
        size_t length = strcspn(synonyms[i].meant, ".");

        if (strcmp(synonyms[i].written, name) != 0)
            continue;
        for (const char *const *each = names; *each; each++) {
            if (strlen(*each) == length && strncmp(*each, synonyms[i].meant, length) == 0)
                return synonyms[i].meant;
        }
    }
    return NULL;
}

const char *word_nearest(const char *name, const char *const *names)
{
    const char *close = suggest(name, names);

    return close ? close : meant_among(name, names);
}

const char *word_suggest(const struct word *words, const char *name, unsigned triggers)
{
    const char *names[WORDS_MAX];
    size_t count = 0;

    for (; words->name && count < WORDS_MAX - 1; words++) {
        if (words->triggers & triggers)
            names[count++] = words->name;
    }
    names[count] = NULL;
    return word_nearest(name, names);
}

/* "on.session_start or on.door_request" */
static void list_triggers(unsigned triggers, char *text, size_t bytes)
{
    size_t length = 0;

    text[0] = '\0';
    for (unsigned trigger = 0; trigger < TRIGGER_COUNT && length < bytes; trigger++) {
        if (triggers & AT(trigger))
            length += (size_t)snprintf(text + length, bytes - length, "%son.%s", length ? " or " : "", policy_trigger_text(trigger));
    }
}

void word_complain(const struct word *words, const char *owner, const char *name, unsigned trigger, char *text, size_t bytes)
{
    const struct word *elsewhere = word_find(words, name);
    const char *close = word_suggest(words, name, AT(trigger));
    bool is_of_garage = words == visit_words && trigger != TRIGGER_AVAILABILITY && word_find(garage_words, name);
    char where[192];

    if (is_of_garage) {
        snprintf(text, bytes, "%.40s has no field '%s'; did you mean '%.40s.garage.%s'?", owner, name, owner, name);
    } else if (elsewhere) {
        list_triggers(elsewhere->triggers, where, sizeof(where));
        snprintf(text, bytes, "%.40s has no field '%s' in on.%s; it is there in %s", owner, name, policy_trigger_text(trigger), where);
    } else if (close) {
        snprintf(text, bytes, "%.40s has no field '%.40s'; did you mean '%s'?", owner, name, close);
    } else {
        snprintf(text, bytes, "%.40s has no field '%.40s'", owner, name);
    }
}

void verb_complain(const struct word *verb, unsigned trigger, char *text, size_t bytes)
{
    bool would_keep_in = trigger == TRIGGER_SESSION_STOP && strcmp(verb->name, "deny") == 0;
    char where[192];

    list_triggers(verb->triggers, where, sizeof(where));
    if (would_keep_in) {
        snprintf(text, bytes, "deny cannot be said in on.session_stop; it belongs in %s. A car always gets out: let it pay with charge(...), "
                              "or tell the staff with notify(...)", where);
        return;
    }
    snprintf(text, bytes, "%s cannot be said in on.%s; it belongs in %s", verb->name, policy_trigger_text(trigger), where);
}

enum policy_trigger trigger_find(const char *name)
{
    unsigned trigger = 0;

    while (trigger < TRIGGER_COUNT && strcmp(policy_trigger_text(trigger), name) != 0)
        trigger++;
    return trigger;
}

bool policy_code_is_reserved(const char *code)
{
    static const char *const reserved[] = {
        "malformed_json", "malformed_request", "invalid_token", "insufficient_scope", "not_found", "garage_not_found",
        "door_not_found", "session_not_found", "command_not_found", "policy_not_found", "method_not_allowed",
        "length_required", "body_too_large", "target_too_long", "unsupported_media_type", "headers_too_large",
        "session_already_active", "plate_already_active", "garage_full", "garage_closed", "garage_suspended",
        "session_not_active", "door_not_allowed", "door_in_maintenance", "idempotency_in_progress", "validation_failed",
        "door_indication_required", "door_not_entry", "door_not_exit", "idempotency_key_reused", "policy_invalid",
        "rate_limited", "too_many_openings", "internal_error", "door_unreachable", "policy_unavailable",
        "storage_unavailable", "overloaded", "shutting_down", NULL};
    const char *const *each = reserved;

    while (*each && strcmp(*each, code) != 0)
        each++;
    return *each != NULL;
}
