/* The log, by what arrives on standard error. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/base/json.h"
#include "runtime/base/log.h"
#include "tests/unit/check.h"

static char captured[8192];

/* Log one line with standard error in a pipe, and give what was written. */
static const char *written(enum log_format format, enum log_level least, enum log_level level, const char *text)
{
    int ends[2], saved = dup(STDERR_FILENO);
    ssize_t length;

    assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
    dup2(ends[1], STDERR_FILENO);
    log_configure(format, least);
    log_line(level, "store", "%s", text);
    dup2(saved, STDERR_FILENO);
    close(saved);
    close(ends[1]);
    length = read(ends[0], captured, sizeof(captured) - 1);
    close(ends[0]);
    captured[length > 0 ? length : 0] = '\0';
    return captured;
}

static void the_journal_gets_its_priority_in_front(void **state)
{
    (void)state;
    assert_string_equal(written(LOG_JOURNAL, LOG_LEVEL_INFO, LOG_LEVEL_ERROR, "no space"), "<3>store: no space\n");
    assert_string_equal(written(LOG_JOURNAL, LOG_LEVEL_INFO, LOG_LEVEL_WARNING, "x"), "<4>store: x\n");
    assert_string_equal(written(LOG_JOURNAL, LOG_LEVEL_DEBUG, LOG_LEVEL_DEBUG, "x"), "<7>store: x\n");
}

static void a_terminal_gets_the_time_and_the_word(void **state)
{
    const char *line = written(LOG_TEXT, LOG_LEVEL_INFO, LOG_LEVEL_NOTICE, "ready");

    (void)state;
    assert_int_equal(strspn(line, "0123456789:."), strlen("12:00:00.000"));
    assert_string_equal(line + strlen("12:00:00.000"), " notice store: ready\n");
}

static void json_is_one_document_a_line_whatever_the_text(void **state)
{
    const char *line = written(LOG_JSON, LOG_LEVEL_INFO, LOG_LEVEL_WARNING, "a \"quoted\"\nline\\ \x01 \xff");
    struct json_document *document;
    char error[128];

    (void)state;
    assert_int_equal(strcspn(line, "\n"), strlen(line) - 1);
    assert_ok(json_parse(line, strlen(line) - 1, 4, &document, error));
    assert_string_equal(json_as_string(json_member(json_root(document), "level"), NULL), "warning");
    assert_string_equal(json_as_string(json_member(json_root(document), "component"), NULL), "store");
    assert_non_null(strstr(json_as_string(json_member(json_root(document), "message"), NULL), "a \"quoted\""));
    json_free(document);
}

static void a_message_of_escapes_alone_is_cut_and_not_lost(void **state)
{
    char text[1001];
    const char *line;

    (void)state;
    memset(text, '"', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    line = written(LOG_JSON, LOG_LEVEL_INFO, LOG_LEVEL_INFO, text);
    assert_non_null(strstr(line, "\"message\":\"\\\"\\\""));
}

static void a_line_stays_one_line(void **state)
{
    const char *line = written(LOG_JOURNAL, LOG_LEVEL_INFO, LOG_LEVEL_INFO, "first\n<0>forged: second");

    (void)state;
    assert_int_equal(strcspn(line, "\n"), strlen(line) - 1);
}

static void what_is_less_important_than_asked_is_not_written(void **state)
{
    (void)state;
    assert_string_equal(written(LOG_JOURNAL, LOG_LEVEL_NOTICE, LOG_LEVEL_INFO, "x"), "");
    assert_string_equal(written(LOG_JOURNAL, LOG_LEVEL_NOTICE, LOG_LEVEL_NOTICE, "x"), "<5>store: x\n");
}

static void a_line_is_cut_at_two_kibibytes(void **state)
{
    static char text[5000];

    (void)state;
    memset(text, 'a', sizeof(text) - 1);
    assert_true(strlen(written(LOG_JOURNAL, LOG_LEVEL_INFO, LOG_LEVEL_INFO, text)) <= 2048);
    assert_int_equal(captured[strlen(captured) - 1], '\n');
}

RUN(T(the_journal_gets_its_priority_in_front), T(a_terminal_gets_the_time_and_the_word),
    T(json_is_one_document_a_line_whatever_the_text), T(a_line_stays_one_line), T(a_message_of_escapes_alone_is_cut_and_not_lost),
    T(what_is_less_important_than_asked_is_not_written), T(a_line_is_cut_at_two_kibibytes))
