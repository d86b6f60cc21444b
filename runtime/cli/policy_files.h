/* Policies as files, for the commands that read them; and the host that runs them here. */
#ifndef OSTLER_CLI_POLICY_FILES_H
#define OSTLER_CLI_POLICY_FILES_H

#include "runtime/cli/cli.h"
#include "runtime/ports/policy_host.h"

/* A policy's file with its spec, where one stands beside. Freed by policy_file_free(). */
struct policy_file {
    char path[1024];
    char name[256];        /* of the file, without its folder */
    char spec_path[1100];
    char *source, *spec;   /* spec NULL: there is none */
    size_t source_length, spec_length;
};

/* Read it; spec_path NULL: NAME_spec.lua beside. False: said why. */
bool policy_file_read(const char *path, const char *spec_path, struct policy_file *out);
void policy_file_free(struct policy_file *file);

struct policy_host *policy_files_host(void); /* NULL without memory; ended with destroy() */

/*
 * Check a policy as a deployment would; what is wrong is printed as a compiler does, with the line. False: something is.
 * facts may be NULL.
 */
bool policy_file_check(struct policy_host *host, const struct policy_file *file, struct policy_facts *facts);
/* "file:7: error: text", and the line itself below. */
void policy_file_complain(const char *path, const char *source, int line, const char *text);

#endif
