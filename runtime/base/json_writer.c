#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/clock.h"
#include "runtime/base/json.h"

void json_writer_init(struct json_writer *writer, char *bytes, size_t capacity)
{
    *writer = (struct json_writer){.bytes = bytes, .capacity = capacity};
}

static void put(struct json_writer *writer, const char *text, size_t length)
{
    if (writer->overflow || length > writer->capacity - writer->length) {
        writer->overflow = true;
        return;
    }
    memcpy(writer->bytes + writer->length, text, length);
    writer->length += length;
}

/* What comes before a value, and what is expected after it. */
static void begin_value(struct json_writer *writer)
{
    if (writer->comma)
        put(writer, ",", 1);
    writer->comma = true;
}

static void begin_nested(struct json_writer *writer, const char *bracket)
{
    begin_value(writer);
    put(writer, bracket, 1);
    writer->comma = false;
}

static void end_nested(struct json_writer *writer, const char *bracket)
{
    put(writer, bracket, 1);
    writer->comma = true;
}

void json_begin_object(struct json_writer *writer)
{
    begin_nested(writer, "{");
}

void json_end_object(struct json_writer *writer)
{
    end_nested(writer, "}");
}

void json_begin_array(struct json_writer *writer)
{
    begin_nested(writer, "[");
}

void json_end_array(struct json_writer *writer)
{
    end_nested(writer, "]");
}

void json_name(struct json_writer *writer, const char *name)
{
    begin_value(writer);
    put(writer, "\"", 1);
    put(writer, name, strlen(name));
    put(writer, "\":", 2);
    writer->comma = false;
}

void json_write_name(struct json_writer *writer, const char *name)
{
    json_write_string(writer, name);
    put(writer, ":", 1);
    writer->comma = false;
}

/* The length of the UTF-8 sequence at text (RFC 3629), or 0 where it is not one. */
static size_t sequence_length(const unsigned char *text)
{
    if (text[0] < 0x80)
        return 1;
    if (text[0] >= 0xc2 && text[0] <= 0xdf)
        return (text[1] & 0xc0) == 0x80 ? 2 : 0;
    if (text[0] >= 0xe0 && text[0] <= 0xef) {
        if ((text[1] & 0xc0) != 0x80 || (text[2] & 0xc0) != 0x80 || (text[0] == 0xe0 && text[1] < 0xa0) ||
            (text[0] == 0xed && text[1] > 0x9f))
            return 0;
        return 3;
    }
    if (text[0] >= 0xf0 && text[0] <= 0xf4) {
        if ((text[1] & 0xc0) != 0x80 || (text[2] & 0xc0) != 0x80 || (text[3] & 0xc0) != 0x80 ||
            (text[0] == 0xf0 && text[1] < 0x90) || (text[0] == 0xf4 && text[1] > 0x8f))
            return 0;
        return 4;
    }
    return 0;
}

