/* Values that never fit: a comparison that is never true, a text that is no time, an amount with a comma. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "runtime/base/suggest.h"
#include "runtime/core/time_text.h"
#include "runtime/policy/scan_internal.h"
#include "runtime/policy/units.h"

/* ---- what stands there ---- */

static bool is_number(const struct scan *scan, size_t at)
{
    return at < scan->count && scan->tokens[at].kind == TOKEN_NUMBER;
}

static bool is_equality(const struct scan *scan, size_t at)
{
    return scan_is_at(scan, at, "==") || scan_is_at(scan, at, "~=");
}

static bool is_comparison(const struct scan *scan, size_t at)
{
    return is_equality(scan, at) || scan_is_at(scan, at, "<") || scan_is_at(scan, at, ">") || scan_is_at(scan, at, "<=") ||
           scan_is_at(scan, at, ">=");
}

static bool ends_condition(const struct scan *scan, size_t at)
{
    return scan_is_at(scan, at, "then") || scan_is_at(scan, at, "and") || scan_is_at(scan, at, "or") || scan_is_at(scan, at, ")");
}

/* A word of ours that was not declared anew. */
static bool is_word(const struct scan *scan, size_t at, const char *word)
{
    if (!scan_is_at(scan, at, word) || (at > 0 && (scan_is_at(scan, at - 1, ".") || scan_is_at(scan, at - 1, ":"))))
        return false;
    for (size_t i = 0; i < scan->count; i++) {
        if (scan->places[i].is_declared && token_same(&scan->tokens[i], &scan->tokens[at]))
            return false;
    }
    return true;
}

/* The text that is all of a word's argument, word("text") or word "text" or word("text", ...); 0: there is none. */
static size_t argument_of(const struct scan *scan, size_t word)
{
    size_t at = scan_is_at(scan, word + 1, "(") ? word + 2 : word + 1;
    bool is_whole = at == word + 1 || scan_is_at(scan, at + 1, ",") || scan_is_at(scan, at + 1, ")");

    return scan_is_text(scan, at) && is_whole ? at : 0;
}

/* A text that is no number: Lua would add "5" and 1. */
static bool is_wording(const struct scan *scan, size_t at)
{
    const struct token *token = &scan->tokens[at];

    return scan_is_text(scan, at) && token->length > 0 && isalpha((unsigned char)token->at[0]);
}

/* Does a sign stand there that makes one value of its neighbours? */
static bool is_operator(const struct scan *scan, size_t at)
{
    static const char *const operators[] = {"..", "+", "-", "*", "/", "//", "%", "^", NULL};
    const char *const *each = operators;

    while (*each && !scan_is_at(scan, at, *each))
        each++;
    return *each != NULL;
}

/* ---- texts that a unit reads ---- */

static void check_hours(struct scan *scan, size_t at)
{
    char text[160], why[HOURS_WHY_BYTES];

    if (at == 0 || scan->tokens[at].length >= sizeof(text))
        return;
    snprintf(text, sizeof(text), "%.*s", (int)scan->tokens[at].length, scan->tokens[at].at);
    if (!hours_text_is_good(text, why))
        scan_complain(scan, &scan->tokens[at], "opening hours: %s", why);
}

static void check_duration(struct scan *scan, size_t at)
{
    char text[NAME_BYTES];
    int64_t milliseconds;

    if (at == 0)
        return;
    scan_copy(&scan->tokens[at], text);
    if (!duration_read(text, &milliseconds))
        scan_complain(scan, &scan->tokens[at], "'%s' is no duration; write \"15min\", \"2h\" or \"1h 30min\" (s, min, h, d)", text);
}

static void check_money_literal(struct scan *scan, size_t at)
{
    char number[NAME_BYTES], second[NAME_BYTES];

    if (!scan_is_at(scan, at + 1, "(") || !is_number(scan, at + 2) || !scan_is_at(scan, at + 3, ",") || !is_number(scan, at + 4) ||
        is_operator(scan, at + 5))
        return;
    scan_copy(&scan->tokens[at + 2], number);
    scan_copy(&scan->tokens[at + 4], second);
    scan_complain(scan, &scan->tokens[at + 2], "an amount is written with a point: money(%s.%s); a comma makes two numbers of it", number, second);
}

/* charge(2.50) */
static void check_amount_of(struct scan *scan, size_t verb)
{
    char number[NAME_BYTES];

    if (!scan_is_at(scan, verb + 1, "(") || !is_number(scan, verb + 2))
        return;
    scan_copy(&scan->tokens[verb + 2], number);
    scan_complain(scan, &scan->tokens[verb + 2], "write the amount as money(%s), so that its cents are exact", number);
}

