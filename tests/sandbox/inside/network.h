/* Verbs that talk to others. */
#ifndef TESTS_INSIDE_NETWORK_H
#define TESTS_INSIDE_NETWORK_H

int network_connect(char **arg);
int network_reach(char **arg);
int network_serve(char **arg);
int network_serve_udp(char **arg);
int network_send(char **arg);
int network_forge(char **arg);
int network_ask(char **arg);

#endif
