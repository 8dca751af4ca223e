# Bootstrap with the system's compiler. Thin targets, no logic: what needs any lives in scripts/.
#
#   make            build/bin/cbuild
#   make check      everything CI runs; its last line is "N passed, N failed"
#   make test       unit tests; ROOM="cas sys" only these rooms; TESTFLAGS="-v -run Put"
#   make help       the rest

CC ?= cc
VARIANT ?=
ROOM ?=
TESTFLAGS ?=
FUZZ_SECONDS ?= 30

WARN := -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition \
	-Wvla -Wformat=2 -Wundef -Wpointer-arith -Wwrite-strings -Wcast-qual -Wimplicit-fallthrough \
	-Wswitch-enum -fno-common
WARN += $(if $(filter 1,$(CI) $(WERROR)),-Werror)

# A variant has objects of its own: VARIANT=asan and so on. clang takes part by name.
flags_     := -O2 -g
flags_asan := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
flags_tsan := -O1 -g -fsanitize=thread
flags_clang := -O2 -g
flags_fuzz := -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
cc := $(if $(filter clang fuzz,$(VARIANT)),clang,$(CC))

PKGS := libgit2 libarchive yaml-0.1 libcurl jansson libdeflate
ifeq ($(filter clean help quickstart layers check check-peers fmt fmt-check,$(MAKECMDGOALS)),)
ifneq ($(shell pkg-config --exists $(PKGS) && echo yes),yes)
$(error packages are missing: run scripts/deps build)
endif
PKG_CFLAGS := $(shell pkg-config --cflags $(PKGS))
PKG_LIBS := $(shell pkg-config --libs $(PKGS))
endif

CPPFLAGS_ := -D_POSIX_C_SOURCE=200809L -Ipkg -Ipkg/test/runtime -Iscripts $(PKG_CFLAGS) $(CPPFLAGS)
CFLAGS_ := -std=c17 -pthread $(WARN) $(flags_$(VARIANT)) $(CFLAGS)
# Mbed TLS 2 has no pkg-config file.
LIBS := $(PKG_LIBS) -lmbedcrypto -pthread $(LDLIBS)

# V=1 shows the commands.
Q := $(if $(V),,@)
say = $(if $(V),,@echo "  $(1) $@")

obj := build/obj$(VARIANT:%=-%)
bin := build/bin$(VARIANT:%=-%)