static void put_escaped(struct json_writer *writer, unsigned char c)
{
    static const char hex[] = "0123456789abcdef";
    char escape[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
    static const char short_ones[] = "\b\f\n\r\t\"\\";
    const char *found = c ? strchr(short_ones, c) : NULL;

    if (found) {
        escape[1] = "bfnrt\"\\"[found - short_ones];
        put(writer, escape, 2);
        return;
    }
    put(writer, escape, 6);
}

void json_write_string(struct json_writer *writer, const char *text)
{
    const unsigned char *at = (const unsigned char *)text;
    const unsigned char *plain = at; /* from here on nothing needs an escape */

    if (!text) {
        json_write_null(writer);
        return;
    }
    begin_value(writer);
    put(writer, "\"", 1);
    while (*at) {
        size_t length = sequence_length(at);

        if (length > 0 && *at >= ' ' && *at != '"' && *at != '\\') {
            at += length;
            continue;
        }
        put(writer, (const char *)plain, (size_t)(at - plain));
        if (length == 0)
            put(writer, "\xef\xbf\xbd", 3);
        else
            put_escaped(writer, *at);
        plain = ++at;
    }
    put(writer, (const char *)plain, (size_t)(at - plain));
    put(writer, "\"", 1);
}

void json_write_integer(struct json_writer *writer, int64_t number)
{
    char digits[24];
    char *at = digits + sizeof(digits);
    uint64_t rest = number < 0 ? (uint64_t)0 - (uint64_t)number : (uint64_t)number;

    begin_value(writer);
    do {
        *--at = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (number < 0)
        *--at = '-';
    put(writer, at, (size_t)(digits + sizeof(digits) - at));
}

void json_write_real(struct json_writer *writer, double number)
{
    char text[40];

    if (!isfinite(number)) {
        json_write_null(writer);
        return;
    }
    begin_value(writer);
    for (int digits = 15; digits <= 17; digits++) { /* as few as bring the same number back */
        snprintf(text, sizeof(text), "%.*g", digits, number);
        if (strtod(text, NULL) == number)
            break;
    }
    put(writer, text, strlen(text));
}

void json_write_boolean(struct json_writer *writer, bool truth)
{
    begin_value(writer);
    put(writer, truth ? "true" : "false", truth ? 4 : 5);
}

void json_write_null(struct json_writer *writer)
{
    begin_value(writer);
    put(writer, "null", 4);
}

void json_write_value(struct json_writer *writer, const struct json_value *value)
{
    const struct json_value *member;
    const char *name;
    void *iterator = NULL;

    switch (json_kind(value)) {
    case JSON_IS_NULL:
        json_write_null(writer);
        break;
    case JSON_IS_BOOLEAN:
        json_write_boolean(writer, json_as_boolean(value, false));
        break;
    case JSON_IS_INTEGER:
        json_write_integer(writer, json_as_integer(value, 0));
        break;
    case JSON_IS_REAL:
        json_write_real(writer, json_as_number(value, 0));
        break;
    case JSON_IS_STRING:
        json_write_string(writer, json_as_string(value, NULL));
        break;
    case JSON_IS_ARRAY:
        json_begin_array(writer);
        for (size_t i = 0; i < json_length(value); i++)
            json_write_value(writer, json_element(value, i));
        json_end_array(writer);
        break;
    case JSON_IS_OBJECT:
        json_begin_object(writer);
        while (json_next_member(value, &iterator, &name, &member)) {
            json_write_name(writer, name);
            json_write_value(writer, member);
        }
        json_end_object(writer);
        break;
    }
}

void json_write_raw(struct json_writer *writer, const char *text, size_t length)
{
    begin_value(writer);
    put(writer, text, length);
}

void json_put_string(struct json_writer *writer, const char *name, const char *text)
{
    json_name(writer, name);
    json_write_string(writer, text);
}

void json_put_integer(struct json_writer *writer, const char *name, int64_t number)
{
    json_name(writer, name);
    json_write_integer(writer, number);
}

void json_put_boolean(struct json_writer *writer, const char *name, bool truth)
{
    json_name(writer, name);
    json_write_boolean(writer, truth);
}

void json_put_null(struct json_writer *writer, const char *name)
{
    json_name(writer, name);
    json_write_null(writer);
}

void json_put_time(struct json_writer *writer, const char *name, int64_t wall_ms)
{
    char text[CLOCK_TEXT_BYTES];

    json_name(writer, name);
    if (wall_ms == 0) {
        json_write_null(writer);
        return;
    }
    clock_format(wall_ms, text);
    json_write_string(writer, text);
}

void json_put_uuid(struct json_writer *writer, const char *name, struct uuid id)
{
    char text[UUID_TEXT_BYTES];

    json_name(writer, name);
    if (uuid_is_nil(id)) {
        json_write_null(writer);
        return;
    }
    uuid_format(id, text);
    json_write_string(writer, text);
}
