#include "runtime/policy/arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define GRAIN 16
#define SMALL_CLASSES 64 /* multiples of 16 up to 1 KiB; above, powers of two */
#define CLASSES (SMALL_CLASSES + 32)

struct free_block {
    struct free_block *next;
};

/* Stands at the beginning of its own memory, and so is part of the snapshot. */
struct arena {
    size_t size;
    size_t used; /* everything beyond was never handed out since the snapshot */
    void *snapshot;
    size_t snapshot_used;
    struct free_block *free[CLASSES];
};

struct arena *arena_create(size_t bytes)
{
    struct arena *arena = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (arena == MAP_FAILED)
        return NULL;
    arena->size = bytes;
    arena->used = (sizeof(*arena) + GRAIN - 1) / GRAIN * GRAIN;
    return arena;
}

void arena_destroy(struct arena *arena)
{
    if (!arena)
        return;
    free(arena->snapshot);
    munmap(arena, arena->size);
}

static size_t class_of(size_t bytes, size_t *rounded)
{
    size_t class = SMALL_CLASSES;

    *rounded = (bytes + GRAIN - 1) / GRAIN * GRAIN;
    if (*rounded <= SMALL_CLASSES * GRAIN)
        return *rounded / GRAIN - 1;
    for (*rounded = 2 * SMALL_CLASSES * GRAIN; *rounded < bytes; *rounded *= 2)
        class++;
    return class;
}

static void *take(struct arena *arena, size_t bytes)
{
    size_t rounded;
    size_t class;
    struct free_block *block;

    if (bytes > arena->size)
        return NULL;
    class = class_of(bytes, &rounded);
    block = arena->free[class];
    if (block) {
        arena->free[class] = block->next;
        return block;
    }
    if (rounded > arena->size - arena->used)
        return NULL;
    block = (struct free_block *)((char *)arena + arena->used);
    arena->used += rounded;
    return block;
}

static void give(struct arena *arena, void *block, size_t bytes)
{
    struct free_block *freed = block;
    size_t rounded;
    size_t class;

    if (!block || bytes == 0)
        return;
    class = class_of(bytes, &rounded);
    freed->next = arena->free[class];
    arena->free[class] = freed;
}

void *arena_allocate(void *context, void *block, size_t old_bytes, size_t new_bytes)
{
    struct arena *arena = context;
    size_t old_rounded, new_rounded;
    void *made;

    if (!block)
        old_bytes = 0; /* Lua passes a kind of object there */
    if (new_bytes == 0) {
        give(arena, block, old_bytes);
        return NULL;
    }
    if (block && class_of(old_bytes, &old_rounded) == class_of(new_bytes, &new_rounded) && old_rounded == new_rounded)
        return block;
    made = take(arena, new_bytes);
    if (made && block) {
        memcpy(made, block, old_bytes < new_bytes ? old_bytes : new_bytes);
        give(arena, block, old_bytes);
    } else if (!made && block && new_bytes <= old_bytes) {
        return block; /* Lua counts on a block becoming smaller */
    }
    return made;
}

bool arena_snapshot(struct arena *arena)
{
    free(arena->snapshot);
    arena->snapshot = malloc(arena->used);
    if (!arena->snapshot)
        return false;
    arena->snapshot_used = arena->used;
    memcpy(arena->snapshot, arena, arena->used);
    return true;
}

void arena_restore(struct arena *arena)
{
    memcpy(arena, arena->snapshot, arena->snapshot_used);
}

size_t arena_used(const struct arena *arena)
{
    return arena->used;
}
