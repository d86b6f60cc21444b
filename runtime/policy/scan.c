#include "runtime/policy/scan.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "runtime/base/suggest.h"

#define NAMES_MAX 256
#define NESTING_MAX 128

const char *const policy_words[] = {
    "policy", "setting", "on", "allow", "deny", "allow_always", "require_leave_by", "notify", "charge", "replace_price",
    "money", "duration", "hours", "tariff", "number", "text", "boolean", "assert", "error", "ipairs", "pairs", "select",
    "tonumber", "tostring", "type", "string", "table", "math", NULL,
};
const char *const visit_fields[] = {
    "plate", "country", "kind", "user", "partner", "now", "entrance", "garage", "inside", "last_exit", "visits_today",
    "on_list", "started", "stayed", "direction", "session", "door", "openings", NULL,
};
const char *const visit_garage_fields[] = {
    "name", "state", "free", "capacity", "season_holders", "season_inside", NULL,
};
static const char *const keywords[] = {
    "and", "break", "do", "else", "elseif", "end", "false", "for", "function", "goto", "if", "in", "local", "nil", "not",
    "or", "repeat", "return", "then", "true", "until", "while", NULL,
};

struct token {
    enum { TOKEN_END, TOKEN_NAME, TOKEN_OTHER } kind;
    char text[64]; /* a name, or one character of punctuation; "=" and "==" differ */
    int line;
};

struct scanner {
    const char *at, *end;
    int line;
    char names[NAMES_MAX][64]; /* declared anywhere: locals, parameters, loop variables */
    size_t name_count;
    char visits[8][64];        /* parameters of handlers */
    size_t visit_count;
};

static bool is_word(const char *name, const char *const *words)
{
    while (*words && strcmp(*words, name) != 0)
        words++;
    return *words != NULL;
}

/* "[[", "[=[": the length of a long bracket's opening, or 0. */
static size_t long_bracket(const struct scanner *scanner, const char *at)
{
    const char *p = at + 1;

    if (*at != '[')
        return 0;
    while (p < scanner->end && *p == '=')
        p++;
    return p < scanner->end && *p == '[' ? (size_t)(p - at) + 1 : 0;
}

static void skip_long(struct scanner *scanner, size_t opening)
{
    scanner->at += opening;
    while (scanner->at < scanner->end) {
        if (*scanner->at == '\n')
            scanner->line++;
        if (*scanner->at == ']' && scanner->at + opening <= scanner->end && scanner->at[opening - 1] == ']') {
            scanner->at += opening;
            return;
        }
        scanner->at++;
    }
}

static void skip_text(struct scanner *scanner)
{
    char quote = *scanner->at++;

    while (scanner->at < scanner->end && *scanner->at != quote && *scanner->at != '\n')
        scanner->at += *scanner->at == '\\' ? 2 : 1;
    if (scanner->at < scanner->end)
        scanner->at++;
}

static void skip_blanks(struct scanner *scanner)
{
    while (scanner->at < scanner->end) {
        if (*scanner->at == '\n')
            scanner->line++;
        if (isspace((unsigned char)*scanner->at)) {
            scanner->at++;
        } else if (scanner->end - scanner->at >= 2 && scanner->at[0] == '-' && scanner->at[1] == '-') {
            scanner->at += 2;
            if (scanner->at < scanner->end && long_bracket(scanner, scanner->at)) {
                skip_long(scanner, long_bracket(scanner, scanner->at));
            } else {
                while (scanner->at < scanner->end && *scanner->at != '\n')
                    scanner->at++;
            }
        } else {
            return;
        }
    }
}

static struct token next_token(struct scanner *scanner)
{
    struct token token = {.kind = TOKEN_OTHER};
    size_t length = 0;

    skip_blanks(scanner);
    token.line = scanner->line;
    if (scanner->at >= scanner->end) {
        token.kind = TOKEN_END;
    } else if (isalpha((unsigned char)*scanner->at) || *scanner->at == '_') {
        token.kind = TOKEN_NAME;
        while (scanner->at < scanner->end && (isalnum((unsigned char)*scanner->at) || *scanner->at == '_')) {
            if (length < sizeof(token.text) - 1)
                token.text[length++] = *scanner->at;
            scanner->at++;
        }
    } else if (*scanner->at == '"' || *scanner->at == '\'') {
        token.text[0] = '"';
        skip_text(scanner);
    } else if (long_bracket(scanner, scanner->at)) {
        token.text[0] = '"';
        skip_long(scanner, long_bracket(scanner, scanner->at));
    } else if (isdigit((unsigned char)*scanner->at)) {
        token.text[0] = '0';
        while (scanner->at < scanner->end && (isalnum((unsigned char)*scanner->at) || *scanner->at == '.'))
            scanner->at++;
    } else {
        token.text[0] = *scanner->at++;
        if (token.text[0] == '=' && scanner->at < scanner->end && *scanner->at == '=')
            token.text[1] = *scanner->at++;
        else if (token.text[0] == '.' && scanner->at < scanner->end && *scanner->at == '.')
            token.text[1] = *scanner->at++;
    }
    return token;
}

static void declare(struct scanner *scanner, const char *name)
{
    if (scanner->name_count < NAMES_MAX)
        snprintf(scanner->names[scanner->name_count++], sizeof(scanner->names[0]), "%s", name);
}

static bool is_declared(const struct scanner *scanner, const char *name)
{
    for (size_t i = 0; i < scanner->name_count; i++) {
        if (strcmp(scanner->names[i], name) == 0)
            return true;
    }
    return scanner->name_count == NAMES_MAX; /* then nobody knows */
}

