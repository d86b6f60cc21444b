#include "runtime/policy/tokens.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

struct reader {
    const char *at, *end;
    int line;
};

static int peek(const struct reader *reader, size_t ahead)
{
    return ahead < (size_t)(reader->end - reader->at) ? (unsigned char)reader->at[ahead] : -1;
}

static bool is_line_end(int c)
{
    return c == '\n' || c == '\r';
}

/* Past one end of a line: \n, \r, or the two together in either order. */
static void skip_line_end(struct reader *reader)
{
    int first = peek(reader, 0), second = peek(reader, 1);

    reader->at += is_line_end(second) && second != first ? 2 : 1;
    reader->line++;
}

/* "[[", "[=[": the length of a long bracket's opening, or 0. */
static size_t long_bracket(const struct reader *reader)
{
    size_t length = 1;

    if (peek(reader, 0) != '[')
        return 0;
    while (peek(reader, length) == '=')
        length++;
    return peek(reader, length) == '[' ? length + 1 : 0;
}

/* "]]", "]=]" with as many = as the opening, whose length this is. */
static bool closes_long(const struct reader *reader, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (peek(reader, i) != (i == 0 || i == length - 1 ? ']' : '='))
            return false;
    }
    return true;
}

static void take_long(struct reader *reader, size_t opening, struct token *token)
{
    reader->at += opening;
    token->at = reader->at;
    while (reader->at < reader->end && !closes_long(reader, opening)) {
        if (is_line_end(peek(reader, 0)))
            skip_line_end(reader);
        else
            reader->at++;
    }
    token->length = (size_t)(reader->at - token->at);
    token->is_plain = token->length == 0 || !is_line_end((unsigned char)*token->at);
    if (reader->at < reader->end)
        reader->at += opening;
}

/* Past a backslash and what it stands before: an end of the line goes on, and \z skips blanks and lines. */
static void skip_escape(struct reader *reader)
{
    int escaped = peek(reader, 1);

    reader->at++;
    if (is_line_end(escaped)) {
        skip_line_end(reader);
    } else if (escaped == 'z') {
        reader->at++;
        while (isspace(peek(reader, 0))) {
            if (is_line_end(peek(reader, 0)))
                skip_line_end(reader);
            else
                reader->at++;
        }
    } else if (reader->at < reader->end) {
        reader->at++;
    }
}

static void take_quoted(struct reader *reader, struct token *token)
{
    int quote = peek(reader, 0);

    token->at = ++reader->at;
    token->is_plain = true;
    while (reader->at < reader->end && peek(reader, 0) != quote && !is_line_end(peek(reader, 0))) {
        if (peek(reader, 0) == '\\') {
            token->is_plain = false;
            skip_escape(reader);
        } else {
            reader->at++;
        }
    }
    token->length = (size_t)(reader->at - token->at);
    if (reader->at < reader->end)
        reader->at++;
}

static void skip_comment(struct reader *reader)
{
    struct token ignored;

    reader->at += 2;
    if (long_bracket(reader)) {
        take_long(reader, long_bracket(reader), &ignored);
        return;
    }
    while (reader->at < reader->end && !is_line_end(peek(reader, 0)))
        reader->at++;
}

static void skip_blanks(struct reader *reader)
{
    for (;;) {
        if (is_line_end(peek(reader, 0)))
            skip_line_end(reader);
        else if (isspace(peek(reader, 0)))
            reader->at++;
        else if (peek(reader, 0) == '-' && peek(reader, 1) == '-')
            skip_comment(reader);
        else
            return;
    }
}

static bool is_name_part(int c)
{
    return c == '_' || (c >= 0 && isalnum(c));
}

static bool is_keyword(const struct token *token)
{
    static const char *const keywords[] = {
        "and", "break", "do", "else", "elseif", "end", "false", "for", "function", "goto", "if", "in", "local", "nil", "not",
        "or", "repeat", "return", "then", "true", "until", "while", NULL,
    };
    const char *const *each = keywords;

    while (*each && !token_is(token, *each))
        each++;
    return *each != NULL;
}

/* 12, 0xA.8p-3, 1e+5: signs belong to it behind an exponent's letter. */
static void skip_number(struct reader *reader)
{
    bool is_hexadecimal = peek(reader, 0) == '0' && (peek(reader, 1) == 'x' || peek(reader, 1) == 'X');

    while (is_name_part(peek(reader, 0)) || peek(reader, 0) == '.') {
        int letter = tolower(peek(reader, 0));

        reader->at++;
        if (letter == (is_hexadecimal ? 'p' : 'e') && (peek(reader, 0) == '+' || peek(reader, 0) == '-'))
            reader->at++;
    }
}

static size_t sign_length(const struct reader *reader)
{
    static const char *const signs[] = {"...", "..", "::", "==", "~=", "<=", ">=", "//", "<<", ">>"};

    for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
        size_t length = strlen(signs[i]);

        if (length <= (size_t)(reader->end - reader->at) && strncmp(reader->at, signs[i], length) == 0)
            return length;
    }
    return 1;
}

static struct token next_token(struct reader *reader)
{
    struct token token = {.kind = TOKEN_SIGN};

    skip_blanks(reader);
    token.at = reader->at;
    token.line = reader->line;
    if (reader->at >= reader->end) {
        token.kind = TOKEN_END;
    } else if (peek(reader, 0) == '"' || peek(reader, 0) == '\'') {
        token.kind = TOKEN_TEXT;
        take_quoted(reader, &token);
        return token;
    } else if (long_bracket(reader)) {
        token.kind = TOKEN_TEXT;
        take_long(reader, long_bracket(reader), &token);
        return token;
    } else if (isdigit(peek(reader, 0)) || (peek(reader, 0) == '.' && isdigit(peek(reader, 1)))) {
        token.kind = TOKEN_NUMBER;
        skip_number(reader);
    } else if (is_name_part(peek(reader, 0))) {
        token.kind = TOKEN_NAME;
        while (is_name_part(peek(reader, 0)))
            reader->at++;
    } else {
        reader->at += sign_length(reader);
    }
    token.length = (size_t)(reader->at - token.at);
    if (token.kind == TOKEN_NAME && is_keyword(&token))
        token.kind = TOKEN_KEYWORD;
    return token;
}

size_t tokens_read(const char *text, size_t length, struct token **out)
{
    struct reader reader = {.at = text, .end = text + length, .line = 1};
    struct token *tokens = calloc(length + 1, sizeof(*tokens)); /* each has a byte at least */
    size_t count = 0;

    *out = tokens;
    if (!tokens)
        return 0;
    while ((tokens[count] = next_token(&reader)).kind != TOKEN_END)
        count++;
    return count;
}

bool token_is(const struct token *token, const char *text)
{
    return token->length == strlen(text) && memcmp(token->at, text, token->length) == 0;
}

bool token_same(const struct token *a, const struct token *b)
{
    return a->length == b->length && memcmp(a->at, b->at, a->length) == 0;
}
