/*
 * scope.h - a control group of our own from the user's systemd, without root.
 *
 * After logging in, a user's processes stand in a group that belongs to root, and nobody but systemd
 * can move them to where the user may make groups. It does when asked over D-Bus, as
 * `systemd-run --user --scope -p Delegate=yes` does; but that program would have to start us, and its
 * failures could be taken for our verdicts, so we ask for a scope around the process that runs.
 * org.freedesktop.systemd1(5), systemd.resource-control(5), "Control Group APIs and Delegation".
 */
#ifndef SANDBOX_SCOPE_H
#define SANDBOX_SCOPE_H

#include <stdbool.h>

/* Move this process (with one thread, not yet in a user namespace) into a scope that may be divided.
 * Does nothing when our group will do, when a scope would not help, or without systemd: then it
 * returns false, and cgroup_place_find() has the reason. At most SCOPE_WAIT_S seconds. */
bool scope_enter(void);
#define SCOPE_WAIT_S 5

/* Ask for it: unit is the scope's name. false when systemd did not take the request. */
bool scope_ask(const char *unit);

#endif
