/* One source asked by itself, with all that it did. Private to runtime/policy. */
#ifndef OSTLER_POLICY_TRACE_H
#define OSTLER_POLICY_TRACE_H

#include "runtime/policy/sandbox.h"
#include "runtime/ports/policy_host.h"

/* As policy_host_ops.trace. */
enum ost_status trace_run(const struct sandbox_limits *limits, const struct policy_source *source,
                          const struct policy_question *question, struct decision *out, struct policy_trace *trace,
                          struct policy_problem *problem);

#endif
