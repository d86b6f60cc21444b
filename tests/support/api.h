/* The API of an Ostler under test, in as few words as the rule book needs. Everything here fails the test by itself. */
#ifndef OSTLER_TESTS_SUPPORT_API_H
#define OSTLER_TESTS_SUPPORT_API_H

#include "tests/support/garage.h"

struct api {
    struct garage_under_test garage;
    struct http_client client; /* with the last answer */
};

void api_begin(struct api *api, const char *configuration);
/* End serve by a signal and start it again. */
void api_restart(struct api *api, int signal);
void api_end(struct api *api);

/* Call a path; its status. headers and body may be NULL. */
__attribute__((format(printf, 6, 7))) int api_call(struct api *api, const char *token, const char *method, const char *headers,
                                                   const char *body, const char *path, ...);
/* A start by a partner; session (may be NULL) gets the id. door may be NULL. */
int api_start(struct api *api, const char *token, const char *garage, const char *user, const char *plate, const char *door,
              char session[64]);

void api_assert_problem(struct api *api, int status, const char *code);
void api_assert_says(struct api *api, const char *text);
void api_assert_header(struct api *api, const char *name, const char *value);

/*
 * As many openings of a door ("garage/door") stand in the ledger for sessions. Staff open the door first, and that is awaited
 * there: whatever was asked of the door before has its line then.
 */
void api_assert_openings(struct api *api, const char *door, int count);
/* Give a simulated door a fault and wait until its health says so. */
void api_simulate(struct api *api, const char *garage, const char *door, const char *fault, const char *health);
/* A further token: "--partner p --scope s ..."; id may be NULL. */
void api_token(struct api *api, const char *arguments, char token[64], char id[64]);

#endif
