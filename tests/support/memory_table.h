/*
 * A growing array of rows of one size, kept in the order in which they came. Looking for a row walks the array: for tests,
 * whose stores are small. One thread at a time.
 */
#ifndef OSTLER_TESTS_MEMORY_TABLE_H
#define OSTLER_TESTS_MEMORY_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/base/uuid.h"

struct memory_table {
    void *rows; /* NULL until room was made for the first */
    size_t row_bytes;
    size_t count;
    size_t capacity;
};

void table_init(struct memory_table *table, size_t row_bytes);
void table_finish(struct memory_table *table);

/* Room for so many rows more, at most 16. false: no memory, and the table is as before. Moves the rows. */
bool table_make_room(struct memory_table *table, size_t more);
/* Copies the row to the end. Room must have been made: so adding cannot fail. */
void table_add(struct memory_table *table, const void *row);
void table_remove(struct memory_table *table, size_t at);

/* at < count. The row is the table's, until a row is added or removed. */
void *table_row(const struct memory_table *table, size_t at);

/* ---- for rows that begin with their struct uuid ---- */

/* NULL: there is none. */
void *table_find(const struct memory_table *table, struct uuid id);

typedef bool row_filter(const void *row, const void *context);
/* The newest of the rows whose order is below `before` and that match (a NULL filter: all do). NULL: there is none. */
const void *table_newest_before(const struct memory_table *table, int64_t before, row_filter *matches,
                                const void *context);

#endif
