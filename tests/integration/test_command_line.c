/* The command line: what it takes, what it prints, and that its manual and completion tell the same. */
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runtime/base/json.h"
#include "tests/support/garage.h"
#include "tests/unit/check.h"

#define OUTPUT_BYTES (512 * 1024)
#define ENTRIES 450 /* more than two pages */

static struct garage_under_test garage;
static char output[OUTPUT_BYTES];

static int set_up(void **state)
{
    (void)state;
    garage_make(&garage, NULL, garage_default);
    assert_true(garage_start(&garage));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    garage_signal(&garage, SIGTERM);
    garage_assert_sound(&garage);
    garage_remove(&garage);
    return 0;
}

static int run(const char *arguments)
{
    return garage_run(&garage, output, sizeof(output), arguments);
}

static size_t lines_of(const char *text)
{
    size_t count = 0;

    for (; *text; text++)
        count += *text == '\n';
    return count;
}

/* The one JSON value that was printed; json_free() it. */
static struct json_document *printed(void)
{
    struct json_document *document;
    char error[128];

    assert_int_equal(lines_of(output), 1);
    if (json_parse(output, strlen(output) - 1, 32, &document, error) != OST_OK)
        fail_msg("%s: %.200s", error, output);
    return document;
}

/* ---- usage ---- */

static void what_does_not_fit_is_status_2_and_one_line(void **state)
{
    static const char *const calls[] = {
        "check foo", "session list foo", "door open entry-1 extra --reason x", "door open entry-1", "door open --reason x", "door",
        "door opne entry-1 --reason x", "token revoke", "token create --partner parkapp", "db check --foo", "list add residents",
        "demo a b", "serve x", "version x", "help door extra", "session stop ID --reason", "session stop ID --reason a --reason b",
        "session show a b", "list import a b c", "door maintain entry-1 --minutes soon --reason x", "help nothing", "nothing",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        int code = run(calls[i]);

        if (code != 2 || lines_of(output) != 1 || strncmp(output, "ostler: ", 8) != 0)
            fail_msg("'%s' ended with %d: %s", calls[i], code, output);
    }
}

static void help_is_shown_and_nothing_done(void **state)
{
    (void)state;
    assert_int_equal(run("demo --help"), 0);
    assert_non_null(strstr(output, "ostler demo [DIR]"));
    assert_int_equal(run("session stop -h"), 0);
    assert_non_null(strstr(output, "ostler session stop ID --reason TEXT [--door DOOR] [--no-open]"));
    assert_int_equal(run("help list"), 0);
    assert_non_null(strstr(output, "ostler list import [NAME] FILE"));
}

static void a_refusal_is_one_line(void **state)
{
    (void)state;
    assert_int_equal(run("session show 00000000-0000-0000-0000-000000000000"), 1);
    assert_int_equal(lines_of(output), 1);
    assert_int_equal(run("token revoke tok_0"), 1);
    assert_int_equal(lines_of(output), 1);
    assert_int_equal(run("door open nowhere --reason 'two\nlines'"), 1);
    assert_int_equal(lines_of(output), 1);
}

/* ---- what is asked of the runtime ---- */

struct listener {
    int file;
    char request[4096];
};

/* Stands in for the runtime once: keeps the request and answers with an empty session. */
static void *answer_once(void *context)
{
    static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}";
    struct listener *listener = context;
    size_t length = 0;
    ssize_t got = 1;
    int peer = accept(listener->file, NULL, NULL);

    while (got > 0 && !strstr(listener->request, "}")) {
        got = recv(peer, listener->request + length, sizeof(listener->request) - 1 - length, 0);
        length += got > 0 ? (size_t)got : 0;
    }
    if (send(peer, answer, sizeof(answer) - 1, MSG_NOSIGNAL) < 0)
        print_message("the command line has hung up\n");
    close(peer);
    return NULL;
}

