#include "image/inflate_codec.h"

#ifdef HAVE_ISAL

#include <isa-l.h>
#include <limits.h>
#include <stdlib.h>

struct igz {
	struct inflate_state s;
	bool ended; /* a member is over; input that follows begins another */
	bool again; /* it is not the first one */
	size_t taken; /* bytes of the member, as long as they are few */
};

/* The fourth byte of a member is its flags. */
enum { FLAGS_AT = 3, FLAGS_RESERVED = 0xe0 };

static void *igz_open(void)
{
	struct igz *gz = calloc(1, sizeof(*gz));

	if (gz) {
		isal_inflate_init(&gz->s);
		gz->s.crc_flag = ISAL_GZIP;
	}
	return gz;
}

static void igz_close(void *state)
{
	free(state);
}

static uint32_t chunk(size_t len)
{
	return len > UINT32_MAX ? UINT32_MAX : (uint32_t)len;
}

static int step(struct igz *gz, struct inflate_io *io)
{
	uint32_t in = chunk(io->in_len);
	uint32_t out = chunk(io->out_len);
	union {
		const uint8_t *in;
		uint8_t *out;
	} from = {.in = io->in};
	int rc;

	gz->s.next_in = from.out; /* only read from */
	gz->s.avail_in = in;
	gz->s.next_out = io->out;
	gz->s.avail_out = out;
	rc = isal_inflate(&gz->s);
	io->in = gz->s.next_in;
	io->in_len -= in - gz->s.avail_in;
	io->out = gz->s.next_out;
	io->out_len -= out - gz->s.avail_out;
	return rc;
}

/* RFC 1952, 2.3.1.2: reserved flags must be an error. ISA-L does not look at them; zlib does. */
static bool has_reserved_flags(const struct igz *gz, const struct inflate_io *io)
{
	return gz->taken <= FLAGS_AT && FLAGS_AT - gz->taken < io->in_len &&
	       (io->in[FLAGS_AT - gz->taken] & FLAGS_RESERVED);
}

static const char *reason(int rc)
{
	switch (rc) {
	case ISAL_INVALID_BLOCK:
		return "invalid block";
	case ISAL_INVALID_SYMBOL:
		return "invalid symbol";
	case ISAL_INVALID_LOOKBACK:
		return "invalid distance";
	case ISAL_INVALID_WRAPPER:
		return "no gzip header";
	case ISAL_UNSUPPORTED_METHOD:
		return "unknown compression method";
	case ISAL_INCORRECT_CHECKSUM:
		return "wrong checksum";
	default:
		return "unknown";
	}
}

static int igz_run(void *state, struct inflate_io *io, bool *inside, struct err *err)
{
	struct igz *gz = state;

	while (io->out_len) {
		size_t in = io->in_len;
		size_t out = io->out_len;
		bool reserved;
		int rc;

		if (gz->ended && io->in_len) {
			isal_inflate_reset(&gz->s);
			gz->again = true;
			gz->ended = false;
			gz->taken = 0;
		}
		if (gz->ended) {
			return 0;
		}
		*inside |= io->in_len > 0;
		reserved = has_reserved_flags(gz, io);
		rc = step(gz, io);
		gz->taken += in - io->in_len;
		if (rc == ISAL_INVALID_WRAPPER && gz->again) {
			return err_set(err, ERR_MALFORMED,
				"what is behind the end of the gzip data is no gzip");
		}
		if (rc < 0 || reserved) {
			return err_set(err, ERR_MALFORMED, "broken gzip data: %s",
				rc < 0 ? reason(rc) : "reserved flags");
		}
		if (gz->s.block_state == ISAL_BLOCK_FINISH) {
			gz->ended = true;
			*inside = false;
		} else if (io->in_len == in && io->out_len == out) {
			return 0; /* wants input */
		}
	}
	return 0;
}

const struct codec codec_isal = {igz_open, igz_close, igz_run};
#endif
