#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/suggest.h"
#include "runtime/policy/scan_internal.h"

bool scan_is_at(const struct scan *scan, size_t at, const char *text)
{
    return at < scan->count && scan->tokens[at].kind != TOKEN_TEXT && token_is(&scan->tokens[at], text);
}

bool scan_is_name(const struct scan *scan, size_t at)
{
    return at < scan->count && scan->tokens[at].kind == TOKEN_NAME;
}

bool scan_is_text(const struct scan *scan, size_t at)
{
    return at < scan->count && scan->tokens[at].kind == TOKEN_TEXT && scan->tokens[at].is_plain;
}

void scan_copy(const struct token *token, char out[NAME_BYTES])
{
    snprintf(out, NAME_BYTES, "%.*s", (int)(token->length < NAME_BYTES ? token->length : NAME_BYTES - 1), token->at);
}

/* Of `a.b` or `a:b` the b. */
static bool is_field(const struct scan *scan, size_t at)
{
    return at > 0 && (scan_is_at(scan, at - 1, ".") || scan_is_at(scan, at - 1, ":"));
}

/* Of `{ a = 1 }` the a. */
static bool is_key(const struct scan *scan, size_t at)
{
    return scan->places[at].within == '{' && scan_is_at(scan, at + 1, "=");
}

/* A name that stands for a variable. */
static bool is_variable(const struct scan *scan, size_t at)
{
    return scan_is_name(scan, at) && !is_field(scan, at) && !is_key(scan, at) && !scan->places[at].is_apart;
}

/* ---- what is declared ---- */

/* local a <const>, b   for i, v   (a, b, ...): the names from here on; returns behind them. */
static size_t declare_names(struct scan *scan, size_t at)
{
    for (;; at++) {
        if (scan_is_name(scan, at))
            scan->places[at++].is_declared = true;
        else if (scan_is_at(scan, at, "..."))
            at++;
        if (scan_is_at(scan, at, "<") && scan_is_name(scan, at + 1) && scan_is_at(scan, at + 2, ">")) {
            scan->places[at + 1].is_apart = true;
            at += 3;
        }
        if (!scan_is_at(scan, at, ","))
            return at;
    }
}

/* `function name.of.it:too (parameters)`, with or without a name. at: behind `function`. */
static void declare_parameters(struct scan *scan, size_t at)
{
    while (scan_is_name(scan, at) || scan_is_at(scan, at, ".") || scan_is_at(scan, at, ":")) {
        scan->has_methods |= scan_is_at(scan, at, ":");
        at++;
    }
    if (scan_is_at(scan, at, "("))
        declare_names(scan, at + 1);
}

static void declare(struct scan *scan)
{
    for (size_t i = 0; i < scan->count; i++) {
        if (scan_is_at(scan, i, "local") && scan_is_at(scan, i + 1, "function") && scan_is_name(scan, i + 2))
            scan->places[i + 2].is_declared = true;
        else if ((scan_is_at(scan, i, "local") && !scan_is_at(scan, i + 1, "function")) || scan_is_at(scan, i, "for"))
            declare_names(scan, i + 1);
        else if (scan_is_at(scan, i, "function"))
            declare_parameters(scan, i + 1);
        else if ((scan_is_at(scan, i, "goto") && scan_is_name(scan, i + 1)) || (scan_is_at(scan, i, "::") && scan_is_name(scan, i + 1)))
            scan->places[i + 1].is_apart = true;
        if (scan_is_name(scan, i) && token_is(&scan->tokens[i], "_ENV"))
            scan->knows_names = false;
    }
}

static bool is_declared(const struct scan *scan, const struct token *name)
{
    if (scan->has_methods && token_is(name, "self"))
        return true;
    for (size_t i = 0; i < scan->count; i++) {
        if (scan->places[i].is_declared && token_same(&scan->tokens[i], name))
            return true;
    }
    return false;
}

static bool is_word_declared(const struct scan *scan, const char *name)
{
    struct token token = {.at = name, .length = strlen(name)};

    return is_declared(scan, &token);
}

/* ---- what is within what ---- */

static bool opens_block(const struct scan *scan, size_t at)
{
    return scan_is_at(scan, at, "function") || scan_is_at(scan, at, "do") || scan_is_at(scan, at, "if") || scan_is_at(scan, at, "repeat");
}

static bool closes_block(const struct scan *scan, size_t at)
{
    return scan_is_at(scan, at, "end") || scan_is_at(scan, at, "until");
}

