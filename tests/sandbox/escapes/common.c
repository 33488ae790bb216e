/* What the attempts share. */
#include "escape.h"

#define SECRET "bait: outside only"

int refused(void)
{
	return errno ? -errno : -EIO;
}

int through(long result, int beyond)
{
	return result >= 0 || errno == beyond ? GOT : refused();
}

const char *bait(const char *name)
{
	char key[64];
	const char *value;

	snprintf(key, sizeof(key), "ESCAPE_%s", name);
	value = getenv(key);
	return value ? value : "";
}

long bait_number(const char *name)
{
	return strtol(bait(name), NULL, 0);
}

bool tells_secret(int fd)
{
	char text[sizeof(SECRET)] = "";
	ssize_t n = read(fd, text, sizeof(SECRET) - 1);

	if (n >= 0 && strcmp(text, SECRET) != 0) {
		errno = ENOENT;
	}
	return strcmp(text, SECRET) == 0;
}

int rewrite_with(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);
	ssize_t n;

	if (fd < 0) {
		return refused();
	}
	n = write(fd, text, strlen(text));
	close(fd);
	return n < 0 ? refused() : GOT;
}

int rewrite(const char *path)
{
	char text[4096];
	int fd = open(path, O_RDONLY);
	ssize_t n;

	if (fd < 0) {
		return refused();
	}
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n < 0) {
		return refused();
	}
	text[n] = '\0';
	return rewrite_with(path, n ? text : "\n");
}

int read_some(const char *path)
{
	char text[256];
	int fd = open(path, O_RDONLY | O_NONBLOCK);
	ssize_t n;

	if (fd < 0) {
		return refused();
	}
	n = read(fd, text, sizeof(text));
	close(fd);
	if (n == 0) {
		return -ENODATA;
	}
	return n > 0 ? GOT : refused();
}

long call_i386(long nr, long a, long b, long c)
{
	long r;

	/* int $0x80 zeroes r8 to r11 on the way. */
	__asm__ volatile("int $0x80"
			 : "=a"(r)
			 : "a"(nr), "b"(a), "c"(b), "d"(c)
			 : "memory", "r8", "r9", "r10", "r11");
	if ((int)r < 0) {
		errno = -(int)r;
		return -1;
	}
	return (int)r;
}
