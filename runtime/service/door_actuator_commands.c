#include <stdlib.h>

#include "runtime/service/door_actuator_internal.h"

void command_list_append(struct command_list *list, struct command_node *node)
{
    node->next = NULL;
    if (list->tail)
        list->tail->next = node;
    else
        list->head = node;
    list->tail = node;
    list->count++;
}

void command_list_prepend(struct command_list *list, struct command_node *node)
{
    node->next = list->head;
    list->head = node;
    if (!list->tail)
        list->tail = node;
    list->count++;
}

struct command_node *command_list_take(struct command_list *list)
{
    struct command_node *node = list->head;

    if (!node)
        return NULL;
    list->head = node->next;
    if (!list->head)
        list->tail = NULL;
    list->count--;
    node->next = NULL;
    return node;
}

static struct command_node **bucket(struct command_table *table, struct uuid id)
{
    return &table->buckets[id.low % COMMAND_BUCKETS]; /* the lower half is random */
}

void commands_add(struct command_table *table, struct command_node *node)
{
    struct command_node **head = bucket(table, node->command.id);

    node->hash_next = *head;
    *head = node;
}

struct command_node *commands_find(struct command_table *table, struct uuid id)
{
    struct command_node *node = *bucket(table, id);

    while (node && !uuid_equal(node->command.id, id))
        node = node->hash_next;
    return node;
}

static void forget(struct command_table *table, struct command_node *node)
{
    struct command_node **link = bucket(table, node->command.id);

    while (*link != node)
        link = &(*link)->hash_next;
    *link = node->hash_next;
    free(node);
}

void commands_final(struct command_table *table, struct command_node *node)
{
    struct command_node **slot = &table->recent[table->finished++ % RECENT_MAX];
    struct command_node *oldest = *slot;

    node->is_recent = true;
    *slot = node;
    if (!oldest)
        return;
    oldest->is_recent = false;
    if (oldest->is_posted)
        forget(table, oldest);
}

void commands_posted(struct command_table *table, struct command_node *node)
{
    node->is_posted = true;
    if (!node->is_recent)
        forget(table, node);
}

void commands_free_all(struct command_table *table)
{
    for (size_t i = 0; i < COMMAND_BUCKETS; i++) {
        while (table->buckets[i]) {
            struct command_node *node = table->buckets[i];

            table->buckets[i] = node->hash_next;
            free(node);
        }
    }
}
