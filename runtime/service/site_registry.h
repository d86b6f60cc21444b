/*
 * The site that is in force. A reload swaps it whole; who took one keeps it until it is put back.
 */
#ifndef OSTLER_SERVICE_SITE_REGISTRY_H
#define OSTLER_SERVICE_SITE_REGISTRY_H

#include "runtime/base/status.h"
#include "runtime/core/garage.h"

struct site_registry;

/* Takes over the first site. OST_NO_MEMORY: the site stays the caller's. Freed with site_registry_destroy(). */
enum ost_status site_registry_create(struct site *first, struct site_registry **out) OST_MUST_CHECK;
void site_registry_destroy(struct site_registry *registry); /* accepts NULL; every site must have been put back */

/* Borrow the site in force; give it back with site_registry_put(). Any thread, never blocks for long. */
const struct site *site_registry_take(struct site_registry *registry);
void site_registry_put(struct site_registry *registry, const struct site *site);

/* Put a new site in force and take it over; the old one is freed when its last borrower is done. OST_NO_MEMORY: nothing changed. */
enum ost_status site_registry_swap(struct site_registry *registry, struct site *next) OST_MUST_CHECK;

#endif
