#include "runtime/service/site_registry.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

struct site_holder {
    struct site *site;
    unsigned borrowers;
    struct site_holder *older; /* replaced ones that are still borrowed */
};

struct site_registry {
    pthread_mutex_t lock;
    struct site_holder *current;
};

static struct site_holder *holder_create(struct site *site)
{
    struct site_holder *holder = calloc(1, sizeof(*holder));

    if (holder)
        holder->site = site;
    return holder;
}

static void holder_destroy(struct site_holder *holder)
{
    if (!holder)
        return;
    site_destroy(holder->site);
    free(holder);
}

enum ost_status site_registry_create(struct site *first, struct site_registry **out)
{
    struct site_registry *registry = calloc(1, sizeof(*registry));
    struct site_holder *holder = holder_create(first);

    if (!registry || !holder) {
        free(holder);
        free(registry);
        return OST_NO_MEMORY;
    }
    pthread_mutex_init(&registry->lock, NULL);
    registry->current = holder;
    *out = registry;
    return OST_OK;
}

void site_registry_destroy(struct site_registry *registry)
{
    if (!registry)
        return;
    assert(registry->current->borrowers == 0 && !registry->current->older);
    holder_destroy(registry->current);
    pthread_mutex_destroy(&registry->lock);
    free(registry);
}

const struct site *site_registry_take(struct site_registry *registry)
{
    const struct site *site;

    pthread_mutex_lock(&registry->lock);
    registry->current->borrowers++;
    site = registry->current->site;
    pthread_mutex_unlock(&registry->lock);
    return site;
}

void site_registry_put(struct site_registry *registry, const struct site *site)
{
    struct site_holder **link = &registry->current;
    struct site_holder *done = NULL;

    pthread_mutex_lock(&registry->lock);
    while ((*link)->site != site)
        link = &(*link)->older;
    assert((*link)->borrowers > 0);
    (*link)->borrowers--;
    if ((*link)->borrowers == 0 && *link != registry->current) {
        done = *link;
        *link = done->older;
    }
    pthread_mutex_unlock(&registry->lock);
    holder_destroy(done);
}

enum ost_status site_registry_swap(struct site_registry *registry, struct site *next)
{
    struct site_holder *holder = holder_create(next);
    struct site_holder *done = NULL;

    if (!holder)
        return OST_NO_MEMORY;
    pthread_mutex_lock(&registry->lock);
    if (registry->current->borrowers > 0) {
        holder->older = registry->current;
    } else {
        done = registry->current;
        holder->older = done->older;
    }
    registry->current = holder;
    pthread_mutex_unlock(&registry->lock);
    holder_destroy(done);
    return OST_OK;
}
