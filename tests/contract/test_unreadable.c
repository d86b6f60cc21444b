/* What the SQLite store still answers while its disk cannot be read. */
#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "db/sqlite_store.h"
#include "db/sqlite_tools.h"
#include "tests/contract/store_contract_bench.h"

static _Atomic bool is_unreadable;

ssize_t pread64(int file, void *bytes, size_t count, off64_t at);

/* In the place of the C library's: SQLite reads with it. */
ssize_t pread64(int file, void *bytes, size_t count, off64_t at)
{
    static ssize_t (*next)(int, void *, size_t, off64_t);

    if (!next)
        *(void **)&next = dlsym(RTLD_NEXT, "pread64");
    if (is_unreadable) {
        errno = EIO;
        return -1;
    }
    return next(file, bytes, count, at);
}

static char folder[64];
static char path[96];

static struct store *open_store(struct clock *clock, struct uuid_generator *ids)
{
    static const char *const garages[] = {"nassaukade", "oostpoort"};
    struct sqlite_store_settings settings = {
        .path = path, .reserve_bytes = 65536, .garage_ids = garages, .garage_count = 2, .clock = clock, .ids = ids};
    struct store *store = NULL;

    assert_ok(sqlite_store_open(&settings, &store));
    return store;
}

static struct store *make(struct clock *clock, struct uuid_generator *ids)
{
    strcpy(folder, "/tmp/ostler-store-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/ostler.db", folder);
    return open_store(clock, ids);
}

static void clean_up(void)
{
    char command[128];

    snprintf(command, sizeof(command), "rm -rf '%s'", folder);
    assert_int_equal(system(command), 0);
}

static struct uuid park_one_of_many(struct bench *bench, const char *user, const char *plate)
{
    struct store_change *start = a_start(bench, user, plate);
    struct uuid id = start->session->id;

    start->u.start.spots = 10000;
    assert_int_equal(result_of(bench, start), STORE_DONE);
    return id;
}

/* From now on, with nothing in the memory of readers: a commit has made it old. */
static void break_disk(struct bench *bench)
{
    park_one_of_many(bench, "zoe", "NLZ");
    is_unreadable = true;
}

static int mend_disk(void **state)
{
    is_unreadable = false;
    return bench_tear_down(state);
}

static void make_token(unsigned number, struct device_token *token)
{
    memset(token, 0, sizeof(*token));
    snprintf(token->id, sizeof(token->id), "tok_%u", number);
    strcpy(token->partner_id, "parkapp");
    token->scopes = SCOPE_SESSIONS_WRITE;
    memcpy(token->hash, &number, sizeof(number));
}

static void put_tokens(struct bench *bench, unsigned count)
{
    for (unsigned i = 1; i <= count; i++) {
        struct store_change *change = a_change(STORE_TOKEN);

        make_token(i, &change->u.token.token);
        assert_int_equal(result_of(bench, change), STORE_DONE);
    }
}

static enum ost_status find(struct bench *bench, unsigned number, struct device_token *found)
{
    struct device_token asked;

    make_token(number, &asked);
    return bench->store->ops->find_token(bench->store, asked.hash, found);
}

static void tokens_are_known_without_the_disk(void **state)
{
    struct bench *bench = *state;
    struct device_token found;

    put_tokens(bench, 600);
    bench->store->ops->destroy(bench->store);
    bench->store = open_store(&bench->clock, &bench->ids);
    break_disk(bench);
    for (unsigned i = 1; i <= 600; i++)
        assert_ok(find(bench, i, &found));
    assert_string_equal(found.id, "tok_600");
    assert_int_equal(find(bench, 601, &found), OST_NOT_FOUND);
}

static void tokens_last_read_count_while_a_newer_generation_cannot_be_read(void **state)
{
    struct bench *bench = *state;
    struct device_token token, found;

    put_tokens(bench, 2);
    assert_ok(find(bench, 1, &found));
    make_token(3, &token);
    assert_ok(sqlite_token_put(path, &token)); /* as another process does */
    break_disk(bench);
    assert_ok(find(bench, 1, &found));
    assert_int_equal(find(bench, 3, &found), OST_CORRUPT); /* so SQLite names what it cannot read */
    is_unreadable = false;
    assert_ok(find(bench, 3, &found));
}

static bool is_known(struct bench *bench, struct uuid id)
{
    struct session found;

    return bench->store->ops->find_running(bench->store, id, &found) == OST_OK && strcmp(found.garage_id, "nassaukade") == 0 &&
           strcmp(found.partner_id, "parkapp") == 0;
}

/* More than are loaded at once, in a table that grew, with holes where others ended. */
static void running_sessions_are_known_without_the_disk(void **state)
{
    static struct uuid sessions[5000];
    struct bench *bench = *state;
    struct session found;
    char user[16], plate[16];

    for (int i = 0; i < 5000; i++) {
        snprintf(user, sizeof(user), "u%d", i);
        snprintf(plate, sizeof(plate), "P%d", i);
        sessions[i] = park_one_of_many(bench, user, plate);
    }
    bench->store->ops->destroy(bench->store);
    bench->store = open_store(&bench->clock, &bench->ids);
    for (int tries = 0; tries < 1000 && !is_known(bench, sessions[0]); tries++) /* the oldest comes last */
        usleep(10000);
    for (int i = 0; i < 5000; i += 3)
        assert_int_equal(result_of(bench, a_stop(bench, sessions[i], "parkapp")), STORE_DONE);
    break_disk(bench);
    assert_int_equal(bench->store->ops->find_session(bench->store, sessions[1], &found), OST_CORRUPT);
    for (int i = 0; i < 5000; i++)
        assert_int_equal(is_known(bench, sessions[i]), i % 3 != 0);
}

#define UNREADABLE(function) cmocka_unit_test_setup_teardown(function, bench_set_up, mend_disk)

int main(void)
{
    static const struct store_factory sqlite = {make, clean_up};
    const struct CMUnitTest cases[] = {
        UNREADABLE(tokens_are_known_without_the_disk),
        UNREADABLE(running_sessions_are_known_without_the_disk),
        UNREADABLE(tokens_last_read_count_while_a_newer_generation_cannot_be_read),
    };

    bench_use(&sqlite);
    return cmocka_run_group_tests_name("unreadable", cases, NULL, NULL);
}
