/* The command line, by argp. */
#include "flags.h"

#include <argp.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract.h"

enum {
    FLAG_LATENCY = 0x100,
    FLAG_QPS,
    FLAG_SEED,
    FLAG_KEY,
    FLAG_SECRET,
    FLAG_MAX_BODY,
    FLAG_GENERATE_TTL,
    FLAG_PHOTOS,
    FLAG_CONTRACT,
    BODY_DEFAULT_MB = 8,
    BODY_MAX_MB = 1024,
    LATENCY_MAX_MS = 3600 * 1000,
    QPS_MAX = 1000000,
    DAY_MS = 24 * 3600 * 1000
};

static const struct argp_option options[] = {
    {"listen",                                                 'l', "ADDR:PORT", 0, "where to listen; port 0 takes any free one", 0},
    {"latency-ms",                                             FLAG_LATENCY, "N[:M]", 0, "how long a call lasts; uniform from N to M", 0},
    {"qps",            FLAG_QPS, "N", 0, "more calls than N within a second get 429, code 90024", 0},
    {"seed",                                                        FLAG_SEED, "N", 0, "of everything left to chance (default 1)", 0},
    {"api-key",FLAG_KEY, "K", 0, "the only key that is accepted (default: any)", 0},
    {"api-secret",                                                       FLAG_SECRET, "S", 0, "the secret that belongs to it", 0},
    {"max-body",                                                       FLAG_MAX_BODY, "MB", 0, "largest request body (default 8)", 0},
    {"generate-ttl-ms",                                                    FLAG_GENERATE_TTL, "N", 0,
     "how long generate and check ids live (default a day)", 0},
    {"photos",                                                     FLAG_PHOTOS, "DIR", 0, "serve its files as /_sandbox/photo/NAME", 0},
    {"contract", FLAG_CONTRACT, "NAME", 0, "paths and names of the ID photos: assumed, alt", 0},
    {0                                                       },
};

static const char about[] =
    "The local stand-in for the remote image API: refuses what the vendor's documents rule out, "
    "makes real pictures, writes down what it was asked and fails on demand."
    "\vOn start it prints one line: listening on http://ADDR:PORT\n\n"
    "  POST /v1/EmojMaterialH5       a photo becomes a drawing\n"
    "  POST /v1/filter               a photo gets a tint\n"
    "  POST /v1/idphoto/EFFECT       ID photos: make, beauty, clothes, background, makeup, hair, "
    "skin, "
    "symmetry, expression, eyes, glasses, shading, check\n"
    "  GET, DELETE /_sandbox/calls   what it was asked (?since=N, &limit=N); forget it\n"
    "  GET, POST, DELETE /_sandbox/faults   what is to go wrong: "
    "{\"faults\":[{\"kind\":\"status\",\"status\":500,\"code\":10002,\"rate\":0.1}]}\n\n"
    "Fields of every fault: rate (0 to 1), times (the first N matching calls), after (skip N), "
    "path (a trailing * matches any rest; default: every effect), latency_ms, billed. An unknown "
    "kind is answered with the list of kinds.\n\n"
    "Exit status: 0 after SIGTERM or SIGINT, 1 when it cannot start, 2 for a wrong flag.";

static bool parse_number(const char *text, int64_t max, int64_t *ret_value)
{
    char *end = NULL;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (end == text || *end != '\0' || errno != 0 || value < 0 || value > max) {
        return false;
    }
    *ret_value = value;
    return true;
}

static bool parse_latency(char *text, struct flags *flags)
{
    char *colon = strchr(text, ':');
    if (colon == NULL) {
        bool ok = parse_number(text, LATENCY_MAX_MS, &flags->latency_min_ms);
        flags->latency_max_ms = flags->latency_min_ms;
        return ok;
    }
    *colon = '\0';
    bool ok = parse_number(text, LATENCY_MAX_MS, &flags->latency_min_ms) &&
              parse_number(colon + 1, LATENCY_MAX_MS, &flags->latency_max_ms);
    *colon = ':';
    return ok && flags->latency_min_ms <= flags->latency_max_ms;
}

static bool parse_listen(const char *text, struct flags *flags)
{
    const char *colon = strrchr(text, ':');
    if (colon == NULL) {
        return false;
    }
    size_t len = (size_t)(colon - text);
    if (len >= 2 && text[0] == '[' && text[len - 1] == ']') {
        text++;
        len -= 2;
    }
    int64_t port = 0;
    if (len == 0 || len >= FLAG_ADDRESS_MAX || !parse_number(colon + 1, UINT16_MAX, &port)) {
        return false;
    }
    memcpy(flags->address, text, len);
    flags->address[len] = '\0';
    flags->port = (uint16_t)port;
    return true;
}

static void require(struct argp_state *state, bool ok, const char *name, const char *allowed)
{
    if (!ok) {
        argp_error(state, "%s: not valid; allowed is %s", name, allowed);
    }
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
    struct flags *flags = state->input;
    int64_t number = 0;
    switch (key) {
    case 'l':
        require(state, parse_listen(arg, flags), "--listen", "ADDR:PORT, such as 127.0.0.1:0");
        return 0;
    case FLAG_LATENCY:
        require(state, parse_latency(arg, flags), "--latency-ms", "N or N:M, N <= M <= 3600000");
        return 0;
    case FLAG_QPS:
        require(state, parse_number(arg, QPS_MAX, &flags->qps), "--qps", "0 to 1000000");
        return 0;
    case FLAG_SEED:
        require(state, parse_number(arg, INT64_MAX, &number), "--seed", "a number from 0");
        flags->seed = (uint64_t)number;
        return 0;
    case FLAG_KEY:
        flags->api_key = arg;
        return 0;
    case FLAG_SECRET:
        flags->api_secret = arg;
        return 0;
    case FLAG_MAX_BODY:
        require(state, parse_number(arg, BODY_MAX_MB, &number) && number > 0, "--max-body",
                "1 to 1024 (MB)");
        flags->body_max_bytes = (size_t)number * 1024 * 1024;
        return 0;
    case FLAG_GENERATE_TTL:
        require(state, parse_number(arg, INT32_MAX, &flags->generate_ttl_ms), "--generate-ttl-ms",
                "0 to 2147483647");
        return 0;
    case FLAG_PHOTOS:
        flags->photos = arg;
        return 0;
    case FLAG_CONTRACT:
        require(state, contract_find(arg) != NULL, "--contract", "assumed or alt");
        flags->contract = arg;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

void flags_parse(int argc, char **argv, struct flags *ret_flags)
{
    static const struct argp parser = {.options = options, .parser = parse_option, .doc = about};
    struct flags flags = {.address = "127.0.0.1",
                          .seed = 1,
                          .body_max_bytes = (size_t)BODY_DEFAULT_MB * 1024 * 1024,
                          .generate_ttl_ms = DAY_MS};
    argp_err_exit_status = 2;
    argp_parse(&parser, argc, argv, 0, NULL, &flags);
    if ((flags.api_key == NULL) != (flags.api_secret == NULL)) {
        fputs("retouch-sandbox: --api-key and --api-secret belong together\n", stderr);
        exit(argp_err_exit_status);
    }
    *ret_flags = flags;
}
