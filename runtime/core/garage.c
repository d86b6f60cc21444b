#include "runtime/core/garage.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/core/text_table.h"

static const char *const states[] = {"open", "closed", "suspended"};

void site_destroy(struct site *site)
{
    if (!site)
        return;
    for (size_t i = 0; i < site->garage_count; i++) {
        zone_destroy(site->garages[i].zone);
        free(site->garages[i].doors);
    }
    free(site->garages);
    free(site->partners);
    free(site);
}

const struct garage *site_find_garage(const struct site *site, const char *garage_id)
{
    for (size_t i = 0; i < site->garage_count; i++) {
        if (strcmp(site->garages[i].id, garage_id) == 0)
            return &site->garages[i];
    }
    return NULL;
}

const struct partner *site_find_partner(const struct site *site, const char *partner_id)
{
    for (size_t i = 0; i < site->partner_count; i++) {
        if (strcmp(site->partners[i].id, partner_id) == 0)
            return &site->partners[i];
    }
    return NULL;
}

const struct door_plan *garage_find_door(const struct garage *garage, const char *door_id)
{
    for (size_t i = 0; i < garage->door_count; i++) {
        if (strcmp(garage->doors[i].id, door_id) == 0)
            return &garage->doors[i];
    }
    return NULL;
}

enum ost_status garage_choose_door(const struct garage *garage, const char *door_id_or_null, enum door_kind kind,
                                   const struct door_plan **out)
{
    const struct door_plan *found = NULL;

    if (door_id_or_null) {
        found = garage_find_door(garage, door_id_or_null);
        if (!found)
            return OST_NOT_FOUND;
        if (found->kind != kind)
            return OST_INVALID;
        *out = found;
        return OST_OK;
    }
    for (size_t i = 0; i < garage->door_count; i++) {
        if (garage->doors[i].kind != kind)
            continue;
        if (found)
            return OST_CONFLICT;
        found = &garage->doors[i];
    }
    if (!found)
        return OST_NOT_FOUND;
    *out = found;
    return OST_OK;
}

const char *garage_state_text(enum garage_state state)
{
    return TEXT_OF(states, state);
}

enum ost_status garage_state_parse(const char *text, enum garage_state *out)
{
    size_t value;
    enum ost_status status = VALUE_OF(states, text, &value);

    if (status == OST_OK)
        *out = (enum garage_state)value;
    return status;
}