rooms := $(if $(ROOM),$(shell scripts/layers --below $(ROOM)),$(sort $(patsubst pkg/%/,%,$(wildcard pkg/*/))))
room_src := $(filter-out %_test.c %_fuzz.c,$(foreach r,$(rooms),$(wildcard pkg/$r/*.c)))
cmd_src := $(wildcard cmd/cbuild/*.c)
test_src := $(foreach r,$(if $(ROOM),$(ROOM),$(rooms)),$(wildcard pkg/$r/*_test.c))
fuzz_src := $(wildcard pkg/*/*_fuzz.c)
assets := $(sort $(wildcard toolchain/*.yaml ports/*.yaml foreign/*.sh)) $(shell find pkg/test/runtime -type f | LC_ALL=C sort)

objects = $(patsubst %.c,$(obj)/%.o,$(1))
room_obj := $(call objects,$(room_src)) $(obj)/gen/assets.o
runtime_obj := $(obj)/pkg/test/runtime/test.o
test_name := tests$(if $(ROOM),-$(subst $(eval) ,-,$(strip $(ROOM))))
fuzzers := $(patsubst %_fuzz.c,%,$(notdir $(fuzz_src)))

all: $(bin)/cbuild

$(bin)/cbuild: $(call objects,$(cmd_src)) $(room_obj)
	@mkdir -p $(@D)
	$(call say,LINK)
	$(Q)$(cc) $(CFLAGS_) $(LDFLAGS) -o $@ $^ $(LIBS)

# Tests are found by their names, so they have no prototypes.
$(obj)/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC  )
	$(Q)$(cc) $(CPPFLAGS_) $(CFLAGS_) $(if $(filter %_test.c,$<),-Wno-missing-prototypes) -MMD -MP -c -o $@ $<

$(obj)/gen/%.o: build/gen/%.c
	@mkdir -p $(@D)
	$(call say,CC  )
	$(Q)$(cc) $(CPPFLAGS_) $(CFLAGS_) -MMD -MP -c -o $@ $<

# Generators run on this machine, without sanitizers.
build/gen/embed: scripts/embed.c
	@mkdir -p $(@D)
	$(call say,GEN )
	$(Q)$(CC) -std=c17 -O1 $(WARN) -o $@ $<

gen_src := scripts/testmain.c $(filter-out %/embed.c,$(wildcard pkg/base/*.c)) $(wildcard pkg/format/ctok*.c pkg/test/*.c)
build/gen/testmain: $(filter-out %_test.c %_fuzz.c,$(gen_src)) $(wildcard pkg/base/*.h pkg/format/ctok*.h)
	@mkdir -p $(@D)
	$(call say,GEN )
	$(Q)$(CC) $(CPPFLAGS_) -std=c17 -O1 -o $@ $(filter %.c,$^) $(LIBS)

build/gen/assets.c: build/gen/embed $(assets)
	$(call say,GEN )
	$(Q)build/gen/embed $(assets) >$@.tmp && mv $@.tmp $@

build/gen/$(test_name).c: build/gen/testmain $(test_src)
	$(call say,GEN )
	$(Q)build/gen/testmain $(test_src) >$@.tmp && mv $@.tmp $@

$(bin)/$(test_name): $(obj)/gen/$(test_name).o $(runtime_obj) $(call objects,$(test_src)) $(room_obj)
	@mkdir -p $(@D)
	$(call say,LINK)
	$(Q)$(cc) $(CFLAGS_) $(LDFLAGS) -o $@ $^ $(LIBS)

script_src := scripts/script-test.c scripts/script-cmds.c pkg/test/runtime/test.c \
	$(filter-out %_test.c,$(wildcard pkg/base/*.c pkg/sys/*.c))
$(bin)/script-test: $(call objects,$(script_src)) $(obj)/gen/assets.o
	@mkdir -p $(@D)
	$(call say,LINK)
	$(Q)$(cc) $(CFLAGS_) $(LDFLAGS) -o $@ $^ $(LIBS)

# A fuzz target linked with a main that replays files (fuzz-NAME: with libFuzzer, VARIANT=fuzz).
$(bin)/replay-%: $(obj)/scripts/replay.o $(room_obj)
	@mkdir -p $(@D)
	$(call say,LINK)
	$(Q)$(cc) $(CPPFLAGS_) $(CFLAGS_) $(LDFLAGS) -o $@ $(wildcard pkg/*/$*_fuzz.c) $^ $(LIBS)

$(bin)/fuzz-%: $(room_obj)
	@mkdir -p $(@D)
	$(call say,LINK)
	$(Q)$(cc) $(CPPFLAGS_) $(CFLAGS_) -fsanitize=fuzzer $(LDFLAGS) -o $@ $(wildcard pkg/*/$*_fuzz.c) $^ $(LIBS)

test: $(bin)/$(test_name)
	@$(bin)/$(test_name) $(TESTFLAGS)

asan:
	$(MAKE) VARIANT=asan test

tsan:
	$(MAKE) VARIANT=tsan ROOM="$(or $(ROOM),sys cas exec state)" test

clang:
	$(MAKE) VARIANT=clang build/bin-clang/cbuild

scripts: $(bin)/cbuild $(bin)/script-test
	@$(bin)/script-test $(TESTFLAGS)

replay: $(fuzzers:%=$(bin)/replay-%)
	scripts/replay $(bin) $(fuzzers)

fuzz:
	$(MAKE) VARIANT=fuzz $(fuzzers:%=build/bin-fuzz/fuzz-%)
	scripts/fuzz $(FUZZ_SECONDS) $(fuzzers)

layers:
	scripts/layers

fmt fmt-check tidy:
	scripts/lint $@

golden: $(bin)/cbuild $(bin)/script-test
	CBUILD_TEST_UPDATE=1 $(bin)/script-test $(TESTFLAGS)

check:
	scripts/check

# Projects of other people's, from a Debian archive; minutes.
check-peers:
	scripts/check peers

# Every port built and run for four targets; minutes at the first time.
check-ports: $(bin)/cbuild
	scripts/ports

# Knobs: bench/run.
bench: $(bin)/cbuild
	bench/run

# cbuild by cbuild: static programs for amd64 and arm64, below build/OS-ARCH/bin; minutes at the first time.
self: $(bin)/cbuild
	scripts/self

# Builds that are killed, and a cache shared under faults; minutes.
torture: $(bin)/cbuild
	scripts/torture

quickstart:
	scripts/quickstart

help:
	@sed -n '1,/^$$/p' Makefile
	@echo '#   asan tsan clang   unit tests under sanitizers, a build by clang'
	@echo '#   scripts golden    whole-command tests; golden rewrites their expected files'
	@echo '#   fuzz replay       fuzz for FUZZ_SECONDS each; replay the corpora'
	@echo '#   layers fmt fmt-check tidy quickstart bench clean'
	@echo '#   self              cbuild by cbuild: static programs for amd64 and arm64'
	@echo '#   check-ports       every port, built and run for amd64, 386, arm64 and arm/v7'
	@echo '#   torture           kill builds, and build from one cache under faults; minutes'
	@echo '#   check-peers       kv twice, byte for byte; its image in other tools; other people'\''s projects'

clean:
	rm -rf build

.PHONY: all bench self torture test asan tsan clang scripts replay fuzz layers fmt fmt-check tidy golden check \
	check-peers check-ports quickstart help clean
.DELETE_ON_ERROR:
.SECONDARY:
MAKEFLAGS += --no-builtin-rules

-include $(shell find build -name '*.d' 2>/dev/null)
