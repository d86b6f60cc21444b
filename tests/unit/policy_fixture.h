/* What the tests of policies share: a host, a zone, a visit, and policies from texts. */
#ifndef OSTLER_TESTS_UNIT_POLICY_FIXTURE_H
#define OSTLER_TESTS_UNIT_POLICY_FIXTURE_H

#include "runtime/policy/lua_host.h"
#include "tests/unit/check.h"

#define HEAD "policy { name = \"p\", version = \"1.0.0\" }\n"
#define START(body) HEAD "function on.session_start(visit) " body " end"
#define STOP(body) HEAD "function on.session_stop(visit) " body " end"
#define DOOR(body) HEAD "function on.door_request(request) " body " end"

extern struct policy_host *host;
extern struct zone *zone;

/* Group fixtures of cmocka. */
int set_up(void **state);
int tear_down(void **state);

/* A visitor's visit at an RFC 3339 time, in Amsterdam. */
struct policy_visit visit_at(const char *time);
/* A set of sources (at most 8) that all load; freed with host->ops->destroy_set(). */
struct policy_set *compile(const char *const *texts, size_t count);
/* Ask a set, as decide() does. */
enum ost_status ask(struct policy_set *set, enum policy_trigger trigger, const struct policy_visit *visit, struct decision *out);
/* What one policy decides alone. */
struct decision decide_with(const char *text, enum policy_trigger trigger, const struct policy_visit *visit);
/* The first problem of a source that does not load. */
struct policy_problem problem_of(const char *text);
/* The first problem says this, on this line. */
void assert_problem(const char *text, const char *says, int line);

#endif
