/* The words and signs of a Lua text, for looking it over without running it. */
#ifndef OSTLER_POLICY_TOKENS_H
#define OSTLER_POLICY_TOKENS_H

#include <stdbool.h>
#include <stddef.h>

enum token_kind { TOKEN_END, TOKEN_NAME, TOKEN_KEYWORD, TOKEN_TEXT, TOKEN_NUMBER, TOKEN_SIGN };

struct token {
    enum token_kind kind;
    bool is_plain;   /* TOKEN_TEXT: no escapes, so that what is written is what is meant */
    const char *at;  /* borrowed from the text; of a TOKEN_TEXT what is between its quotes */
    size_t length;
    int line;
};

/*
 * Every token of the text, and one TOKEN_END more; *out is the caller's to free(). Returns how many before the end, or 0 with
 * *out NULL without memory. A text that is no Lua gives some tokens or other.
 */
size_t tokens_read(const char *text, size_t length, struct token **out);

/* Is this token written so? */
bool token_is(const struct token *token, const char *text);
/* Are the two written alike? */
bool token_same(const struct token *a, const struct token *b);

#endif
