# SPDX-License-Identifier: GPL-2.0-only
# nfmeter. `make` builds; `sudo make run [IFACE=eth0]` and `sudo make test` work on a fresh machine.
#   make [CAPACITY=n] [CPUS=n]   sizes that `ip link … xdp obj build/nfmeter.bpf.o` gets

VERSION  := 0.1.0
BUILD    := build
CC       ?= gcc
CLANG    ?= clang
BPFTOOL  ?= $(shell command -v bpftool 2>/dev/null || echo /usr/sbin/bpftool)
PREFIX   ?= /usr/local
ARCH     := $(shell uname -m | sed 's/x86_64/x86/; s/aarch64/arm64/')

CFLAGS   ?= -O2 -g
CFLAGS   += -std=gnu11 -Wall -Wextra -Werror -D_GNU_SOURCE -DNFM_VERSION='"$(VERSION)"' \
	    -Ibpf/abi -Iuser -I$(BUILD) -MMD -MP
LDLIBS   := -lbpf -lelf -lz -linih -lzstd -llz4 -lxxhash -lncursesw -ltinfo -lyajl -lmicrohttpd -lgnutls -lseccomp -lpthread
BPFFLAGS := -g -O2 -target bpf -mcpu=v3 -D__TARGET_ARCH_$(ARCH) -Wall -Wextra -Werror \
	    -Wno-unused-parameter -Ivmlinux -Ibpf -Ibpf/abi -MMD -MP \
	    -ffile-prefix-map=$(CURDIR)=. \
	    $(if $(CAPACITY),-DNFM_DEFAULT_CAPACITY=$(CAPACITY)U) \
	    $(if $(CPUS),-DNFM_DEFAULT_COLUMNS="($(CPUS)U + 1U)")

