/* What is done with policies here, without the runtime: new, check. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "runtime/cli/policy_files.h"

extern const unsigned char template_policy[], template_spec[], template_luarc[], template_types[];

/* ---- new ---- */

/* Write a template, with the policy's name for each NAME. Never over a file that is there. */
static bool write_template(const char *path, const unsigned char *template, const char *name)
{
    const char *text = (const char *)template, *mark;
    FILE *file = fopen(path, "wx");

    if (!file) {
        cli_fail(EXIT_REFUSED, errno == EEXIST ? "%s is there already; choose another name" : "cannot write %s", path);
        return false;
    }
    while ((mark = strstr(text, "NAME"))) {
        fprintf(file, "%.*s%s", (int)(mark - text), text, name);
        text = mark + 4;
    }
    fputs(text, file);
    if (fclose(file) == 0)
        return true;
    cli_fail(EXIT_REFUSED, "cannot write %s: %s", path, strerror(errno));
    return false;
}

/* What a folder has once, for all its policies; a file that is there stays. */
static bool write_once(const char *path, const unsigned char *template)
{
    struct stat there;

    return stat(path, &there) == 0 || write_template(path, template, "NAME");
}

int policy_new(struct cli *cli)
{
    const char *name = cli->arguments[0];
    char policy[SLUG_BYTES + 16], spec[SLUG_BYTES + 16];

    if (!slug_is_valid(name))
        return cli_fail(EXIT_USAGE, "the name of a policy has small letters, digits and hyphens, as in no-vans");
    snprintf(policy, sizeof(policy), "%s.lua", name);
    snprintf(spec, sizeof(spec), "%s_spec.lua", name);
    if (mkdir("types", 0755) != 0 && errno != EEXIST)
        return cli_fail(EXIT_REFUSED, "cannot make the folder types here: %s", strerror(errno));
    if (!write_template(policy, template_policy, name) || !write_template(spec, template_spec, name) ||
        !write_once("types/ostler.lua", template_types) || !write_once(".luarc.json", template_luarc))
        return EXIT_REFUSED;
    if (cli->json)
        printf("{\"policy\":\"%s\",\"spec\":\"%s\"}\n", policy, spec);
    else
        printf("made %s and %s; edit them, then: ostler policy test %s\n", policy, spec, policy);
    return EXIT_DONE;
}

/* ---- check ---- */

static bool is_policy_file(const char *name)
{
    size_t length = strlen(name);

    return name[0] != '.' && length > 4 && strcmp(name + length - 4, ".lua") == 0 &&
           (length < 9 || strcmp(name + length - 9, "_spec.lua") != 0);
}

static bool check_file(struct policy_host *host, const char *path, int *good, int *bad)
{
    struct policy_file file;

    if (!policy_file_read(path, NULL, &file)) {
        (*bad)++;
        return false;
    }
    if (policy_file_check(host, &file, NULL))
        (*good)++;
    else
        (*bad)++;
    policy_file_free(&file);
    return true;
}

static void check_folder(struct policy_host *host, const char *path, DIR *folder, int *good, int *bad)
{
    struct dirent *entry;
    char file[1400];

    while ((entry = readdir(folder))) {
        if (!is_policy_file(entry->d_name))
            continue;
        snprintf(file, sizeof(file), "%.1000s/%.300s", path, entry->d_name);
        check_file(host, file, good, bad);
    }
}

int policy_check(struct cli *cli)
{
    struct policy_host *host = policy_files_host();
    int good = 0, bad = 0;

    if (!host)
        return cli_fail(EXIT_REFUSED, "there is no memory");
    for (int i = 0; i < cli->argument_count || (i == 0 && cli->argument_count == 0); i++) {
        const char *path = cli->argument_count > 0 ? cli->arguments[i] : ".";
        DIR *folder = opendir(path);

        if (folder) {
            check_folder(host, path, folder, &good, &bad);
            closedir(folder);
        } else {
            check_file(host, path, &good, &bad);
        }
    }
    host->ops->destroy(host);
    if (cli->json)
        printf("{\"good\":%d,\"bad\":%d}\n", good, bad);
    else
        printf("%d good, %d bad\n", good, bad);
    return bad > 0 ? EXIT_REFUSED : EXIT_DONE;
}
