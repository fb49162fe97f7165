#include "wire/node.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/check.h"
#include "base/text.h"

enum {
    SHOWN_TEXT_BYTES = 40 /* of a text, before escaping */
};

static const char *const kind_names[NODE_KIND_COUNT] = {
    [NODE_NULL] = "null",  [NODE_BOOL] = "bool", [NODE_INT] = "int",   [NODE_BIG] = "int",
    [NODE_REAL] = "float", [NODE_TEXT] = "str",  [NODE_BYTES] = "bin", [NODE_ARRAY] = "array",
    [NODE_MAP] = "map",    [NODE_EXT] = "ext",
};

const char *node_kind_name(enum node_kind kind)
{
    CHECK(kind < NODE_KIND_COUNT);
    return kind_names[kind];
}

void node_iter_init(struct node_iter *iter, const struct node *parent)
{
    CHECK(parent->kind == NODE_ARRAY || parent->kind == NODE_MAP);
    *iter = (struct node_iter){.parent = *parent, .index = 0, .at = NULL};
}

bool node_iter_next(struct node_iter *iter, struct node *ret_key, struct node *ret_value)
{
    if (iter->index == iter->parent.count) {
        return false;
    }
    iter->parent.source->next(iter, ret_key, ret_value);
    iter->index++;
    return true;
}

static void show_text(struct slice bytes, char text[NODE_SHOWN_MAX])
{
    bool is_cut = bytes.len > SHOWN_TEXT_BYTES;
    struct slice shown = slice_of(bytes.ptr, is_cut ? SHOWN_TEXT_BYTES : bytes.len);
    text[0] = '"';
    /* Room for the quotes, the dots and the NUL. */
    size_t used = 1 + text_escape(shown, text + 1, NODE_SHOWN_MAX - 5);
    (void)snprintf(text + used, NODE_SHOWN_MAX - used, is_cut ? "...\"" : "\"");
}

const char *node_show(const struct node *node, char text[NODE_SHOWN_MAX])
{
    switch (node->kind) {
    case NODE_NULL:
        return "null";
    case NODE_BOOL:
        return node->truth ? "true" : "false";
    case NODE_INT:
        (void)snprintf(text, NODE_SHOWN_MAX, "%" PRId64, node->integer);
        break;
    case NODE_BIG:
        (void)snprintf(text, NODE_SHOWN_MAX, "%" PRIu64, node->big);
        break;
    case NODE_REAL:
        (void)snprintf(text, NODE_SHOWN_MAX, "the float %.15g", node->real);
        break;
    case NODE_TEXT:
        show_text(node->bytes, text);
        break;
    case NODE_BYTES:
    case NODE_EXT:
        (void)snprintf(text, NODE_SHOWN_MAX, "%s of %zu bytes", kind_names[node->kind],
                       node->bytes.len);
        break;
    case NODE_ARRAY:
    case NODE_MAP:
        (void)snprintf(text, NODE_SHOWN_MAX, "%s of %" PRIu32, kind_names[node->kind], node->count);
        break;
    case NODE_KIND_COUNT:
        CHECK_UNREACHABLE();
    }
    return text;
}
