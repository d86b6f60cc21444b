#include "runtime/http/problem.h"

#include <string.h>

#define AGAIN true
#define NEVER false

static const struct problem_kind kinds[PROBLEM_COUNT] = {
    [PROBLEM_MALFORMED_JSON] = {"malformed_json", 400, "The body is not valid JSON", "The body is not valid JSON.",
        "Send one JSON value in UTF-8: no duplicate names, nothing behind it, at most 16 levels deep.", NEVER, 0},
    [PROBLEM_MALFORMED_REQUEST] = {"malformed_request", 400, "The request is malformed", "The request is malformed.",
        "The HTTP message itself is wrong: its headers, its length or its path. Check the client or a proxy in between.", NEVER, 0},
    [PROBLEM_INVALID_TOKEN] = {"invalid_token", 401, "The credential is missing or not valid",
        "Send one valid token: Authorization: Bearer <token>.",
        "The token is missing, unknown, expired or revoked, or there are several. Get a new one.", NEVER, 0},
    [PROBLEM_INSUFFICIENT_SCOPE] = {"insufficient_scope", 403, "The credential does not allow this",
        "The token lacks the scope that this call needs.", "Ask for a token with the scope that the documentation names.", NEVER, 0},
    [PROBLEM_DENIED_BY_POLICY] = {"denied", 403, "A policy of the garage refuses this", "A policy refuses this.",
        "A rule of the garage refuses this visit; `code`, `detail` and `policy` say which and why.", NEVER, 0},
    [PROBLEM_NOT_FOUND] = {"not_found", 404, "There is nothing at this address", "There is nothing at this address.",
        "The path is not one of this API. See /openapi.json.", NEVER, 0},
    [PROBLEM_GARAGE_NOT_FOUND] = {"garage_not_found", 404, "There is no such garage", "This device has no garage with this id.",
        "GET /v1/garages lists the garages of this device.", NEVER, 0},
    [PROBLEM_DOOR_NOT_FOUND] = {"door_not_found", 404, "There is no such door", "The garage has no such door.",
        "GET /v1/garages/{garageId}/doors lists the doors of the garage.", NEVER, 0},
    [PROBLEM_SESSION_NOT_FOUND] = {"session_not_found", 404, "There is no such session", "There is no session with this id.",
        "The id is wrong, the session was deleted after its time, or it belongs to another partner.", NEVER, 0},
    [PROBLEM_COMMAND_NOT_FOUND] = {"command_not_found", 404, "There is no such door command", "There is no door command with this id.",
        "The id is wrong, the command was deleted after its time, or it belongs to another partner.", NEVER, 0},
    [PROBLEM_POLICY_NOT_FOUND] = {"policy_not_found", 404, "There is no such policy", "There is no policy with this name.",
        "GET /v1/policies lists the policies in force.", NEVER, 0},
    [PROBLEM_METHOD_NOT_ALLOWED] = {"method_not_allowed", 405, "The path does not have this method",
        "The path does not have this method.", "The Allow header lists the methods that it has.", NEVER, 0},
    [PROBLEM_LENGTH_REQUIRED] = {"length_required", 411, "A Content-Length is required",
        "Send the body with a Content-Length; chunked bodies are not taken.", "Let the client send the whole body with its length.", NEVER, 0},
    [PROBLEM_BODY_TOO_LARGE] = {"body_too_large", 413, "The body is too large", "The body is larger than 16 KiB.",
        "Bodies have 16 KiB at most.", NEVER, 0},
    [PROBLEM_TARGET_TOO_LONG] = {"target_too_long", 414, "The address is too long", "The request target is longer than 1 KiB.",
        "Path and query have 1,024 bytes at most.", NEVER, 0},
    [PROBLEM_UNSUPPORTED_MEDIA_TYPE] = {"unsupported_media_type", 415, "The body is not application/json",
        "Send the body as Content-Type: application/json.", "This API takes JSON only.", NEVER, 0},
    [PROBLEM_HEADERS_TOO_LARGE] = {"headers_too_large", 431, "Too many or too long headers", "Send fewer than 64 headers, of 16 KiB in all.",
        "A client or proxy adds too many headers.", NEVER, 0},
    [PROBLEM_SESSION_ALREADY_ACTIVE] = {"session_already_active", 409, "The user has another running session",
        "This user has another running session.", "Stop that session first: a user parks once at a time, in the whole fleet.", NEVER, 0},
    [PROBLEM_PLATE_ALREADY_ACTIVE] = {"plate_already_active", 409, "The plate has a running session in this garage",
        "This licence plate has a running session in this garage.", "The car is inside already, by this or another partner.", NEVER, 0},
    [PROBLEM_GARAGE_FULL] = {"garage_full", 409, "The garage is full", "All spots are taken.",
        "Try again when GET /v1/garages/{garageId}/availability shows a free spot.", AGAIN, 0},
    [PROBLEM_GARAGE_CLOSED] = {"garage_closed", 409, "The garage is closed", "Staff closed the garage for new cars.",
        "Cars inside can still leave.", AGAIN, 0},
    [PROBLEM_GARAGE_SUSPENDED] = {"garage_suspended", 409, "The garage is suspended", "Staff suspended the garage.",
        "Cars inside can still leave.", AGAIN, 0},
    [PROBLEM_SESSION_NOT_ACTIVE] = {"session_not_active", 409, "The session does not run", "The session has ended.",
        "Doors open for a running session; the exit also within the grace after its stop.", NEVER, 0},
    [PROBLEM_DOOR_NOT_ALLOWED] = {"door_not_allowed", 409, "The session may not open this door now",
        "The session may not open this door now.",
        "The entry opens within 15 minutes after the start, the exit after the stop: stop the session to leave.", NEVER, 0},
    [PROBLEM_DOOR_IN_MAINTENANCE] = {"door_in_maintenance", 409, "The door is in maintenance",
        "A technician works on the door.", "Remote commands are locked out until the work is done.", AGAIN, 0},
    [PROBLEM_IDEMPOTENCY_IN_PROGRESS] = {"idempotency_in_progress", 409, "The first request with this key still runs",
        "The first request with this Idempotency-Key still runs.", "Wait a moment, then send the same request again.", AGAIN, 0},
    [PROBLEM_VALIDATION_FAILED] = {"validation_failed", 422, "Some fields are wrong", "Some fields are wrong; see errors.",
        "`errors` names each wrong field by a JSON pointer and says what is expected.", NEVER, 0},
    [PROBLEM_DOOR_INDICATION_REQUIRED] = {"door_indication_required", 422, "Name the door",
        "The garage has several such doors: name one in doorId.", "GET /v1/garages/{garageId}/doors lists them.", NEVER, 0},
    [PROBLEM_DOOR_NOT_ENTRY] = {"door_not_entry", 422, "The door is not an entry", "This door is not an entry door.",
        "A start opens an entry door.", NEVER, 0},
    [PROBLEM_DOOR_NOT_EXIT] = {"door_not_exit", 422, "The door is not an exit", "This door is not an exit door.",
        "A stop opens an exit door.", NEVER, 0},
    [PROBLEM_IDEMPOTENCY_KEY_REUSED] = {"idempotency_key_reused", 422, "The key belongs to another request",
        "This Idempotency-Key was used for another request.", "Use a new key for each new request.", NEVER, 0},
    [PROBLEM_POLICY_INVALID] = {"policy_invalid", 422, "The policy is not valid", "The policy is not valid; see errors.",
        "The policy that is in force stays in force.", NEVER, 0},
    [PROBLEM_RATE_LIMITED] = {"rate_limited", 429, "Too many requests", "The partner's requests for this minute are used up.",
        "Wait as long as Retry-After says.", AGAIN, 1},
    [PROBLEM_TOO_MANY_OPENINGS] = {"too_many_openings", 429, "The door was opened too often for this session",
        "The door was opened as often as this session may.",
        "A pedestrian door counts the last minutes only: try again later. Any other opens no more for this session: ask the staff.",
        NEVER, 3600},
    [PROBLEM_INTERNAL_ERROR] = {"internal_error", 500, "Something of ours went wrong", "Something of ours went wrong.",
        "Tell the operator the request id: it is in the log.", AGAIN, 0},
    [PROBLEM_DOOR_UNREACHABLE] = {"door_unreachable", 503, "The door does not answer", "The door's hardware does not answer.",
        "The staff sees this fault already.", AGAIN, 10},
    [PROBLEM_POLICY_UNAVAILABLE] = {"policy_unavailable", 503, "A policy is broken", "A policy of the garage is broken.",
        "The operator has to mend it; cars inside can still leave.", AGAIN, 30},
    [PROBLEM_STORAGE_UNAVAILABLE] = {"storage_unavailable", 503, "Nothing can be stored now", "The disk takes no writes now.",
        "The disk is full or broken; cars inside can still leave.", AGAIN, 10},
    [PROBLEM_OVERLOADED] = {"overloaded", 503, "Too much to do", "Too many requests are waiting.", "Try again in a moment.", AGAIN, 1},
    [PROBLEM_SHUTTING_DOWN] = {"shutting_down", 503, "The runtime is ending", "The runtime is ending.",
        "It is being restarted: try again in a moment.", AGAIN, 5},
};

const struct problem_kind *problem_kind(enum problem_code code)
{
    return &kinds[code < PROBLEM_COUNT ? code : PROBLEM_INTERNAL_ERROR];
}

const struct problem_kind *problem_find(const char *slug)
{
    for (size_t i = 0; i < PROBLEM_COUNT; i++) {
        const char *code = kinds[i].code;
        size_t at = 0;

        if (i == PROBLEM_DENIED_BY_POLICY)
            continue; /* stands for the codes of policies, which have no pages */
        while (code[at] && slug[at] == (code[at] == '_' ? '-' : code[at]))
            at++;
        if (!code[at] && !slug[at])
            return &kinds[i];
    }
    return NULL;
}
