# assay: `make help` lists the targets. Sources are found by room; build/<variant>/ holds what is made.
VERSION := 0.1.0
PREFIX ?= /usr/local
VARIANT ?= release
CC ?= cc
V ?= 0
Q := $(if $(filter 0,$(V)),@,)
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
OPT.coverage := -O0 -g --coverage
CFLAGS ?=
CPPFLAGS += -I. -D_GNU_SOURCE -DASSAY_VERSION='"$(VERSION)"' $(if $(ISAL),-DHAVE_ISAL)
ALL_CFLAGS := -std=gnu17 $(OPT.$(VARIANT)) $(WARN) -fPIE -pthread -include base/banned.h
ALL_LDFLAGS := $(OPT.$(VARIANT)) -pie -Wl,-z,relro,-z,now -pthread $(LDFLAGS)
LIBS = $(shell pkg-config --libs $(PKGS) $(if $(ISAL),libisal)) -lzstd

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

$(B)/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC    $<"
	$(Q)$(CC) $(CPPFLAGS) $(ALL_CFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

-include $(LIB_OBJ:.o=.d) $(UNIT_OBJ:.o=.d) $(B)/cmd/main.d
