/*
 * Device tokens are looked up on every request, so they are kept in memory; and they are changed by other processes (the
 * command line), which must count at once. So a file beside the database holds a generation that whoever changes a token
 * bumps after the commit; it is mapped into memory, and another generation than the one last seen empties the cache.
 */
#include "db/tokens.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "db/rows.h"
#include "db/store_internal.h"
#include "runtime/base/log.h"

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

/*
 * Where the file cannot be made (a full or read-only disk), a page of our own has the generation, which then tells of our
 * own changes only. The others' need the database, and that disk does not take theirs either.
 */
enum ost_status tokens_open(struct sqlite_store *store)
{
    void *page;

    store->tokens.generation = token_generation_map(store->file_path);
    if (store->tokens.generation)
        return OST_OK;
    page = mmap(NULL, sizeof(uint64_t), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED)
        return OST_NO_MEMORY;
    store->tokens.generation = page;
    store->tokens.is_private = true;
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
    token_generation_unmap(store->tokens.generation);
}

void tokens_changed(struct sqlite_store *store)
{
    atomic_fetch_add(store->tokens.generation, 1);
}

static struct device_token *slot_of(struct token_cache *cache, const unsigned char hash[TOKEN_HASH_BYTES])
{
    return &cache->tokens[hash[0] % TOKENS_CACHED]; /* a SHA-256: its first byte is as good as any */
}

/* Under the lock. */
static bool find_cached(struct token_cache *cache, uint64_t generation, const unsigned char hash[TOKEN_HASH_BYTES],
                        struct device_token *out)
{
    struct device_token *slot = slot_of(cache, hash);

    if (cache->seen_generation != generation) {
        memset(cache->tokens, 0, sizeof(cache->tokens));
        cache->seen_generation = generation;
        return false;
    }
    if (!slot->id[0] || memcmp(slot->hash, hash, TOKEN_HASH_BYTES) != 0)
        return false;
    *out = *slot;
    return true;
}

enum ost_status tokens_find(struct store *base, const unsigned char hash[TOKEN_HASH_BYTES], struct device_token *out)
{
    struct sqlite_store *store = (struct sqlite_store *)base;
    struct token_cache *cache = &store->tokens;
    uint64_t generation = atomic_load(cache->generation); /* before the read: a change after it is seen next time */
    enum ost_status status = OST_NOT_FOUND;
    struct device_token found;
    struct reader *reader;
    sqlite3_stmt *row;
    bool cached;
    int code;

    pthread_mutex_lock(&cache->lock);
    cached = find_cached(cache, generation, hash, out);
    pthread_mutex_unlock(&cache->lock);
    if (cached)
        return OST_OK;
    reader = reader_take(store);
    if (!reader)
        return OST_IO;
    row = connection_statement(&reader->connection, SQL_TOKEN_BY_HASH);
    sqlite3_bind_blob(row, 1, hash, TOKEN_HASH_BYTES, SQLITE_STATIC);
    code = sqlite3_step(row);
    if (code == SQLITE_ROW) {
        row_token(row, &found);
        status = OST_OK;
    } else if (code != SQLITE_DONE) {
        status = connection_fault(&reader->connection, code, "cannot look a token up");
    }
    sqlite3_reset(row);
    reader_put(reader);
    if (status != OST_OK)
        return status;
    pthread_mutex_lock(&cache->lock);
    if (cache->seen_generation == generation)
        *slot_of(cache, hash) = found;
    pthread_mutex_unlock(&cache->lock);
    *out = found;
    return OST_OK;
}
