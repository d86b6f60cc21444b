/* Stops that the store cannot take until the end of the process. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/service/stop_json.h"
#include "tests/support/desk_bench.h"

static void spill_path(const struct desk_bench *bench, char path[128])
{
    snprintf(path, 128, "%s/stops.jsonl", bench->folder);
}

static long spill_bytes(const struct desk_bench *bench)
{
    char path[128];
    struct stat file;

    spill_path(bench, path);
    return stat(path, &file) == 0 ? (long)file.st_size : -1;
}

/* Let out while the store takes nothing. */
static struct uuid let_out(struct desk_bench *bench, const char *user, const char *plate)
{
    struct uuid id = desk_bench_start(bench, user, plate);

    assert_int_equal(bench->answer.verdict, DESK_DONE);
    bench->fail.commit = bench->fail.post = OST_NO_SPACE;
    desk_bench_stop(bench, id);
    assert_int_equal(bench->answer.verdict, DESK_ENDING);
    bench->fail.commit = OST_OK;
    return id;
}

static void a_stop_in_memory_is_recorded_after_a_restart(void **state)
{
    struct desk_bench *bench = *state;
    struct session ended;
    struct garage_counts counts;
    struct uuid anna, bert;

    desk_bench_policy(bench, "tariff", "session_stop charge 450\nsession_stop notify left");
    anna = let_out(bench, "anna", "NLAB12CD");
    desk_bench_heal(bench);
    bert = let_out(bench, "bert", "NLOTHER1");
    desk_bench_restart(bench);
    assert_true(spill_bytes(bench) > 0);
    assert_int_equal(desk_bench_session(bench, anna).status, SESSION_ACTIVE);
    /* Not recorded yet, and known to be out: the newest state is kept over the restart. */
    assert_ok(session_desk_find(bench->desk, "parkapp", anna, &ended));
    assert_int_equal(ended.status, SESSION_ENDING);
    assert_ok(session_desk_counts(bench->desk, bench->site.garages, &counts));
    assert_int_equal(counts.occupied, 0);

    desk_bench_heal(bench);
    desk_bench_restart(bench);
    ended = desk_bench_session(bench, anna);
    assert_int_equal(ended.status, SESSION_ENDED);
    assert_int_equal(ended.end, END_STOPPED);
    assert_int_equal(ended.price.amount, 450);
    assert_string_equal(ended.exit.door_id, "exit-1");
    assert_int_equal(ended.exit.command_status, COMMAND_EXPIRED);
    assert_int_equal(desk_bench_session(bench, bert).status, SESSION_ENDED);
    session_desk_price_pending(bench->desk, &bench->site);
    assert_int_equal(spill_bytes(bench), 0);
}

static void no_door_moves_for_a_stop_of_the_last_run(void **state)
{
    struct desk_bench *bench = *state;
    struct door_snapshot door;
    struct uuid id = let_out(bench, "anna", "NLAB12CD");

    desk_bench_heal(bench);
    desk_bench_restart(bench);
    assert_int_equal(desk_bench_session(bench, id).status, SESSION_ENDED);
    usleep(150000); /* longer than a pulse and the way */
    assert_ok(door_actuator_snapshot(bench->doors, "nassaukade", "exit-1", &door));
    assert_int_equal(door.position, DOOR_CLOSED);
    desk_bench_stop(bench, id);
    assert_int_equal(bench->answer.verdict, DESK_REPEATED);
}

static void a_postponed_bill_survives_with_its_inputs(void **state)
{
    struct desk_bench *bench = *state;
    struct uuid id;

    desk_bench_policy(bench, "tariff", "session_stop break");
    id = let_out(bench, "anna", "NLAB12CD");
    desk_bench_heal(bench);
    desk_bench_restart(bench);
    assert_true(desk_bench_session(bench, id).price_pending);
    desk_bench_policy(bench, "tariff", "session_stop charge 450");
    assert_int_equal(session_desk_price_pending(bench->desk, &bench->site), 1);
    assert_int_equal(desk_bench_session(bench, id).price.amount, 450);
}

