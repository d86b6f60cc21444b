/*
 * Device tokens are looked up on every request, and a disk that cannot be read must keep nobody in: so all of them are kept in
 * memory. They are changed by other processes (the command line), which must count at once: a file beside the database holds
 * a generation that whoever changes a token bumps after the commit; it is mapped into memory, and another generation than
 * the one last seen makes the next look-up read all of them again.
 */
#include "db/tokens.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "db/rows.h"
#include "db/store_internal.h"
#include "runtime/base/log.h"

#define RETRY_MS 1000

_Atomic uint64_t *token_generation_map(const char *database_path)
{
    char path[4104];
    void *mapped;
    int file;

    snprintf(path, sizeof(path), "%s-tokens", database_path);
    file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
    /* With its block: a page of a file with a hole would end the process when it is written on a full disk. */
    if (file < 0 || posix_fallocate(file, 0, sizeof(uint64_t)) != 0) {
        log_error("store", "cannot make %s, which tells a running runtime of changed tokens", path);
        if (file >= 0)
            close(file);
        return NULL;
    }
    mapped = mmap(NULL, sizeof(uint64_t), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    return mapped == MAP_FAILED ? NULL : mapped;
}

void token_generation_unmap(_Atomic uint64_t *generation)
{
    if (generation)
        munmap((void *)(uintptr_t)generation, sizeof(uint64_t));
}

/* ---- the table ---- */

static int by_hash(const void *hash, const void *token)
{
    return memcmp(hash, ((const struct device_token *)token)->hash, TOKEN_HASH_BYTES);
}

/* All tokens, or the TOKENS_MAX first by hash and *is_whole false. *tokens is the caller's to free. */
static enum ost_status read_all(struct sqlite_store *store, struct device_token **tokens, size_t *count, bool *is_whole)
{
    struct device_token *all = malloc(TOKENS_MAX * sizeof(*all)), *fitting;
    struct reader *reader = all ? reader_take(store) : NULL;
    size_t found = 0;
    sqlite3_stmt *row;
    int code;

    if (!reader) {
        free(all);
        return all ? OST_IO : OST_NO_MEMORY;
    }
    row = connection_statement(&reader->connection, SQL_TOKEN_ALL);
    while ((code = sqlite3_step(row)) == SQLITE_ROW && found < TOKENS_MAX)
        row_token(row, &all[found++]);
    if (code != SQLITE_DONE && code != SQLITE_ROW)
        connection_fault(&reader->connection, code, "cannot read the tokens");
    sqlite3_reset(row);
    reader_put(reader);
    if (code != SQLITE_DONE && code != SQLITE_ROW) {
        free(all);
        return connection_status(code);
    }
    fitting = realloc(all, (found + 1) * sizeof(*all));
    *tokens = fitting ? fitting : all;
    *count = found;
    *is_whole = code == SQLITE_DONE;
    return OST_OK;
}

/* As of another generation than the one seen. Under the lock. */
static void load(struct sqlite_store *store, uint64_t generation)
{
    struct token_table *table = &store->tokens;
    int64_t now_ms = clock_monotonic_ms(store->settings.clock);
    struct device_token *tokens = NULL;

    if (now_ms < table->retry_at_ms)
        return;
    if (read_all(store, &tokens, &table->count, &table->is_whole) != OST_OK) {
        table->retry_at_ms = now_ms + RETRY_MS;
        return;
    }
    free(table->tokens);
    table->tokens = tokens;
    table->is_loaded = true;
    table->seen_generation = generation;
}

static enum ost_status find_in_database(struct sqlite_store *store, const unsigned char hash[TOKEN_HASH_BYTES],
                                        struct device_token *out)
{
    struct reader *reader = reader_take(store);
    enum ost_status status = OST_NOT_FOUND;
    sqlite3_stmt *row;
    int code;

    if (!reader)
        return OST_IO;
    row = connection_statement(&reader->connection, SQL_TOKEN_BY_HASH);
    sqlite3_bind_blob(row, 1, hash, TOKEN_HASH_BYTES, SQLITE_STATIC);
    code = sqlite3_step(row);
    if (code == SQLITE_ROW) {
        row_token(row, out);
        status = OST_OK;
    } else if (code != SQLITE_DONE) {
        status = connection_fault(&reader->connection, code, "cannot look a token up");
    }
    sqlite3_reset(row);
    reader_put(reader);
    return status;
}

/*
 * While a newer generation cannot be read, the tokens last read count: whoever had one gets out. So a revocation may be missed
 * for as long as the disk cannot be read, in which no start can be recorded either.
 */
enum ost_status tokens_find(struct store *base, const unsigned char hash[TOKEN_HASH_BYTES], struct device_token *out)
{
    struct sqlite_store *store = (struct sqlite_store *)base;
    struct token_table *table = &store->tokens;
    uint64_t generation = atomic_load(table->generation); /* before the read: a change after it is seen next time */
    const struct device_token *found = NULL;
    bool is_complete;

    pthread_mutex_lock(&table->lock);
    if (!table->is_loaded || table->seen_generation != generation)
        load(store, generation);
    is_complete = table->is_loaded && table->is_whole && table->seen_generation == generation;
    if (table->is_loaded)
        found = bsearch(hash, table->tokens, table->count, sizeof(*found), by_hash);
    if (found)
        *out = *found;
    pthread_mutex_unlock(&table->lock);
    if (found)
        return OST_OK;
    return is_complete ? OST_NOT_FOUND : find_in_database(store, hash, out);
}

/* ---- opening and closing ---- */

/*
 * Where the file cannot be made (a full or read-only disk), a page of our own has the generation, which then tells of our
 * own changes only. The others' need the database, and that disk does not take theirs either.
 */
enum ost_status tokens_open(struct sqlite_store *store)
{
    void *page;

    store->tokens.generation = token_generation_map(store->file_path);
    if (store->tokens.generation) {
        load(store, atomic_load(store->tokens.generation));
        return OST_OK;
    }
    page = mmap(NULL, sizeof(uint64_t), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED)
        return OST_NO_MEMORY;
    store->tokens.generation = page;
    store->tokens.is_private = true;
    load(store, atomic_load(store->tokens.generation));
    return OST_OK;
}

/* In the place of the page of our own, where readers look at it meanwhile. */
void tokens_share(struct sqlite_store *store)
{
    _Atomic uint64_t *shared = store->tokens.is_private ? token_generation_map(store->file_path) : NULL;

    if (!shared)
        return;
    if (mremap((void *)(uintptr_t)shared, sizeof(uint64_t), sizeof(uint64_t), MREMAP_MAYMOVE | MREMAP_FIXED,
               (void *)(uintptr_t)store->tokens.generation) == MAP_FAILED)
        token_generation_unmap(shared);
    else
        store->tokens.is_private = false;
}

void tokens_close(struct sqlite_store *store)
{
    free(store->tokens.tokens);
    token_generation_unmap(store->tokens.generation);
}

void tokens_changed(struct sqlite_store *store)
{
    atomic_fetch_add(store->tokens.generation, 1);
}