/* False: without memory. */
static bool find_nesting(struct scan *scan)
{
    char *open = malloc(scan->count + 1);
    size_t depth = 0;

    if (!open)
        return false;
    for (size_t i = 0; i < scan->count; i++) {
        const struct token *token = &scan->tokens[i];
        bool is_bracket = token->kind == TOKEN_SIGN && token->length == 1;

        if (depth > 0 && (closes_block(scan, i) || (is_bracket && strchr(")}]", *token->at))))
            depth--;
        scan->places[i].within = depth > 0 ? open[depth - 1] : '\0';
        if (opens_block(scan, i))
            open[depth++] = 'b';
        else if (is_bracket && strchr("({[", *token->at))
            open[depth++] = *token->at;
    }
    free(open);
    return true;
}

/* The `end` of the function that begins here. */
static size_t function_end(const struct scan *scan, size_t at)
{
    size_t depth = 0;

    for (; at < scan->count; at++) {
        depth += opens_block(scan, at);
        depth -= closes_block(scan, at) && depth > 0;
        if (depth == 0)
            return at;
    }
    return scan->count;
}

/* ---- handlers ---- */

/* `function on.x(` or `on.x = function(`, read from the word on: behind the `(`, or 0. */
static size_t handler_at(const struct scan *scan, size_t on, size_t *function)
{
    if (!scan_is_at(scan, on, "on") || !scan_is_at(scan, on + 1, ".") || !scan_is_name(scan, on + 2) || is_field(scan, on))
        return 0;
    if (on > 0 && scan_is_at(scan, on - 1, "function") && scan_is_at(scan, on + 3, "(")) {
        *function = on - 1;
        return on + 4;
    }
    if (scan_is_at(scan, on + 3, "=") && scan_is_at(scan, on + 4, "function") && scan_is_at(scan, on + 5, "(")) {
        *function = on + 4;
        return on + 6;
    }
    return 0;
}

/* May this mention of the parameter give it another value? `visit = x`, or `visit, y = x` as far as one can see. */
static bool may_assign(const struct scan *scan, size_t at)
{
    char within = scan->places[at].within;
    bool is_statement = within == 'b' || within == '\0';

    return is_variable(scan, at) && is_statement && (scan_is_at(scan, at + 1, "=") || scan_is_at(scan, at + 1, ","));
}

static bool is_parameter_sure(const struct scan *scan, const struct handler *handler)
{
    for (size_t i = handler->parameter + 1; i < handler->last && i < scan->count; i++) {
        if (!scan_is_name(scan, i) || !token_same(&scan->tokens[i], &scan->tokens[handler->parameter]))
            continue;
        if (scan->places[i].is_declared || may_assign(scan, i))
            return false;
    }
    return true;
}

static void find_handlers(struct scan *scan)
{
    if (is_word_declared(scan, "on"))
        return; /* then it is a table like any other */
    for (size_t on = 0; on < scan->count && scan->handler_count < HANDLERS_MAX; on++) {
        struct handler handler = {.first = 0};
        char name[NAME_BYTES];
        size_t parameter = handler_at(scan, on, &handler.first);

        if (parameter == 0)
            continue;
        scan_copy(&scan->tokens[on + 2], name);
        handler.trigger = trigger_find(name);
        if (handler.trigger == TRIGGER_COUNT)
            continue;
        handler.last = function_end(scan, handler.first);
        handler.parameter = parameter;
        handler.is_sure = scan_is_name(scan, parameter) && is_parameter_sure(scan, &handler);
        scan->handlers[scan->handler_count++] = handler;
    }
}

const struct handler *scan_handler_of(const struct scan *scan, size_t at)
{
    for (size_t i = 0; i < scan->handler_count; i++) {
        if (scan->handlers[i].first <= at && at <= scan->handlers[i].last)
            return &scan->handlers[i];
    }
    return NULL;
}

/* ---- problems ---- */

static void add_problem(struct scan *scan, const struct token *token, const char *format, va_list arguments)
{
    if (scan->problem_count < scan->problem_max) {
        struct scan_problem *problem = &scan->problems[scan->problem_count];

        problem->line = token->line;
        vsnprintf(problem->text, sizeof(problem->text), format, arguments);
    }
    scan->problem_count++;
}

void scan_complain(struct scan *scan, const struct token *token, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    if (scan->wanted == SCAN_ERRORS)
        add_problem(scan, token, format, arguments);
    va_end(arguments);
}

void scan_warn(struct scan *scan, const struct token *token, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    if (scan->wanted == SCAN_WARNINGS)
        add_problem(scan, token, format, arguments);
    va_end(arguments);
}

