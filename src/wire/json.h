/* JSON by way of yyjson: parsed in place, bounded in depth and in number of values. */
#ifndef RETOUCH_WIRE_JSON_H
#define RETOUCH_WIRE_JSON_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "wire/node.h"

struct json;
struct yyjson_val;

enum {
    JSON_PADDING = 4 /* bytes that reading needs behind the text; reserving them saves a move */
};

/* Parses text in place: its bytes are changed, must stay where they are and must outlive the
 * document; texts in the document are views into them. ERR_MALFORMED: not JSON by RFC 8259, deeper
 * than NODE_DEPTH_MAX, or of more than NODE_COUNT_MAX values (counted before memory is reserved);
 * ERR_TOO_BIG: no room for the padding below text's maximum; ERR_NO_MEMORY. */
int json_read(struct buf *text, struct json **ret_json, struct err *err) MUST_CHECK;
void json_free(struct json *json); /* accepts NULL */

struct node json_root(const struct json *json);
/* RFC 6901: "/data/images/0", or "" for the root. False when there is nothing there. */
bool json_find(const struct json *json, const char *pointer, struct node *ret_node);
/* The same for those who walk with yyjson itself. */
struct yyjson_val *json_root_value(const struct json *json);

#endif
