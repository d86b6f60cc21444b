#include <string.h>

#include "runtime/base/json.h"
#include "tests/unit/check.h"

static enum ost_status parse(const char *text, unsigned depth)
{
    struct json_document *document = NULL;
    char error[128];
    enum ost_status status = json_parse(text, strlen(text), depth, &document, error);

    json_free(document);
    return status;
}

static void depth_is_allowed_up_to_its_bound_and_not_one_further(void **state)
{
    (void)state;
    assert_ok(parse("[[[1]]]", 3));
    assert_int_equal(parse("[[[[1]]]]", 3), OST_INVALID);
    assert_ok(parse("\"[[[[[[\"", 3));
    assert_ok(parse("\"\\\"[[[[[[\"", 3));
}

static void a_body_full_of_brackets_is_refused_before_it_is_parsed(void **state)
{
    static char brackets[16384];
    struct json_document *document;
    char error[128];

    (void)state;
    memset(brackets, '[', sizeof(brackets));
    assert_int_equal(json_parse(brackets, sizeof(brackets), 16, &document, error), OST_INVALID);
    assert_non_null(strstr(error, "16"));
}

static void what_rfc_8259_leaves_open_is_refused(void **state)
{
    struct json_document *document;
    char error[128];

    (void)state;
    assert_int_equal(parse("{\"a\":1,\"a\":2}", 4), OST_INVALID);
    assert_int_equal(parse("{} {}", 4), OST_INVALID);
    assert_int_equal(parse("", 4), OST_INVALID);
    assert_int_equal(parse("{\"a\":1,}", 4), OST_INVALID);
    assert_int_equal(parse("\"\xff\"", 4), OST_INVALID);
    assert_int_equal(parse("{\"a\\u0000b\":1}", 4), OST_INVALID);
    assert_int_equal(json_parse("1\0", 2, 4, &document, error), OST_INVALID);
}

static void what_is_valid_but_too_much_is_left_to_who_reads_it(void **state)
{
    static const char text[] = "{\"nul\":\"a\\u0000b\",\"many\":123456789012345678901234567890,\"less\":-9223372036854775809,"
                               "\"large\":[1e999, -1.5E+400],\"text\":\"\\\"1e999\",\"most\":9223372036854775807,\"small\":1e-999}";
    struct json_document *document;
    const struct json_value *root;
    char error[128];

    (void)state;
    assert_ok(json_parse(text, strlen(text), 4, &document, error));
    root = json_root(document);
    assert_int_equal(json_kind(json_member(root, "nul")), JSON_IS_STRING);
    assert_null(json_as_string(json_member(root, "nul"), NULL));
    assert_int_equal(json_kind(json_member(root, "many")), JSON_IS_REAL);
    assert_int_equal(json_as_integer(json_member(root, "many"), -1), -1);
    assert_int_equal(json_kind(json_member(root, "less")), JSON_IS_REAL);
    assert_int_equal(json_kind(json_element(json_member(root, "large"), 1)), JSON_IS_REAL);
    assert_string_equal(json_as_string(json_member(root, "text"), NULL), "\"1e999");
    assert_int_equal(json_as_integer(json_member(root, "most"), 0), INT64_MAX);
    json_free(document);
}

static void a_text_is_copied_only_where_all_of_it_fits(void **state)
{
    static const char text[] = "{\"four\":\"abcd\",\"number\":4,\"nul\":\"a\\u0000b\"}";
    struct json_document *document;
    char error[128], out[5] = "kept";

    (void)state;
    assert_ok(json_parse(text, strlen(text), 4, &document, error));
    assert_false(json_copy_member(json_root(document), "four", out, 4));
    assert_false(json_copy_member(json_root(document), "number", out, sizeof(out)));
    assert_false(json_copy_member(json_root(document), "nul", out, sizeof(out)));
    assert_false(json_copy_member(json_root(document), "missing", out, sizeof(out)));
    assert_string_equal(out, "kept");
    assert_true(json_copy_member(json_root(document), "four", out, 5));
    assert_string_equal(out, "abcd");
    json_free(document);
}

static void a_number_out_of_range_hides_no_other_error(void **state)
{
    (void)state;
    assert_int_equal(parse("[0123456789012345678901234567890]", 4), OST_INVALID);
    assert_int_equal(parse("[1e999.5]", 4), OST_INVALID);
    assert_int_equal(parse("[1e999", 4), OST_INVALID);
    assert_int_equal(parse("{\"a\":1e999,\"a\":1e999}", 4), OST_INVALID);
}