/* First pass: every declared name, wherever it holds, and the parameters of handlers. */
static void collect(struct scanner *scanner)
{
    struct token token = next_token(scanner);

    while (token.kind != TOKEN_END) {
        bool local = strcmp(token.text, "local") == 0;
        bool loop = strcmp(token.text, "for") == 0;
        bool function = strcmp(token.text, "function") == 0;
        bool handler = false;

        token = next_token(scanner);
        if ((local && strcmp(token.text, "function") != 0) || loop) {
            for (; token.kind == TOKEN_NAME || token.text[0] == ',' || token.text[0] == '<' || token.text[0] == '>'; token = next_token(scanner)) {
                if (strcmp(token.text, "in") == 0)
                    break;
                if (token.kind == TOKEN_NAME)
                    declare(scanner, token.text);
            }
        } else if (function || (local && strcmp(token.text, "function") == 0)) {
            if (local)
                token = next_token(scanner);
            if (token.kind == TOKEN_NAME && local)
                declare(scanner, token.text);
            handler = strcmp(token.text, "on") == 0;
            while (token.kind != TOKEN_END && token.text[0] != '(')
                token = next_token(scanner);
            for (token = next_token(scanner); token.kind != TOKEN_END && token.text[0] != ')'; token = next_token(scanner)) {
                if (token.kind != TOKEN_NAME)
                    continue;
                declare(scanner, token.text);
                if (handler && scanner->visit_count < 8)
                    snprintf(scanner->visits[scanner->visit_count++], sizeof(scanner->visits[0]), "%s", token.text);
            }
        }
    }
}

struct report {
    struct scan_problem *problems;
    size_t max, count;
};

static void complain(struct report *report, int line, const char *what, const char *name, const char *close)
{
    if (report->count < report->max) {
        struct scan_problem *problem = &report->problems[report->count];

        problem->line = line;
        if (close)
            snprintf(problem->text, sizeof(problem->text), "%s '%s'; did you mean '%s'?", what, name, close);
        else
            snprintf(problem->text, sizeof(problem->text), "%s '%s'", what, name);
    }
    report->count++;
}

static void check_field(const struct scanner *scanner, struct report *report, const char *owner, const struct token *field,
                        const char *before_owner)
{
    char what[96];

    for (size_t i = 0; i < scanner->visit_count; i++) {
        if (strcmp(scanner->visits[i], owner) == 0 && before_owner[0] != '.' && !is_word(field->text, visit_fields)) {
            snprintf(what, sizeof(what), "%s has no field", owner);
            complain(report, field->line, what, field->text, suggest(field->text, visit_fields));
            return;
        }
    }
    if (strcmp(owner, "garage") == 0 && before_owner[0] == '.' && !is_word(field->text, visit_garage_fields))
        complain(report, field->line, "the garage has no field", field->text, suggest(field->text, visit_garage_fields));
}

/* The nearest word of the policy's own and of ours. */
static const char *closest(const struct scanner *scanner, const char *name)
{
    const char *words[NAMES_MAX + 64];
    size_t count = 0;

    for (const char *const *word = policy_words; *word; word++)
        words[count++] = *word;
    for (size_t i = 0; i < scanner->name_count; i++)
        words[count++] = scanner->names[i];
    words[count] = NULL;
    return suggest(name, words);
}

static bool is_reported(const struct report *report, const char *name)
{
    for (size_t i = 0; i < report->count && i < report->max; i++) {
        char quoted[80];

        snprintf(quoted, sizeof(quoted), "'%.64s'", name);
        if (strstr(report->problems[i].text, quoted))
            return true;
    }
    return false;
}

/* Second pass: every name that stands for a variable, and every field of a visit. */
static void check(struct scanner *scanner, struct report *report)
{
    struct token before_owner = {.kind = TOKEN_OTHER}, owner = before_owner, before = before_owner;
    struct token token = next_token(scanner);
    char brackets[NESTING_MAX];
    int depth = 0;

    while (token.kind != TOKEN_END) {
        struct token next = next_token(scanner);
        bool follows_dot = before.text[0] == '.' && !before.text[1];
        bool follows_colon = before.text[0] == ':';

        if (strchr("({[", token.text[0]) && token.text[0] && depth < NESTING_MAX)
            brackets[depth++] = token.text[0];
        else if (token.text[0] && strchr(")}]", token.text[0]) && depth > 0)
            depth--;
        if (token.kind == TOKEN_NAME && !is_word(token.text, keywords)) {
            bool is_key = depth > 0 && brackets[depth - 1] == '{' && strcmp(next.text, "=") == 0;
            bool is_label = strcmp(before.text, "goto") == 0 || (before.text[0] == ':' && next.text[0] == ':');

            if (follows_dot || follows_colon) {
                if (owner.kind == TOKEN_NAME && !is_label)
                    check_field(scanner, report, owner.text, &token, before_owner.text);
            } else if (!is_key && !is_label && !is_word(token.text, policy_words) && !is_declared(scanner, token.text) &&
                       !is_reported(report, token.text)) {
                complain(report, token.line, "nothing here is called", token.text, closest(scanner, token.text));
            }
        }
        if (next.text[0] == '.' || next.text[0] == ':') {
            before_owner = before;
            owner = token;
        }
        before = token;
        token = next;
    }
}

size_t scan_policy(const char *text, size_t length, struct scan_problem *problems, size_t max)
{
    static _Thread_local struct scanner scanner; /* 17 KB: too much for a small stack */
    struct report report = {.problems = problems, .max = max};

    memset(&scanner, 0, sizeof(scanner));
    scanner.at = text;
    scanner.end = text + length;
    scanner.line = 1;
    collect(&scanner);
    scanner.at = text;
    scanner.line = 1;
    check(&scanner, &report);
    return report.count;
}
