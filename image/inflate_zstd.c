#include "image/inflate_codec.h"

#include <zstd.h>

/* libzstd's own default cap on the window, 128 MiB, stays: it bounds the memory of a decoder. */

static void *zstd_open(void)
{
	return ZSTD_createDCtx();
}

static void zstd_close(void *state)
{
	ZSTD_freeDCtx(state);
}

static int zstd_run(void *state, struct inflate_io *io, bool *inside, struct err *err)
{
	while (io->out_len) {
		ZSTD_inBuffer in = {io->in, io->in_len, 0};
		ZSTD_outBuffer out = {io->out, io->out_len, 0};
		size_t rc = ZSTD_decompressStream(state, &out, &in);

		if (ZSTD_isError(rc)) {
			return err_set(
				err, ERR_MALFORMED, "broken zstd data: %s", ZSTD_getErrorName(rc));
		}
		io->in += in.pos;
		io->in_len -= in.pos;
		io->out += out.pos;
		io->out_len -= out.pos;
		if (in.pos || out.pos) {
			*inside = rc != 0; /* 0: a frame is over and flushed */
		} else {
			return 0; /* wants input */
		}
	}
	return 0;
}

const struct codec codec_zstd = {zstd_open, zstd_close, zstd_run};
