/* What the SQLite store writes and no call of the port shows, and a database that an earlier program made. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "db/sqlite_store.h"
#include "tests/unit/check.h"

extern const unsigned char schema_0001[];

static char folder[64];
static char path[96];
static struct clock clock_now;
static struct uuid_generator ids;

static int make_folder(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/ostler-rows-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/ostler.db", folder);
    clock_init_system(&clock_now);
    uuid_generator_init(&ids);
    return 0;
}

static int remove_folder(void **state)
{
    static const char *const endings[] = {"", "-wal", "-shm", "-reserve", "-tokens"};

    (void)state;
    for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
        char file[128];

        snprintf(file, sizeof(file), "%s%s", path, endings[i]);
        unlink(file);
    }
    assert_int_equal(rmdir(folder), 0);
    uuid_generator_finish(&ids);
    return 0;
}

static struct store *open_store(void)
{
    static const char *const garages[] = {"nassaukade"};
    struct sqlite_store_settings settings = {
        .path = path, .reserve_bytes = 65536, .garage_ids = garages, .garage_count = 1, .clock = &clock_now, .ids = &ids};
    struct store *store = NULL;

    assert_ok(sqlite_store_open(&settings, &store));
    return store;
}

/* The first column of the first row, as text. */
static void ask(const char *question, char answer[256])
{
    sqlite3 *database;
    sqlite3_stmt *row;

    assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(database, question, -1, &row, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(row), SQLITE_ROW);
    snprintf(answer, 256, "%s", (const char *)sqlite3_column_text(row, 0));
    sqlite3_finalize(row);
    sqlite3_close(database);
}

static void a_note_of_a_decision_is_an_event_of_its_policy(void **state)
{
    struct store *store = open_store();
    struct store_change *refusal = store_change_create(STORE_DECISION);
    char answer[256];

    (void)state;
    strcpy(refusal->session->garage_id, "nassaukade");
    strcpy(refusal->session->partner_id, "parkapp");
    refusal->decision->id = uuid_make(&ids, 1000);
    refusal->decision->revision_count = 2;
    strcpy(refusal->decision->revisions[1].name, "night");
    refusal->decision->revisions[1].revision = 4;
    for (unsigned note = 0; note < 2; note++) {
        sprintf(refusal->decision->notes[note], "note %u", note);
        refusal->decision->note_ids[note] = uuid_make(&ids, 1000);
        refusal->decision->note_authors[note] = 2;
        refusal->decision->note_count++;
    }
    assert_ok(store->ops->commit(store, refusal, clock_monotonic_ms(&clock_now) + 20000));
    store_change_release(refusal);
    store->ops->destroy(store);
    ask("SELECT count(*) FROM outbox WHERE subject = 'policy/night' AND key > 0", answer);
    assert_string_equal(answer, "2");
    ask("SELECT json_extract(data, '$.name') || json_extract(data, '$.revision') || json_extract(data, '$.text') || "
        "json_extract(data, '$.trigger') || coalesce(json_extract(data, '$.sessionId'), '-') FROM outbox ORDER BY seq DESC",
        answer);
    assert_string_equal(answer, "night4note 1session_start-");
}

static void a_database_of_the_first_version_is_brought_up_and_keeps_its_decisions(void **state)
{
    struct uuid id = uuid_make(&ids, 1000);
    struct stored_decision found;
    struct store *store;
    sqlite3 *database;
    char text[256];

    (void)state;
    assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
    assert_int_equal(sqlite3_exec(database, (const char *)schema_0001, NULL, NULL, NULL), SQLITE_OK);
    snprintf(text, sizeof(text), "PRAGMA user_version = 1; INSERT INTO decision VALUES (%lld, %lld, 0, 1, 77, 5, NULL, '[1]')",
             (long long)uuid_order(id), (long long)uuid_tail(id));
    assert_int_equal(sqlite3_exec(database, text, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(database);
    store = open_store();
    assert_ok(store->ops->find_decision(store, id, &found));
    assert_int_equal(found.outcome, DECISION_DENIED);
    assert_int_equal(found.decided_at_ms, 77);
    assert_string_equal(found.reasons, "[1]");
    assert_string_equal(found.traceparent, "");
    assert_string_equal(found.partner_id, "");
    store->ops->destroy(store);
}

#define ROWS_CASE(function) cmocka_unit_test_setup_teardown(function, make_folder, remove_folder)
RUN(ROWS_CASE(a_note_of_a_decision_is_an_event_of_its_policy),
    ROWS_CASE(a_database_of_the_first_version_is_brought_up_and_keeps_its_decisions))
