/* The store on SQLite against the contract of stores; each case leaves a database that `ostler db check` finds clean. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "db/sqlite_store.h"
#include "db/sqlite_tools.h"
#include "tests/contract/store_contract.h"
#include "tests/unit/check.h"

static char folder[64];
static char path[96];

static struct store *make_sqlite(struct clock *clock, struct uuid_generator *ids)
{
    static const char *const garages[] = {"nassaukade", "oostpoort"};
    struct sqlite_store_settings settings = {
        .path = path, .reserve_bytes = 65536, .garage_ids = garages, .garage_count = 2, .clock = clock, .ids = ids};
    struct store *store = NULL, *second = NULL;

    snprintf(folder, sizeof(folder), "/tmp/ostler-store-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/ostler.db", folder);
    assert_ok(sqlite_store_open(&settings, &store));
    /* And only one at a time: a second would expire the commands of the first. */
    assert_int_equal(sqlite_store_open(&settings, &second), OST_BUSY);
    return store;
}

static void complain(void *context, const char *problem)
{
    (void)context;
    print_error("%s\n", problem);
}

static void check_and_remove(void)
{
    static const char *const endings[] = {"", "-wal", "-shm", "-reserve", "-tokens"};
    size_t problems = 0;

    assert_ok(sqlite_check(path, complain, NULL, &problems));
    assert_int_equal(problems, 0);
    for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
        char file[128];

        snprintf(file, sizeof(file), "%s%s", path, endings[i]);
        unlink(file);
    }
    assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
    const struct store_factory sqlite = {make_sqlite, check_and_remove};

    return store_contract_run("sqlite", &sqlite);
}
