#include "runtime/base/json.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A document is its root and a value is a jansson value: only the names differ, so that no jansson type gets out. */
static json_t *unwrap(const struct json_value *value)
{
    return (json_t *)(uintptr_t)value;
}

static const struct json_value *wrap(const json_t *value)
{
    return (const struct json_value *)value;
}

/* Nesting as the brackets outside of strings say: before parsing, as the parser recurses. */
static bool is_too_deep(const char *text, size_t length, unsigned depth_max)
{
    unsigned depth = 0;
    bool in_string = false;

    for (size_t i = 0; i < length; i++) {
        if (in_string) {
            if (text[i] == '\\')
                i++;
            else if (text[i] == '"')
                in_string = false;
        } else if (text[i] == '"') {
            in_string = true;
        } else if (text[i] == '[' || text[i] == '{') {
            if (++depth > depth_max)
                return true;
        } else if ((text[i] == ']' || text[i] == '}') && depth > 0) {
            depth--;
        }
    }
    return false;
}

/* The length of the number that begins here (RFC 8259, 6); 0: it is none. */
static size_t number_length(const char *text, bool *is_whole)
{
    static const char digits[] = "0123456789";
    const char *at = text + (*text == '-');
    size_t count = strspn(at, digits);

    if (count == 0 || (count > 1 && *at == '0'))
        return 0;
    at += count;
    *is_whole = *at != '.' && *at != 'e' && *at != 'E';
    if (*at == '.') {
        count = strspn(++at, digits);
        if (count == 0)
            return 0;
        at += count;
    }
    if (*at == 'e' || *at == 'E') {
        at++;
        at += *at == '-' || *at == '+';
        count = strspn(at, digits);
        if (count == 0)
            return 0;
        at += count;
    }
    return (size_t)(at - text);
}

static bool is_out_of_range(const char *number, bool is_whole)
{
    errno = 0;
    if (!is_whole)
        return isinf(strtod(number, NULL));
    (void)strtoll(number, NULL, 10);
    return errno == ERANGE;
}

/*
 * Put 1e99 in the place of each number that is out of the parser's range: it is out of every range of ours, too, and the
 * caller who reads that member can then say so, where the parser would refuse the whole text.
 */
static void tame_numbers(char *text)
{
    while (*text) {
        bool is_whole = true;
        size_t length = 0;

        if (*text == '"') {
            for (text++; *text && *text != '"'; text++)
                text += *text == '\\' && text[1];
            text += *text == '"';
            continue;
        }
        if (*text == '-' || (*text >= '0' && *text <= '9'))
            length = number_length(text, &is_whole);
        if (length > 4 && is_out_of_range(text, is_whole)) {
            memset(text, ' ', length);
            memcpy(text, "1e99", 4);
        }
        text += length > 0 ? length : 1;
    }
}

static json_t *load(const char *text, size_t length, json_error_t *problem)
{
    const size_t flags = JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL;
    json_t *root = json_loadb(text, length, flags, problem);
    char *copy;

    if (root || json_error_code(problem) != json_error_numeric_overflow)
        return root;
    copy = strndup(text, length);
    if (!copy)
        return NULL;
    tame_numbers(copy);
    root = json_loadb(copy, length, flags, problem);
    free(copy);
    return root;
}

/* The parser's own words name its flags and functions. */
static const char *explain(const json_error_t *problem)
{
    switch (json_error_code(problem)) {
    case json_error_premature_end_of_input:
        return "the text ends too early";
    case json_error_end_of_input_expected:
        return "something follows the value";
    case json_error_invalid_utf8:
        return "this is not valid UTF-8";
    case json_error_duplicate_key:
        return "an object has two members of the same name";
    case json_error_null_byte_in_key:
        return "a member's name holds U+0000";
    case json_error_out_of_memory:
        return "there is no memory to read it";
    default:
        return "this is not valid JSON";
    }
}

enum ost_status json_parse(const char *text, size_t length, unsigned depth_max, struct json_document **out,
                           char error[static 128])
{
    json_error_t problem;
    json_t *root;

    error[0] = '\0';
    if (is_too_deep(text, length, depth_max)) {
        snprintf(error, 128, "nested deeper than %u levels", depth_max);
        return OST_INVALID;
    }
    if (memchr(text, '\0', length)) { /* jansson takes it for the end, and what follows for nothing */
        snprintf(error, 128, "holds a NUL byte");
        return OST_INVALID;
    }
    root = load(text, length, &problem);
    if (!root) {
        snprintf(error, 128, "line %d, column %d: %s", problem.line, problem.column, explain(&problem));
        return OST_INVALID;
    }
    *out = (struct json_document *)root;
    return OST_OK;
}

void json_free(struct json_document *document)
{
    json_decref((json_t *)document);
}

const struct json_value *json_root(const struct json_document *document)
{
    return (const struct json_value *)document;
}

enum json_kind json_kind(const struct json_value *value)
{
    switch (json_typeof(unwrap(value))) {
    case JSON_OBJECT:
        return JSON_IS_OBJECT;
    case JSON_ARRAY:
        return JSON_IS_ARRAY;
    case JSON_STRING:
        return JSON_IS_STRING;
    case JSON_INTEGER:
        return JSON_IS_INTEGER;
    case JSON_REAL:
        return JSON_IS_REAL;
    case JSON_TRUE:
    case JSON_FALSE:
        return JSON_IS_BOOLEAN;
    case JSON_NULL:
        return JSON_IS_NULL;
    }
    return JSON_IS_NULL;
}

const struct json_value *json_member(const struct json_value *value, const char *name)
{
    return wrap(json_object_get(unwrap(value), name));
}

bool json_next_member(const struct json_value *value, void **iterator, const char **name,
                      const struct json_value **member)
{
    json_t *object = unwrap(value);

    *iterator = *iterator ? json_object_iter_next(object, *iterator) : json_object_iter(object);
    if (!*iterator)
        return false;
    *name = json_object_iter_key(*iterator);
    *member = wrap(json_object_iter_value(*iterator));
    return true;
}

size_t json_length(const struct json_value *value)
{
    json_t *json = unwrap(value);

    return json_is_array(json) ? json_array_size(json) : json_object_size(json);
}

const struct json_value *json_element(const struct json_value *value, size_t index)
{
    return wrap(json_array_get(unwrap(value), index));
}

const char *json_as_string(const struct json_value *value, size_t *length)
{
    if (!json_is_string(unwrap(value)) || memchr(json_string_value(unwrap(value)), '\0', json_string_length(unwrap(value))))
        return NULL;
    if (length)
        *length = json_string_length(unwrap(value));
    return json_string_value(unwrap(value));
}

bool json_copy_member(const struct json_value *object, const char *name, char *out, size_t bytes)
{
    size_t length;
    const char *text = json_as_string(json_member(object, name), &length);

    if (!text || length >= bytes)
        return false;
    memcpy(out, text, length + 1);
    return true;
}

int64_t json_as_integer(const struct json_value *value, int64_t otherwise)
{
    return json_is_integer(unwrap(value)) ? json_integer_value(unwrap(value)) : otherwise;
}

bool json_as_boolean(const struct json_value *value, bool otherwise)
{
    return json_is_boolean(unwrap(value)) ? json_is_true(unwrap(value)) : otherwise;
}

double json_as_number(const struct json_value *value, double otherwise)
{
    return json_is_number(unwrap(value)) ? json_number_value(unwrap(value)) : otherwise;
}
