/* rights.h - the verbs that ask what is allowed and what is refused, for inside.c's table. */
#ifndef TESTS_SANDBOX_INSIDE_RIGHTS_H
#define TESTS_SANDBOX_INSIDE_RIGHTS_H

int rights_allowed(char **arg);
int rights_refused_names(char **arg);
int rights_refused_often(char **arg);
int rights_own_filter(char **arg);
int rights_own_listener(char **arg);

#endif
