/*
 * expect.h - does an answer meet what a smoke step expects? Pure.
 */
#ifndef RUNNER_EXPECT_H
#define RUNNER_EXPECT_H

#include "product/product.h"
#include "runner/http.h"

/* NULL when it does; else what does not hold, first things first: a heap string. */
char *expect_judge(const struct smoke_expect *expect, const struct http_response *response);

#endif
