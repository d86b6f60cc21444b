/*
 * An arena: the whole memory of one Lua state in one piece, so that the state can be copied and put back. Freed blocks
 * are kept in lists by size inside the arena itself; its size is the memory limit.
 */
#ifndef OSTLER_POLICY_ARENA_H
#define OSTLER_POLICY_ARENA_H

#include <stdbool.h>
#include <stddef.h>

struct arena;

struct arena *arena_create(size_t bytes); /* NULL without memory */
void arena_destroy(struct arena *arena);  /* accepts NULL; with the snapshot */

/* Lua's allocator (lua_Alloc); context is the arena. NULL where the arena is full. */
void *arena_allocate(void *context, void *block, size_t old_bytes, size_t new_bytes);

/* Keep the arena's content as it is now. False without memory. */
bool arena_snapshot(struct arena *arena);
/* Put it back: everything that was allocated or changed since is gone. */
void arena_restore(struct arena *arena);
size_t arena_used(const struct arena *arena);

#endif