static void complain_close(struct scan *scan, const struct token *token, const char *what, const char *name, const char *close)
{
    if (close)
        scan_complain(scan, token, "%s '%s'; did you mean '%s'?", what, name, close);
    else
        scan_complain(scan, token, "%s '%s'", what, name);
}

/* ---- variables ---- */

/* The nearest word of the policy's own and of ours. */
static const char *closest_variable(const struct scan *scan, const char *name)
{
    static _Thread_local char names[NAMES_MAX][NAME_BYTES]; /* 16 KB: too much for a small stack */
    const char *words[NAMES_MAX + 64];
    size_t own = 0, count = 0;

    for (size_t i = 0; i < scan->count && own < NAMES_MAX; i++) {
        if (scan->places[i].is_declared) {
            scan_copy(&scan->tokens[i], names[own]);
            words[count++] = names[own++];
        }
    }
    for (const struct word *word = policy_verbs; word->name; word++)
        words[count++] = word->name;
    for (const struct word *word = policy_words; word->name; word++)
        words[count++] = word->name;
    words[count] = NULL;
    return word_meaning(name) ? word_meaning(name) : suggest(name, words); /* a word known elsewhere is rather that than a near one */
}

static bool came_before(const struct scan *scan, size_t at)
{
    for (size_t i = 0; i < at; i++) {
        if (is_variable(scan, i) && token_same(&scan->tokens[i], &scan->tokens[at]))
            return true;
    }
    return false;
}

/* function on.session_start() that speaks of a visit all the same. */
static bool is_forgotten_parameter(const struct scan *scan, size_t at)
{
    const struct handler *handler = scan_handler_of(scan, at);

    return handler && !scan_is_name(scan, handler->parameter) && (scan_is_at(scan, at + 1, ".") || scan_is_at(scan, at + 1, ":"));
}

static void check_variable(struct scan *scan, size_t at)
{
    char name[NAME_BYTES];

    scan_copy(&scan->tokens[at], name);
    if (word_find(policy_words, name) || word_find(policy_verbs, name) || is_declared(scan, &scan->tokens[at]) || came_before(scan, at))
        return;
    if (scan_is_at(scan, at + 1, "=") && scan_handler_of(scan, at))
        scan_complain(scan, &scan->tokens[at], "write 'local %s = ...': a policy has no global variables, and keeps nothing from call to call", name);
    else if (is_forgotten_parameter(scan, at))
        scan_complain(scan, &scan->tokens[at], "nothing here is called '%s'; write it into the brackets: function on.%s(%s)", name,
                      policy_trigger_text(scan_handler_of(scan, at)->trigger), name);
    else if (at > 0 && (scan_is_at(scan, at - 1, "==") || scan_is_at(scan, at - 1, "~=")) && !word_meaning(name))
        scan_complain(scan, &scan->tokens[at], "nothing here is called '%s'; a text has quotes: \"%s\"", name, name);
    else
        complain_close(scan, &scan->tokens[at], "nothing here is called", name, closest_variable(scan, name));
}

/* ---- the visit ---- */

static void check_word(struct scan *scan, size_t at, const struct word *words, const char *owner, unsigned trigger)
{
    const struct word *word;
    char name[NAME_BYTES], text[256];

    scan_copy(&scan->tokens[at], name);
    word = word_find(words, name);
    if (word && (word->triggers & AT(trigger)))
        return;
    word_complain(words, owner, name, trigger, text, sizeof(text));
    scan_complain(scan, &scan->tokens[at], "%s", text);
}

/* visit.field, visit:method and visit.garage.field, where the name is the handler's parameter for sure. */
static void check_visit(struct scan *scan, size_t at)
{
    const struct handler *handler = scan_handler_of(scan, at);
    char owner[NAME_BYTES];

    if (!handler || !handler->is_sure || at <= handler->parameter ||
        !token_same(&scan->tokens[at], &scan->tokens[handler->parameter]))
        return;
    if (!(scan_is_at(scan, at + 1, ".") || scan_is_at(scan, at + 1, ":")) || !scan_is_name(scan, at + 2))
        return;
    scan_copy(&scan->tokens[at], owner);
    check_word(scan, at + 2, visit_words, owner, handler->trigger);
    if (scan_is_at(scan, at + 2, "garage") && scan_is_at(scan, at + 3, ".") && scan_is_name(scan, at + 4))
        check_word(scan, at + 4, garage_words, "the garage", handler->trigger);
}

/* ---- verbs ---- */

