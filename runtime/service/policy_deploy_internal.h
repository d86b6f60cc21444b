/* What policy_deploy.c and policy_revise.c share. Private to them. */
#ifndef OSTLER_SERVICE_POLICY_DEPLOY_INTERNAL_H
#define OSTLER_SERVICE_POLICY_DEPLOY_INTERNAL_H

#include "runtime/service/policy_catalog_internal.h"
#include "runtime/service/policy_deploy.h"

/* A change of one policy on its way; under change_lock. */
struct deploy {
    struct policy_catalog *catalog;
    struct deploy_answer *out;
    const char *name, *message, *actor;
    struct policy_record *record; /* what goes live, or beside */
    bool is_new;                  /* it is not stored yet */
    enum policy_mode mode;
    enum policy_result result;
    int quarantined;              /* the revision that is to be marked so; 0: none */
};

/* A fault as the verdict; false: there is none. */
bool deploy_fault(struct deploy *deploy, enum ost_status status);
void deploy_report(struct deploy *deploy, const char *file, int line, const char *text);
void deploy_name_file(const struct deploy *deploy, const char *suffix, char file[SLUG_BYTES + 16]);
struct policy_source deploy_source(const struct policy_record *record);

/* Read a stored revision (0: the newest) into the record. False: there is none, or the store has a fault (the verdict). */
bool deploy_read_base(struct deploy *deploy, int revision);
/* Make the record what the request wants of it; what cannot be is reported. */
void deploy_apply(struct deploy *deploy, const struct deploy_request *request);
/* Check the record's source and run its specs; what is wrong is reported. */
void deploy_check(struct deploy *deploy);

#endif
