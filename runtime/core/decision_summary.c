#include "runtime/core/decision_summary.h"

#include <stdio.h>
#include <string.h>

#include "runtime/base/text.h"

static const struct json_value *read(const char *text, struct json_document **document)
{
    char error[128];

    *document = NULL;
    if (!text[0] || json_parse(text, strlen(text), 8, document, error) != OST_OK)
        return NULL;
    return json_root(*document);
}

static const char *text_of(const struct json_value *value, const char *name)
{
    const char *text = json_as_string(json_member(value, name), NULL);

    return text ? text : "";
}

/* "opening-hours, revision 3, line 9", without the line where it is not known. */
static void name_rule(const struct json_value *reason, char *text, size_t bytes)
{
    long long line = json_as_integer(json_member(reason, "line"), 0);
    int length = snprintf(text, bytes, "%s, revision %lld", text_of(reason, "policy"), (long long)json_as_integer(json_member(reason, "revision"), 0));

    if (line > 0 && length > 0 && (size_t)length < bytes)
        snprintf(text + length, bytes - (size_t)length, ", line %lld", line);
}

static void write_allowed(enum policy_trigger trigger, size_t asked, const struct json_value *result, char *text)
{
    const struct json_value *price = json_member(result, "price");
    const char *leave_by = json_as_string(json_member(result, "leaveBy"), NULL);

    if (asked == 0)
        snprintf(text, DECISION_SUMMARY_BYTES, "Allowed: no policy was asked.");
    else if (trigger == TRIGGER_SESSION_STOP && price)
        snprintf(text, DECISION_SUMMARY_BYTES, "Priced at %lld (in the minor unit) in %lld lines; %zu policies were asked.",
                 (long long)json_as_integer(price, 0), (long long)json_as_integer(json_member(result, "priceLines"), 0), asked);
    else if (trigger == TRIGGER_SESSION_STOP)
        snprintf(text, DECISION_SUMMARY_BYTES, "No policy charged anything; %zu were asked.", asked);
    else if (leave_by)
        snprintf(text, DECISION_SUMMARY_BYTES, "Allowed, to leave by %s: none of %zu policies refused.", leave_by, asked);
    else
        snprintf(text, DECISION_SUMMARY_BYTES, "Allowed: none of %zu policies refused.", asked);
}

static void write_spoken(const struct json_value *reason, enum decision_outcome outcome, char *text)
{
    char rule[192];

    name_rule(reason, rule, sizeof(rule));
    if (outcome == DECISION_DENIED)
        snprintf(text, DECISION_SUMMARY_BYTES, "Refused by %s (%s): %s", rule, text_of(reason, "code"), text_of(reason, "text"));
    else if (outcome == DECISION_BROKEN)
        snprintf(text, DECISION_SUMMARY_BYTES, "Refused because %s is broken (%s): %s", rule, text_of(reason, "code"), text_of(reason, "text"));
    else
        snprintf(text, DECISION_SUMMARY_BYTES, "Allowed by %s, whatever the others say: %s", rule, text_of(reason, "text"));
}

void decision_summary(enum policy_trigger trigger, enum decision_outcome outcome, const char *revisions, const char *reasons,
                      const char *result, char text[static DECISION_SUMMARY_BYTES])
{
    struct json_document *asked, *said, *rest;
    size_t count = json_length(read(revisions, &asked));
    const struct json_value *first = json_element(read(reasons, &said), 0), *more = read(result, &rest);
    bool is_override = strcmp(text_of(first, "verb"), "allow_always") == 0;

    if (first && (outcome != DECISION_ALLOWED || is_override))
        write_spoken(first, outcome, text);
    else
        write_allowed(trigger, count, more, text);
    json_free(asked);
    json_free(said);
    json_free(rest);
}
