/* What scan.c (names) and scan_values.c (what is said of them) share. */
#ifndef OSTLER_POLICY_SCAN_INTERNAL_H
#define OSTLER_POLICY_SCAN_INTERNAL_H

#include "runtime/policy/scan.h"
#include "runtime/policy/tokens.h"
#include "runtime/policy/words.h"

#define HANDLERS_MAX 16
#define NAMES_MAX 256 /* that a suggestion looks through */
#define NAME_BYTES 64

/* What the first pass finds out about each token. */
struct place {
    bool is_declared; /* a local's, a parameter's or a loop variable's own name */
    bool is_apart;    /* a label or an attribute: not a variable at all */
    char within;      /* what it is directly in: '(', '{', '[' or a block 'b'; 0 outside of all */
};

/* function on.session_start(visit) ... end */
struct handler {
    size_t first, last; /* its tokens, from `function` to `end` */
    size_t parameter;
    unsigned trigger;
    bool is_sure;       /* the parameter is the visit throughout: never declared or assigned anew */
};

struct scan {
    struct token *tokens;
    struct place *places;
    size_t count;
    struct handler handlers[HANDLERS_MAX];
    size_t handler_count;
    bool knows_names;    /* no word of another environment */
    bool knows_settings; /* all are written setting.name */
    bool has_methods;    /* so that `self` is a name */
    struct scan_problem *problems;
    size_t problem_max, problem_count;
    enum scan_for wanted;
};

/* Is the token at a place written so, and no text? */
bool scan_is_at(const struct scan *scan, size_t at, const char *text);
bool scan_is_name(const struct scan *scan, size_t at);
/* Is it a text without escapes? */
bool scan_is_text(const struct scan *scan, size_t at);
void scan_copy(const struct token *token, char out[NAME_BYTES]);
/* The handler that a token is in; NULL: in none. */
const struct handler *scan_handler_of(const struct scan *scan, size_t at);
void scan_complain(struct scan *scan, const struct token *token, const char *format, ...) OST_PRINTF(3, 4);

/* As scan_complain(), of what runs and is hardly meant. */
void scan_warn(struct scan *scan, const struct token *token, const char *format, ...) OST_PRINTF(3, 4);

/* Values that never fit: comparisons that are never true, texts that are no times, and the like. */
void scan_values(struct scan *scan);

#endif
