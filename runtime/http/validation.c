#include "runtime/http/validation.h"

#include <stdio.h>
#include <string.h>

#include "runtime/base/suggest.h"
#include "runtime/base/text.h"
#include "runtime/core/limits.h"

void validation_fail(struct validation *validation, const char *pointer, const char *detail)
{
    if (validation->count == VALIDATION_ERRORS_MAX) {
        validation->unlisted++;
        return;
    }
    text_copy(validation->errors[validation->count].pointer, sizeof(validation->errors[0].pointer), pointer);
    text_copy(validation->errors[validation->count].detail, sizeof(validation->errors[0].detail), detail);
    validation->count++;
}

static void fail_member(struct validation *validation, const char *name, const char *detail)
{
    char pointer[sizeof(validation->errors[0].pointer)] = "/";
    const char *end = name + text_whole(name, (sizeof(pointer) - 2) / 2);
    size_t length = 1;

    for (; *name && name < end; name++) { /* RFC 6901: ~ is ~0, / is ~1 */
        bool is_special = *name == '~' || *name == '/';

        if (is_special)
            pointer[length++] = '~';
        pointer[length++] = !is_special ? *name : *name == '~' ? '0' : '1';
    }
    pointer[length] = '\0';
    validation_fail(validation, pointer, detail);
}

bool validation_object(struct validation *validation, const struct json_value *body, const char *const *members)
{
    const struct json_value *member;
    const char *name;
    void *iterator = NULL;

    if (!body || json_kind(body) != JSON_IS_OBJECT) {
        validation_fail(validation, "", "must be a JSON object");
        return false;
    }
    while (json_next_member(body, &iterator, &name, &member)) {
        const char *const *known = members;
        const char *close;
        char detail[160];

        while (*known && strcmp(*known, name) != 0)
            known++;
        if (*known)
            continue;
        close = suggest(name, members);
        snprintf(detail, sizeof(detail), close ? "is not known; did you mean '%s'?" : "is not known", close);
        fail_member(validation, name, detail);
    }
    return true;
}

const char *validation_text(struct validation *validation, const struct json_value *body, const char *name, bool required)
{
    const struct json_value *member = json_member(body, name);
    const char *text = json_as_string(member, NULL);

    if (!member) {
        if (required)
            fail_member(validation, name, "is required");
    } else if (!text) {
        fail_member(validation, name, json_kind(member) == JSON_IS_STRING ? "must not hold the character U+0000" : "must be a text");
    }
    return text;
}

void validation_slug(struct validation *validation, const struct json_value *body, const char *name, bool required, char out[64])
{
    const char *text = validation_text(validation, body, name, required);

    out[0] = '\0';
    if (!text)
        return;
    if (slug_is_valid(text))
        snprintf(out, 64, "%s", text);
    else
        fail_member(validation, name, "must be 1 to 63 small letters, digits and hyphens, not beginning with a hyphen");
}

void validation_reason(struct validation *validation, const struct json_value *body, const char *name, char *out, size_t bytes)
{
    const char *text = validation_text(validation, body, name, true);
    size_t length = text ? strlen(text) : 0;
    char detail[80];

    out[0] = '\0';
    if (!text)
        return;
    if (length >= bytes || !sentence_is_valid(text)) {
        snprintf(detail, sizeof(detail), "must be a sentence of 1 to %zu bytes, on one line", bytes - 1);
        fail_member(validation, name, detail);
        return;
    }
    memcpy(out, text, length + 1);
}

int64_t validation_integer(struct validation *validation, const struct json_value *body, const char *name, int64_t least, int64_t most)
{
    const struct json_value *member = json_member(body, name);
    int64_t number = json_as_integer(member, least - 1);
    char detail[96];

    if (!member) {
        fail_member(validation, name, "is required");
        return least;
    }
    if (json_kind(member) != JSON_IS_INTEGER || number < least || number > most) {
        snprintf(detail, sizeof(detail), "must be a whole number from %lld to %lld", (long long)least, (long long)most);
        fail_member(validation, name, detail);
        return least;
    }
    return number;
}

bool validation_boolean(struct validation *validation, const struct json_value *body, const char *name, bool otherwise)
{
    const struct json_value *member = json_member(body, name);

    if (member && json_kind(member) != JSON_IS_BOOLEAN)
        fail_member(validation, name, "must be true or false");
    return json_as_boolean(member, otherwise);
}

void validation_write(const struct validation *validation, struct json_writer *body)
{
    json_name(body, "errors");
    json_begin_array(body);
    for (size_t i = 0; i < validation->count; i++) {
        json_begin_object(body);
        json_put_string(body, "pointer", validation->errors[i].pointer);
        json_put_string(body, "detail", validation->errors[i].detail);
        json_end_object(body);
    }
    if (validation->unlisted > 0) {
        char detail[48];

        snprintf(detail, sizeof(detail), "has %zu more errors", validation->unlisted);
        json_begin_object(body);
        json_put_string(body, "pointer", "");
        json_put_string(body, "detail", detail);
        json_end_object(body);
    }
    json_end_array(body);
}
