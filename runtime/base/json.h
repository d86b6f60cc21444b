/*
 * JSON with bounds: a reader that refuses what RFC 8259 leaves open (duplicate names, trailing text, deep nesting),
 * and a writer into a buffer of fixed size.
 *
 * The reader is jansson behind a wall: no jansson type leaves json.c. Values are borrowed from their document.
 */
#ifndef OSTLER_BASE_JSON_H
#define OSTLER_BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/base/status.h"
#include "runtime/base/uuid.h"

/* ---- reading ---- */

struct json_document;
struct json_value;

/*
 * Parse length bytes of UTF-8 (a NUL among them is malformed). *out is the caller's to free with json_free().
 * Nesting deeper than depth_max is refused before parsing, so hostile input costs no stack.
 * OST_INVALID: not one JSON value, a duplicate name, trailing text, or too deep; error then holds a one-line explanation in
 * our words, with the line and column. What is JSON but more than we can hold is no error here: a number out of range is
 * a JSON_IS_REAL out of every range, and a text with U+0000 is a JSON_IS_STRING that json_as_string() does not give.
 */
enum ost_status json_parse(const char *text, size_t length, unsigned depth_max, struct json_document **out,
                           char error[static 128]) OST_MUST_CHECK;
void json_free(struct json_document *document); /* accepts NULL */
const struct json_value *json_root(const struct json_document *document);

enum json_kind { JSON_IS_NULL, JSON_IS_BOOLEAN, JSON_IS_INTEGER, JSON_IS_REAL, JSON_IS_STRING, JSON_IS_ARRAY, JSON_IS_OBJECT };
enum json_kind json_kind(const struct json_value *value);

/* The member of an object, or NULL where there is none or where value is no object. */
const struct json_value *json_member(const struct json_value *value, const char *name);
/* Walk the members of an object: start with *iterator NULL; false at the end. */
bool json_next_member(const struct json_value *value, void **iterator, const char **name,
                      const struct json_value **member);
size_t json_length(const struct json_value *value); /* elements of an array or members of an object, else 0 */
const struct json_value *json_element(const struct json_value *value, size_t index); /* NULL where there is none */

/* NULL where value is NULL, no string, or one with U+0000; else NUL-terminated UTF-8; *length may be NULL. */
const char *json_as_string(const struct json_value *value, size_t *length);
/* A member's text into out, with its NUL. False, and out untouched: it is missing, no such text, or longer than that. */
bool json_copy_member(const struct json_value *object, const char *name, char *out, size_t bytes);
/* The default where value is NULL or of another type. */
int64_t json_as_integer(const struct json_value *value, int64_t otherwise);
bool json_as_boolean(const struct json_value *value, bool otherwise);
double json_as_number(const struct json_value *value, double otherwise);

/* ---- writing ---- */

/*
 * Appends JSON to a caller's buffer; commas are set by itself. Where the buffer is too small, `overflow` is set and
 * nothing more is written: check it once, at the end. Invalid UTF-8 in strings becomes U+FFFD.
 */
struct json_writer {
    char *bytes;
    size_t capacity;
    size_t length; /* bytes so far; never a terminating NUL */
    bool overflow;
    bool comma; /* the next member or element needs a comma first */
};

void json_writer_init(struct json_writer *writer, char *bytes, size_t capacity);
void json_begin_object(struct json_writer *writer);
void json_end_object(struct json_writer *writer);
void json_begin_array(struct json_writer *writer);
void json_end_array(struct json_writer *writer);
/* The name of the next value; a string literal of ours, written without escaping. */
void json_name(struct json_writer *writer, const char *name);
/* A name that came from outside: escaped. */
void json_write_name(struct json_writer *writer, const char *name);
void json_write_string(struct json_writer *writer, const char *text); /* NULL writes null */
void json_write_integer(struct json_writer *writer, int64_t number);
void json_write_real(struct json_writer *writer, double number); /* finite, else null */
void json_write_boolean(struct json_writer *writer, bool truth);
void json_write_null(struct json_writer *writer);
/* A value that was read, again. */
void json_write_value(struct json_writer *writer, const struct json_value *value);
/* JSON text made elsewhere, trusted to be one valid value. */
void json_write_raw(struct json_writer *writer, const char *text, size_t length);

/* Name and value at once, the common case. */
void json_put_string(struct json_writer *writer, const char *name, const char *text);
void json_put_integer(struct json_writer *writer, const char *name, int64_t number);
void json_put_boolean(struct json_writer *writer, const char *name, bool truth);
void json_put_null(struct json_writer *writer, const char *name);
/* A wall time as RFC 3339; 0 writes null. */
void json_put_time(struct json_writer *writer, const char *name, int64_t wall_ms);

void json_put_uuid(struct json_writer *writer, const char *name, struct uuid id); /* the nil id writes null */

#endif
