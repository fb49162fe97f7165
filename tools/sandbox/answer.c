/* What the sandbox answers: a status, a body, a few headers. */
#include "answer.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <yyjson.h>

#include "mem.h"

const char content_json[] = "application/json; charset=utf-8";
const char *const shape_names[] = {"ErrorCode", "error_code", "code", "code_text", "nested", NULL};

struct shape_row {
    const char *code_field;
    const char *message_field;
    bool text;   /* the number as a text */
    bool nested; /* inside data.result */
};

static const struct shape_row shape_rows[] = {
    [SHAPE_ERRORCODE] = {"ErrorCode",  "ErrorMsg",  false, false},
    [SHAPE_ERROR_CODE] = {"error_code", "error_msg", false, false},
    [SHAPE_CODE] = {"code",       "message",   false, false},
    [SHAPE_CODE_TEXT] = {"code",       "msg",       true,  false},
    [SHAPE_NESTED] = {"error_code", "error_msg", false, true },
};

void answer_done(struct answer *answer)
{
    bytes_done(&answer->body);
}

void answer_set(struct answer *answer, int status, const char *content_type, const char *body)
{
    answer->status = status;
    answer->content_type = content_type;
    answer->body.len = 0;
    (void)!bytes_append(&answer->body, body, strlen(body));
}

void answer_fail(struct answer *answer, int status, int code, const char *fmt, ...)
{
    char message[512];
    va_list args;
    va_start(args, fmt);
    vsnprintf(message, sizeof message, fmt, args);
    va_end(args);
    answer_fail_shaped(answer, status, SHAPE_ERRORCODE, code, message);
}

void answer_fail_shaped(
    struct answer *answer, int status, enum error_shape shape, int code, const char *message)
{
    const struct shape_row *row = &shape_rows[shape];
    char digits[16];
    snprintf(digits, sizeof digits, "%d", code);
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    yyjson_mut_doc_set_root(doc, root);
    yyjson_mut_val *at = root;
    if (row->nested) {
        at = yyjson_mut_obj_add_obj(doc, yyjson_mut_obj_add_obj(doc, root, "data"), "result");
    }
    if (code >= 0 && row->text) {
        yyjson_mut_obj_add_strcpy(doc, at, row->code_field, digits);
    } else if (code >= 0) {
        yyjson_mut_obj_add_int(doc, at, row->code_field, code);
    }
    yyjson_mut_obj_add_strcpy(doc, at, row->message_field, message);
    char *text = yyjson_mut_write(doc, 0, NULL);
    answer_set(answer, status, content_json, text != NULL ? text : "{}");
    answer->code = code > 0 ? code : 0;
    mem_free(text);
    yyjson_mut_doc_free(doc);
}
