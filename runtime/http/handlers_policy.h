/* What the handlers of policies share. Private to handlers_policy.c and handlers_try.c. */
#ifndef OSTLER_HTTP_HANDLERS_POLICY_H
#define OSTLER_HTTP_HANDLERS_POLICY_H

#include "runtime/http/exchange.h"
#include "runtime/service/policy_deploy.h"

/* Answer what a deployment came to; its answer is freed. */
void answer_deploy(struct http_exchange *exchange, struct deploy_answer *answer, const char *name);

#endif
