#include "runtime/http/handlers.h"
#include "runtime/http/route.h"

#define GET HTTP_GET
#define POST HTTP_POST
#define PUT HTTP_PUT
#define DELETE HTTP_DELETE
#define READ_GARAGES (SCOPE_GARAGES_READ | SCOPE_OPERATIONS_READ)

const struct route http_routes[] = {
    /* method, pattern, needs no credential, one of these scopes, body, Idempotency-Key, handler */
    {POST, "/v1/sessions", false, SCOPE_SESSIONS_WRITE, BODY_REQUIRED, true, handle_session_start},
    {GET, "/v1/sessions", false, SCOPE_SESSIONS_READ, BODY_NONE, false, handle_session_list},
    {GET, "/v1/sessions/{sessionId}", false, SCOPE_SESSIONS_READ, BODY_NONE, false, handle_session_show},
    {DELETE, "/v1/sessions/{sessionId}", false, SCOPE_SESSIONS_WRITE, BODY_OPTIONAL, true, handle_session_stop},
    {POST, "/v1/sessions/{sessionId}/stop", false, SCOPE_SESSIONS_WRITE, BODY_OPTIONAL, true, handle_session_stop},
    {POST, "/v1/sessions/{sessionId}/doors/{doorId}/open", false, SCOPE_DOORS_OPEN, BODY_OPTIONAL, true, handle_session_open},

    {GET, "/v1/garages", false, READ_GARAGES, BODY_NONE, false, handle_garage_list},
    {GET, "/v1/garages/{garageId}", false, READ_GARAGES, BODY_NONE, false, handle_garage_show},
    {GET, "/v1/garages/{garageId}/availability", false, READ_GARAGES, BODY_NONE, false, handle_availability},
    {GET, "/v1/garages/{garageId}/doors", false, READ_GARAGES, BODY_NONE, false, handle_door_list},
    {GET, "/v1/garages/{garageId}/doors/{doorId}", false, READ_GARAGES, BODY_NONE, false, handle_door_show},
    {GET, "/v1/door-commands/{commandId}", false, SCOPE_SESSIONS_READ | SCOPE_OPERATIONS_READ, BODY_NONE, false, handle_command_show},

    {GET, "/livez", true, 0, BODY_NONE, false, handle_livez},
    {GET, "/readyz", true, 0, BODY_NONE, false, handle_readyz},
    {GET, "/openapi.json", true, 0, BODY_NONE, false, handle_openapi},
    {GET, "/problems/{code}", true, 0, BODY_NONE, false, handle_problem_page},

    {POST, "/v1/garages/{garageId}/doors/{doorId}/open", false, SCOPE_OPERATIONS_WRITE, BODY_REQUIRED, true, handle_manual_open},
    {PUT, "/v1/garages/{garageId}/doors/{doorId}/maintenance", false, SCOPE_DOORS_MAINTAIN, BODY_REQUIRED, false, handle_maintenance_set},
    {DELETE, "/v1/garages/{garageId}/doors/{doorId}/maintenance", false, SCOPE_DOORS_MAINTAIN, BODY_NONE, false, handle_maintenance_lift},
    {PUT, "/v1/garages/{garageId}/doors/{doorId}/simulation", false, SCOPE_OPERATIONS_WRITE, BODY_REQUIRED, false, handle_simulation},
    {PUT, "/v1/garages/{garageId}/state", false, SCOPE_OPERATIONS_WRITE, BODY_REQUIRED, false, handle_garage_state},
    {PUT, "/v1/garages/{garageId}/occupancy", false, SCOPE_OPERATIONS_WRITE, BODY_REQUIRED, false, handle_occupancy},
    {GET, "/v1/door-ledger", false, SCOPE_OPERATIONS_READ, BODY_NONE, false, handle_ledger},
    {GET, "/v1/operations/sessions", false, SCOPE_OPERATIONS_READ, BODY_NONE, false, handle_staff_session_list},
    {GET, "/v1/operations/sessions/{sessionId}", false, SCOPE_OPERATIONS_READ, BODY_NONE, false, handle_staff_session_show},
    {POST, "/v1/operations/sessions/{sessionId}/stop", false, SCOPE_OPERATIONS_WRITE, BODY_REQUIRED, true, handle_staff_session_stop},
    {GET, "/v1/lists/{name}", false, READ_GARAGES, BODY_NONE, false, handle_list_show},
    {PUT, "/v1/lists/{name}/entries/{plate}", false, SCOPE_OPERATIONS_WRITE, BODY_OPTIONAL, false, handle_list_put},
    {DELETE, "/v1/lists/{name}/entries/{plate}", false, SCOPE_OPERATIONS_WRITE, BODY_NONE, false, handle_list_remove},
    {GET, "/v1/faults", false, SCOPE_OPERATIONS_READ, BODY_NONE, false, handle_faults},
    {GET, "/v1/audit", false, SCOPE_OPERATIONS_READ, BODY_NONE, false, handle_audit},
    {GET, "/v1/policies", false, SCOPE_POLICIES_READ, BODY_NONE, false, handle_policy_list},
    {GET, "/v1/policies/{name}", false, SCOPE_POLICIES_READ, BODY_NONE, false, handle_policy_show},
    {GET, "/v1/policies/{name}/revisions", false, SCOPE_POLICIES_READ, BODY_NONE, false, handle_policy_revisions},
    {POST, "/v1/policies/{name}/revisions", false, SCOPE_POLICIES_WRITE, BODY_POLICY, false, handle_policy_deploy},
    {POST, "/v1/policies/{name}/activate", false, SCOPE_POLICIES_WRITE, BODY_REQUIRED, false, handle_policy_activate},
    {POST, "/v1/policies/{name}/try", false, SCOPE_POLICIES_READ, BODY_POLICY, false, handle_policy_try},
    {GET, "/fn/{+function}", false, SCOPES_OF_STAFF, BODY_NONE, false, handle_function},
    {POST, "/fn/{+function}", false, SCOPES_OF_STAFF, BODY_OPTIONAL, false, handle_function},
    {GET, "/v1/decisions", false, SCOPE_OPERATIONS_READ, BODY_NONE, false, handle_decision_list},
    {GET, "/v1/decisions/{decisionId}", false, SCOPE_OPERATIONS_READ, BODY_NONE, false, handle_decision_show},
};
const size_t http_route_count = sizeof(http_routes) / sizeof(http_routes[0]);

const struct route metrics_routes[] = {
    {GET, "/metrics", true, 0, BODY_NONE, false, handle_metrics},
};
const size_t metrics_route_count = sizeof(metrics_routes) / sizeof(metrics_routes[0]);