LIB_SRC   := $(filter-out user/main.c,$(wildcard user/*/*.c))
LIB_OBJ   := $(LIB_SRC:%.c=$(BUILD)/%.o) $(BUILD)/web_files.o
# What the HTTP server gives away, at which path.
WEB_NPM   := $(addprefix $(BUILD)/web/,uPlot.iife.min.js uPlot.min.css uPlot.LICENSE.txt)
WEB       := $(foreach file,$(wildcard user/web/static/*) $(WEB_NPM),/$(notdir $(file))=$(file)) \
	     /api/v1/openapi.json=docs/openapi.json
WEB_FILES := $(foreach pair,$(WEB),$(lastword $(subst =, ,$(pair))))
NFSEND_SRC := $(wildcard tests/lib/nfsend*.c)
FAULT_SRC  := $(wildcard tests/lib/fault*.c)
FAULT_WRAP := $(shell sed -n 's/^WRAPPED(\(.*\));/\1/p' tests/lib/fault_wrap.c)
TESTLIB_SRC := $(filter-out $(NFSEND_SRC) $(FAULT_SRC),$(wildcard tests/lib/*.c))
TESTLIB_OBJ := $(TESTLIB_SRC:%.c=$(BUILD)/%.o)
UNIT      := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/unit/test_*.c))
UNIT_ASAN := $(patsubst $(BUILD)/%,$(BUILD)/asan/%,$(UNIT))
BPF_TESTS := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/bpf/test_*.c))
BENCHES   := $(patsubst %.c,$(BUILD)/%,$(filter-out %.bpf.c,$(wildcard tests/bench/bench_*.c)))
BENCH_BPF := $(patsubst %.bpf.c,$(BUILD)/%.bpf.o,$(wildcard tests/bench/*.bpf.c tests/bpf/*.bpf.c))
SANITIZE  := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer

FUZZ      := $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_SRC  := $(filter-out user/base/link.c,$(wildcard user/flow/*.c user/base/*.c))
SECONDS   ?= 60

.PHONY: FORCE all run test tests bench fuzz asan install clean deps-build deps-run deps-test deps-fuzz
.DELETE_ON_ERROR:
.SECONDARY:

all: $(BUILD)/nfmeter $(BUILD)/nfmeter.bpf.o

$(BUILD)/nfmeter: $(BUILD)/user/main.o $(BUILD)/libnfmeter.a
	$(CC) $(CFLAGS) -o $@ $^ $(LDLIBS) $(LDFLAGS)

$(BUILD)/libnfmeter.a: $(LIB_OBJ)
	@rm -f $@
	ar rcs $@ $^

# ---- the datapath ----
$(BUILD)/nfmeter.bpf.o: bpf/nfmeter.bpf.c Makefile
	@mkdir -p $(@D)
	$(CLANG) $(BPFFLAGS) -c $< -o $@

$(BUILD)/nfmeter.skel.h: $(BUILD)/nfmeter.bpf.o
	$(BPFTOOL) gen skeleton $< name nfmeter > $@

$(BUILD)/user/xdp/load.o $(BUILD)/asan/user/xdp/load.o: $(BUILD)/nfmeter.skel.h

# More builds, for the tests of upgrades: of another object, of another ABI, and of one that the
# kernel does not load (it keeps what it reserved in the ring). They share with ours all objects but
# those that differ.
OTHERS := other other-abi other-broken
other_BPF := -include tests/lib/other_build.h
other_SRC := user/xdp/load.c
other-abi_BPF := -DNFM_ABI_VERSION=99U
other-abi_C := $(other-abi_BPF)
other-broken_BPF := -D'bpf_ringbuf_submit(entry, flags)=(void)(entry)'
other-broken_SRC := user/xdp/load.c
other-abi_SRC := user/xdp/load.c $(shell grep -l NFM_ABI_VERSION $(LIB_SRC))

define OTHER_BUILD
$(BUILD)/$1/nfmeter.bpf.o: bpf/nfmeter.bpf.c Makefile
	@mkdir -p $$(@D)
	$(CLANG) $(BPFFLAGS) $($1_BPF) -c $$< -o $$@

$(BUILD)/$1/nfmeter.skel.h: $(BUILD)/$1/nfmeter.bpf.o
	$(BPFTOOL) gen skeleton $$< name nfmeter > $$@

$(BUILD)/$1/user/xdp/load.o: $(BUILD)/$1/nfmeter.skel.h

$(BUILD)/$1/%.o: %.c
	@mkdir -p $$(@D)
	$(CC) -I$(BUILD)/$1 $(CFLAGS) $($1_C) -c $$< -o $$@

$(BUILD)/$1/nfmeter: $(BUILD)/user/main.o $($1_SRC:%.c=$(BUILD)/$1/%.o) $(BUILD)/libnfmeter.a
	$(CC) $(CFLAGS) -o $$@ $$^ $(LDLIBS) $(LDFLAGS)
endef
$(foreach other,$(OTHERS),$(eval $(call OTHER_BUILD,$(other))))

$(BUILD)/tests/%.bpf.o: tests/%.bpf.c
	@mkdir -p $(@D)
	$(CLANG) $(BPFFLAGS) -c $< -o $@

# ---- the page: what comes from npm ----
$(BUILD)/web/node_modules/.package-lock.json: user/web/package.json user/web/package-lock.json
$(BUILD)/tests/web/node_modules/.package-lock.json: tests/web/package.json tests/web/package-lock.json
$(BUILD)/%/node_modules/.package-lock.json:
	@mkdir -p $(BUILD)/$*
	cp $^ $(BUILD)/$*
	cd $(BUILD)/$* && npm ci --ignore-scripts --no-audit --no-fund --silent
	@touch $@

$(BUILD)/web/uPlot.LICENSE.txt: $(BUILD)/web/node_modules/.package-lock.json
	@cp $(BUILD)/web/node_modules/uplot/LICENSE $@

$(BUILD)/web/uPlot.%: $(BUILD)/web/node_modules/.package-lock.json
	@cp $(BUILD)/web/node_modules/uplot/dist/uPlot.$* $@

# ---- userspace ----
$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -c $< -o $@

# The list of files is a file, too: one that goes away makes it anew.
$(BUILD)/web_files.list: FORCE
	@mkdir -p $(@D)
	@echo '$(WEB)' | cmp -s - $@ || echo '$(WEB)' > $@

$(BUILD)/web_files.c: $(WEB_FILES) $(BUILD)/web_files.list scripts/embed-web
	scripts/embed-web $@ $(WEB)

$(BUILD)/web_files.o: $(BUILD)/web_files.c
	$(CC) $(CFLAGS) -c $< -o $@

$(BUILD)/asan/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(SANITIZE) -c $< -o $@

$(BUILD)/asan/libnfmeter.a: $(LIB_SRC:%.c=$(BUILD)/asan/%.o) $(BUILD)/web_files.o
	@rm -f $@
	ar rcs $@ $^

$(BUILD)/asan/nfmeter: $(BUILD)/asan/user/main.o $(BUILD)/asan/libnfmeter.a
	$(CC) $(CFLAGS) $(SANITIZE) -o $@ $^ $(LDLIBS)

# ---- tests and benches ----
$(BUILD)/tests/unit/%: $(BUILD)/tests/unit/%.o $(BUILD)/libnfmeter.a
	$(CC) $(CFLAGS) -o $@ $^ -lcmocka $(LDLIBS)

$(BUILD)/asan/tests/unit/%: $(BUILD)/asan/tests/unit/%.o $(BUILD)/asan/libnfmeter.a
	$(CC) $(CFLAGS) $(SANITIZE) -o $@ $^ -lcmocka $(LDLIBS)

$(BUILD)/tests/bpf/%: $(BUILD)/tests/bpf/%.o $(TESTLIB_OBJ) $(BUILD)/libnfmeter.a
	$(CC) $(CFLAGS) -o $@ $^ -lcmocka $(LDLIBS)

$(BUILD)/tests/bench/%: $(BUILD)/tests/bench/%.o $(TESTLIB_OBJ) $(BUILD)/libnfmeter.a
	$(CC) $(CFLAGS) -o $@ $^ $(LDLIBS)

$(BUILD)/tests/web/demo: $(BUILD)/tests/web/demo.o $(BUILD)/libnfmeter.a
	$(CC) $(CFLAGS) -o $@ $^ $(LDLIBS) -lm

$(BUILD)/nfsend: $(NFSEND_SRC:%.c=$(BUILD)/%.o) $(BUILD)/libnfmeter.a
	$(CC) $(CFLAGS) -o $@ $^ $(LDLIBS)

# The other build's, with the same; see OTHERS.
$(BUILD)/other/nfmeter-fault: $(BUILD)/user/main.o $(FAULT_SRC:%.c=$(BUILD)/%.o) \
			      $(other_SRC:%.c=$(BUILD)/other/%.o) $(BUILD)/libnfmeter.a
	$(CC) $(CFLAGS) -o $@ $^ $(FAULT_WRAP:%=-Wl,--wrap=%) $(LDLIBS) $(LDFLAGS)

# The agent of build/nfmeter, but one that ends itself where it is told to: tests/lib/fault.c
$(BUILD)/nfmeter-fault: $(BUILD)/user/main.o $(FAULT_SRC:%.c=$(BUILD)/%.o) $(BUILD)/libnfmeter.a
	$(CC) $(CFLAGS) -o $@ $^ $(FAULT_WRAP:%=-Wl,--wrap=%) $(LDLIBS) $(LDFLAGS)

# A wall clock that tests set, by LD_PRELOAD.
$(BUILD)/clock_shift.so: tests/lib/preload/clock_shift.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -shared -fPIC -o $@ $<

$(BUILD)/asan/tests/fuzz/replay_%: $(BUILD)/asan/tests/fuzz/fuzz_%.o $(BUILD)/asan/tests/fuzz/replay.o \
				   $(BUILD)/asan/libnfmeter.a
	$(CC) $(CFLAGS) $(SANITIZE) -o $@ $^ $(LDLIBS)

# Targets of their own, by clang, which instruments the decoders to see where an input takes them.
$(BUILD)/fuzz/fuzz_%: tests/fuzz/fuzz_%.c $(FUZZ_SRC) $(wildcard user/flow/*.h user/base/*.h bpf/abi/*.h tests/fuzz/*.h)
	@mkdir -p $(@D)
	$(CLANG) -std=gnu11 -O1 -g -D_GNU_SOURCE -DNFM_VERSION='"$(VERSION)"' -Ibpf/abi -Iuser \
		-fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all -o $@ $< $(FUZZ_SRC) -lxxhash

deps-build deps-run deps-test deps-fuzz: deps-%:
	@scripts/install-deps $*

# The second make reads the world anew: packages (and with them bpftool) may just have come.
tests: all $(FUZZ:%=$(BUILD)/asan/tests/fuzz/replay_%) $(UNIT) $(UNIT_ASAN) $(BPF_TESTS) $(BENCHES) $(BENCH_BPF) $(BUILD)/nfsend $(BUILD)/clock_shift.so \
	$(BUILD)/asan/nfmeter $(BUILD)/nfmeter-fault $(OTHERS:%=$(BUILD)/%/nfmeter) $(BUILD)/other/nfmeter-fault \
	$(BUILD)/tests/web/node_modules/.package-lock.json $(BUILD)/tests/web/demo

test: deps-test
	@$(MAKE) --no-print-directory tests
	@scripts/run-tests

run: deps-run
	@$(MAKE) --no-print-directory all
	@scripts/run-here $(IFACE)

# make fuzz SECONDS=n: each target for n seconds
fuzz: deps-fuzz
	@$(MAKE) --no-print-directory $(FUZZ:%=$(BUILD)/fuzz/fuzz_%)
	@scripts/fuzz $(SECONDS)

bench: deps-test
	@$(MAKE) --no-print-directory tests
	@scripts/bench

install: all
	install -D -m 755 $(BUILD)/nfmeter $(DESTDIR)$(PREFIX)/sbin/nfmeter
	install -D -m 644 $(BUILD)/nfmeter.bpf.o $(DESTDIR)$(PREFIX)/lib/nfmeter/nfmeter.bpf.o

clean:
	rm -rf $(BUILD)

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
