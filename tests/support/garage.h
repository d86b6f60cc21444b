/* An Ostler under test: a folder with a configuration and policies, tokens, and the real program serving it. */
#ifndef OSTLER_TESTS_SUPPORT_GARAGE_H
#define OSTLER_TESTS_SUPPORT_GARAGE_H

#include <stdbool.h>
#include <sys/types.h>

#include "tests/support/http_client.h"

struct garage_under_test {
    char folder[128];
    char configuration[160];
    char database[160];
    char address[80];
    char token[64];       /* of partner "parkapp", all its scopes */
    char other[64];       /* of partner "otherapp" */
    char staff[64];       /* of staff, all scopes */
    pid_t pid;            /* 0: not running */
    const char *preload;  /* LD_PRELOAD for serve; NULL: none */
};

/* The configuration that garage_make() writes, with printf's %d for the spots. */
extern const char garage_default[];

/* Make the folder (below parent, or /tmp where it is NULL) and the tokens. Fails the test where something is wrong. */
void garage_make(struct garage_under_test *garage, const char *parent, const char *configuration);
/* Write a policy (NULL text removes it). */
void garage_policy(struct garage_under_test *garage, const char *name, const char *text);
void garage_configure(struct garage_under_test *garage, const char *text);
/* Start serve and wait until it listens. False: it ended, or did not listen in 20 s. */
bool garage_start(struct garage_under_test *garage);
/* Send a signal; SIGKILL and SIGTERM wait for the end and return the status of waitpid(2). */
int garage_signal(struct garage_under_test *garage, int signal);
/* Run the program with arguments behind --config; output (may be NULL) gets what it printed. Returns its exit code. */
int garage_run(struct garage_under_test *garage, char *output, size_t bytes, const char *arguments);
/* The log of serve so far, as one text; free() it. */
char *garage_log(const struct garage_under_test *garage);
/* `ostler db check` is clean; fails the test where not. */
void garage_assert_sound(struct garage_under_test *garage);
/* Stop what runs and remove the folder. */
void garage_remove(struct garage_under_test *garage);

/* Poll until condition(context) or the deadline. */
bool wait_for(bool (*condition)(void *context), void *context, int timeout_ms);

#endif