static void a_damaged_line_is_put_aside_and_the_others_are_recorded(void **state)
{
    struct desk_bench *bench = *state;
    struct uuid id = let_out(bench, "anna", "NLAB12CD");
    char path[128], aside[160], line[64] = "";
    FILE *file;

    desk_bench_heal(bench);
    desk_bench_end(bench);
    spill_path(bench, path);
    file = fopen(path, "a");
    assert_non_null(file);
    fputs("{\"format\":1,\"ses", file);
    fclose(file);
    desk_bench_begin(bench);
    assert_int_equal(desk_bench_session(bench, id).status, SESSION_ENDED);
    snprintf(aside, sizeof(aside), "%s.damaged", path);
    file = fopen(aside, "r");
    assert_non_null(file);
    assert_non_null(fgets(line, sizeof(line), file));
    fclose(file);
    assert_string_equal(line, "{\"format\":1,\"ses\n");
}

/* ---- the longest stop ---- */

#define FILL(text, with) memset((text), (with), sizeof(text) - 1)

static void fill_decision(struct decision *decision)
{
    decision->id = (struct uuid){UINT64_C(0x0193000000007000), UINT64_C(0x8000000000000000)};
    FILL(decision->traceparent, 'f');
    decision->reason_count = DECISION_REASONS_MAX;
    decision->revision_count = POLICIES_MAX;
    decision->note_count = DECISION_NOTES_MAX;
    for (unsigned i = 0; i < DECISION_REASONS_MAX; i++) {
        FILL(decision->reasons[i].policy, 1);
        FILL(decision->reasons[i].code, 'c');
        FILL(decision->reasons[i].text, 1);
    }
    for (unsigned i = 0; i < POLICIES_MAX; i++)
        FILL(decision->revisions[i].name, 1);
    for (unsigned i = 0; i < DECISION_NOTES_MAX; i++)
        FILL(decision->notes[i], 1);
}

static void the_longest_stop_is_written_whole_and_read_back(void **state)
{
    static char text[STOP_JSON_BYTES];
    struct store_change *written = store_change_create(STORE_STOP), *read = store_change_create(STORE_STOP);
    struct session session = {.started_at_ms = INT64_MIN}, found = {.kind = VISIT_VISITOR};
    struct json_document *document;
    struct json_writer writer;
    char error[128];

    (void)state;
    fill_decision(written->decision);
    session.id = session.exit.command_id = written->command->id = written->event->id = written->audit->id =
        written->decision->id;
    FILL(session.user_id, '"');
    FILL(session.plate, 'P');
    FILL(written->command->actor, 1);
    FILL(written->command->note, 1);
    FILL(written->audit->reason, 1);
    FILL(written->audit->subject, 1);
    FILL(written->event->data, '"');
    memset(written->inputs, '"', PENDING_INPUTS_BYTES - 1);
    session.price = (struct price){.is_set = true, .currency = "EUR", .line_count = PRICE_LINES_MAX};
    for (unsigned i = 0; i < PRICE_LINES_MAX; i++)
        FILL(session.price.lines[i].text, 1);
    json_writer_init(&writer, text, sizeof(text));
    stop_json_write(&writer, written, &session);
    assert_false(writer.overflow);
    assert_ok(json_parse(text, writer.length, 8, &document, error));
    assert_ok(stop_json_read(json_root(document), read, &found));
    json_free(document);
    assert_memory_equal(read->decision, written->decision, sizeof(*read->decision));
    assert_memory_equal(read->event->data, written->event->data, sizeof(read->event->data));
    assert_memory_equal(read->inputs, written->inputs, PENDING_INPUTS_BYTES);
    assert_memory_equal(read->command, written->command, sizeof(*read->command));
    assert_memory_equal(read->audit, written->audit, sizeof(*read->audit));
    assert_memory_equal(&found.price, &session.price, sizeof(found.price));
    assert_string_equal(found.user_id, session.user_id);
    store_change_release(written);
    store_change_release(read);
}

RUN(DESK_CASE(a_stop_in_memory_is_recorded_after_a_restart), DESK_CASE(no_door_moves_for_a_stop_of_the_last_run),
    DESK_CASE(a_postponed_bill_survives_with_its_inputs),
    DESK_CASE(a_damaged_line_is_put_aside_and_the_others_are_recorded),
    T(the_longest_stop_is_written_whole_and_read_back))
