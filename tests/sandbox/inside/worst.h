/* worst.h - the verbs of a product that does its worst, for inside.c's table. */
#ifndef TESTS_SANDBOX_INSIDE_WORST_H
#define TESTS_SANDBOX_INSIDE_WORST_H

int worst_bomb(char **arg);
int worst_hog_memory(char **arg);
int worst_hog_descriptors(char **arg);
int worst_hog_sockets(char **arg);
int worst_hog_inodes(char **arg);
int worst_stubborn_tree(char **arg);
int worst_stopped(char **arg);
int worst_subreapers(char **arg);
int worst_daemonized(char **arg);
int worst_traced(char **arg);

#endif
