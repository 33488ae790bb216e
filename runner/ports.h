/*
 * ports.h - which TCP ports a task has: those that the product file declares, else those that the
 * image exposes; and which ones the kernel says somebody listens on.
 */
#ifndef RUNNER_PORTS_H
#define RUNNER_PORTS_H

#include "image/image.h"
#include "product/product.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* More than any product has that means well. */
#define PORTS_MAX 64

struct port_list {
	uint16_t v[PORTS_MAX];
	size_t n;
	bool from_product; /* else from ExposedPorts */
};

/* task may be NULL. UDP and SCTP ports are left out; without any TCP port the list is empty. */
void ports_of(const struct image_config *config, const struct task *task, struct port_list *ret);
bool ports_has(const struct port_list *list, uint16_t port);

/* One listening TCP socket. */
struct listener {
	uint16_t port;
	bool loopback; /* bound to 127.0.0.0/8 or ::1 */
};

/* The listeners in one text of /proc/PID/net/tcp or tcp6 (proc(5)), added to ret[*n..max). Pure. */
void listeners_parse(const char *text, struct listener *ret, size_t max, size_t *n);

/* Those of a process's network namespace; at most max. */
size_t listeners_of(pid_t pid, struct listener *ret, size_t max);

#endif
