# assay: `make help` lists the targets. Sources are found by room; build/<variant>/ holds what is made.
VERSION := 0.1.0
PREFIX ?= /usr/local
VARIANT ?= release
CC ?= cc
V ?= 0
Q := $(if $(filter 0,$(V)),@,)
JOBS := $(shell nproc)
SUDO := $(if $(filter 0,$(shell id -u)),,sudo)

ROOMS := base image product checks sandbox runner reports cmd
B := build/$(VARIANT)
PKGS := libarchive zlib jansson libcrypto libseccomp libcap libcurl libmnl
ISAL := $(shell pkg-config --exists libisal 2>/dev/null && echo yes)

WARN := -Wall -Wextra -Werror -Wshadow -Wconversion -Wformat=2 -Wvla -Wmissing-prototypes \
	-Wstrict-prototypes -Wswitch-enum -Wundef -Wcast-qual -Wwrite-strings
OPT.release := -O2 -g -D_FORTIFY_SOURCE=2 -fstack-protector-strong
OPT.asan := -O1 -g -fsanitize=address -fno-omit-frame-pointer
OPT.ubsan := -O1 -g -fsanitize=undefined -fno-sanitize-recover=all
OPT.tsan := -O1 -g -fsanitize=thread
OPT.fuzz := -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all \
	-fno-omit-frame-pointer -DLAYER_BLOCK=4096 -DLIMIT_ENTRY_HEAD=4096
OPT.coverage := -O0 -g --coverage
CFLAGS ?=
CPPFLAGS += -I. -D_GNU_SOURCE -DASSAY_VERSION='"$(VERSION)"' $(if $(ISAL),-DHAVE_ISAL)
ALL_CFLAGS := -std=gnu17 $(OPT.$(VARIANT)) $(WARN) -fPIE -pthread -include base/banned.h
ALL_LDFLAGS := $(OPT.$(VARIANT)) -pie -Wl,-z,relro,-z,now,--build-id -pthread $(LDFLAGS)
LIBS = $(shell pkg-config --libs $(PKGS) $(if $(ISAL),libisal)) -lzstd -lm