/* deny("code" ... or deny "code": the literal code, where it is all of the argument. */
static const struct token *literal_code(const struct scan *scan, size_t at)
{
    size_t text = scan_is_at(scan, at + 1, "(") ? at + 2 : at + 1;
    bool is_whole = text == at + 1 || scan_is_at(scan, text + 1, ",") || scan_is_at(scan, text + 1, ")");

    if (text >= scan->count || scan->tokens[text].kind != TOKEN_TEXT || !scan->tokens[text].is_plain || !is_whole)
        return NULL;
    return &scan->tokens[text];
}

static void check_code(struct scan *scan, const struct token *literal)
{
    char code[NAME_BYTES];

    scan_copy(literal, code);
    if (literal->length < sizeof(code) && policy_code_is_reserved(code)) {
        scan_complain(scan, literal, "the code %s is Ostler's own; choose another one, such as my_%s", code, code);
    } else if (literal->length >= sizeof(code) || !code_is_valid(code)) {
        scan_complain(scan, literal, "a code has small letters, digits and _, as in deny(\"outside_opening_hours\", \"We are closed.\")");
    }
}

static void check_verb(struct scan *scan, size_t at)
{
    const struct handler *handler = scan_handler_of(scan, at);
    const struct word *verb;
    char name[NAME_BYTES], text[256];
    bool is_said = at + 1 < scan->count && (scan_is_at(scan, at + 1, "(") || scan_is_at(scan, at + 1, "{") || scan->tokens[at + 1].kind == TOKEN_TEXT);

    scan_copy(&scan->tokens[at], name);
    verb = word_find(policy_verbs, name);
    if (!verb || !is_said || !handler || is_declared(scan, &scan->tokens[at]))
        return;
    if (!(verb->triggers & AT(handler->trigger))) {
        verb_complain(verb, handler->trigger, text, sizeof(text));
        scan_complain(scan, &scan->tokens[at], "%s", text);
    } else if (strcmp(name, "deny") == 0 && literal_code(scan, at)) {
        check_code(scan, literal_code(scan, at));
    }
}

/* ---- settings ---- */

/* Does this mention of setting.name make it, as far as one can see? Else it only reads. */
static bool makes_setting(const struct scan *scan, size_t at)
{
    return scan_is_at(scan, at + 3, "=") || (scan->places[at].within != '(' && scan->places[at].within != '{' && scan_is_at(scan, at + 3, ","));
}

/* Settings that are not written setting.name are not known: then nothing is said about any. */
static void look_at_settings(struct scan *scan)
{
    scan->knows_settings = scan->knows_names && !is_word_declared(scan, "setting");
    for (size_t i = 0; i < scan->count; i++) {
        if (scan_is_at(scan, i, "setting") && is_variable(scan, i) && !(scan_is_at(scan, i + 1, ".") && scan_is_name(scan, i + 2)))
            scan->knows_settings = false;
    }
}

static void check_setting(struct scan *scan, size_t at)
{
    static _Thread_local char names[NAMES_MAX][NAME_BYTES];
    const char *words[NAMES_MAX + 1];
    size_t count = 0;
    char name[NAME_BYTES];

    if (!scan->knows_settings || !scan_is_at(scan, at, "setting") || makes_setting(scan, at))
        return;
    for (size_t i = 0; i < scan->count; i++) {
        if (!scan_is_at(scan, i, "setting") || !is_variable(scan, i) || !makes_setting(scan, i))
            continue;
        if (token_same(&scan->tokens[i + 2], &scan->tokens[at + 2]))
            return;
        if (count < NAMES_MAX) {
            scan_copy(&scan->tokens[i + 2], names[count]);
            words[count] = names[count];
            count++;
        }
    }
    words[count] = NULL;
    scan_copy(&scan->tokens[at + 2], name);
    complain_close(scan, &scan->tokens[at], "there is no setting", name, suggest(name, words));
}

static void check(struct scan *scan)
{
    for (size_t i = 0; i < scan->count && scan->knows_names; i++) {
        if (!is_variable(scan, i) || scan->places[i].is_declared)
            continue;
        check_variable(scan, i);
        check_visit(scan, i);
        check_verb(scan, i);
        check_setting(scan, i);
    }
}

size_t scan_policy(const char *text, size_t length, enum scan_for wanted, struct scan_problem *problems, size_t max)
{
    struct scan scan = {.knows_names = true, .wanted = wanted, .problems = problems, .problem_max = max};

    scan.count = tokens_read(text, length, &scan.tokens);
    scan.places = calloc(scan.count + 1, sizeof(*scan.places));
    if (scan.count > 0 && scan.places && find_nesting(&scan)) {
        declare(&scan);
        find_handlers(&scan);
        look_at_settings(&scan);
        check(&scan);
        scan_values(&scan);
    }
    free(scan.places);
    free(scan.tokens);
    return scan.problem_count;
}