static void put_file(const char *folder, const char *name, const char *text)
{
    char path[256];
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

/* The body of the request that a call makes. */
static void assert_asks(const char *arguments, const char *target, const char *body)
{
    struct listener listener = {.request = ""};
    struct garage_under_test other;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(address);
    pthread_t thread;
    char text[80];
    const char *sent;

    garage_make(&other, NULL, garage_default);
    listener.file = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(listener.file, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(listener.file, 1), 0);
    assert_int_equal(getsockname(listener.file, (struct sockaddr *)&address, &length), 0);
    snprintf(text, sizeof(text), "127.0.0.1:%d", ntohs(address.sin_port));
    put_file(other.folder, "cli.address", text);
    put_file(other.folder, "cli.token", "ost_token");
    assert_int_equal(pthread_create(&thread, NULL, answer_once, &listener), 0);
    assert_int_equal(garage_run(&other, output, sizeof(output), arguments), 0);
    pthread_join(thread, NULL);
    close(listener.file);
    garage_remove(&other);
    assert_memory_equal(listener.request, target, strlen(target));
    sent = strstr(listener.request, "\r\n\r\n");
    assert_non_null(sent);
    assert_string_equal(sent + 4, body);
}

static void a_stop_names_the_door_or_leaves_it_shut(void **state)
{
    (void)state;
    assert_asks("session stop 7 --reason 'Phone is lost'", "POST /v1/operations/sessions/7/stop ", "{\"reason\":\"Phone is lost\"}");
    assert_asks("session stop 7 --reason lost --door exit-1", "POST /v1/operations/sessions/7/stop ",
                "{\"reason\":\"lost\",\"doorId\":\"exit-1\"}");
    assert_asks("session stop --no-open --reason lost 7", "POST /v1/operations/sessions/7/stop ",
                "{\"reason\":\"lost\",\"openDoor\":false}");
}

/* ---- for programs ---- */

static void database_and_tokens_speak_json(void **state)
{
    struct json_document *document;
    char arguments[256], id[64];

    (void)state;
    assert_int_equal(run("db check --json"), 0);
    document = printed();
    assert_true(json_as_boolean(json_member(json_root(document), "sound"), false));
    assert_int_equal(json_kind(json_member(json_root(document), "problems")), JSON_IS_ARRAY);
    json_free(document);
    snprintf(arguments, sizeof(arguments), "db backup %s/copy.db --json", garage.folder);
    assert_int_equal(run(arguments), 0);
    document = printed();
    assert_non_null(strstr(json_as_string(json_member(json_root(document), "backup"), NULL), "/copy.db"));
    json_free(document);
    assert_int_equal(run("db migrate --json"), 0);
    document = printed();
    assert_true(json_as_integer(json_member(json_root(document), "version"), 0) > 0);
    json_free(document);
    assert_int_equal(run("token create --partner parkapp --scope sessions:read --json"), 0);
    document = printed();
    snprintf(id, sizeof(id), "%s", json_as_string(json_member(json_root(document), "tokenId"), NULL));
    json_free(document);
    snprintf(arguments, sizeof(arguments), "token revoke %s --json", id);
    assert_int_equal(run(arguments), 0);
    document = printed();
    assert_string_equal(json_as_string(json_member(json_root(document), "tokenId"), NULL), id);
    assert_true(json_as_boolean(json_member(json_root(document), "revoked"), false));
    json_free(document);
}

/* ---- lists that are longer than a page ---- */

static void import_entries(const char *arguments, const char *name)
{
    char path[256], command[512];
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s.csv", garage.folder, name);
    file = fopen(path, "w");
    assert_non_null(file);
    fprintf(file, "# plates\n\n");
    for (int i = 0; i < ENTRIES; i++)
        fprintf(file, "PL%04d,,\"],nextCursor\" of %d\n", i, i);
    assert_int_equal(fclose(file), 0);
    snprintf(command, sizeof(command), arguments, path);
    assert_int_equal(run(command), 0);
}

static void a_list_is_shown_whole(void **state)
{
    struct json_document *document;
    const struct json_value *items;

    (void)state;
    import_entries("list import %s", "residents"); /* named as the file */
    assert_string_equal(output, "450 imported\n");
    assert_int_equal(run("list show residents"), 0);
    assert_int_equal(lines_of(output), ENTRIES);
    assert_int_equal(run("list show residents --json"), 0);
    document = printed();
    items = json_member(json_root(document), "items");
    assert_int_equal(json_length(items), ENTRIES);
    assert_string_equal(json_as_string(json_member(json_element(items, 0), "plate"), NULL), "PL0000");
    assert_string_equal(json_as_string(json_member(json_element(items, ENTRIES - 1), "plate"), NULL), "PL0449");
    json_free(document);
    assert_int_equal(run("list show nobody --json"), 0);
    document = printed();
    assert_int_equal(json_length(json_member(json_root(document), "items")), 0);
    json_free(document);
}

static void an_import_stops_at_a_bad_line_and_says_which(void **state)
{
    char path[256], command[512];
    FILE *file;

    (void)state;
    snprintf(path, sizeof(path), "%s/bad.csv", garage.folder);
    file = fopen(path, "w");
    assert_non_null(file);
    fputs("AB1\nAB2,tomorrow\nAB3\n", file);
    assert_int_equal(fclose(file), 0);
    snprintf(command, sizeof(command), "list import visitors %s", path);
    assert_int_equal(run(command), 1);
    assert_int_equal(lines_of(output), 1);
    assert_non_null(strstr(output, "line 2 of "));
    assert_non_null(strstr(output, "the 1 before it"));
}

static void sessions_are_listed_whole(void **state)
{
    static char configuration[8192];
    struct http_client client;
    struct json_document *document;
    const char *spots = strstr(garage_default, "spots = 20");

    (void)state;
    snprintf(configuration, sizeof(configuration), "%.*sspots = 999%s", (int)(spots - garage_default), garage_default, spots + 10);
    garage_configure(&garage, configuration);
    garage_signal(&garage, SIGTERM);
    assert_true(garage_start(&garage));
    assert_true(client_init(&client, garage.address));
    for (int i = 0; i < ENTRIES; i++) {
        char body[256];

        snprintf(body, sizeof(body), "{\"garageId\":\"north\",\"userId\":\"u%d\",\"licensePlate\":\"S%d\"}", i, i);
        assert_true(client_call(&client, "POST", "/v1/sessions", garage.token, "", body));
        assert_int_equal(client.status, 201);
    }
    client_finish(&client);
    assert_int_equal(run("session list"), 0);
    assert_int_equal(lines_of(output), ENTRIES);
    assert_int_equal(run("session list --status active --json"), 0);
    document = printed();
    assert_int_equal(json_length(json_member(json_root(document), "items")), ENTRIES);
    json_free(document);
    assert_int_equal(run("session list --status ended"), 0);
    assert_int_equal(lines_of(output), 0);
}

static void every_token_is_listed(void **state)
{
    static const char insert[] =
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1500) "
        "INSERT INTO device_token SELECT printf('tok_%016x', i), randomblob(32), 'parkapp', "
        "(SELECT scopes FROM device_token LIMIT 1), i, 0, 0 FROM n";
    struct json_document *document;
    sqlite3 *database;

    (void)state;
    assert_int_equal(sqlite3_open(garage.database, &database), SQLITE_OK);
    sqlite3_busy_timeout(database, 5000);
    assert_int_equal(sqlite3_exec(database, insert, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(database);
    assert_int_equal(run("token list --json"), 0);
    document = printed();
    assert_true(json_length(json_root(document)) > 1500);
    json_free(document);
    assert_int_equal(run("token list"), 0);
    assert_true(lines_of(output) > 1500);
}

/* ---- the manual and completion ---- */

static struct json_document *table(void)
{
    assert_int_equal(run("help --json"), 0);
    return printed();
}

static const char *text_of(const struct json_value *row, const char *name)
{
    const char *text = json_as_string(json_member(row, name), NULL);

    return text ? text : "";
}

/* The line that the manual must have: "DOOR [--door DOOR] PLATE..." as mdoc(7) writes it. */
static void manual_line(const struct json_value *row, char *line, size_t bytes)
{
    const char *verb = text_of(row, "verb");
    size_t length = (size_t)snprintf(line, bytes, ".It Ic %s%s%s", text_of(row, "command"), verb[0] ? " " : "", verb);
    char words[256];
    char *rest = words;
    char *word;

    snprintf(words, sizeof(words), "%s", text_of(row, "arguments"));
    while ((word = strsep(&rest, " "))) {
        bool opens = word[0] == '[';
        bool repeats, closes;

        word += opens;
        repeats = strstr(word, "...") != NULL;
        word[strcspn(word, ".")] = '\0';
        closes = strchr(word, ']') != NULL;
        word[strcspn(word, "]")] = '\0';
        if (!word[0])
            continue;
        length += (size_t)snprintf(line + length, bytes - length, "%s %s %s%s%s", opens ? " Oo" : "",
                                   strncmp(word, "--", 2) == 0 ? "Fl" : "Ar", strncmp(word, "--", 2) == 0 ? word + 1 : word,
                                   repeats ? " ..." : "", closes ? " Oc" : "");
    }
    snprintf(line + length, bytes - length, "\n");
}

static void the_manual_tells_every_subcommand_and_no_other(void **state)
{
    struct json_document *document = table();
    const struct json_value *rows = json_root(document);
    char line[512], path[256];
    static char manual[65536];
    const char *at;
    size_t told = 0;
    FILE *file;

    (void)state;
    snprintf(path, sizeof(path), "%s/packaging/man/ostler.1", OSTLER_SOURCE);
    file = fopen(path, "r");
    assert_non_null(file);
    manual[fread(manual, 1, sizeof(manual) - 1, file)] = '\0';
    fclose(file);
    for (size_t i = 0; i < json_length(rows); i++) {
        manual_line(json_element(rows, i), line, sizeof(line));
        if (!strstr(manual, line))
            fail_msg("the manual has no line %s", line);
    }
    for (at = manual; (at = strstr(at, ".It Ic ")); at++)
        told++;
    assert_int_equal(told, json_length(rows));
    json_free(document);
}

/* What bash offers behind words, as one line, sorted. */
static void completions(const char *words, const char *current, char *out, size_t bytes)
{
    char command[1024];
    FILE *pipe;

    snprintf(command, sizeof(command),
             "bash -c '. %s/packaging/completion/ostler.bash; COMP_WORDS=(ostler %s \"%s\"); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); "
             "_ostler; printf \"%%s\\n\" \"${COMPREPLY[@]}\"' | sort | tr '\\n' ' '",
             OSTLER_SOURCE, words, current);
    pipe = popen(command, "r");
    assert_non_null(pipe);
    out[fread(out, 1, bytes - 1, pipe)] = '\0';
    assert_int_equal(pclose(pipe), 0);
}

static int compare_words(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void assert_offers(const char *words, const char *current, char *expected)
{
    char offered[2048], sorted[2048] = "";
    char *each[64];
    size_t count = 0;
    char *word;

    while ((word = strsep(&expected, " "))) {
        if (word[0])
            each[count++] = word;
    }
    qsort(each, count, sizeof(each[0]), compare_words);
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && strcmp(each[i], each[i - 1]) == 0)
            continue;
        strcat(sorted, each[i]);
        strcat(sorted, " ");
    }
    completions(words, current, offered, sizeof(offered));
    if (strcmp(offered, sorted) != 0)
        fail_msg("behind 'ostler %s' %s is offered, not %s", words, offered, sorted);
}

static void completion_offers_every_subcommand_and_option_and_no_other(void **state)
{
    struct json_document *document = table();
    const struct json_value *rows = json_root(document);
    char all[1024] = "--json --config --help", verbs[512] = "", words[128];

    (void)state;
    setenv("LC_ALL", "C", 1);
    for (size_t i = 0; i < json_length(rows); i++) {
        const struct json_value *row = json_element(rows, i);
        const char *command = text_of(row, "command"), *verb = text_of(row, "verb");
        bool last = i + 1 == json_length(rows) || strcmp(text_of(json_element(rows, i + 1), "command"), command) != 0;
        char options[512] = "--json --config --help";

        for (const char *at = text_of(row, "arguments"); (at = strstr(at, "--")); at += 2)
            snprintf(options + strlen(options), sizeof(options) - strlen(options), " %.*s", (int)strcspn(at, " ]"), at);
        snprintf(words, sizeof(words), "%s %s", command, verb);
        assert_offers(words, "--", options);
        snprintf(verbs + strlen(verbs), sizeof(verbs) - strlen(verbs), " %s", verb);
        if (last) {
            if (verb[0]) {
                strcat(verbs, " --json --config --help");
                assert_offers(command, "", verbs);
            }
            verbs[0] = '\0';
            snprintf(all + strlen(all), sizeof(all) - strlen(all), " %s", command);
        }
    }
    assert_offers("", "", all);
    json_free(document);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(what_does_not_fit_is_status_2_and_one_line), T(help_is_shown_and_nothing_done), T(a_refusal_is_one_line), T(a_stop_names_the_door_or_leaves_it_shut),
        T(database_and_tokens_speak_json), T(a_list_is_shown_whole), T(an_import_stops_at_a_bad_line_and_says_which),
        T(sessions_are_listed_whole), T(every_token_is_listed),
        T(the_manual_tells_every_subcommand_and_no_other), T(completion_offers_every_subcommand_and_option_and_no_other),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
