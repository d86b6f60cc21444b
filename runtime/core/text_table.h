/* The texts of an enum's values, in their order: how every enum of core gets its words of the contracts. */
#ifndef OSTLER_CORE_TEXT_TABLE_H
#define OSTLER_CORE_TEXT_TABLE_H

#include <stddef.h>
#include <string.h>

#include "runtime/base/status.h"

/* "?" for a value outside of the table: a stored enum may come from a damaged file. */
static inline const char *text_of(const char *const *texts, size_t count, size_t value)
{
    return value < count ? texts[value] : "?";
}

/* OST_INVALID: none of the texts. */
static inline enum ost_status value_of(const char *const *texts, size_t count, const char *text, size_t *value)
{
    for (size_t i = 0; i < count; i++) {
        if (text && strcmp(texts[i], text) == 0) {
            *value = i;
            return OST_OK;
        }
    }
    return OST_INVALID;
}

#define TEXT_OF(table, value) text_of(table, sizeof(table) / sizeof((table)[0]), (size_t)(value))
#define VALUE_OF(table, text, value) value_of(table, sizeof(table) / sizeof((table)[0]), text, value)

#endif
