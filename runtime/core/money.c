#include "runtime/core/money.h"

#include <stdio.h>
#include <string.h>

static enum ost_status put_line(struct price *price, unsigned at, int64_t sum, int64_t amount, const char *text)
{
    if (at >= PRICE_LINES_MAX || amount > PRICE_AMOUNT_MAX || amount < -PRICE_AMOUNT_MAX ||
        sum + amount > PRICE_AMOUNT_MAX || sum + amount < -PRICE_AMOUNT_MAX)
        return OST_TOO_LARGE;
    price->lines[at].amount = amount;
    snprintf(price->lines[at].text, sizeof(price->lines[at].text), "%s", text);
    price->line_count = at + 1;
    price->amount = sum + amount > 0 ? sum + amount : 0;
    price->is_set = true;
    return OST_OK;
}

enum ost_status price_add(struct price *price, int64_t amount, const char *text)
{
    int64_t sum = 0;

    for (unsigned i = 0; i < price->line_count; i++)
        sum += price->lines[i].amount;
    return put_line(price, price->line_count, sum, amount, text);
}

enum ost_status price_replace(struct price *price, int64_t amount, const char *text)
{
    return put_line(price, 0, 0, amount, text);
}

void price_write(struct json_writer *writer, const struct price *price)
{
    if (!price->is_set) {
        json_write_null(writer);
        return;
    }
    json_begin_object(writer);
    json_put_integer(writer, "amount", price->amount);
    json_put_string(writer, "currency", price->currency);
    json_name(writer, "lines");
    json_begin_array(writer);
    for (unsigned i = 0; i < price->line_count; i++) {
        json_begin_object(writer);
        json_put_integer(writer, "amount", price->lines[i].amount);
        json_put_string(writer, "text", price->lines[i].text);
        json_end_object(writer);
    }
    json_end_array(writer);
    json_end_object(writer);
}

/* A missing amount is no amount of nothing. */
static bool read_amount(const struct json_value *object, int64_t *amount)
{
    const struct json_value *member = json_member(object, "amount");

    if (!member || json_kind(member) != JSON_IS_INTEGER)
        return false;
    *amount = json_as_integer(member, 0);
    return true;
}

enum ost_status price_read(const struct json_value *value, struct price *out)
{
    struct price price = {.is_set = true};
    const struct json_value *lines = value ? json_member(value, "lines") : NULL;
    const char *currency = value ? json_as_string(json_member(value, "currency"), NULL) : NULL;

    if (value && json_kind(value) == JSON_IS_NULL) {
        *out = (struct price){.is_set = false};
        return OST_OK;
    }
    if (!lines || !currency || !currency_is_valid(currency) || json_length(lines) > PRICE_LINES_MAX ||
        !read_amount(value, &price.amount))
        return OST_CORRUPT;
    snprintf(price.currency, sizeof(price.currency), "%s", currency);
    for (size_t i = 0; i < json_length(lines); i++) {
        const struct json_value *line = json_element(lines, i);
        const char *text = json_as_string(json_member(line, "text"), NULL);

        if (!text || !read_amount(line, &price.lines[i].amount))
            return OST_CORRUPT;
        snprintf(price.lines[i].text, sizeof(price.lines[i].text), "%s", text);
    }
    price.line_count = (unsigned)json_length(lines);
    *out = price;
    return OST_OK;
}

bool currency_is_valid(const char *text)
{
    if (strlen(text) != 3)
        return false;
    for (const char *c = text; *c; c++) {
        if (*c < 'A' || *c > 'Z')
            return false;
    }
    return true;
}

unsigned currency_digits(const char *currency)
{
    static const char none[] = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF ";
    static const char three[] = "BHD IQD JOD KWD LYD OMR TND ";

    if (strstr(none, currency))
        return 0;
    return strstr(three, currency) ? 3 : 2;
}
