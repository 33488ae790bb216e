/* The table. Clauses are quoted from the specification (functional infrastructural model, 2019
 * ballot), footnote marks left out; what a later ballot changes is product/edition.c. */
#include "checks/requirement.h"

#include "base/cleanup.h"
#include "base/str.h"

const struct requirement requirements[] = {
	{"R01", LEVEL_MUST, "Containerized into a single OCI image",
		"Containerized into a single, OCI-compatible image. Docker Community Edition has "
		"been used as the gold standard and runtime verification tool and is recommended, "
		"but not required.",
		NULL},
	{"R02", LEVEL_MUST, "Ephemeral",
		"Ephemeral. All persistent data must be saved to an external database and "
		"declared as a service dependency, if needed.",
		"whether a use that no test exercises writes data that has to last"},
	{"R03", LEVEL_MUST, "Injected with configuration",
		"Injected with configuration All configuration information, including database "
		"connection URLs, secret keys, DNS names, base URLs etc MUST be read from runtime "
		"environment variables or autodetected according to Twelve Factor principles. "
		"ISVs therefore MUST NOT \"bake in\" files intended to be manually edited by a "
		"system administrator, as no such hand editing is guaranteed in a Platform "
		"environment. Configuration variable names MUST ONLY be formed from uppercase "
		"A-Z, 0-9 numeric, and underscore ‘_’ characters. Values are always strings. "
		"(Lowercase is not permitted due to some environments performing configuration "
		"resolution using case-insensitive DNS mechanisms.)",
		"whether every setting that a site needs can be injected: only what is declared, "
		"and what stands in files, is seen"},
	{"R04", LEVEL_MUST, "Programmatically validates",
		"Programmatically validates Products declaring standard-compliant capabilities "
		"MUST support a mode for exercising declared APIs via a \"smoke test\" suite that "
		"MAY be triggered via a Marketplace itself. Product submissions failing to pass "
		"smoke tests on declared capabilities SHOULD be automatically rejected by the "
		"operator. Further, ISVs, operators, validators, end users, etc. SHOULD be able "
		"to trigger the same smoke test suite if/when they so choose. Operators MAY "
		"provide such test harnesses at their discretion. ISV tests specific to a Product "
		"or version SHOULD always be run as an out-of-band activity prior to submission "
		"to a Marketplace. Marketplace operators MAY elect to charge ISVs for additional "
		"testing and validation procedures at the discretion of the operator.",
		"how much of a declared standard the vendor's own smoke suite exercises"},
	{"R05", LEVEL_MUST, "Horizontally scaled",
		"Horizontally scaled The number of existing containers SHALL be constrained by the "
		"Configuration profile submitted by the vendor, at the discretion of the target "
		"Platform within defined constraints.",
		NULL},
	{"R06", LEVEL_MUST, "Dynamically scalable",
		"Dynamically scalable Instances are scaled up/down at any time within the limits "
		"of the declared Configuration Task minimum/maximum values. Note: For HTTP "
		"services, the use of sticky sessions MUST NOT be used, in favor of JWTs or "
		"similar lightweight, non-sticky tracking for session state data, when needed.",
		"sessions that the smoke suite does not open"},
	{"R07", LEVEL_MUST, "Single entry process per task",
		"Single entry process per Configuration profile Task. If a Product Build "
		"requires, for example, the image to be run once as a web service and again as a "
		"separate worker node, these alternate entry points should be declared as "
		"distinct Tasks within the default Configuration at publication time.",
		NULL},
	{"R08", LEVEL_MUST, "Domain name agnostic",
		"Domain name (DNS) agnostic Domain name, SSL/TLS context, and locale-specific "
		"settings MUST NOT be hardcoded into a Product Build. Configuration is always "
		"either injected at runtime or determined automatically, as can be done with "
		"HTTP-based Products.",
		"names that stand in compiled code"},
	{"R09", LEVEL_MUST, "Unencrypted HTTP",
		"Unencrypted HTTP Products MUST assume that transport encryption is handled at a "
		"separate layer. SSL/TLS and reverse proxy load balancing is the responsibility "
		"of a target Platform, not the Product Build.",
		NULL},
	{"R10", LEVEL_MUST, "Compute constrained",
		"Compute constrained Images must define the maximum per-task RAM requirement at "
		"image publication time, and manage use of memory internally to prevent exceeding "
		"this boundary. Platforms MUST guarantee that these resources will be available, "
		"even if over provisioning virtual environments, and MAY reactively kill Products "
		"violating declared constraints.",
		"memory under loads and data that the test does not bring"},
	{"R11", LEVEL_MUST, "x86-64",
		"x86-64. 32-bit binaries are also allowed, but other CPU architectures are not "
		"currently supported.",
		NULL},
	{"R12", LEVEL_MUST, "Self-bootstrapped",
		"Self-bootstrapped Every image MUST be able to bootstrap itself into a "
		"functional, default state with zero human intervention. This is assumed at "
		"publication time and is used for service validation, local consumer evaluation "
		"testing, and for seeding production deployments. Products MUST therefore set up "
		"any database schema and perform forward migrations automatically without user "
		"intervention at deployment, but MAY operate in limited capacity until "
		"out-of-band configuration is performed. This is the intended means for "
		"activating proprietary licensing schemes.",
		NULL},
	{"R13", LEVEL_MUST, "Stoppable", "Stoppable at container shutdown time within 10 seconds.",
		NULL},
	{"R14", LEVEL_MUST, "Good citizens",
		"Good citizens executing in good faith that they do exactly what they say within "
		"the environment (e.g. disclosure of operations being performed, data being "
		"stored etc), and do not perform other operations that would not be reasonably "
		"expected by a Platform operator.",
		"whether what was seen is what the product says of itself: good faith cannot be "
		"measured"},
	{"R15", LEVEL_MUST, "Traceable",
		"Traceable Health via process monitoring internal to the container should support "
		"prevailing standards of practice for the applicable software language/framework "
		"in use and local architectural policy. Some approach to detailed, cross-product "
		"auditing is necessary. Consider a conventionalized (if not standardized) "
		"approach such as OpenTracing, Audit Trail and Node Auditing (ATNA) etc.",
		"whether health and audit meet the local architectural policy"},
	{"R16", LEVEL_MUST, "Logged",
		"Logged Products MUST log to standard out/error, and MUST NOT be written to the "
		"file system. PHI/PII MAY be logged but SHOULD be toggle-able by the local "
		"administrator via injected configuration flags.",
		"what is logged in situations that the test does not bring"},
	{"S1", LEVEL_SHOULD, "SSO aware",
		"SSO Aware using OpenID Connect and/or SAML 2.0. If a service requires user "
		"logins, it should be declared as needing an SSO IDP such that configuration can "
		"be provided at run-time.",
		"whether the product has logins of its own that it does not declare"},
	{"S2", LEVEL_SHOULD, "Provisionable by SCIM 2",
		"Provisionable via IETF SCIM 2 API implementations for individual and batch user "
		"and group management. This is a computing standard supported by ActiveDirectory "
		"and other identity management systems for synchronization of User and Group "
		"records.",
		NULL},
	{"S3", LEVEL_SHOULD, "Profilable",
		"Profilable supporting traceability across the architecture independent of "
		"programming language, including tracking of user session context across services "
		"for comprehensive system benchmarking (e.g. OpenTracing).",
		NULL},
	{"S4", LEVEL_SHOULD, "Incorruptible when killed",
		"Incorruptible in the event they are killed without notice.",
		"moments other than those at which it was killed"},
	{"S5", LEVEL_SHOULD, "Offline-friendly",
		"Offline-friendly to environments where no Internet access is permitted, or is "
		"subject to quality of service disruption.",
		NULL},
	{"N1", LEVEL_SHOULD_NOT, "Bulk data payloads",
		"Bulk data payloads While nothing prevents using a Marketplace for data "
		"distribution, service build images are intended to be used for more directly "
		"computable assets. (Consider this a guideline that MAY change in the future.) "
		"Large data files SHOULD NOT be bundled into software images. Rather, container "
		"initialization steps should be implemented that download requisite data or pull "
		"them from a configured database.",
		NULL},
	{"N2", LEVEL_SHOULD_NOT, "Hardware dependent",
		"Hardware dependent This is software that requires specific physical daughter "
		"cards, dongles, GPUs, CPU serial numbers etc. Platforms have no assumed means of "
		"binding to hardware dependencies. Future extension to image metadata MAY need to "
		"make special considerations, however, for frameworks such as OpenCL that "
		"aggregate underlying GPU hardware into abstract interfaces. This is currently a "
		"matter for future consideration due to differing hardware \"passthrough\" "
		"approaches across environments.",
		NULL},
};

const size_t n_requirements = ARRAY_SIZE(requirements);

const struct requirement *requirement_find(const char *id)
{
	for (size_t i = 0; i < n_requirements; i++) {
		if (str_eq(requirements[i].id, id)) {
			return &requirements[i];
		}
	}
	return NULL;
}

const char *level_name(enum level level)
{
	static const char *const names[] = {
		[LEVEL_MUST] = "MUST",
		[LEVEL_SHOULD] = "SHOULD",
		[LEVEL_SHOULD_NOT] = "SHOULD NOT",
	};

	return names[level];
}
