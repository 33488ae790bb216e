/*
 * connection.h - strings that say how to reach a database and are no URLs: "Server=db;User
 * Id=sa;Password=x" (ADO.NET, ODBC), "host=db user=app password=x" (libpq), "app:x@tcp(db:3306)/app"
 * (Go's MySQL driver), "jdbc:oracle:thin:@db:1521:app", and the options of a URL or command line
 * ("?user=app&password=x", "-Dspring.datasource.password=x").
 *
 *	struct line password;
 *	if (connection_password(text, len, &password)) ...
 *
 * Pure, thread-safe. What is returned lies in text.
 */
#ifndef CHECKS_CONNECTION_H
#define CHECKS_CONNECTION_H

#include "base/str.h"

/* False when there is none, or it is empty. */
bool connection_password(const char *text, size_t len, struct line *ret);

/* The host of a string that is one to connect by; false when it is none. */
bool connection_host(const char *text, size_t len, struct line *ret);

#endif
