/* The page of figures at /: plain HTML, made anew at each request, refreshed by the browser. */
#ifndef RETOUCH_ADMIN_PAGE_H
#define RETOUCH_ADMIN_PAGE_H

#include "base/buf.h"
#include "base/err.h"

struct admin_view;

int page_write(const struct admin_view *view, struct buf *html) MUST_CHECK;

#endif
