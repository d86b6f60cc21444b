/* The gate, on header blocks as civetweb's parser leaves them in its buffer. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/http/gate.h"
#include "tests/unit/check.h"

#define HEADERS_MAX 80

struct block {
    char bytes[40000];
    size_t length;
    struct gate_header headers[HEADERS_MAX];
    struct gate_request request;
    struct gate_result result;
};

static struct block block;

static void begin(const char *target)
{
    memset(&block, 0, sizeof(block));
    block.request.target = target;
    block.request.headers = block.headers;
}

/* "name:between value": the parser puts a NUL in the colon's place, and skips the blanks. */
static void header_with(const char *name, const char *between, const char *value)
{
    struct gate_header *header = &block.headers[block.request.header_count++];

    block.length += 1; /* the NUL that stands for the line feed before */
    header->name = block.bytes + block.length;
    block.length += (size_t)sprintf(block.bytes + block.length, "%s", name) + 1;
    block.length += (size_t)sprintf(block.bytes + block.length, "%s", between);
    header->value = block.bytes + block.length;
    block.length += (size_t)sprintf(block.bytes + block.length, "%s", value) + 1;
}

static void header(const char *name, const char *value)
{
    header_with(name, " ", value);
}

/* What follows the last value in the buffer: normally the end of the block. */
static void judge_with(const char *rest, size_t length)
{
    memcpy(block.bytes + block.length, rest, length);
    gate_judge(&block.request, &block.result);
}

static void judge(void)
{
    judge_with("\0\r\0", 3);
}

static void assert_refused(enum problem_code problem)
{
    assert_true(block.result.refused);
    assert_int_equal(block.result.problem, problem);
}

static void a_plain_request_passes(void **state)
{
    (void)state;
    begin("/v1/sessions");
    header("Host", "a");
    header("Content-Length", "12");
    header("Authorization", "Bearer x");
    judge();
    assert_false(block.result.refused);
    assert_int_equal(block.result.content_length, 12);
    assert_string_equal(block.result.authorization, "Bearer x");
    assert_false(block.result.authorization_twice);
}

static void a_request_needs_exactly_one_host(void **state)
{
    (void)state;
    begin("/livez");
    header("Accept", "a");
    judge();
    assert_refused(PROBLEM_MALFORMED_REQUEST);
    begin("/livez");
    header("Host", "a");
    header("host", "a");
    judge();
    assert_refused(PROBLEM_MALFORMED_REQUEST);
}

static void a_length_is_digits_and_comes_once(void **state)
{
    static const char *const wrong[] = {"", "-1", "+1", "0x10", "1 2", "1,1", "9999999999999999"};

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        begin("/v1/sessions");
        header("Host", "a");
        header("Content-Length", wrong[i]);
        judge();
        assert_refused(PROBLEM_MALFORMED_REQUEST);
    }
    begin("/v1/sessions");
    header("Host", "a");
    header("Content-Length", "1");
    header("Content-Length", "1");
    judge();
    assert_refused(PROBLEM_MALFORMED_REQUEST);
}

static void a_transfer_encoding_is_refused_whatever_it_says(void **state)
{
    (void)state;
    begin("/v1/sessions");
    header("Host", "a");
    header("transfer-encoding", "identity");
    judge();
    assert_refused(PROBLEM_LENGTH_REQUIRED);
}

static void headers_that_the_parser_dropped_are_noticed(void **state)
{
    static const char dropped[] = "Content-Length: 5\r\n";

    (void)state;
    begin("/livez");
    header("Host", "a");
    judge_with(dropped, sizeof(dropped));
    assert_refused(PROBLEM_MALFORMED_REQUEST);
}

static void a_blank_before_the_colon_is_refused(void **state)
{
    (void)state;
    begin("/livez");
    header("Host", "a");
    header_with("Content-Length", ": ", "5"); /* "Content-Length : 5" ends the name at the blank */
    judge();
    assert_refused(PROBLEM_MALFORMED_REQUEST);
    begin("/livez");
    header_with("Host", "", "a");
    judge();
    assert_false(block.result.refused);
}

static void a_name_is_a_token(void **state)
{
    static const char *const wrong[] = {"", "X Y", "X\"", "X(", "X\x80"};

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        begin("/livez");
        header("Host", "a");
        header(wrong[i], "b");
        judge();
        assert_refused(PROBLEM_MALFORMED_REQUEST);
    }
}

static void sixty_three_headers_pass_and_sixty_four_do_not(void **state)
{
    (void)state;
    begin("/livez");
    header("Host", "a");
    while (block.request.header_count < 63)
        header("X", "b");
    judge();
    assert_false(block.result.refused);
    header("X", "b");
    judge();
    assert_refused(PROBLEM_HEADERS_TOO_LARGE);
}

static void headers_have_sixteen_kibibytes_in_all(void **state)
{
    static char value[16 * 1024];

    (void)state;
    memset(value, 'a', sizeof(value) - 1);
    begin("/livez");
    header("Host", "a");
    header("X", value);
    judge();
    assert_refused(PROBLEM_HEADERS_TOO_LARGE);
    begin("/livez");
    header("Host", "a");
    header("X", value + 32);
    judge();
    assert_false(block.result.refused);
}

static void a_target_has_a_kibibyte_with_its_query(void **state)
{
    char target[1100];

    (void)state;
    memset(target, 'a', sizeof(target));
    target[0] = '/';
    target[1023] = '\0';
    begin(target);
    block.request.query = "";
    header("Host", "a");
    judge();
    assert_false(block.result.refused);
    block.request.query = "b";
    judge();
    assert_refused(PROBLEM_TARGET_TOO_LONG);
}

static void a_target_is_a_path_of_visible_characters(void **state)
{
    static const char *const wrong[] = {"", "*", "livez", "http://a/livez", "/a b", "/\x01", "/\xc3\xa9"};

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        begin(wrong[i]);
        header("Host", "a");
        judge();
        assert_refused(PROBLEM_MALFORMED_REQUEST);
    }
}

static void two_authorizations_are_told_and_not_refused_here(void **state)
{
    (void)state;
    begin("/v1/sessions");
    header("Host", "a");
    header("Authorization", "Bearer x");
    header("authorization", "Bearer y");
    judge();
    assert_false(block.result.refused);
    assert_true(block.result.authorization_twice);
}

RUN(T(a_plain_request_passes), T(a_request_needs_exactly_one_host), T(a_length_is_digits_and_comes_once),
    T(a_transfer_encoding_is_refused_whatever_it_says), T(headers_that_the_parser_dropped_are_noticed),
    T(a_blank_before_the_colon_is_refused), T(a_name_is_a_token), T(sixty_three_headers_pass_and_sixty_four_do_not),
    T(headers_have_sixteen_kibibytes_in_all), T(a_target_has_a_kibibyte_with_its_query),
    T(a_target_is_a_path_of_visible_characters), T(two_authorizations_are_told_and_not_refused_here))
