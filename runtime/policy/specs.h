/* Specs: the tests that operators write. Private to runtime/policy. */
#ifndef OSTLER_POLICY_SPECS_H
#define OSTLER_POLICY_SPECS_H

#include "runtime/policy/sandbox.h"
#include "runtime/ports/policy_host.h"

#define SPEC_EXPECTS_MAX 8
#define SPEC_EXPECT_BYTES 256

/* A case as it is written. */
struct spec_plan {
    char name[REASON_BYTES];
    int line;
    char on[24];       /* empty: the policy's only trigger */
    char zone[64];
    char *context;     /* JSON */
    char *settings;    /* JSON; NULL: the source's own */
    unsigned rights;
    char expects[SPEC_EXPECTS_MAX][SPEC_EXPECT_BYTES];
    unsigned expect_count;
};
struct spec_plans {
    struct spec_plan *plans; /* SPEC_CASES_MAX */
    size_t count;
};

/* specs_read.c: run the chunk of a spec, which only collects cases. False: *problem says why. Freed by specs_free(). */
bool specs_read(const char *file, const char *text, size_t length, struct spec_plans *out, struct policy_problem *problem);
void specs_free(struct spec_plans *plans);

/* specs_expect.c: does a decision hold what was expected? False: text says what came instead. */
bool spec_expectation_holds(const char *expect, const struct decision *decision, const struct policy_response *response,
                            const struct zone *zone, char *text, size_t bytes);

/* specs.c: as policy_host_ops.run_specs. */
enum ost_status specs_run(const struct sandbox_limits *limits, const struct policy_source *source, const char *file,
                          const char *spec, size_t length, struct spec_report *report);

#endif
