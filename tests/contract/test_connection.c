/* The writer's connection to the database file. */
#include "db/connection.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/check.h"

#define LIMIT_BYTES (1 << 20)

static char path[64];

static int set_up(void **state)
{
    (void)state;
    strcpy(path, "/tmp/ostler-connection-XXXXXX");
    return mkstemp(path) >= 0 ? 0 : -1;
}

static int tear_down(void **state)
{
    char command[160];

    (void)state;
    snprintf(command, sizeof(command), "rm -f %s*", path);
    return system(command);
}

/* Write 64 KiB after 64 KiB, until it may not; how many there were. */
static int fill(struct connection *connection)
{
    int count = 0;

    sqlite3_exec(connection->database, "CREATE TABLE IF NOT EXISTS ballast (bytes BLOB)", NULL, NULL, NULL);
    while (count < 64 &&
           sqlite3_exec(connection->database, "INSERT INTO ballast VALUES (zeroblob(65536))", NULL, NULL, NULL) == SQLITE_OK)
        count++;
    return count;
}

static void a_limit_outlives_a_reopening(void **state)
{
    struct connection connection = {.database = NULL};
    int before;

    (void)state;
    assert_ok(connection_open(&connection, path, CONNECTION_WRITER));
    connection_limit(&connection, LIMIT_BYTES);
    before = fill(&connection);
    assert_in_range(before, 8, 16);
    sqlite3_exec(connection.database, "DELETE FROM ballast", NULL, NULL, NULL);
    connection_close(&connection);

    assert_ok(connection_open(&connection, path, CONNECTION_WRITER));
    assert_int_equal(fill(&connection), before);
    connection_close(&connection);
}

static void only_a_writer_keeps_a_limit(void **state)
{
    struct connection connection = {.file_bytes_max = LIMIT_BYTES};

    (void)state;
    assert_ok(connection_open(&connection, path, CONNECTION_TOOL));
    assert_int_equal(fill(&connection), 64);
    connection_close(&connection);
}

RUN(cmocka_unit_test_setup_teardown(a_limit_outlives_a_reopening, set_up, tear_down),
    cmocka_unit_test_setup_teardown(only_a_writer_keeps_a_limit, set_up, tear_down))
