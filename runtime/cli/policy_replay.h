/* What policy replay is made of: the sets that decided, and what came out of asking again. */
#ifndef OSTLER_CLI_POLICY_REPLAY_H
#define OSTLER_CLI_POLICY_REPLAY_H

#include "runtime/cli/policy_files.h"
#include "runtime/core/policy.h"

/* ---- policy_replay_sets.c: the revisions, from the running device ---- */

/* The revisions that a decision names as a set; where a candidate is tried, a second set with it in. */
struct replay_pair {
    struct policy_set *then, *now; /* now: NULL without a candidate */
};

struct replay_sets;

/* candidate takes the place of the policy `name`; NULL: none. Both, and cli and host, are borrowed. NULL: no memory. */
struct replay_sets *replay_sets_create(struct cli *cli, struct policy_host *host, const char *name, const struct policy_file *candidate);
void replay_sets_destroy(struct replay_sets *sets); /* accepts NULL */
/* The pair for a decision's `revisions`; valid until the next call. NULL: one of them is not known any more. */
const struct replay_pair *replay_sets_find(struct replay_sets *sets, const struct json_value *revisions);

/* ---- policy_replay_report.c: the differences, in groups ---- */

#define OUTCOME_TEXT_BYTES (CODE_BYTES + 16) /* "denied closed" */
#define REPLAY_GROUPS_MAX 64

/* Decisions that came out differently in the same way. */
struct replay_group {
    char from[OUTCOME_TEXT_BYTES], to[OUTCOME_TEXT_BYTES];
    size_t decisions, cars;
    int64_t money; /* minor units, more than was */
};

struct replay_report {
    size_t seen, equal, changed; /* of those seen, what is in none of the others could not be asked */
    size_t without_inputs, erased, unknown, failed;
    struct replay_group groups[REPLAY_GROUPS_MAX];
    size_t group_count;
    uint64_t *cars;              /* a hash set of group and plate; 0: free */
    size_t car_slots, car_count;
};

/* One more decision that came out differently; money is what it gives more than was. */
void replay_report_add(struct replay_report *report, const char *from, const char *to, const char *plate, int64_t money);
void replay_report_progress(const struct replay_report *report, bool is_last);
void replay_report_print(const struct replay_report *report, bool as_json);
void replay_report_end(struct replay_report *report);

#endif