SRC := $(foreach r,$(ROOMS),$(sort $(wildcard $(r)/*.c)))
LIB_SRC := $(filter-out cmd/main.c,$(SRC))
LIB_OBJ := $(LIB_SRC:%.c=$(B)/%.o)
UNIT_SRC := $(sort $(wildcard tests/unit/*.c))
UNIT_OBJ := $(UNIT_SRC:%.c=$(B)/%.o)
HEADERS := $(sort $(wildcard $(addsuffix /*.h,$(ROOMS))))

.PHONY: all help
all: build/assay ## build build/assay (the default)
ifneq ($(VARIANT),release)
all: $(B)/assay
endif

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

build/assay: build/release/assay
	$(Q)cp -f $< $@

$(B)/assay: $(B)/cmd/main.o $(B)/libassay.a
	@echo "  LD    $@"
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

$(B)/libassay.a: $(LIB_OBJ)
	@echo "  AR    $@"
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(B)/unit: $(UNIT_OBJ) $(B)/libassay.a
	@echo "  LD    $@"
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS) -lcriterion

# tests/fuzz/run calls make with VARIANT=fuzz CC=clang
FUZZ := $(patsubst tests/fuzz/%.c,$(B)/%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))
FUZZ_KIT := $(patsubst %,$(B)/tests/fuzz/%.o,kit kit_mutate scan_kit)
.PHONY: fuzz-targets
fuzz-targets: $(FUZZ) $(B)/faults
$(FUZZ): $(B)/%: $(B)/tests/fuzz/%.o $(FUZZ_KIT) $(B)/libassay.a
	@echo "  LD    $@"
	$(Q)$(CC) $(ALL_LDFLAGS) -fsanitize=fuzzer -o $@ $^ $(LIBS)

$(B)/faults: $(patsubst %,$(B)/tests/fuzz/%.o,faults faults_calls faults_upshot) $(B)/libassay.a
	@echo "  LD    $@"
	$(Q)$(CC) $(ALL_LDFLAGS) -Wl,--wrap=buf_reserve,--wrap=buf_add -o $@ $^ $(LIBS)

$(B)/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC    $<"
	$(Q)$(CC) $(CPPFLAGS) $(ALL_CFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

-include $(LIB_OBJ:.o=.d) $(UNIT_OBJ:.o=.d) $(B)/cmd/main.d $(wildcard $(B)/tests/fuzz/*.d)

# ---- what has to be installed; `apt-get` is only called when something is missing -----------------
DEPS_BUILD := gcc libc6-dev pkgconf libarchive-dev zlib1g-dev libzstd-dev libisal-dev libjansson-dev \
	libssl-dev libseccomp-dev libcap-dev libcurl4-openssl-dev libmnl-dev uidmap python3 zstd
DEPS_TEST := libcriterion-dev clang libclang-rt-14-dev busybox-static umoci skopeo buildah \
	mmdebstrap podman crun strace iproute2 xz-utils python3-jsonschema libcap2-bin \
	docker-registry apache2-utils libarchive-tools
# a node that came from elsewhere brings its npm, and conflicts with the package
DEPS_TEST += $(if $(shell command -v npm),,npm)
DEPS_VM := qemu-system-x86 busybox-static e2fsprogs mmdebstrap uidmap
DEPS_BENCH := umoci skopeo mmdebstrap crun bubblewrap time uidmap
DEPS_TIDY := clang-format clang-tidy

# $(call install_missing,PACKAGES)
install_missing = @missing=; for p in $(1); do \
	dpkg-query -W -f '$${db:Status-Status}' $$p 2>/dev/null | grep -q '^installed' || missing="$$missing $$p"; done; \
	[ -z "$$missing" ] && exit 0; echo "installing:$$missing"; \
	$(SUDO) apt-get update -qq && \
	$(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing >/dev/null

.PHONY: deps deps-test demo test check-unit check-cli check-sandbox check-products deps-vm \
	test-vm
deps: ## install what building needs (Debian packages; only what is missing)
	$(call install_missing,$(DEPS_BUILD))

deps-test: deps ## install what the tests need, too
	$(call install_missing,$(DEPS_TEST))

demo: deps ## build, make two small products, gate both, show the reports
	@$(MAKE) -j$(JOBS) --no-print-directory all
	@fixtures/demo/run

test: deps-test deps-vm ## set up, build, run every test
	@$(MAKE) -j$(JOBS) --no-print-directory all layers hdr-check
	@tests/run all

check-unit: $(B)/unit ## unit tests
	@tests/run unit

check-cli: all ## the command line against every recipe
	@tests/run cli

check-sandbox: all ## the sandbox, as root, as a user with subordinate ids, with a single id
	@tests/run sandbox

check-products: all ## real products, built from Debian and npm packages
	@tests/run products

deps-vm: ## install what test-vm needs; without it, it is a skip
	-$(call install_missing,$(DEPS_VM))

test-vm: all deps-vm ## the sandbox in virtual machines: control groups of version 2, version 1, none
	@tests/vm/run

# ---- other builds ---------------------------------------------------------------------------------
.PHONY: asan ubsan tsan coverage unit fuzz-smoke fuzz-long bench
unit: $(B)/unit

asan: ## unit tests under AddressSanitizer and LeakSanitizer
	@tests/run asan

ubsan: ## unit tests under UndefinedBehaviorSanitizer
	@tests/run ubsan

$(B)/bench/limit $(B)/bench/unpack: $(B)/bench/%: $(B)/bench/%.o $(B)/libassay.a
	@echo "  LD    $@"
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

# the first run makes the images, of Debian packages
bench: all $(B)/bench/limit $(B)/bench/unpack ## speed and memory, as ratios to the machine and to other tools
	$(call install_missing,$(DEPS_BENCH))
	@for image in nginx postgres; do [ -e build/products/$$image/index.json ] || \
		fixtures/products/run $$image || exit 1; done
	@[ -e build/products/node/index.json ] || work=$(CURDIR)/build/products name=node \
		out=$(CURDIR)/build/products/node sh -c '. fixtures/products/lib.sh; dockerfile_image bench/node'
	@bench/image
	@bench/sandbox

$(B)/scan_threads: $(B)/tests/tsan/scan_threads.o $(B)/tests/unit/layer_kit.o $(B)/libassay.a
	@echo "  LD    $@"
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS) -lcriterion

tsan: ## the threads of the scan under ThreadSanitizer, whose shadow memory wants fixed addresses
	@$(MAKE) --no-print-directory VARIANT=tsan build/tsan/scan_threads
	@setarch -R build/tsan/scan_threads

fuzz-smoke: ## every fuzz target for FUZZ_SECONDS (60), and the failing system calls
	@tests/fuzz/run smoke

fuzz-long: ## every fuzz target for N (1000000) executions
	@tests/fuzz/run long $(or $(N),1000000)

coverage: ## line coverage of the unit tests
	@$(MAKE) -j$(JOBS) --no-print-directory VARIANT=coverage build/coverage/unit
	@build/coverage/unit >/dev/null; gcov -n -o build/coverage/base $(LIB_SRC) 2>/dev/null | \
		grep -A1 "^File '[a-z]*/" | grep -v '^--'

# ---- hygiene --------------------------------------------------------------------------------------
.PHONY: format tidy layers hdr-check docs install uninstall clean
ALL_SOURCES = $(shell git ls-files '*.c' '*.h')

format: ## lay out every source by .clang-format
	$(call install_missing,$(DEPS_TIDY))
	$(Q)clang-format -i $(ALL_SOURCES)

tidy: ## clang-tidy over every source
	$(call install_missing,$(DEPS_TIDY))
	$(Q)clang-tidy --quiet $(SRC) -- -std=gnu17 $(CPPFLAGS) -include base/banned.h

layers: ## no room includes what the design does not let it
	@tests/layers

hdr-check: ## every header compiles alone
	@for h in $(HEADERS); do \
		echo "#include \"$$h\"" | $(CC) $(CPPFLAGS) $(filter-out -include base/banned.h,$(ALL_CFLAGS)) \
			-fsyntax-only -x c - || exit 1; done; echo "hdr-check: $(words $(HEADERS)) headers"

docs: all ## write the generated pages anew
	$(Q)build/assay rules --report markdown >docs/checks.md
	$(Q)build/assay help man >docs/assay.1
	$(Q)build/assay help bash >docs/assay.bash

install: all ## install to DESTDIR and PREFIX
	install -D -m 755 build/assay $(DESTDIR)$(PREFIX)/bin/assay
	install -D -m 644 docs/assay.1 $(DESTDIR)$(PREFIX)/share/man/man1/assay.1
	install -D -m 644 docs/assay.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/assay

uninstall: ## remove what install put there
	rm -f $(DESTDIR)$(PREFIX)/bin/assay $(DESTDIR)$(PREFIX)/share/man/man1/assay.1 \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions/assay

clean: ## remove build/
	rm -rf build
