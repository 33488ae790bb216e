#include "checks/config_text.h"

#include <string.h>
#include <strings.h>

/* Hosts that say nothing about where the product runs. A leading dot: the domain and all below. */
static const char *const neutral_domains[] = {".localhost", ".localdomain", ".example.com",
	".example.org", ".example.net", ".example", ".invalid", ".test", ".w3.org", ".hl7.org",
	".fhir.org", ".json-schema.org", ".schema.org", ".xmlns.com", ".ietf.org",
	".rfc-editor.org", ".iana.org", ".apache.org", ".springframework.org", ".sun.com",
	".jcp.org", ".jakarta.ee", ".java.net", ".oracle.com", ".eclipse.org", ".hibernate.org",
	".jboss.org", ".mybatis.org", ".snomed.info", ".snomed.org", ".loinc.org",
	".unitsofmeasure.org", ".purl.org", ".dublincore.org", ".oasis-open.org", ".docbook.org",
	".nist.gov", ".nih.gov", ".openid.net", ".xmlsoap.org", ".microsoft.com", ".qos.ch",
	".openxmlformats.org", ".ecma-international.org", ".ihe.net", ".iso.org", ".who.int",
	".logback.qos.ch", ".freedesktop.org", ".relaxng.org", ".opengis.net", ".ogp.me",
	".mozilla.org", ".gnu.org", ".kernel.org", ".nginx.org", ".postgresql.org", ".redis.io",
	".github.com", ".readthedocs.io", ".readthedocs.org", ".python.org", ".php.net",
	".nema.org", ".ama-assn.org", ".whocc.no", ".fhir.nhs.uk", ".fhir.de", ".fhir.kbv.de",
	".openehr.org", ".omg.org", ".w3id.org", ".debian.org", ".alpinelinux.org",
	".wikipedia.org", NULL};

static const char *const neutral_hosts[] = {"localhost", "localhost6", "ip6-localhost", "_", "*",
	"0.0.0.0", "::", "::1", "[::1]", "[::]", "none", "null", "example", "hostname", "host",
	"server", "unix", "127.0.0.1", "255.255.255.255", "host.docker.internal", NULL};

bool config_host_is_neutral(const char *host, size_t len)
{
	for (size_t i = 0; neutral_hosts[i]; i++) {
		if (strlen(neutral_hosts[i]) == len &&
			strncasecmp(host, neutral_hosts[i], len) == 0) {
			return true;
		}
	}
	for (size_t i = 0; neutral_domains[i]; i++) {
		const char *domain = neutral_domains[i];
		size_t n = strlen(domain);

		if ((len >= n && strncasecmp(host + len - n, domain, n) == 0) ||
			(len == n - 1 && strncasecmp(host, domain + 1, len) == 0)) {
			return true;
		}
	}
	/* RFC 5737: documentation; 127.0.0.0/8: this host. */
	return len == 0 || (len > 4 && strncmp(host, "127.", 4) == 0) ||
	       (len > 8 && (strncmp(host, "192.0.2.", 8) == 0)) ||
	       (len > 11 && strncmp(host, "198.51.100.", 11) == 0) ||
	       (len > 10 && strncmp(host, "203.0.113.", 10) == 0);
}
