#include "sandbox/caps.h"

#include "base/cleanup.h"
#include "sandbox/raw.h"

#include <linux/capability.h>
#include <stdio.h>
#include <sys/capability.h>
#include <sys/prctl.h>

static const cap_value_t defaults[] = {
	CAP_CHOWN,
	CAP_DAC_OVERRIDE,
	CAP_FSETID,
	CAP_FOWNER,
	CAP_MKNOD,
	CAP_NET_RAW,
	CAP_SETGID,
	CAP_SETUID,
	CAP_SETFCAP,
	CAP_SETPCAP,
	CAP_NET_BIND_SERVICE,
	CAP_SYS_CHROOT,
	CAP_KILL,
	CAP_AUDIT_WRITE,
};

uint64_t caps_default(void)
{
	uint64_t caps = 0;

	for (size_t i = 0; i < ARRAY_SIZE(defaults); i++) {
		caps |= UINT64_C(1) << defaults[i];
	}
	return caps;
}

const char *caps_names(uint64_t caps)
{
	static _Thread_local char text[1024];
	size_t used = 0;

	text[0] = '\0';
	for (cap_value_t c = 0; c < 64 && used < sizeof(text); c++) {
		if (caps & UINT64_C(1) << c) {
			char *name = cap_to_name(c);

			used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s",
				used ? "," : "", name ? name : "?");
			cap_free(name);
		}
	}
	return text;
}

int caps_bound(uint64_t caps)
{
	/* The kernel says EINVAL past its last capability. */
	for (unsigned long c = 0; c < 64 && prctl(PR_CAPBSET_READ, c, 0, 0, 0) >= 0; c++) {
		if (!(caps & UINT64_C(1) << c) && prctl(PR_CAPBSET_DROP, c, 0, 0, 0) < 0) {
			return -1;
		}
	}
	return 0;
}

int caps_set(uint64_t caps)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {
		{.effective = (uint32_t)caps, .permitted = (uint32_t)caps},
		{.effective = (uint32_t)(caps >> 32), .permitted = (uint32_t)(caps >> 32)},
	};

	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 && errno != EINVAL) {
		return -1;
	}
	return (int)syscall(SYS_capset, &head, data);
}
