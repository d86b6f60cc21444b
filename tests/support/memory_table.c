#include "tests/support/memory_table.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_CAPACITY 16

void table_init(struct memory_table *table, size_t row_bytes)
{
    *table = (struct memory_table){.row_bytes = row_bytes};
}

void table_finish(struct memory_table *table)
{
    free(table->rows);
    table_init(table, table->row_bytes);
}

bool table_make_room(struct memory_table *table, size_t more)
{
    size_t capacity = table->capacity ? table->capacity * 2 : FIRST_CAPACITY;
    void *rows;

    assert(more <= FIRST_CAPACITY);
    if (table->count + more <= table->capacity)
        return true;
    rows = realloc(table->rows, capacity * table->row_bytes);
    if (!rows)
        return false;
    table->rows = rows;
    table->capacity = capacity;
    return true;
}

void *table_row(const struct memory_table *table, size_t at)
{
    return (char *)table->rows + at * table->row_bytes;
}

void table_add(struct memory_table *table, const void *row)
{
    assert(table->count < table->capacity);
    memcpy(table_row(table, table->count++), row, table->row_bytes);
}

void table_remove(struct memory_table *table, size_t at)
{
    size_t behind = --table->count - at;

    if (behind > 0)
        memmove(table_row(table, at), table_row(table, at + 1), behind * table->row_bytes);
}

void *table_find(const struct memory_table *table, struct uuid id)
{
    for (size_t at = 0; at < table->count; at++) {
        struct uuid *row = table_row(table, at);

        if (uuid_equal(*row, id))
            return row;
    }
    return NULL;
}

const void *table_newest_before(const struct memory_table *table, int64_t before, row_filter *matches,
                                const void *context)
{
    const struct uuid *newest = NULL;

    for (size_t at = 0; at < table->count; at++) {
        const struct uuid *row = table_row(table, at);
        int64_t order = uuid_order(*row);

        if (order < before && (!newest || order > uuid_order(*newest)) && (!matches || matches(row, context)))
            newest = row;
    }
    return newest;
}
