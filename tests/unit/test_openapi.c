/* The OpenAPI document and the table of routes say the same. */
#include <stdio.h>
#include <string.h>

#include "runtime/base/json.h"
#include "runtime/http/problem.h"
#include "runtime/http/route.h"
#include "tests/unit/check.h"

extern const unsigned char openapi_document[];
extern const size_t openapi_document_length;

static struct json_document *document;

static const struct {
    enum http_method method;
    const char *name;
} methods[] = {{HTTP_GET, "get"}, {HTTP_POST, "post"}, {HTTP_PUT, "put"}, {HTTP_DELETE, "delete"}};

static int read_document(void **state)
{
    char error[128] = "";

    (void)state;
    if (json_parse((const char *)openapi_document, openapi_document_length, 64, &document, error) != OST_OK)
        fail_msg("the document is no JSON: %s", error);
    return 0;
}

static int free_document(void **state)
{
    (void)state;
    json_free(document);
    return 0;
}

static const struct json_value *paths(void)
{
    return json_member(json_root(document), "paths");
}

static const char *method_name(enum http_method method)
{
    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
        if (methods[i].method == method)
            return methods[i].name;
    }
    return "?";
}

static const struct json_value *operation_of(const struct route *route)
{
    return json_member(json_member(paths(), route->pattern), method_name(route->method));
}

/* What a "$ref" ends with, or else the parameter's own name. */
static bool has_parameter(const struct json_value *operation, const char *name)
{
    const struct json_value *parameters = json_member(operation, "parameters");

    for (size_t i = 0; i < json_length(parameters); i++) {
        const struct json_value *parameter = json_element(parameters, i);
        const char *reference = json_as_string(json_member(parameter, "$ref"), NULL);
        const char *own = json_as_string(json_member(parameter, "name"), NULL);

        if ((reference && strcmp(strrchr(reference, '/') + 1, name) == 0) || (own && strcmp(own, name) == 0))
            return true;
    }
    return false;
}

static void the_document_is_openapi_3_1_of_version_1_of_the_api(void **state)
{
    (void)state;
    assert_string_equal(json_as_string(json_member(json_root(document), "openapi"), NULL), "3.1.0");
    assert_string_equal(json_as_string(json_member(json_member(json_root(document), "info"), "version"), NULL), "1");
}

static void every_route_is_in_the_document(void **state)
{
    (void)state;
    for (size_t i = 0; i < http_route_count; i++) {
        if (!operation_of(&http_routes[i]))
            fail_msg("%s %s is missing", method_name(http_routes[i].method), http_routes[i].pattern);
    }
}

static void every_operation_of_the_document_has_a_route(void **state)
{
    const struct json_value *path;
    const char *pattern;
    void *iterator = NULL;
    size_t operations = 0;

    (void)state;
    while (json_next_member(paths(), &iterator, &pattern, &path)) {
        for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
            bool found = false;

            if (!json_member(path, methods[i].name))
                continue;
            operations++;
            for (size_t j = 0; j < http_route_count; j++)
                found |= http_routes[j].method == methods[i].method && strcmp(http_routes[j].pattern, pattern) == 0;
            if (!found)
                fail_msg("%s %s has no route", methods[i].name, pattern);
        }
    }
    assert_int_equal(operations, http_route_count);
}

static void the_scopes_of_a_route_are_the_documents(void **state)
{
    (void)state;
    for (size_t i = 0; i < http_route_count; i++) {
        const struct json_value *security = json_member(operation_of(&http_routes[i]), "security");
        scope_set scopes = 0;

        assert_non_null(security);
        for (size_t j = 0; j < json_length(security); j++) {
            const struct json_value *alternative = json_member(json_element(security, j), "token");
            enum scope scope;

            assert_int_equal(json_length(alternative), 1);
            assert_ok(scope_parse(json_as_string(json_element(alternative, 0), NULL), &scope));
            scopes |= scope;
        }
        if (scopes != http_routes[i].any_of || (json_length(security) == 0) != http_routes[i].open)
            fail_msg("%s %s has other scopes", method_name(http_routes[i].method), http_routes[i].pattern);
    }
}

static void a_body_is_described_where_a_route_takes_one(void **state)
{
    (void)state;
    for (size_t i = 0; i < http_route_count; i++) {
        const struct json_value *body = json_member(operation_of(&http_routes[i]), "requestBody");

        if ((body != NULL) != (http_routes[i].body != BODY_NONE) ||
            json_as_boolean(json_member(body, "required"), false) != (http_routes[i].body == BODY_REQUIRED || http_routes[i].body == BODY_POLICY))
            fail_msg("%s %s has another body", method_name(http_routes[i].method), http_routes[i].pattern);
    }
}

