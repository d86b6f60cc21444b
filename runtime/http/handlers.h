/* The handlers that the table of routes names; one file a part of the HTTP contract. */
#ifndef OSTLER_HTTP_HANDLERS_H
#define OSTLER_HTTP_HANDLERS_H

#include "runtime/http/exchange.h"

/* section 3 */
void handle_session_start(struct http_exchange *exchange);
void handle_session_stop(struct http_exchange *exchange);
void handle_session_show(struct http_exchange *exchange);
void handle_session_list(struct http_exchange *exchange);
void handle_session_open(struct http_exchange *exchange);
/* section 4 */
void handle_garage_list(struct http_exchange *exchange);
void handle_garage_show(struct http_exchange *exchange);
void handle_availability(struct http_exchange *exchange);
void handle_door_list(struct http_exchange *exchange);
void handle_door_show(struct http_exchange *exchange);
void handle_command_show(struct http_exchange *exchange);
/* section 5 */
void handle_livez(struct http_exchange *exchange);
void handle_readyz(struct http_exchange *exchange);
void handle_metrics(struct http_exchange *exchange);
void handle_openapi(struct http_exchange *exchange);
void handle_problem_page(struct http_exchange *exchange);
/* section 6 */
void handle_manual_open(struct http_exchange *exchange);
void handle_maintenance_set(struct http_exchange *exchange);
void handle_maintenance_lift(struct http_exchange *exchange);
void handle_simulation(struct http_exchange *exchange);
void handle_garage_state(struct http_exchange *exchange);
void handle_occupancy(struct http_exchange *exchange);
void handle_ledger(struct http_exchange *exchange);
void handle_staff_session_list(struct http_exchange *exchange);
void handle_staff_session_show(struct http_exchange *exchange);
void handle_staff_session_stop(struct http_exchange *exchange);
void handle_list_show(struct http_exchange *exchange);
void handle_list_put(struct http_exchange *exchange);
void handle_list_remove(struct http_exchange *exchange);
void handle_faults(struct http_exchange *exchange);
void handle_audit(struct http_exchange *exchange);
void handle_policy_list(struct http_exchange *exchange);
void handle_policy_show(struct http_exchange *exchange);
void handle_policy_revisions(struct http_exchange *exchange);
void handle_policy_deploy(struct http_exchange *exchange);
void handle_function(struct http_exchange *exchange);
void handle_policy_try(struct http_exchange *exchange);
void handle_policy_activate(struct http_exchange *exchange);
void handle_decision_list(struct http_exchange *exchange);
void handle_decision_show(struct http_exchange *exchange);

#endif
