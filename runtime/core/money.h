/*
 * Money is exact: whole minor units (cents) of one currency. A price is a sum with the lines that explain it.
 */
#ifndef OSTLER_CORE_MONEY_H
#define OSTLER_CORE_MONEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/base/json.h"
#include "runtime/base/status.h"
#include "runtime/core/limits.h"

#define PRICE_LINES_MAX 16
#define PRICE_TEXT_BYTES 96
#define PRICE_AMOUNT_MAX INT64_C(100000000000) /* a billion euros: beyond is a mistake, not a price */

struct price_line {
    int64_t amount; /* minor units; negative is a discount */
    char text[PRICE_TEXT_BYTES];
};

struct price {
    bool is_set; /* false: no policy said a price, and the rest means nothing */
    int64_t amount; /* the sum of the lines, never below 0 */
    char currency[CURRENCY_BYTES];
    unsigned line_count;
    struct price_line lines[PRICE_LINES_MAX];
};

/* Add a line. OST_TOO_LARGE: too many lines, or the sum leaves +-PRICE_AMOUNT_MAX; *price is unchanged. */
enum ost_status price_add(struct price *price, int64_t amount, const char *text) OST_MUST_CHECK;
/* Replace all lines before it by this one. */
enum ost_status price_replace(struct price *price, int64_t amount, const char *text) OST_MUST_CHECK;

/* {"amount","currency","lines":[{"amount","text"}]}, or null where it is not set. */
void price_write(struct json_writer *writer, const struct price *price);
/* The other way, from a stored document; json null gives an unset price. OST_CORRUPT: not such a document. */
enum ost_status price_read(const struct json_value *value, struct price *out) OST_MUST_CHECK;

/* ISO 4217: three capital letters. */
bool currency_is_valid(const char *text);
/* Decimal places of the minor unit: 2 for EUR, 0 for JPY, 3 for KWD. */
unsigned currency_digits(const char *currency);

#endif