static void parameters_are_described_where_a_route_takes_them(void **state)
{
    (void)state;
    for (size_t i = 0; i < http_route_count; i++) {
        const struct json_value *operation = operation_of(&http_routes[i]);
        const struct json_value *answer = json_member(json_member(operation, "responses"), "200");
        const struct json_value *json = json_member(json_member(answer, "content"), "application/json");
        const char *schema = json_as_string(json_member(json_member(json, "schema"), "$ref"), NULL);
        bool is_page = schema && strlen(schema) > 4 && strcmp(schema + strlen(schema) - 4, "Page") == 0;

        if (has_parameter(operation, "idempotencyKey") != http_routes[i].idempotent_key)
            fail_msg("%s: Idempotency-Key", http_routes[i].pattern);
        if (has_parameter(operation, "limit") != is_page || has_parameter(operation, "cursor") != is_page)
            fail_msg("%s: limit and cursor", http_routes[i].pattern);
        for (const char *at = http_routes[i].pattern; (at = strchr(at, '{')); at++) {
            char name[64];

            snprintf(name, sizeof(name), "%.*s", (int)strcspn(at + 1, "}"), at + 1);
            if (!has_parameter(operation, name))
                fail_msg("%s does not describe {%s}", http_routes[i].pattern, name);
        }
    }
}

/* Does the operation name this code, in backticks, with its status? */
static bool names_problem(const struct json_value *operation, unsigned status, const char *code)
{
    char key[8], quoted[64];
    const char *text;

    snprintf(key, sizeof(key), "%u", status);
    snprintf(quoted, sizeof(quoted), "`%s`", code);
    text = json_as_string(json_member(json_member(json_member(operation, "responses"), key), "description"), NULL);
    return text && strstr(text, quoted);
}

/* Each word in backticks is a built-in code, and of the status under which it stands. */
static void check_codes(const char *pattern, const char *key, const char *text)
{
    while ((text = strchr(text, '`'))) {
        char slug[64];
        const struct problem_kind *kind;
        char status[8];

        snprintf(slug, sizeof(slug), "%.*s", (int)strcspn(text + 1, "`"), text + 1);
        text += strlen(slug) + 2;
        for (char *at = slug; *at; at++)
            *at = *at == '_' ? '-' : *at;
        kind = problem_find(slug);
        if (!kind)
            fail_msg("%s: there is no code %s", pattern, slug);
        snprintf(status, sizeof(status), "%u", kind->status);
        if (strcmp(status, key) != 0)
            fail_msg("%s: %s has status %s, not %s", pattern, slug, status, key);
    }
}

static void problems_are_named_by_their_codes(void **state)
{
    (void)state;
    for (size_t i = 0; i < http_route_count; i++) {
        const struct route *route = &http_routes[i];
        const struct json_value *operation = operation_of(route);
        const struct json_value *answer;
        const char *key;
        void *iterator = NULL;

        while (json_next_member(json_member(operation, "responses"), &iterator, &key, &answer)) {
            if (json_member(answer, "$ref") && strcmp(key, "default") != 0)
                check_codes(route->pattern, key, json_as_string(json_member(answer, "description"), NULL));
        }
        if (!route->open && !(names_problem(operation, 401, "invalid_token") && names_problem(operation, 403, "insufficient_scope") &&
                              names_problem(operation, 429, "rate_limited")))
            fail_msg("%s: the problems of credentials", route->pattern);
        if ((route->body != BODY_NONE || has_parameter(operation, "limit")) && !names_problem(operation, 422, "validation_failed"))
            fail_msg("%s: validation_failed", route->pattern);
        if (route->body != BODY_NONE && !names_problem(operation, 400, "malformed_json"))
            fail_msg("%s: malformed_json", route->pattern);
        if (route->idempotent_key && !names_problem(operation, 422, "idempotency_key_reused"))
            fail_msg("%s: idempotency_key_reused", route->pattern);
    }
}

/* Every reference inside the document leads somewhere. */
static void follow(const struct json_value *value)
{
    const struct json_value *member;
    const char *name;
    void *iterator = NULL;

    for (size_t i = 0; json_kind(value) == JSON_IS_ARRAY && i < json_length(value); i++)
        follow(json_element(value, i));
    while (json_kind(value) == JSON_IS_OBJECT && json_next_member(value, &iterator, &name, &member)) {
        const char *reference = strcmp(name, "$ref") == 0 ? json_as_string(member, NULL) : NULL;
        const struct json_value *target = json_root(document);
        char part[64];

        follow(member);
        for (const char *at = reference ? reference + 1 : ""; *at == '/'; at += strlen(part) + 1) {
            snprintf(part, sizeof(part), "%.*s", (int)strcspn(at + 1, "/"), at + 1);
            target = json_member(target, part);
            if (!target)
                fail_msg("%s leads nowhere", reference);
        }
    }
}

static void every_reference_leads_somewhere(void **state)
{
    (void)state;
    follow(json_root(document));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(the_document_is_openapi_3_1_of_version_1_of_the_api), T(every_route_is_in_the_document),
        T(every_operation_of_the_document_has_a_route), T(the_scopes_of_a_route_are_the_documents),
        T(a_body_is_described_where_a_route_takes_one), T(parameters_are_described_where_a_route_takes_them),
        T(problems_are_named_by_their_codes), T(every_reference_leads_somewhere),
    };

    return cmocka_run_group_tests(tests, read_document, free_document);
}
