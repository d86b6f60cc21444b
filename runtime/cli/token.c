#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "db/sqlite_tools.h"
#include "runtime/auth/device_tokens.h"
#include "runtime/base/clock.h"
#include "runtime/cli/cli.h"
#include "runtime/core/garage.h"
#include "runtime/core/time_text.h"

#define TOKENS_AT_FIRST 1000

static int64_t now_ms(void)
{
    struct clock clock;

    clock_init_system(&clock);
    return clock_wall_ms(&clock);
}

static int create(struct cli *cli, const struct configuration *configuration)
{
    const char *partner_id = cli_option(cli, "--partner");
    const char *expires = cli_option(cli, "--expires");
    const struct partner *partner = site_find_partner(configuration->site, partner_id);
    char text[DEVICE_TOKEN_TEXT_BYTES], until[CLOCK_TEXT_BYTES] = "";
    struct device_token token;
    scope_set scopes = 0;
    int64_t expires_ms = 0;
    const char *word;

    while ((word = cli_option(cli, "--scope"))) {
        enum scope scope;

        if (scope_parse(word, &scope) != OST_OK)
            return cli_fail(EXIT_USAGE, "there is no scope '%s'; there are sessions:write, sessions:read, garages:read, doors:open and those of staff", word);
        scopes |= scope;
    }
    if (!partner)
        return cli_fail(EXIT_REFUSED, "the configuration has no partner '%s'; add partner { id = \"%s\" }", partner_id, partner_id);
    if (scopes & ~partner->scopes)
        return cli_fail(EXIT_REFUSED, "partner '%s' may not have one of these scopes", partner_id);
    if (expires && (!duration_read(expires, &expires_ms) || expires_ms == 0))
        return cli_fail(EXIT_USAGE, "--expires takes a time such as 90d or 12h");
    device_token_make(partner_id, scopes, now_ms(), expires_ms ? now_ms() + expires_ms : 0, &token, text);
    if (sqlite_token_put(configuration->storage.path, &token) != OST_OK)
        return cli_fail(EXIT_REFUSED, "the token could not be stored in %s", configuration->storage.path);
    if (token.expires_at_ms)
        clock_format(token.expires_at_ms, until);
    if (cli->json)
        printf("{\"tokenId\":\"%s\",\"token\":\"%s\",\"expiresAt\":%s%s%s}\n", token.id, text, until[0] ? "\"" : "", until[0] ? until : "null", until[0] ? "\"" : "");
    else
        printf("%s\n\nThis is shown once. Its id is %s%s%s.\n", text, token.id, until[0] ? "; it expires at " : "", until);
    return EXIT_DONE;
}

int token_create(struct cli *cli)
{
    int code;
    struct configuration *configuration = cli_configuration(cli, &code);

    if (!configuration)
        return code;
    code = create(cli, configuration);
    configuration_free(configuration);
    return code;
}

/* All tokens, however many: *out is the caller's to free(). */
static enum ost_status read_all(const char *path, struct device_token **out, size_t *count)
{
    enum ost_status status = OST_OK;
    struct device_token *tokens = NULL;

    *count = 0;
    for (size_t room = TOKENS_AT_FIRST; status == OST_OK; room *= 2) {
        free(tokens);
        tokens = calloc(room, sizeof(*tokens));
        status = tokens ? sqlite_token_list(path, tokens, room, count) : OST_NO_MEMORY;
        if (status == OST_OK && *count < room) {
            *out = tokens;
            return OST_OK;
        }
    }
    free(tokens);
    return status;
}

static void print_token(const struct cli *cli, const struct device_token *token, bool is_first)
{
    char scopes[256], created[CLOCK_TEXT_BYTES];
    const char *state = token->revoked_at_ms ? "revoked" : token->expires_at_ms && token->expires_at_ms <= now_ms() ? "expired" : "valid";

    scope_set_format(token->scopes, scopes, sizeof(scopes));
    clock_format(token->created_at_ms, created);
    if (cli->json)
        printf("%s{\"tokenId\":\"%s\",\"partnerId\":\"%s\",\"scopes\":\"%s\",\"createdAt\":\"%s\",\"state\":\"%s\"}", is_first ? "" : ",",
               token->id, token->partner_id, scopes, created, state);
    else
        printf("%-22s %-16s %-8s %s  %s\n", token->id, token->partner_id, state, created, scopes);
}

int token_list(struct cli *cli)
{
    struct device_token *tokens = NULL;
    size_t count = 0;
    int code;
    struct configuration *configuration = cli_configuration(cli, &code);

    if (!configuration)
        return code;
    code = read_all(configuration->storage.path, &tokens, &count) == OST_OK
               ? EXIT_DONE
               : cli_fail(EXIT_REFUSED, "cannot read the tokens in %s", configuration->storage.path);
    configuration_free(configuration);
    if (code != EXIT_DONE)
        return code;
    if (cli->json)
        printf("[");
    for (size_t i = 0; i < count; i++)
        print_token(cli, &tokens[i], i == 0);
    if (cli->json)
        printf("]\n");
    free(tokens);
    return EXIT_DONE;
}

int token_revoke(struct cli *cli)
{
    const char *id = cli->arguments[0];
    enum ost_status status;
    int code;
    struct configuration *configuration = cli_configuration(cli, &code);

    if (!configuration)
        return code;
    status = sqlite_token_revoke(configuration->storage.path, id, now_ms());
    configuration_free(configuration);
    if (status != OST_OK)
        return cli_fail(EXIT_REFUSED, status == OST_NOT_FOUND ? "there is no valid token %s; 'ostler token list' shows them" : "cannot revoke %s", id);
    if (cli->json)
        printf("{\"tokenId\":\"%s\",\"revoked\":true}\n", id); /* one that exists: it needs no escaping */
    else
        printf("revoked\n");
    return EXIT_DONE;
}
