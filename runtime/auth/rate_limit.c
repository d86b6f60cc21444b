#include "runtime/auth/rate_limit.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/core/limits.h"

#define MINUTE_NS INT64_C(60000000000)
#define SECOND_NS INT64_C(1000000000)
#define BUCKETS 64

/* Partners are few and come from the configuration, so a bucket is never thrown away. */
struct bucket {
    struct bucket *next;
    char partner_id[SLUG_BYTES];
    int64_t full_at_ns; /* when the bucket is full again: the algorithm's theoretical arrival time */
};

struct rate_limit {
    pthread_mutex_t lock;
    struct bucket *buckets[BUCKETS];
};

enum ost_status rate_limit_create(struct rate_limit **out)
{
    struct rate_limit *limit = calloc(1, sizeof(*limit));

    if (!limit)
        return OST_NO_MEMORY;
    pthread_mutex_init(&limit->lock, NULL);
    *out = limit;
    return OST_OK;
}

void rate_limit_destroy(struct rate_limit *limit)
{
    if (!limit)
        return;
    for (size_t i = 0; i < BUCKETS; i++) {
        for (struct bucket *bucket = limit->buckets[i], *next; bucket; bucket = next) {
            next = bucket->next;
            free(bucket);
        }
    }
    pthread_mutex_destroy(&limit->lock);
    free(limit);
}

/* FNV-1a: partners come from the configuration, so nobody can choose colliding ones. */
static size_t hash_of(const char *partner_id)
{
    uint32_t hash = 2166136261u;

    for (; *partner_id; partner_id++)
        hash = (hash ^ (unsigned char)*partner_id) * 16777619u;
    return hash % BUCKETS;
}

static struct bucket *find_or_make(struct rate_limit *limit, const char *partner_id)
{
    struct bucket **link = &limit->buckets[hash_of(partner_id)];

    while (*link && strcmp((*link)->partner_id, partner_id) != 0)
        link = &(*link)->next;
    if (!*link) {
        *link = calloc(1, sizeof(**link));
        if (*link)
            snprintf((*link)->partner_id, sizeof((*link)->partner_id), "%s", partner_id);
    }
    return *link;
}

enum ost_status rate_limit_take(struct rate_limit *limit, const char *partner_id, uint32_t per_minute, int64_t now_ns,
                                unsigned *retry_after_s)
{
    enum ost_status status = OST_OK;
    struct bucket *bucket;
    int64_t interval_ns, full_at_ns, early_ns;

    if (per_minute == 0)
        return OST_OK;
    interval_ns = MINUTE_NS / per_minute;
    pthread_mutex_lock(&limit->lock);
    bucket = find_or_make(limit, partner_id);
    if (!bucket) {
        status = OST_NO_MEMORY;
    } else {
        full_at_ns = (bucket->full_at_ns > now_ns ? bucket->full_at_ns : now_ns) + interval_ns;
        early_ns = full_at_ns - now_ns - interval_ns * per_minute;
        if (early_ns > 0) {
            *retry_after_s = (unsigned)((early_ns + SECOND_NS - 1) / SECOND_NS);
            status = OST_BUSY;
        } else {
            bucket->full_at_ns = full_at_ns;
        }
    }
    pthread_mutex_unlock(&limit->lock);
    return status;
}
