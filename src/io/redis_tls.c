#include "io/redis_tls.h"

#include <stdbool.h>
#include <stddef.h>

#ifdef RETOUCH_REDIS_TLS

#    include <arpa/inet.h>
#    include <openssl/ssl.h>
#    include <openssl/x509v3.h>

#    include <hiredis/hiredis_ssl.h>

#    include "base/mem.h"
#    include "base/text.h"

struct redis_tls {
    SSL_CTX *context; /* owned */
};

struct redis_tls *redis_tls_new(struct err *err)
{
    struct redis_tls *tls = mem_zalloc(1, sizeof(*tls));
    if (tls == NULL) {
        err_set(err, ERR_NO_MEMORY, "no memory for TLS");
        return NULL;
    }
    tls->context = SSL_CTX_new(TLS_client_method());
    if (tls->context == NULL || SSL_CTX_set_default_verify_paths(tls->context) != 1) {
        err_set(err, ERR_TLS, "cannot set up TLS");
        redis_tls_free(tls);
        return NULL;
    }
    SSL_CTX_set_verify(tls->context, SSL_VERIFY_PEER, NULL);
    (void)SSL_CTX_set_min_proto_version(tls->context, TLS1_2_VERSION);
    return tls;
}

void redis_tls_free(struct redis_tls *tls)
{
    if (tls != NULL) {
        SSL_CTX_free(tls->context);
        mem_free(tls);
    }
}

static bool is_address(const char *host)
{
    struct in6_addr any;
    return inet_pton(AF_INET, host, &any) == 1 || inet_pton(AF_INET6, host, &any) == 1;
}

enum {
    HOST_MAX = 256
};

static int set_peer(SSL *ssl, const char *host)
{
    char name[HOST_MAX]; /* OpenSSL's macro wants it changeable */
    if (is_address(host)) {
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host);
    }
    return text_copy(name, sizeof(name), slice_text(host)) && SSL_set1_host(ssl, name) == 1 &&
           SSL_set_tlsext_host_name(ssl, name) == 1;
}

int redis_tls_start(struct redis_tls *tls, redisContext *context, const char *host, struct err *err)
{
    SSL *ssl = SSL_new(tls->context);
    if (ssl == NULL || set_peer(ssl, host) != 1) {
        SSL_free(ssl);
        return err_set(err, ERR_TLS, "cannot set up TLS for %s", host);
    }
    if (redisInitiateSSL(context, ssl) != REDIS_OK) {
        SSL_free(ssl);
        return err_set(err, ERR_TLS, "TLS: %s", context->errstr);
    }
    return 0;
}

#else

struct redis_tls *redis_tls_new(struct err *err)
{
    err_set(err, ERR_UNSUPPORTED, "rediss:// needs hiredis 1.0 or newer built with TLS");
    return NULL;
}

void redis_tls_free(struct redis_tls *tls)
{
    (void)tls;
}

int redis_tls_start(struct redis_tls *tls, redisContext *context, const char *host, struct err *err)
{
    (void)tls;
    (void)context;
    return err_set(err, ERR_UNSUPPORTED, "no TLS for %s", host);
}

#endif
