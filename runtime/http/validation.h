/*
 * Reading the fields of a request body: every wrong one is collected, so that the caller learns all at once.
 */
#ifndef OSTLER_HTTP_VALIDATION_H
#define OSTLER_HTTP_VALIDATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/base/json.h"
#include "runtime/base/uuid.h"

#define VALIDATION_ERRORS_MAX 64 /* no body of ours has so many members; what is beyond them is only counted */

struct validation {
    struct {
        char pointer[96]; /* RFC 6901; "" is the body itself, "?name" a query parameter */
        char detail[160];
    } errors[VALIDATION_ERRORS_MAX];
    size_t count;
    size_t unlisted; /* beyond VALIDATION_ERRORS_MAX */
};

/* Add an error; those beyond VALIDATION_ERRORS_MAX are only counted. */
void validation_fail(struct validation *validation, const char *pointer, const char *detail);
/* The body is an object with none but these members (a NULL ends the list). False: it is no object. */
bool validation_object(struct validation *validation, const struct json_value *body, const char *const *members);
/* A member's text; NULL where it is missing (an error if required) or no text (an error). */
const char *validation_text(struct validation *validation, const struct json_value *body, const char *name, bool required);
/* A slug; "" where it is missing and not required. */
void validation_slug(struct validation *validation, const struct json_value *body, const char *name, bool required, char out[64]);
/* A sentence of staff: 1..bytes-1 bytes, with something to see in it and no control characters. */
void validation_reason(struct validation *validation, const struct json_value *body, const char *name, char *out, size_t bytes);
int64_t validation_integer(struct validation *validation, const struct json_value *body, const char *name, int64_t least, int64_t most);
bool validation_boolean(struct validation *validation, const struct json_value *body, const char *name, bool otherwise);
/* `,"errors":[...]` as members of an object that is being written. */
void validation_write(const struct validation *validation, struct json_writer *body);

#endif
