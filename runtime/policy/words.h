/*
 * The words of the policy contract, and the triggers that each belongs to: what the verbs and the visit accept while a policy
 * runs, and what the scan says of its text before.
 */
#ifndef OSTLER_POLICY_WORDS_H
#define OSTLER_POLICY_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "runtime/core/decision.h"

#define AT(trigger) (1u << (trigger))
#define AT_EVERY (AT(TRIGGER_COUNT) - 1)
#define OF_VISITS (AT(TRIGGER_SESSION_START) | AT(TRIGGER_SESSION_STOP) | AT(TRIGGER_DOOR_REQUEST))

struct word {
    const char *name;
    unsigned triggers; /* AT(...) of each */
};

/* Each ends with a NULL name. */
extern const struct word policy_verbs[];
extern const struct word visit_words[];
extern const struct word garage_words[];
extern const struct word policy_words[]; /* what else a policy may use without declaring it: constructors and functions */

const struct word *word_find(const struct word *words, const char *name);
/* What a word of other languages or of everyday speech is called here: "refuse" is "deny"; NULL: it is none of those known. */
const char *word_meaning(const char *name);
/* What was meant of the names (NULL ends them), by its spelling or its meaning; NULL: none is near. */
const char *word_nearest(const char *name, const char *const *names);
/* The nearest of the words that the triggers have; NULL: none is near. */
const char *word_suggest(const struct word *words, const char *name, unsigned triggers);

/*
 * "visit has no field 'palte'; did you mean 'plate'?", or where another trigger has it:
 * "visit has no field 'stayed' in on.session_start; it is there in on.session_stop".
 */
void word_complain(const struct word *words, const char *owner, const char *name, unsigned trigger, char *text, size_t bytes);
/* "charge cannot be said in on.session_start; it belongs in on.session_stop" */
void verb_complain(const struct word *verb, unsigned trigger, char *text, size_t bytes);

/* A trigger by its name; TRIGGER_COUNT: there is none. */
enum policy_trigger trigger_find(const char *name);

/* Is this a code of the HTTP contract, which policies may not use? */
bool policy_code_is_reserved(const char *code);

#endif
