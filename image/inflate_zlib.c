#define ZLIB_CONST
#include "image/inflate_codec.h"

#include <limits.h>
#include <stdlib.h>
#include <zlib.h>

#define GZIP_ONLY (16 + MAX_WBITS)

enum { MAGIC = 2 }; /* bytes at the beginning of each member */

struct gz {
	z_stream z;
	bool again; /* it is not the first member */
	bool ended; /* a member is over; input that follows begins another */
};

static void *gz_open(void)
{
	struct gz *gz = calloc(1, sizeof(*gz));

	if (gz && inflateInit2(&gz->z, GZIP_ONLY) != Z_OK) {
		free(gz);
		return NULL;
	}
	return gz;
}

static void gz_close(void *state)
{
	struct gz *gz = state;

	inflateEnd(&gz->z);
	free(gz);
}

static uInt chunk(size_t len)
{
	return len > UINT_MAX ? UINT_MAX : (uInt)len;
}

static int step(struct gz *gz, struct inflate_io *io)
{
	uInt in = chunk(io->in_len);
	uInt out = chunk(io->out_len);
	int rc;

	gz->z.next_in = io->in;
	gz->z.avail_in = in;
	gz->z.next_out = io->out;
	gz->z.avail_out = out;
	rc = inflate(&gz->z, Z_NO_FLUSH);
	io->in = gz->z.next_in;
	io->in_len -= in - gz->z.avail_in;
	io->out = gz->z.next_out;
	io->out_len -= out - gz->z.avail_out;
	return rc;
}

static int gz_run(void *state, struct inflate_io *io, bool *inside, struct err *err)
{
	struct gz *gz = state;

	while (io->out_len) {
		int rc;

		if (gz->ended && io->in_len) {
			inflateReset(&gz->z);
			gz->ended = false;
			gz->again = true;
			*inside = true;
		}
		if (gz->ended) {
			return 0;
		}
		*inside |= io->in_len > 0;
		rc = step(gz, io);
		if (rc == Z_STREAM_END) {
			gz->ended = true;
			*inside = false;
		} else if (rc == Z_BUF_ERROR) {
			return 0; /* wants input */
		} else if (rc != Z_OK && gz->again && gz->z.total_in <= MAGIC) {
			return err_set(err, ERR_MALFORMED,
				"what is behind the end of the gzip data is no gzip");
		} else if (rc != Z_OK) {
			return err_set(err, ERR_MALFORMED, "broken gzip data: %s",
				gz->z.msg ? gz->z.msg : "unknown");
		}
	}
	return 0;
}

const struct codec codec_zlib = {gz_open, gz_close, gz_run};