static void check_words(struct scan *scan, size_t at)
{
    if (is_word(scan, at, "hours"))
        check_hours(scan, argument_of(scan, at));
    else if (is_word(scan, at, "duration"))
        check_duration(scan, argument_of(scan, at));
    else if (is_word(scan, at, "money"))
        check_money_literal(scan, at);
    else if (is_word(scan, at, "charge") || is_word(scan, at, "replace_price"))
        check_amount_of(scan, at);
    else if (is_word(scan, at, "deny") && scan_is_at(scan, at + 1, "(") && scan_is_at(scan, at + 2, ")"))
        scan_complain(scan, &scan->tokens[at], "deny needs a code for the app and a text for the driver: deny(\"season_only\", \"Only season tickets.\")");
    else if (scan_is_at(scan, at, "within") && at > 0 && scan_is_at(scan, at - 1, ":"))
        check_hours(scan, argument_of(scan, at));
    else if (scan_is_at(scan, at, "+") && ((at > 0 && is_wording(scan, at - 1)) || is_wording(scan, at + 1)))
        scan_complain(scan, &scan->tokens[at], "texts are joined with two points: \"Hello \" .. visit.plate");
}

/* ---- fields of the visit, and what they are compared with ---- */

static void check_kind(struct scan *scan, size_t text, const char *owner)
{
    static const char *const kinds[] = {"visitor", "season", "booking", "staff", NULL};
    char written[NAME_BYTES];
    enum visit_kind kind;
    const char *close;

    scan_copy(&scan->tokens[text], written);
    if (visit_kind_parse(written, &kind) == OST_OK)
        return;
    close = suggest(written, kinds);
    scan_warn(scan, &scan->tokens[text], "%s.kind is never \"%s\"%s%s%s There are visitor, season, booking and staff", owner, written,
                  close ? "; did you mean \"" : "", close ? close : "", close ? "\"?" : ".");
}

static void check_plate(struct scan *scan, size_t text, const char *owner)
{
    const struct token *written = &scan->tokens[text];

    for (size_t i = 0; i < written->length; i++) {
        if (isupper((unsigned char)written->at[i]) || isdigit((unsigned char)written->at[i]) || (unsigned char)written->at[i] >= 0x80)
            continue;
        scan_warn(scan, written, "a plate has capitals and digits only, so this is never true; ask %s:plate_matches(\"%.*s\")", owner,
                      (int)(written->length < NAME_BYTES ? written->length : NAME_BYTES), written->at);
        return;
    }
}

static bool is_one_of(const char *name, const char *const *names)
{
    while (*names && strcmp(*names, name) != 0)
        names++;
    return *names != NULL;
}

/* owner.field == "text" and the like; at: the comparison. */
static void check_comparison(struct scan *scan, const char *owner, const char *field, size_t at)
{
    static const char *const numbers[] = {"visits_today", "openings", NULL};
    char written[NAME_BYTES] = "";
    /* Equal or not to something else is false or true; more or less than it breaks. */
    void (*say)(struct scan *, const struct token *, const char *, ...) = is_equality(scan, at) ? scan_warn : scan_complain;
    size_t value = at + 1;

    if (value < scan->count)
        scan_copy(&scan->tokens[value], written);
    if (is_operator(scan, at - 4) || is_operator(scan, value + 1))
        return; /* something else is compared */
    if (strcmp(field, "kind") == 0 && is_equality(scan, at) && scan_is_text(scan, value))
        check_kind(scan, value, owner);
    else if (strcmp(field, "plate") == 0 && is_equality(scan, at) && scan_is_text(scan, value))
        check_plate(scan, value, owner);
    else if (strcmp(field, "now") == 0 && scan_is_text(scan, value))
        say(scan, &scan->tokens[value], "a time is not compared with a text; ask %s.now:within(\"22:00-24:00\")", owner);
    else if (is_one_of(field, numbers) && scan_is_text(scan, value))
        say(scan, &scan->tokens[value], "%s.%s is a number; write %s without quotes", owner, field, written);
    else if (strcmp(field, "stayed") == 0 && (is_number(scan, value) || scan_is_text(scan, value)))
        say(scan, &scan->tokens[value], "%s.stayed is a duration; compare it with one, such as duration(\"%s%s\")", owner, written,
                      is_number(scan, value) ? "min" : "");
    else if (strcmp(field, "inside") == 0 && scan_is_text(scan, value))
        scan_warn(scan, &scan->tokens[value], "%s.inside is true or false; write it without quotes", owner);
}

/* owner.now.hour >= "22", owner.now.within(...), owner.garage.free < "5"; at: behind the second point. */
static void check_part(struct scan *scan, const char *owner, const char *field, size_t at)
{
    static const char *const numbers[] = {"hour", "minute", "free", "capacity", "season_inside", "season_holders", NULL};
    void (*say)(struct scan *, const struct token *, const char *, ...) = is_equality(scan, at + 1) ? scan_warn : scan_complain;
    char part[NAME_BYTES], written[NAME_BYTES];

    scan_copy(&scan->tokens[at], part);
    if (strcmp(part, "within") == 0 && scan_is_at(scan, at - 1, ".") && argument_of(scan, at))
        scan_complain(scan, &scan->tokens[at], "write it with a colon: %s.%s:within(\"06:00-23:00\")", owner, field);
    else if (is_one_of(part, numbers) && is_comparison(scan, at + 1) && scan_is_text(scan, at + 2) &&
             !is_operator(scan, at + 3)) {
        scan_copy(&scan->tokens[at + 2], written);
        say(scan, &scan->tokens[at + 2], "%s.%s.%s is a number; write %s without quotes", owner, field, part, written);
    }
}

