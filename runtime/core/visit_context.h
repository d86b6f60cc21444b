/*
 * A made-up visit: the fields of a spec's case, or of a try, as JSON. What is not said is as for a visitor of a garage with room.
 */
#ifndef OSTLER_CORE_VISIT_CONTEXT_H
#define OSTLER_CORE_VISIT_CONTEXT_H

#include "runtime/core/decision.h"

#define VISIT_WHY_BYTES 256

/*
 * Read the members of an object into *out (all of it is set) and, for on.http, *request, to which out->request then points.
 * Members that this trigger's argument does not have are errors. now_ms: where the context does not say it. context NULL: as
 * {}. Texts of the request are borrowed from the context, the zone from the caller.
 * OST_INVALID: why says what is wrong, in one line.
 */
enum ost_status visit_context_read(const struct json_value *context, enum policy_trigger trigger, int64_t now_ms,
                                   const struct zone *zone, struct policy_visit *out, struct policy_request *request,
                                   char why[static VISIT_WHY_BYTES]) OST_MUST_CHECK;

#endif