static void an_explanation_has_a_place_and_no_words_of_the_parser(void **state)
{
    static const char *const wrong[] = {"{\"a\\u0000\":1}", "{\"a\":1,\"a\":1}", "[1,\n x]", "[\"\\ud800\"]", "{}{}", "[", "\"\xff\""};
    struct json_document *document;
    char error[128];

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_int_equal(json_parse(wrong[i], strlen(wrong[i]), 4, &document, error), OST_INVALID);
        assert_non_null(strstr(error, "line "));
        assert_null(strstr(error, "JSON_"));
        assert_null(strstr(error, "near"));
    }
    assert_int_equal(json_parse("[1,\n x]", 7, 4, &document, error), OST_INVALID);
    assert_memory_equal(error, "line 2, column", 14);
}

static void members_are_found_by_name_and_type(void **state)
{
    static const char text[] = "{\"text\":\"x\",\"number\":7,\"truth\":true,\"list\":[1,2]}";
    struct json_document *document;
    const struct json_value *root;
    char error[128];

    (void)state;
    assert_ok(json_parse(text, strlen(text), 4, &document, error));
    root = json_root(document);
    assert_string_equal(json_as_string(json_member(root, "text"), NULL), "x");
    assert_int_equal(json_as_integer(json_member(root, "number"), 0), 7);
    assert_int_equal(json_as_integer(json_member(root, "text"), -1), -1);
    assert_true(json_as_boolean(json_member(root, "truth"), false));
    assert_int_equal(json_length(json_member(root, "list")), 2);
    assert_null(json_member(root, "nothing"));
    assert_null(json_as_string(json_member(root, "nothing"), NULL));
    json_free(document);
}

static void the_writer_sets_commas_and_escapes(void **state)
{
    char bytes[256];
    struct json_writer writer;

    (void)state;
    json_writer_init(&writer, bytes, sizeof(bytes) - 1);
    json_begin_object(&writer);
    json_put_string(&writer, "a", "quote \" slash \\ line \n bell \x07 \xc3\xa9");
    json_put_integer(&writer, "b", INT64_MIN);
    json_put_null(&writer, "c");
    json_put_time(&writer, "t", 1795428000123);
    json_put_time(&writer, "never", 0);
    json_end_object(&writer);
    assert_false(writer.overflow);
    bytes[writer.length] = '\0';
    assert_string_equal(bytes, "{\"a\":\"quote \\\" slash \\\\ line \\n bell \\u0007 \xc3\xa9\",\"b\":-9223372036854775808,\"c\":null,"
                               "\"t\":\"2026-11-23T10:00:00.123Z\",\"never\":null}");
}

static void bytes_that_are_no_text_become_the_replacement_character(void **state)
{
    char bytes[64];
    struct json_writer writer;

    (void)state;
    json_writer_init(&writer, bytes, sizeof(bytes) - 1);
    json_write_string(&writer, "a\xc3(\xed\xa0\x80");
    bytes[writer.length] = '\0';
    assert_string_equal(bytes, "\"a\xef\xbf\xbd(\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
}

static void a_full_buffer_overflows_without_writing_past_it(void **state)
{
    char bytes[9] = "........";
    struct json_writer writer;

    (void)state;
    json_writer_init(&writer, bytes, 7);
    json_write_string(&writer, "12345");
    assert_false(writer.overflow);
    json_writer_init(&writer, bytes, 6);
    json_write_string(&writer, "12345");
    assert_true(writer.overflow);
    assert_int_equal(bytes[7], '.');
}

RUN(T(depth_is_allowed_up_to_its_bound_and_not_one_further), T(a_body_full_of_brackets_is_refused_before_it_is_parsed),
    T(what_rfc_8259_leaves_open_is_refused), T(what_is_valid_but_too_much_is_left_to_who_reads_it),
    T(a_text_is_copied_only_where_all_of_it_fits), T(a_number_out_of_range_hides_no_other_error), T(an_explanation_has_a_place_and_no_words_of_the_parser), T(members_are_found_by_name_and_type), T(the_writer_sets_commas_and_escapes),
    T(bytes_that_are_no_text_become_the_replacement_character), T(a_full_buffer_overflows_without_writing_past_it))
