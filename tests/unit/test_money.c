#include <stdio.h>
#include <string.h>

#include "runtime/core/money.h"
#include "tests/unit/check.h"

static void a_price_is_the_sum_of_its_lines(void **state)
{
    struct price price = {.currency = "EUR"};

    (void)state;
    assert_ok(price_add(&price, 150, "an hour"));
    assert_ok(price_add(&price, -50, "discount"));
    assert_true(price.is_set);
    assert_int_equal(price.amount, 100);
    assert_int_equal(price.line_count, 2);
}

static void a_price_is_never_below_nothing(void **state)
{
    struct price price = {.currency = "EUR"};

    (void)state;
    assert_ok(price_add(&price, 100, "an hour"));
    assert_ok(price_add(&price, -300, "voucher"));
    assert_int_equal(price.amount, 0);
    assert_ok(price_add(&price, 250, "surcharge")); /* the voucher still counts in full */
    assert_int_equal(price.amount, 50);
}

static void a_replacement_takes_the_lines_before_it_away(void **state)
{
    struct price price = {.currency = "EUR"};

    (void)state;
    assert_ok(price_add(&price, 150, "an hour"));
    assert_ok(price_replace(&price, 900, "flat"));
    assert_ok(price_add(&price, 10, "fee"));
    assert_int_equal(price.amount, 910);
    assert_int_equal(price.line_count, 2);
    assert_string_equal(price.lines[0].text, "flat");
}

static void sixteen_lines_fit_and_a_seventeenth_changes_nothing(void **state)
{
    struct price price = {.currency = "EUR"}, before;

    (void)state;
    for (int i = 0; i < PRICE_LINES_MAX; i++)
        assert_ok(price_add(&price, 1, "line"));
    before = price;
    assert_int_equal(price_add(&price, 1, "line"), OST_TOO_LARGE);
    assert_memory_equal(&price, &before, sizeof(price));
}

static void a_sum_stays_within_its_bounds(void **state)
{
    struct price price = {.currency = "EUR"}, before;

    (void)state;
    assert_ok(price_add(&price, PRICE_AMOUNT_MAX, "all"));
    before = price;
    assert_int_equal(price_add(&price, 1, "more"), OST_TOO_LARGE);
    assert_int_equal(price_add(&price, INT64_MAX, "more"), OST_TOO_LARGE);
    assert_memory_equal(&price, &before, sizeof(price));
    assert_int_equal(price_replace(&price, -PRICE_AMOUNT_MAX - 1, "less"), OST_TOO_LARGE);
    assert_memory_equal(&price, &before, sizeof(price));
}

static void a_price_is_read_back_as_it_was_written(void **state)
{
    struct price price = {.currency = "EUR"}, back;
    struct json_document *document;
    struct json_writer writer;
    char bytes[4096], error[128];

    (void)state;
    assert_ok(price_add(&price, 1250, "Parking 2h 5min"));
    assert_ok(price_add(&price, -50, "\"Thanks\""));
    json_writer_init(&writer, bytes, sizeof(bytes));
    price_write(&writer, &price);
    assert_false(writer.overflow);
    assert_ok(json_parse(bytes, writer.length, 8, &document, error));
    assert_ok(price_read(json_root(document), &back));
    json_free(document);
    assert_int_equal(back.amount, 1200);
    assert_int_equal(back.line_count, 2);
    assert_string_equal(back.currency, "EUR");
    assert_string_equal(back.lines[1].text, "\"Thanks\"");
}

static void a_document_that_is_no_price_is_corrupt(void **state)
{
    static const char *const wrong[] = {"1", "\"free\"", "[]", "{\"amount\":1}", "{\"amount\":\"1\",\"currency\":\"EUR\",\"lines\":[]}",
                                        "{\"amount\":1,\"currency\":\"EUR\",\"lines\":[{\"text\":\"an hour\"}]}"};
    struct json_document *document;
    struct price back;
    char error[128];

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_ok(json_parse(wrong[i], strlen(wrong[i]), 8, &document, error));
        assert_int_equal(price_read(json_root(document), &back), OST_CORRUPT);
        json_free(document);
    }
}

static void a_currency_is_three_capitals_with_its_own_places(void **state)
{
    (void)state;
    assert_true(currency_is_valid("EUR"));
    assert_false(currency_is_valid("eur"));
    assert_false(currency_is_valid("EU"));
    assert_false(currency_is_valid("EURO"));
    assert_false(currency_is_valid(""));
    assert_int_equal(currency_digits("EUR"), 2);
    assert_int_equal(currency_digits("JPY"), 0);
    assert_int_equal(currency_digits("KWD"), 3);
}

RUN(T(a_price_is_the_sum_of_its_lines), T(a_price_is_never_below_nothing), T(a_replacement_takes_the_lines_before_it_away),
    T(sixteen_lines_fit_and_a_seventeenth_changes_nothing), T(a_sum_stays_within_its_bounds),
    T(a_price_is_read_back_as_it_was_written), T(a_document_that_is_no_price_is_corrupt),
    T(a_currency_is_three_capitals_with_its_own_places))
