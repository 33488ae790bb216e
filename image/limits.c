#include "image/limits.h"

struct image_limits image_limits = {
	.document = LIMIT_DOCUMENT,
	.manifests = LIMIT_MANIFESTS,
	.members = LIMIT_MEMBERS,
	.layer_tar = LIMIT_LAYER_TAR,
	.entries = LIMIT_ENTRIES,
	.keep_all = LIMIT_KEEP_ALL,
	.zstd_window = LIMIT_ZSTD_WINDOW,
	.spool = LIMIT_SPOOL,
	.store = LIMIT_STORE,
	.facts = LIMIT_FACTS,
};
