#include "runtime/http/gate.h"

#include <string.h>
#include <strings.h>

#define HEADERS_MAX 64
#define HEADERS_BYTES_MAX (16 * 1024)
#define BODY_DIGITS_MAX 15

/* "name:value": behind the name's NUL, which took the colon's place, the value follows at once or after blanks. */
static bool name_ends_at_colon(const struct gate_header *header)
{
    const char *end = header->name + strlen(header->name);

    for (end++; end < header->value; end++) {
        if (*end != ' ' && *end != '\t')
            return false;
    }
    return end == header->value;
}

static bool is_token(const char *name)
{
    static const char others[] = "!#$%&'*+-.^_`|~";

    if (!*name)
        return false;
    for (; *name; name++) {
        bool is_plain = (*name >= 'a' && *name <= 'z') || (*name >= 'A' && *name <= 'Z') || (*name >= '0' && *name <= '9');

        if (!is_plain && !strchr(others, *name))
            return false;
    }
    return true;
}

/* The parser stops at a line that it does not like; then something else than the end follows the last value. */
static bool block_is_complete(const struct gate_request *request)
{
    const char *end;

    if (request->header_count == 0)
        return true;
    end = request->headers[request->header_count - 1].value;
    end += strlen(end);
    return end[0] == '\0' && end[1] == '\0' && end[2] == '\r' && end[3] == '\0';
}

static bool parse_length(const char *text, long long *length)
{
    size_t digits = strspn(text, "0123456789");

    if (digits == 0 || digits > BODY_DIGITS_MAX || text[digits])
        return false;
    *length = 0;
    for (; *text; text++)
        *length = *length * 10 + (*text - '0');
    return true;
}

static bool target_is_sane(const char *target)
{
    if (target[0] != '/')
        return false;
    for (; *target; target++) {
        if ((unsigned char)*target <= ' ' || (unsigned char)*target > '~')
            return false;
    }
    return true;
}

static void refuse(struct gate_result *result, enum problem_code problem)
{
    if (result->refused)
        return;
    result->refused = true;
    result->problem = problem;
}

void gate_judge(const struct gate_request *request, struct gate_result *result)
{
    unsigned hosts = 0, lengths = 0, authorizations = 0;
    size_t header_bytes = 0;
    size_t target_length = strlen(request->target) + (request->query ? strlen(request->query) + 1 : 0);

    *result = (struct gate_result){.content_length = -1};
    if (target_length > GATE_TARGET_MAX)
        refuse(result, PROBLEM_TARGET_TOO_LONG);
    for (size_t i = 0; i < request->header_count; i++)
        header_bytes += strlen(request->headers[i].name) + strlen(request->headers[i].value) + 4;
    if (request->header_count >= HEADERS_MAX || header_bytes > HEADERS_BYTES_MAX)
        refuse(result, PROBLEM_HEADERS_TOO_LARGE);
    if (!target_is_sane(request->target) || !block_is_complete(request))
        refuse(result, PROBLEM_MALFORMED_REQUEST);
    for (size_t i = 0; i < request->header_count; i++) {
        const struct gate_header *header = &request->headers[i];

        if (!is_token(header->name) || !name_ends_at_colon(header))
            refuse(result, PROBLEM_MALFORMED_REQUEST);
        if (strcasecmp(header->name, "Transfer-Encoding") == 0) {
            refuse(result, PROBLEM_LENGTH_REQUIRED);
        } else if (strcasecmp(header->name, "Content-Length") == 0) {
            if (++lengths > 1 || !parse_length(header->value, &result->content_length))
                refuse(result, PROBLEM_MALFORMED_REQUEST);
        } else if (strcasecmp(header->name, "Host") == 0) {
            hosts++;
        } else if (strcasecmp(header->name, "Authorization") == 0) {
            authorizations++;
            result->authorization = header->value;
        }
    }
    if (hosts != 1)
        refuse(result, PROBLEM_MALFORMED_REQUEST);
    result->authorization_twice = authorizations > 1;
}