/* visit.on_list and visit.plate_matches are asked with a name. */
static void check_question(struct scan *scan, const char *owner, const char *field, size_t at)
{
    const char *example = strcmp(field, "on_list") == 0 ? "blocked" : "AB-*";
    bool is_called = scan_is_at(scan, at + 1, "(") || scan_is_text(scan, at + 1);

    if (scan_is_at(scan, at - 1, ".") && argument_of(scan, at))
        scan_complain(scan, &scan->tokens[at], "write it with a colon: %s:%s(\"%s\")", owner, field, example);
    else if (!is_called && (is_comparison(scan, at + 1) || ends_condition(scan, at + 1)))
        scan_warn(scan, &scan->tokens[at], "ask %s:%s(\"%s\"), with the name in brackets; the answer is true or false", owner, field, example);
}

/* not visit.kind == "season": `not` takes only what stands next to it. */
static void check_not(struct scan *scan, const char *owner, const char *field, size_t at)
{
    if (is_equality(scan, at + 1) && !scan_is_at(scan, at + 2, "true") && !scan_is_at(scan, at + 2, "false"))
        scan_warn(scan, &scan->tokens[at], "'not' goes with %s.%s alone here, so this is never what is meant; write %s.%s %s ...", owner, field,
                      owner, field, scan_is_at(scan, at + 1, "==") ? "~=" : "==");
}

/* at: the handler's parameter, for sure. */
static void check_visit(struct scan *scan, size_t at)
{
    char owner[NAME_BYTES], field[NAME_BYTES];
    bool is_question;

    if (!(scan_is_at(scan, at + 1, ".") || scan_is_at(scan, at + 1, ":")) || !scan_is_name(scan, at + 2))
        return;
    scan_copy(&scan->tokens[at], owner);
    scan_copy(&scan->tokens[at + 2], field);
    is_question = strcmp(field, "on_list") == 0 || strcmp(field, "plate_matches") == 0;
    if (is_question)
        check_question(scan, owner, field, at + 2);
    else if (scan_is_at(scan, at + 3, "(") && word_find(visit_words, field))
        scan_complain(scan, &scan->tokens[at + 2], "%s.%s is a value and asks nothing; write it without brackets", owner, field);
    else if ((scan_is_at(scan, at + 3, ".") || scan_is_at(scan, at + 3, ":")) && scan_is_name(scan, at + 4))
        check_part(scan, owner, field, at + 4);
    else if (is_comparison(scan, at + 3))
        check_comparison(scan, owner, field, at + 3);
    if (!is_question && at > 0 && scan_is_at(scan, at - 1, "not"))
        check_not(scan, owner, field, at + 2);
}

/* x == "visitor" or "booking": the second text is always true. */
static void check_alternatives(struct scan *scan, size_t at)
{
    char first[NAME_BYTES], second[NAME_BYTES];

    if (!is_equality(scan, at) || !scan_is_text(scan, at + 1) || !scan_is_at(scan, at + 2, "or") || !scan_is_text(scan, at + 3) ||
        !ends_condition(scan, at + 4))
        return;
    scan_copy(&scan->tokens[at + 1], first);
    scan_copy(&scan->tokens[at + 3], second);
    scan_warn(scan, &scan->tokens[at + 3], "this is always true; say for each what it is compared with: visit.kind == \"%s\" or visit.kind == \"%s\"",
                  first, second);
}

/* ---- what a handler returns ---- */

/* Is the innermost function around a token the handler itself? */
static bool is_handlers_own(const struct scan *scan, const struct handler *handler, size_t at)
{
    for (size_t i = handler->first + 1; i < at; i++) {
        if (scan_is_at(scan, i, "function"))
            return false; /* perhaps: then nothing is said */
    }
    return true;
}

static void check_return(struct scan *scan, size_t at)
{
    const struct handler *handler = scan_handler_of(scan, at);
    bool may_refuse = handler && (handler->trigger == TRIGGER_SESSION_START || handler->trigger == TRIGGER_DOOR_REQUEST);

    if (may_refuse && scan_is_at(scan, at, "return") && (scan_is_at(scan, at + 1, "false") || scan_is_text(scan, at + 1)) &&
        is_handlers_own(scan, handler, at))
        scan_warn(scan, &scan->tokens[at], "what a handler returns refuses nobody; say deny(\"code\", \"text for the driver\")");
}

void scan_values(struct scan *scan)
{
    for (size_t i = 0; i < scan->count && scan->knows_names; i++) {
        const struct handler *handler = scan_handler_of(scan, i);

        check_words(scan, i);
        check_alternatives(scan, i);
        check_return(scan, i);
        if (handler && handler->is_sure && i > handler->parameter && scan_is_name(scan, i) &&
            token_same(&scan->tokens[i], &scan->tokens[handler->parameter]) && !(i > 0 && (scan_is_at(scan, i - 1, ".") || scan_is_at(scan, i - 1, ":"))))
            check_visit(scan, i);
    }
}
