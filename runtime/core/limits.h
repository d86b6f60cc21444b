/* Sizes of the texts that identify things, each with its NUL. Everything in Ostler has a size. */
#ifndef OSTLER_CORE_LIMITS_H
#define OSTLER_CORE_LIMITS_H

#include <stdbool.h>

#define SLUG_BYTES 64         /* garage, door, partner, policy and list names: [a-z0-9][a-z0-9-]{0,62} */
#define USER_ID_BYTES 513     /* 128 characters of UTF-8 */
#define PLATE_BYTES 49        /* 12 characters of UTF-8 */
#define CODE_BYTES 41         /* [a-z][a-z0-9_]{0,39} */
#define REASON_BYTES 256      /* a sentence for people */
#define TRACEPARENT_BYTES 56  /* W3C Trace Context, version 00 */
#define CURRENCY_BYTES 4      /* ISO 4217 */
#define ACTOR_BYTES 128       /* "partner/parkapp", "staff/<token id>" */

/* Is text a slug as above? NULL is not. */
bool slug_is_valid(const char *text);
/* 1..128 printable characters of valid UTF-8: no control characters, no unassigned line separators. */
bool user_id_is_valid(const char *text);
/* One line for people: valid UTF-8 with something to see in it, and no control characters or line separators. */
bool sentence_is_valid(const char *text);
/* A refusal code of the policy contract. */
bool code_is_valid(const char *text);

#endif
