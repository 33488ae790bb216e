#include "image/inflate_codec.h"
#include "image/limits.h"

#include <inttypes.h>
#include <zstd.h>
#include <zstd_errors.h>

static int log2_of(uint64_t power)
{
	return 63 - __builtin_clzll(power);
}

/* The window is most of a decoder's memory. */
static void *zstd_open(void)
{
	ZSTD_DCtx *context = ZSTD_createDCtx();

	if (context && ZSTD_isError(ZSTD_DCtx_setParameter(
			       context, ZSTD_d_windowLogMax, log2_of(image_limits.zstd_window)))) {
		ZSTD_freeDCtx(context);
		return NULL;
	}
	return context;
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

		if (ZSTD_getErrorCode(rc) == ZSTD_error_frameParameter_windowTooLarge) {
			return err_set(err, ERR_UNSUPPORTED,
				"zstd window of more than %" PRIu64
				" MiB (policy: 'zstd_window_mib')",
				image_limits.zstd_window / MIB);
		}
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
