/*
 * limit.c - what the machine needs at least for an image: inflating its layers with ISA-L and hashing
 * the stored bytes and the tars with SHA-256, and nothing else.
 *
 *	limit LAYER...		blobs, gzip or plain; prints "cores seconds processor-seconds"
 *
 * The processor's seconds are those of one core; the other ones are spread over the cores. A layer is inflated by one thread only,
 * so that nothing real can reach this where one layer outweighs the others.
 */
#include <errno.h>
#include <fcntl.h>
#include <isa-l.h>
#include <openssl/evp.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BLOCK (256 * 1024)

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double seconds_of(const struct timeval *t)
{
	return (double)t->tv_sec + (double)t->tv_usec / 1e6;
}

static void die(const char *what, const char *why)
{
	fprintf(stderr, "limit: %s: %s\n", what, why);
	exit(1);
}

static EVP_MD_CTX *new_hash(void)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	if (!ctx || EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) != 1) {
		die("SHA-256", "libcrypto has none");
	}
	return ctx;
}

/* Blocks of the tar go through the hash while they are in the cache, as they do in assay. */
static void unzip(uint8_t *in, size_t len, const char *name)
{
	static uint8_t out[BLOCK];
	static struct inflate_state z;
	EVP_MD_CTX *ctx = new_hash();

	isal_inflate_init(&z);
	z.crc_flag = ISAL_GZIP;
	z.next_in = in;
	while (len || z.avail_in) {
		uint32_t n = len > BLOCK ? BLOCK : (uint32_t)len;
		int rc;

		if (!z.avail_in) {
			z.avail_in = n;
			len -= n;
		}
		if (z.block_state == ISAL_BLOCK_FINISH) {
			isal_inflate_reset(&z);
		}
		do {
			z.next_out = out;
			z.avail_out = BLOCK;
			rc = isal_inflate(&z);
			EVP_DigestUpdate(ctx, out, BLOCK - z.avail_out);
		} while (rc == ISAL_DECOMP_OK && !z.avail_out);
		if (rc < 0) {
			die(name, "broken gzip");
		}
	}
	EVP_MD_CTX_free(ctx);
}

static void layer(const char *name)
{
	EVP_MD_CTX *ctx = new_hash();
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	struct stat st;
	uint8_t *in;

	if (fd < 0 || fstat(fd, &st) || st.st_size < 2) {
		die(name, "cannot be read");
	}
	in = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
	if (in == MAP_FAILED) {
		die(name, "cannot be mapped");
	}
	EVP_DigestUpdate(ctx, in, (size_t)st.st_size);
	if (in[0] == 0x1f && in[1] == 0x8b) {
		unzip(in, (size_t)st.st_size, name);
	}
	munmap(in, (size_t)st.st_size);
	close(fd);
	EVP_MD_CTX_free(ctx);
}

/* One process for each core does it all at the same time: what each takes, spread over the cores, is
 * what one image takes on all of them, with the same memory and the same neighbours. */
int main(int argc, char **argv)
{
	cpu_set_t set;
	int cores = sched_getaffinity(0, sizeof(set), &set) ? 1 : CPU_COUNT(&set);
	double start = now();
	struct rusage used;
	double took;

	for (int core = 0; core < cores; core++) {
		pid_t pid = fork();

		if (pid < 0) {
			die("fork", strerror(errno));
		}
		if (pid == 0) {
			for (int i = 1; i < argc; i++) {
				layer(argv[i]);
			}
			_exit(0);
		}
	}
	for (int core = 0; core < cores; core++) {
		int status;

		if (wait(&status) < 0 || status) {
			die("a child", "failed");
		}
	}
	took = now() - start;
	getrusage(RUSAGE_CHILDREN, &used);
	printf("%d %.3f %.3f\n", cores, took / cores,
		(seconds_of(&used.ru_utime) + seconds_of(&used.ru_stime)) / cores);
	return 0;
}
