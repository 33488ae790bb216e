/* Which ports a task has, and what /proc/net/tcp says. */
#include "runner/ports.h"

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/str.h"

#include <criterion/criterion.h>
#include <string.h>

Test(runner_ports, exposed)
{
	AUTO(strv) struct strv exposed = {0};
	struct image_config config;
	struct port_list list;

	strv_add(&exposed, "8080/tcp");
	strv_add(&exposed, "53/udp");
	strv_add(&exposed, "9000");
	strv_add(&exposed, "7000-7002/tcp");
	strv_add(&exposed, "8080");
	strv_add(&exposed, "70000/tcp");
	strv_add(&exposed, "0/tcp");
	strv_add(&exposed, "x");
	config = (struct image_config){.exposed_ports = exposed};
	ports_of(&config, NULL, &list);
	cr_assert_eq(list.n, 5);
	cr_assert_not(list.from_product);
	cr_assert_eq(list.v[0], 8080);
	cr_assert_eq(list.v[1], 9000);
	cr_assert_eq(list.v[4], 7002);
}

Test(runner_ports, the_product_file_wins)
{
	AUTO(strv) struct strv exposed = {0};
	uint64_t declared[] = {3000, 3000, 99999};
	struct task task = {.ports = declared, .n_ports = 3};
	struct image_config config;
	struct port_list list;

	strv_add(&exposed, "8080/tcp");
	config = (struct image_config){.exposed_ports = exposed};
	ports_of(&config, &task, &list);
	cr_assert(list.from_product);
	cr_assert_eq(list.n, 1);
	cr_assert_eq(list.v[0], 3000);
	cr_assert_not(ports_has(&list, 8080));
}

/* As the kernel prints them: 127.0.0.1:8080 and 0.0.0.0:80 listening, one connection (state 01). */
Test(runner_ports, proc_net_tcp)
{
	const char *text =
		"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n"
		"   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0\n"
		"   1: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0\n"
		"   2: 02001DAC:0050 01001DAC:9C40 01 00000000:00000000 00:00000000 00000000     0\n";
	struct listener found[8];
	size_t n = 0;

	listeners_parse(text, found, 8, &n);
	cr_assert_eq(n, 2);
	cr_assert_eq(found[0].port, 8080);
	cr_assert(found[0].loopback);
	cr_assert_eq(found[1].port, 80);
	cr_assert_not(found[1].loopback);
}

/* ::1, :: and ::ffff:127.0.0.1 */
Test(runner_ports, proc_net_tcp6)
{
	const char *text =
		"  sl  local_address                         remote_address                        st\n"
		"   0: 00000000000000000000000001000000:0BB8 00000000000000000000000000000000:0000 0A 0\n"
		"   1: 00000000000000000000000000000000:0BB9 00000000000000000000000000000000:0000 0A 0\n"
		"   2: 0000000000000000FFFF00000100007F:0BBA 00000000000000000000000000000000:0000 0A 0\n";
	struct listener found[2];
	size_t n = 0;

	listeners_parse(text, found, 2, &n);
	cr_assert_eq(n, 2, "at most what there is room for");
	cr_assert_eq(found[0].port, 3000);
	cr_assert(found[0].loopback);
	cr_assert_eq(found[1].port, 3001);
	cr_assert_not(found[1].loopback);
	n = 0;
	listeners_parse(strstr(text, "   2:"), found, 2, &n);
	cr_assert_eq(n, 1);
	cr_assert(found[0].loopback);
}

/* A flood of connections: no row costs as much as all of them. */
Test(runner_ports, proc_net_tcp_of_many)
{
	static const char row[] =
		"   2: 02001DAC:0050 01001DAC:9C40 01 00000000:00000000 00:00000000 00000000     0\n";
	static const char last[] =
		"   3: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0\n";
	size_t rows = 400000;
	auto_free char *text = xcalloc(rows * strlen(row) + sizeof(last), 1);
	struct listener found[2];
	size_t n = 0;

	for (size_t i = 0; i < rows; i++) {
		memcpy(text + i * strlen(row), row, strlen(row));
	}
	memcpy(text + rows * strlen(row), last, sizeof(last));
	listeners_parse(text, found, 2, &n);
	cr_assert_eq(n, 1);
	cr_assert_eq(found[0].port, 8080);
}
