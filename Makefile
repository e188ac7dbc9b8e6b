# SPDX-License-Identifier: ISC
#
# sse-fcgi: make help lists what there is to make.

# Knobs.
VERSION	 = 0.6.0
CFLAGS	?= -O2 -g
FRONT	?= lighttpd
FRONTS	 = apache caddy h2o haproxy lighttpd nginx
TESTED	?= $(FRONTS)
ADDR	?= 127.0.0.1
PORT	?= 3000
PREFIX	?= /usr/local
DATA	 = $(PREFIX)/share/sse-fcgi
MAN	 = $(PREFIX)/share/man/man8
UNITS	 = $(PREFIX)/lib/systemd/system
BASH	 = $(PREFIX)/share/bash-completion/completions
ZSH	 = $(PREFIX)/share/zsh/site-functions
FISH	 = $(PREFIX)/share/fish/vendor_completions.d
JOBS	?= $(shell getconf _NPROCESSORS_ONLN)
AT_ONCE	?= $(shell echo $$((2 * $(JOBS))))

# What Debian calls the things we need.  NAME=COMMAND: any such command will do;
# NAME?: a front's, which is left out where the system does not have it.
NEED	      = gcc=cc libc6-dev pkg-config libfcgi-dev libev-dev \
		libbsd-dev libhiredis-dev liburing-dev libsqlite3-dev \
		libsodium-dev libjansson-dev
NEED_apache   = apache2-bin?=apache2 media-types
NEED_caddy    = caddy?=caddy
NEED_h2o      = h2o?=h2o perl
NEED_haproxy  = haproxy?=haproxy
NEED_lighttpd = lighttpd?=lighttpd lighttpd-modules-lua?
NEED_nginx    = nginx?=nginx
NEED_fronts   = $(foreach front,$(TESTED),$(NEED_$(front)))
NEED_redis    = redis-server=$(or $(REDIS),redis-server) # a Valkey will do
NEED_check    = $(NEED) binutils libcmocka-dev libseccomp-dev mandoc \
		spawn-fcgi multiwatch valgrind libc6-dbg strace \
		systemd=systemd-analyze $(NEED_redis)
NEED_test     = $(NEED_check) $(NEED_fronts) $(NEED_lighttpd) $(NEED_nginx) \
		lighttpd-mod-deflate lighttpd-mod-openssl openssl \
		stunnel4=stunnel4 \
		nodejs=node npm=npm chromium \
		bash zsh fish curl php-cli=php python3=python3 python3-jwt prometheus=promtool
NEED_torture  = $(NEED) libcmocka-dev strace $(NEED_nginx) $(NEED_haproxy) \
		$(NEED_redis) nodejs=node
NEED_bench    = $(NEED) $(NEED_redis) $(NEED_lighttpd) $(NEED_nginx) \
		libnginx-mod-nchan \
		php-fpm
NEED_bench-fronts = $(NEED) $(foreach front,$(FRONTS),$(NEED_$(front)))
NEED_coverage = $(NEED_check) gcc nodejs=node
NEED_mutants  = $(NEED_check)
NEED_lint     = $(NEED) gcc clang clang-format clang-tidy cppcheck mandoc shellcheck
NEED_check-32 = debootstrap git
NEED_check-s390x = debootstrap git
NEED_check-musl = debootstrap git
NEED_check-container = debootstrap python3=python3 python3-yaml iproute2=ip
NEED_deb      = $(NEED) build-essential debhelper dpkg-dev lintian
NEED_fuzz     = $(NEED) clang
NEED_fuzz-rt  = libclang-rt-$(shell clang -dumpversion | sed 's/\..*//')-dev

# The program, by its folders; src/README.md says in which order it is best read.
BASE	= log log_json config config_table config_channel config_agree endpoint socket socket_inherit socket_owner platform user file \
	  capacity notify ring zone text room histogram json buffer utf8 query spelling \
	  thread wake signals resolve
CHANNEL	= event eventid batch sse sse_split sse_split_events sse_parse post type name held channel rule heap names retention \
	  hub keys promise restore gap end position step reader
STORE	= store store_write store_file store_make store_open store_rows \
	  store_load
SQLITE	= $(STORE) addition changes committer gathering sqlite sqlite_posts \
	  sqlite_load sqlite_figures
VIA_REDIS = resp resp_value entry dial account finder finder_list finder_sentinels sentinel \
	  link link_io link_send link_greeting link_tell ids tail tail_load tail_restore \
	  tail_cycle tail_probe tail_note tail_entry repeats sender sender_post sender_place upkeep census redis redis_figures
ENGINE	= engine memory $(SQLITE) $(VIA_REDIS)
FASTCGI	= record params gate gate_rules request body writer wave conn intake flush conns \
	  listener
STREAM	= stream opening admission clock drain address age permit
SERVE	= loop server server_open route arguments subscribe ahead publish publication producer producer_post producer_end grace outcome origin status \
	  health figures sample reply admin tickets ticket ticket_claims ticket_keys ticket_make \
	  probe probe_answer delivery
FOLDERS	= base channel engine fastcgi stream serve
SRC	= main $(BASE:%=base/%) $(CHANNEL:%=channel/%) $(ENGINE:%=engine/%) \
	  $(FASTCGI:%=fastcgi/%) $(STREAM:%=stream/%) $(SERVE:%=serve/%)

# The files of modules, with their folders.
files	= $(foreach module,$(1),$(filter %/$(module),$(SRC)))

# What there is: tests/test_X.c, wire_X.c and, of what is fuzzed, its seeds.
named	= $(sort $(patsubst tests/$(1),%,$(wildcard tests/$(subst %,*,$(1)))))
TESTS	= $(filter-out checker,$(call named,test_%.c))
WIRE	= $(filter-out $(FAILS) $(ONCE),$(call named,wire_%.c))
FUZZ	= $(call named,fuzz/%.seeds)

# The modules each unit test links, where it is not its own alone: it shows what
# they depend on.
units	= $(or $(unit_$(1)),$(1))
unit_sse_split = sse_split sse_split_events buffer utf8 sse
unit_sse_parse = sse_parse $(unit_sse_split)
unit_params    = params record
unit_gate      = gate gate_rules buffer params record
unit_writer    = writer batch event record
unit_wave      = wave ring writer batch event record $(unit_log)
unit_clock     = clock sse batch event
unit_config    = config config_table config_channel config_agree
unit_log       = log log_json utf8
unit_log_json  = $(unit_log)
unit_socket    = socket socket_inherit socket_owner endpoint platform
unit_listen    = $(unit_socket)
unit_notify    = notify platform
unit_user      = user platform
unit_request   = request record platform
unit_stream    = stream opening admission drain clock $(unit_reader) conn intake \
		 flush conns $(unit_wave) $(unit_gate) address age permit $(unit_log)
unit_flush     = $(unit_stream)
unit_listener  = listener conn intake flush conns platform $(unit_wave) $(unit_gate)
unit_channel   = channel name held eventid sse event utf8
unit_arguments = arguments post query spelling $(unit_channel)
unit_ticket    = ticket ticket_claims ticket_keys ticket_make file query room name utf8
unit_heap      = heap rule $(unit_channel)
unit_hub       = hub promise post restore names retention $(unit_heap)
unit_keys      = keys post
unit_retention = $(unit_hub)
unit_promise   = $(unit_hub)
unit_ends      = $(unit_hub)
unit_restore   = $(unit_hub)
unit_memory    = memory engine histogram keys platform $(unit_hub)
unit_sqlite    = $(SQLITE) file room keys engine histogram platform thread wake $(unit_log) $(unit_hub)
unit_gathering = gathering platform wake
unit_repeats   = repeats post
unit_sender    = room sender sender_post sender_place entry repeats resp resp_value type $(unit_hub)
unit_redis     = $(VIA_REDIS) file room engine histogram keys $(unit_log) resolve thread wake endpoint type platform $(unit_hub)
unit_upkeep    = upkeep census resp resp_value eventid platform
unit_census    = census resp resp_value platform
unit_store     = $(STORE) file post platform $(unit_channel)
unit_changes   = addition changes room $(unit_store)
unit_resolve   = resolve thread wake platform
unit_wake      = wake thread platform
unit_signals   = signals wake platform
unit_resp      = resp resp_value
unit_entry     = entry resp resp_value post type $(unit_channel)
unit_finder    = finder finder_list finder_sentinels sentinel dial account file \
		 resp resp_value endpoint platform
unit_sentinel  = sentinel dial account file resp resp_value platform
unit_link      = link link_io link_send link_greeting link_tell $(unit_log) resolve thread wake $(unit_finder)
unit_ids       = ids eventid
unit_tail      = ids tail tail_load tail_restore tail_cycle tail_probe tail_note \
		 tail_entry entry repeats resp resp_value type $(unit_log) \
		 $(unit_reader)
unit_tailposts = $(unit_tail)
unit_tailmodel = $(unit_tail)
unit_tailreplies = $(unit_tail)
unit_tailwaits = $(unit_tail)
unit_model     = $(unit_reader)
unit_reader    = reader step position gap end json batch $(unit_hub)
unit_route     = route subscribe ahead publish publication producer producer_post producer_end grace outcome body status health admin tickets ticket ticket_claims ticket_keys file arguments \
		 json room query spelling reply request origin sse_parse sse_split sse_split_events type utf8 \
		 memory engine histogram keys figures sample text \
		 platform $(unit_stream)
unit_publish   = $(unit_route)
unit_health    = $(unit_route)
unit_delivery  = delivery histogram
unit_producer  = $(unit_route)
unit_ahead     = $(unit_route)
unit_admin     = $(unit_route)
unit_server    = server server_open delivery socket socket_inherit socket_owner user ticket_keys config config_table config_channel config_agree listener notify capacity rule $(SQLITE) $(VIA_REDIS) resolve thread wake signals \
		 endpoint $(unit_route)
# What is fuzzed is made of this.
fuzz_gate    = $(unit_gate)
fuzz_request = $(unit_request) params address origin
fuzz_query   = $(unit_arguments) json
fuzz_eventid = eventid
fuzz_body    = publish type arguments origin $(unit_sse_parse) $(unit_hub) query spelling
fuzz_split   = $(unit_sse_split)
fuzz_events  = $(unit_memory) $(unit_reader) type
fuzz_resp    = $(unit_entry)
fuzz_census  = $(unit_census)
fuzz_store   = $(unit_sqlite)
fuzz_ticket  = $(unit_ticket)
fuzz_options = $(unit_config) endpoint rule
fuzz_probe   = probe_answer utf8
fuzz_more_body = tests/harness/parser.c
fuzz_more_split = $(fuzz_more_body)
fuzz_more_events = $(fuzz_more_body)
fuzz_libs_request = -lfcgi
fuzz_libs_events  = -ljansson
fuzz_libs_resp	  = -lhiredis
fuzz_libs_census  = -lhiredis
fuzz_libs_store	  = -lsqlite3 -lev -lpthread
fuzz_libs_ticket  = -lsodium -ljansson
fuzz_libs_options = -lm
WAVED = flush stream publish producer ahead route admin health # both with waves and without, as all of WIRE
STILL = probe log user redis same away network lost # where waves make no difference
STORED = channels gaps publish run runs feed status storm # also with a store, as any may be
SHARED = channels publish run runs feed storm # and with a Redis
FAILS = scarce calls days # and everything that can
ONCE  = resp # it takes a while, so neither in check nor with valgrind
HARNESS = front responder post parser checker order page notice verdict subscriber world stored \
	  redis shared scripted script between token rounds rounds_acts

# The units; NAME=FILE: the file is installed under that name too.
SYSTEMD = sse-fcgi.socket sse-fcgi.service sse-fcgi@.service=sse-fcgi.service

OURS	 = -std=c11 -D_DEFAULT_SOURCE -D_FILE_OFFSET_BITS=64 \
	   -DVERSION='"$(VERSION)"' $(RING) \
	   -Wall -Wextra -Wpedantic -Wshadow -MMD -MP
# Of the flags against what a fault may become those that are taken here; with
# HARDEN= and LDHARDEN= there are none, or others.
HARDENING = -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -fstack-protector-strong \
	   -fstack-clash-protection -fcf-protection=full -fPIE \
	   -ftrivial-auto-var-init=zero -fzero-call-used-regs=used-gpr \
	   -fno-delete-null-pointer-checks -fno-strict-overflow
LDHARDENING = -pie -Wl,-z,relro,-z,now -Wl,-z,noexecstack \
	   -Wl,-z,separate-code -Wl,-z,nodlopen
HARDEN	?= $(eval HARDEN := $$(call taken,$$(HARDENING),-c))$(HARDEN)
LDHARDEN ?= $(eval LDHARDEN := $$(call taken,$$(LDHARDENING),-fPIE))$(LDHARDEN)
# Of all at once, or of each: $(call taken,flags,how it is tried)
taken	 = $(if $(call takes,$(1) $(2)),$(1),$(foreach flag,$(1),$(if \
	   $(call takes,$(flag) $(2)),$(flag))))
takes	 = $(shell echo 'int main(void) { return 0; }' | $(CC) -Werror $(1) \
	   -x c -o /dev/null - 2>/dev/null && echo yes)
PLAIN	 = -URING -U_DEFAULT_SOURCE -D_XOPEN_SOURCE=700 -DPLAIN_POSIX \
	   -Werror=implicit-function-declaration
SANITIZE = -g -O1 -fno-omit-frame-pointer -fsanitize=address,undefined \
	   -fno-sanitize-recover=all
LIBS	 = $(shell pkg-config --libs fcgi 2>/dev/null || echo -lfcgi) -lev -lm \
	   $(shell pkg-config --libs sqlite3 2>/dev/null || echo -lsqlite3) \
	   $(shell pkg-config --libs hiredis 2>/dev/null || echo -lhiredis) \
	   $(shell pkg-config --libs libsodium jansson 2>/dev/null || echo -lsodium -ljansson) \
	   $(RING_LIBS) -lpthread
# Without liburing it is the same program, at one system call an event.
RING_LIBS := $(shell pkg-config --libs liburing 2>/dev/null)
RING	:= $(if $(RING_LIBS),-DRING)
ifdef CI
OURS	+= -Werror
SANITIZE += -ftrivial-auto-var-init=pattern # nobody counts on zeros
endif

# What to make.
all: build/sse-fcgi

help:
	@echo "make            build/sse-fcgi"
	@echo "make run        the page on http://$(ADDR):$(PORT)/" \
	    "[FRONT=$(FRONT) ADDR=.. PORT=..]"
	@echo "                FRONT is one of: $$(tests/here $(FRONTS))"
	@echo "make test       everything: units, wire, front servers, browser"
	@echo "make check      units and wire, in about a minute [JOBS=$(JOBS)]"
	@echo "make torture    kill -9 under load, all that Redis can do, 300" \
	    "times, a thousand runs [KILLS=.. FAULTS=.. RUNS=..]"
	@echo "make bench      the figures, side by side"
	@echo "make bench-fronts [FRONTS=..]: behind each front, likewise"
	@echo "make fuzz       what peers write under libFuzzer [SECONDS=60]"
	@echo "make coverage   what the tests reach [SHOW=src/FILE.c]"
	@echo "make mutants    does a test turn red for each fault" \
	    "[MUTANTS=..]"
	@echo "make lint       formatting, static analysis, manual"
	@echo "make install    [PREFIX=$(PREFIX) DESTDIR=..]; make uninstall"
	@echo "make dist       build/$(DIST).tar.gz; make distcheck: is it whole"
	@echo "make deb        $(DEB); make check-deb: does it work"
	@echo "make clean"
	@echo "With NO_INSTALL=1 nothing is installed first."

run:
	@tests/packages $(NEED) $(NEED_$(FRONT))
	@tests/here $(FRONT) >/dev/null
	@$(MAKE) -s build/sse-fcgi
	@FRONT=$(FRONT) ADDR=$(ADDR) PORT=$(PORT) exec conf/run

test: need-test
	@$(SEVERAL) $(CHECKED)
	@$(MANY) check-manual check-completions $(CHECKS)
	@$(MANY) check-posix test-storm test-kill $(VALGRIND)
	@$(MAKE) check-systemd
	@$(MAKE) test-fronts
	@$(MAKE) test-browser
	@tests/here $(TESTED) >/dev/null
	@echo "make test: everything passed"

check: need-check
	@$(SEVERAL) $(CHECKED)
	@$(MANY) check-manual check-completions $(CHECKS)

# Several at once, unless make was told how many: first the compiler, as often as
# there are processors, then the tests, which mostly wait, twice as many.  Each of
# those has a directory and sockets of its own, and none fails because the machine
# is busy.
at_once	 = $(MAKE) $(if $(findstring -j,$(MAKEFLAGS)),,-j$(1)) -O --no-print-directory
SEVERAL	 = $(call at_once,$(JOBS))
MANY	 = $(call at_once,$(AT_ONCE))
CHECKED	 = build/sse-fcgi build/asan/sse-fcgi build/tests/front \
	   build/tests/manual_options build/tests/completions build/tests/sandbox build/tests/allowed \
	   $(TESTS:%=build/tests/test_%) build/asan/scarce $(FAILS:%=build/tests/wire_%) \
	   build/tests/test_checker $(WIRE:%=build/tests/wire_%) \
	   $(FUZZ:%=build/tests/fuzz_%)
CHECKS	 = $(WIRE:%=run-wire-%) $(patsubst %,off-wire-%,$(filter-out $(STILL),$(WIRE))) \
	   $(STORED:%=store-wire-%) \
	   $(SHARED:%=redis-wire-%) \
	   $(TESTS:%=run-%) \
	   $(WAVED:%=off-%) run-checker check-hardened $(FUZZ:%=replay-%) \
	   $(FAILS:%=run-wire-%)
VALGRIND = $(WIRE:%=valgrind-%)

# The program, plain and with sanitizers.
build/sse-fcgi: $(SRC:%=build/obj/%.o)
	$(CC) $(CFLAGS) $(LDHARDEN) $(LDFLAGS) -o $@ $^ $(LIBS)

build/asan/sse-fcgi: $(SRC:%=build/asan/%.o)
	$(CC) $(SANITIZE) -o $@ $^ $(LIBS)

build/obj/%.o: src/%.c build/obj/flags
	@mkdir -p $(@D)
	$(CC) $(OURS) -Isrc $(HARDEN) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

# What it is compiled with: other flags make other objects.
build/obj/flags: always
	@mkdir -p $(@D)
	@echo '$(CC) $(HARDEN) $(subst ','',$(CPPFLAGS) $(CFLAGS))' >$@.new
	@cmp -s $@.new $@ && rm $@.new || mv $@.new $@

# Where memory runs out, as a test has it: called before the sanitizer is there.
build/tests/scarce.o: tests/harness/scarce.c | build/tests
	$(CC) $(OURS) -g -O1 -c -o $@ $<

build/asan/scarce: $(SRC:%=build/asan/%.o) build/tests/scarce.o
	$(CC) $(SANITIZE) -o $@ $^ $(LIBS) -ldl

build/asan/%.o: src/%.c
	@mkdir -p $(@D)
	$(CC) $(OURS) -Isrc $(SANITIZE) -c -o $@ $<

# What is not POSIX is done without, as on another system than Linux.
build/posix/sse-fcgi: $(SRC:%=build/posix/%.o)
	$(CC) $(SANITIZE) -o $@ $^ $(LIBS)

build/posix/%.o: src/%.c
	@mkdir -p $(@D)
	$(CC) $(OURS) -Isrc $(PLAIN) $(SANITIZE) -c -o $@ $<

build/posix build/tests build/bench build/browser build/fuzz:
	@mkdir -p $@

# Tests.
comma	    = ,
# The calls that a test has in its own hands; in those of ALLOCATING calloc and
# malloc are, too.
ALLOCATING = admin ahead ends hub keys link listener memory promise reader resp \
	    restore retention route tail
wraps	    = $(patsubst %,-Wl$(comma)--wrap=%,$(wrap_$(1)) \
	      $(if $(filter $(1),$(ALLOCATING)),calloc malloc))
wrap_wake    = read write
wrap_writer  = writev send
wrap_ring    = io_uring_queue_init io_uring_submit
wrap_wave    = ring_send send
wrap_flush   = writev send ring_send
wrap_stream  = writev send ring_send
wrap_publish = send ring_send
wrap_request = sendmsg
wrap_socket  = bind
wrap_user    = setuid seteuid setgid initgroups
wrap_server  = setsockopt
wrap_gate    = realloc
wrap_text    = realloc
wrap_route   = realloc strdup
wrap_sqlite  = committer_wait
wrap_store   = nanosleep
wrap_changes = $(addprefix sqlite3_,step bind_int64 bind_text64 prepare_v2 prepare_v3 exec \
	       open_v2 wal_checkpoint_v2 finalize) malloc realloc realpath
wrap_sentinel = send recv socket connect getsockopt getpeername \
	       platform_set_flags read calloc malloc realloc
wrap_admin   = strdup
wrap_listener = accept4
wrap_listen  = socket bind listen setsockopt connect flock unlink \
	       platform_set_flags getaddrinfo freeaddrinfo
wrap_tailreplies = calloc
wrap_resolve = getaddrinfo freeaddrinfo
wrap_link    = realloc
wrap_finder  = resolve_begin resolve_abandon

.SECONDEXPANSION:
$(TESTS:%=build/tests/test_%): build/tests/test_%: tests/test_%.c \
    $$(addprefix build/asan/,$$(addsuffix .o,$$(call files,$$(call units,$$*)))) | build/tests
	$(CC) $(OURS) $(SANITIZE) -Isrc $(call wraps,$*) -o $@ \
	    $(filter %.c %.o,$^) -lcmocka $(LIBS)

build/tests/wire_disk build/tests/wire_feed build/tests/wire_health: | build/tests/slowdisk.so
build/tests/wire_days: | build/tests/clocks.so
build/tests/wire_calls: | build/tests/pieces.so
build/tests/wire_network build/tests/wire_same: | build/tests/proxy
build/tests/wire_kernel: | build/tests/sandbox build/tests/allowed
WIRE_LIBS = -lcmocka -lsqlite3 -lhiredis -lsodium -ljansson
$(patsubst %,build/tests/wire_%,$(WIRE) $(ONCE) $(FAILS)): build/tests/wire_%: tests/wire_%.c \
    $(HARNESS:%=build/tests/%.o) | build/tests
	$(CC) $(OURS) $(SANITIZE) -Itests/harness -o $@ $< \
	    $(HARNESS:%=build/tests/%.o) $(WIRE_LIBS)

$(HARNESS:%=build/tests/%.o): build/tests/%.o: tests/harness/%.c | build/tests
	$(CC) $(OURS) $(SANITIZE) -c -o $@ $<

# Who tests the tests: the checker of what readers see.
build/tests/test_checker: tests/test_checker.c build/tests/checker.o \
    build/tests/order.o build/tests/page.o build/tests/notice.o build/tests/verdict.o build/tests/parser.o
	$(CC) $(OURS) $(SANITIZE) -Itests/harness -o $@ \
	    $(filter %.c %.o,$^) -lcmocka

# The seeds of what is fuzzed, by any compiler.
$(FUZZ:%=build/tests/fuzz_%): build/tests/fuzz_%: tests/fuzz/%.c \
    tests/fuzz/replay.c $$(fuzz_more_$$*) \
    $$(addprefix build/asan/,$$(addsuffix .o,$$(sort $$(call files,$$(fuzz_$$*))))) | build/tests
	$(CC) $(OURS) $(SANITIZE) -Isrc -o $@ $(filter %.c %.o,$^) $(LIBS)

$(FUZZ:%=replay-%): replay-%: build/tests/fuzz_%
	build/tests/fuzz_$* tests/fuzz/$*.seeds

# A front for people: build/tests/front unix:/path /sse prints the stream.
build/tests/front: tests/harness/main.c build/tests/front.o
	$(CC) $(OURS) $(SANITIZE) -Itests/harness -o $@ $< build/tests/front.o

# A network that does harm.
build/tests/proxy: tests/harness/proxy.c | build/tests
	$(CC) $(OURS) $(SANITIZE) -o $@ $<

# What is loaded before the program: a disk that is slow, hangs or fails, sockets
# that take and give a byte at a time, clocks that a test sets.
LOADED	 = slowdisk pieces clocks
$(LOADED:%=build/tests/%.so): build/tests/%.so: tests/harness/%.c | build/tests
	$(CC) $(OURS) -U_FILE_OFFSET_BITS $(CFLAGS) -shared -fPIC -o $@ $< -ldl -lm

# Where the kernel forbids what it is told to; and what the unit leaves.
build/tests/sandbox: tests/harness/sandbox.c | build/tests
	$(CC) $(OURS) $(CFLAGS) -o $@ $< -lseccomp

build/tests/allowed: tests/harness/filter conf/systemd/sse-fcgi.service \
    | build/tests
	tests/harness/filter conf/systemd/sse-fcgi.service >$@

# What is made of the table of options.
build/tests/manual_options build/tests/completions: build/tests/%: tests/harness/%.c \
    $(patsubst %,build/asan/base/%.o,$(unit_config)) \
    | build/tests
	$(CC) $(OURS) $(SANITIZE) -Isrc -o $@ $(filter %.c %.o,$^)

$(TESTS:%=run-%) run-checker: run-%: build/tests/test_%
	build/tests/test_$*

$(WAVED:%=off-%): off-%: build/tests/test_%
	WAVES=off build/tests/test_$*

# Resident memory is measured with the plain program.
PROGRAMS = build/asan/sse-fcgi build/sse-fcgi build/tests/front
WIRED	 = PLAIN=build/sse-fcgi PROGRAM=build/asan/sse-fcgi build/tests/wire_$*
$(WIRE:%=run-wire-%): run-wire-%: build/tests/wire_% $(PROGRAMS)
	WAVES=always $(WIRED)

$(WIRE:%=off-wire-%): off-wire-%: build/tests/wire_% $(PROGRAMS)
	WAVES=off $(WIRED)

# With --store, in the test's directory.
$(STORED:%=store-wire-%): store-wire-%: build/tests/wire_% $(PROGRAMS)
	STORE=1 WAVES=always $(WIRED)

# With --redis, and a Redis of the test's own.
$(SHARED:%=redis-wire-%): redis-wire-%: build/tests/wire_% $(PROGRAMS)
	SHARED=1 WAVES=always $(WIRED)

# Allocations fail, one of so many.
run-wire-scarce: build/tests/wire_scarce build/asan/scarce
	WAVES=always STRIDE=$(or $(STRIDE),11) $(SCARCE)
	STORE=1 WAVES=always STRIDE=$(or $(STRIDE),37) $(SCARCE)
	SHARED=1 WAVES=always STRIDE=$(or $(STRIDE),149) $(SCARCE)
SCARCE	 = PROGRAM=build/asan/scarce build/tests/wire_scarce

# System calls fail.
run-wire-calls: build/tests/wire_calls build/asan/sse-fcgi
	WAVES=always $(CALLS)
	STORE=1 WAVES=off $(CALLS)
	SHARED=1 WAVES=always $(CALLS)
CALLS	 = PROGRAM=build/asan/sse-fcgi build/tests/wire_calls

# The clocks are set, signals come by the thousand ...
run-wire-days: build/tests/wire_days build/asan/sse-fcgi
	WAVES=always $(DAYS)
DAYS	 = PROGRAM=build/asan/sse-fcgi build/tests/wire_days

# The storm of `make check`, grown.
test-storm: build/tests/wire_storm build/asan/sse-fcgi
	EVENTS=100000 PROGRAM=build/asan/sse-fcgi build/tests/wire_storm

# The kills of `make check`, and more of them, by another chance each time; and
# those of test-fronts.
KILLS	?= 300
FAULTS	?= 300
EVENTS	?= 100000
test-kill: build/tests/wire_kill build/asan/sse-fcgi
	KILLS=15 SEED=$${SEED:-$$(date +%s)} WAVES=always \
	    PROGRAM=build/asan/sse-fcgi build/tests/wire_kill

# Bad replies of Redis: a twelve of them, by another chance each time.
test-resp: build/tests/wire_resp build/asan/sse-fcgi
	GROUPS=1 CUTS=64 RECONNECTS=50 SEED=$${SEED:-$$(date +%s)} \
	    WAVES=always PROGRAM=build/asan/sse-fcgi build/tests/wire_resp

# A thousand runs, which as many readers again and again come to: what one core
# can check in that time, without a sanitizer.
RUNS	?= 1000
READERS	?= 2000
LASTS	?= 60
build/tests/plain_runs: tests/wire_runs.c $(HARNESS:%=tests/harness/%.c) \
    $(wildcard tests/runs*.h) | build/tests
	$(CC) $(filter-out -MMD -MP,$(OURS)) $(CFLAGS) -Itests/harness -o $@ \
	    $(filter %.c,$^) $(WIRE_LIBS)

# First what is timed, then what mostly waits, several at once, then the hour.
torture: need-torture
	@$(SEVERAL) $(TORTURED)
	ALL=1 QUIET=1 WAVES=always PROGRAM=build/asan/sse-fcgi \
	    build/tests/wire_crafted
	RUNS=$(RUNS) READERS=$(READERS) LASTS=$(LASTS) \
	    SEED=$${SEED:-$$(date +%s)} PROGRAM=build/sse-fcgi PLAIN=build/sse-fcgi \
	    build/tests/plain_runs
	@$(MANY) $(LONG) $(FAILING)
	@$(MAKE) -s torture-soak
TORTURED = build/sse-fcgi build/asan/sse-fcgi build/asan/scarce build/tests/plain_runs \
	   $(patsubst %,build/tests/wire_%,kill resp crafted $(FAILS)) \
	   $(patsubst %,build/tests/test_%,sqlite tailmodel)

LONG	 = torture-redis torture-kills torture-fronts torture-resp torture-store torture-tail
torture-redis:
	LONG=1 FAULTS=$(FAULTS) EVENTS=$(EVENTS) SEED=$${SEED:-$$(date +%s)} \
	    PROGRAM=build/asan/sse-fcgi node --test tests/fronts/redis.test.mjs
torture-kills:
	KILLS=$(KILLS) SEED=$${SEED:-$$(date +%s)} WAVES=always \
	    PROGRAM=build/asan/sse-fcgi build/tests/wire_kill
torture-fronts:
	KILLS=$(KILLS) FRONTS=nginx PROGRAM=build/asan/sse-fcgi node --test \
	    --test-name-pattern=kills tests/fronts/activation.test.mjs
torture-resp:
	CUTS=1 RECONNECTS=10000 SEED=$${SEED:-$$(date +%s)} WAVES=always \
	    PROGRAM=build/asan/sse-fcgi build/tests/wire_resp
torture-store: # a million, in a hundred lives
	STEPS=10000 build/tests/test_sqlite
torture-tail:
	STEPS=10000000 build/tests/test_tailmodel

# Every allocation and every system call fails, each way; a minute's stop.
torture-fails: need-torture
	@$(SEVERAL) build/asan/scarce build/asan/sse-fcgi $(FAILS:%=build/tests/wire_%)
	@$(MANY) $(FAILING)
FAILING	 = $(foreach on,STORE SHARED NEITHER,fails-$(on)-always fails-$(on)-off) \
	   fails-days
fails-days:
	STOPPED=60 STORM=60 WAVES=always $(DAYS)
$(filter-out fails-days,$(FAILING)): as = $(word 1,$(subst -, ,$*))=1 WAVES=$(word 2,$(subst -, ,$*))
$(filter-out fails-days,$(FAILING)): fails-%:
	env $(as) STRIDE=1 $(SCARCE)
	env $(as) WHENS=all $(CALLS)

# An hour of streams that come and go, and those who never read.
SOAK_SECONDS ?= 3600
torture-soak: build/sse-fcgi
	$(MAKE) -s -C tests/bench ../../build/bench/soak
	SOAK_SECONDS=$(SOAK_SECONDS) tests/bench/endure churn
	tests/bench/endure stalled

PLAINLY	 = platform wake # have another way
check-posix: build/posix/sse-fcgi $(PLAINLY:%=build/posix/test_%) \
    build/tests/wire_stream
	for unit in $(PLAINLY); do build/posix/test_$$unit || exit 1; done
	PROGRAM=build/posix/sse-fcgi build/tests/wire_stream

$(PLAINLY:%=build/posix/test_%): build/posix/test_%: tests/test_%.c \
    $$(addprefix build/posix/,$$(addsuffix .o,$$(call files,$$(call units,$$*)))) | build/posix
	$(CC) $(OURS) -DPLAIN_POSIX $(SANITIZE) -Isrc $(call wraps,$*) -o $@ \
	    $(filter %.c %.o,$^) -lcmocka -lev -lpthread

test-valgrind:
	@$(MANY) $(VALGRIND)

$(VALGRIND): valgrind-%: build/tests/wire_% build/sse-fcgi
	WAVES=always PROGRAM=tests/harness/valgrind SLOW=1 build/tests/wire_$*

test-fronts: build/asan/sse-fcgi
	fronts=$$(tests/here $(TESTED)) && FRONTS="$$fronts" \
	    PROGRAM=build/asan/sse-fcgi node --test \
	    --test-concurrency=$(AT_ONCE) tests/fronts/*.test.mjs

test-browser: build/asan/sse-fcgi build/browser/node_modules
	PROGRAM=build/asan/sse-fcgi BROWSER_MODULES=build/browser \
	    node --test --test-concurrency=$(JOBS) tests/browser/*.test.mjs

build/browser/node_modules: tests/browser/package-lock.json | build/browser
	cp tests/browser/package*.json build/browser/
	cd build/browser && npm ci --loglevel=error --no-audit --no-fund \
	    >/dev/null
	@touch $@

# With the flags of somebody else it is as he wants it.
check-hardened: build/sse-fcgi
ifeq ($(origin HARDEN) $(origin LDHARDEN),file file)
	tests/harness/hardened build/sse-fcgi
endif

need-%:
	@tests/packages $(NEED_$*)

# What the units and the wire tests reach, and whether that is enough; by gcov,
# in a copy of the tree, and also where the program is another user than root. A
# log that may not grow and the like are otherwise there, so that a test may be
# red: make check is for that.
COUNT	 = -g -O0 -fsanitize=address --coverage -fprofile-update=atomic \
	   -include tests/harness/counted.h
COUNTED	 = $(MAKE) -C build/coverage -k -j$(JOBS) -O SANITIZE='$(COUNT)' \
	   NO_INSTALL=1
coverage: need-coverage
	tests/harness/copy build/coverage
	find build/coverage -name '*.gcda' -exec rm {} +
	@$(COUNTED) $(CHECKED) >build/coverage/log 2>&1 || \
	    { tail build/coverage/log; exit 1; }
	cd build/coverage/build/asan && find . -name '*.gcno' | \
	    sed 's/no$$/da/' | xargs sh -c 'touch "$$@" && chmod 666 "$$@"' sh
	-@$(COUNTED) $(CHECKS) >build/coverage/log 2>&1 || \
	    grep '^make.*Error' build/coverage/log
	find build/coverage -name '*.gcda' -size 0 -exec rm {} +
	node tests/harness/coverage.mjs build/coverage $(SHOW)

# The faults of tests/mutants, or some: does a test turn red for each?
MUTANTS	?=
mutants: need-mutants
	nice tests/harness/mutants build/mutants $(MUTANTS)

# The manual's list of options comes from src/base/config_table.c.
check-manual: build/tests/manual_options
	tests/harness/manual check src/sse-fcgi.8
	mandoc -Tlint -Wwarning src/sse-fcgi.8

manual: build/tests/manual_options
	tests/harness/manual write src/sse-fcgi.8

# So does what shells complete.
SHELLS = bash zsh fish
check-completions: build/tests/completions
	for shell in $(SHELLS); do build/tests/completions $$shell | \
	    diff -u conf/completions/sse-fcgi.$$shell - || \
	    { echo "conf/completions is old: make completions" >&2; exit 1; }; done

completions: build/tests/completions
	for shell in $(SHELLS); do build/tests/completions $$shell \
	    >conf/completions/sse-fcgi.$$shell || exit 1; done

# Installing.
install: build/sse-fcgi
	install -d "$(DESTDIR)$(PREFIX)/sbin" "$(DESTDIR)$(MAN)" \
	    "$(DESTDIR)$(DATA)/conf/systemd" "$(DESTDIR)$(DATA)/html" \
	    "$(DESTDIR)$(UNITS)" "$(DESTDIR)$(BASH)" "$(DESTDIR)$(ZSH)" \
	    "$(DESTDIR)$(FISH)"
	install -m 755 build/sse-fcgi "$(DESTDIR)$(PREFIX)/sbin/"
	sed 's|/usr/local|$(PREFIX)|g' src/sse-fcgi.8 >build/sse-fcgi.8
	install -m 644 build/sse-fcgi.8 "$(DESTDIR)$(MAN)/"
	install -m 644 html/* "$(DESTDIR)$(DATA)/html/"
	install -m 644 README.md src/CHANGES.md "$(DESTDIR)$(DATA)/"
	install -m 644 conf/README.md conf/readers.md conf/redis.md \
	    conf/runs.md conf/sse-js.md conf/tickets.md conf/*.lua \
	    "$(DESTDIR)$(DATA)/conf/"
	install -m 644 conf/alerts.yml conf/grafana.json "$(DESTDIR)$(DATA)/conf/"
	install -m 644 conf/completions/sse-fcgi.bash "$(DESTDIR)$(BASH)/sse-fcgi"
	install -m 644 conf/completions/sse-fcgi.zsh "$(DESTDIR)$(ZSH)/_sse-fcgi"
	install -m 644 conf/completions/sse-fcgi.fish "$(DESTDIR)$(FISH)/"
	for front in $(FRONTS); do DATA="$(DATA)" RUN=/run/sse-fcgi \
	    conf/fill $$front >build/$$front.conf && \
	    install -m 644 build/$$front.conf "$(DESTDIR)$(DATA)/conf/" || \
	    exit 1; done
	for unit in $(SYSTEMD); do \
	    sed 's|/usr/sbin|$(PREFIX)/sbin|' \
	    conf/systemd/$${unit#*=} >build/unit && \
	    install -m 644 build/unit "$(DESTDIR)$(UNITS)/$${unit%=*}" || \
	    exit 1; done
	sed 's|/usr/sbin|$(PREFIX)/sbin|; s|/usr/share/sse-fcgi|$(DATA)|' \
	    conf/systemd/redis.conf >build/redis.conf
	install -m 644 build/redis.conf "$(DESTDIR)$(DATA)/conf/systemd/"

uninstall:
	rm -f "$(DESTDIR)$(PREFIX)/sbin/sse-fcgi" "$(DESTDIR)$(MAN)/sse-fcgi.8"
	rm -f "$(DESTDIR)$(BASH)/sse-fcgi" "$(DESTDIR)$(ZSH)/_sse-fcgi" \
	    "$(DESTDIR)$(FISH)/sse-fcgi.fish"
	rm -rf "$(DESTDIR)$(DATA)"
	for unit in $(SYSTEMD); do \
	    rm -f "$(DESTDIR)$(UNITS)/$${unit%=*}"; done

# Every unit is as systemd likes it, and may do little else than its work; also
# with the drop-in for Redis, as it is and with all that it has as comments.
STAGED = build/stage/lib/systemd/system
check-systemd: build/sse-fcgi
	rm -rf build/stage
	$(MAKE) -s install DESTDIR= PREFIX="$(CURDIR)/build/stage"
	@$(MAKE) -s judge-units THRESHOLD=5
	install -d $(STAGED)/sse-fcgi.service.d $(STAGED)/sse-fcgi@.service.d
	for edit in '' 's/^#\([A-Z][A-Za-z]*=\)/\1/'; do \
	    for unit in sse-fcgi sse-fcgi@; do sed "$$edit" \
	    build/stage/share/sse-fcgi/conf/systemd/redis.conf \
	    >$(STAGED)/$$unit.service.d/redis.conf || exit 1; done; \
	    $(MAKE) -s judge-units THRESHOLD=15 || exit 1; done

judge-units:
	systemd-analyze verify --man=no --recursive-errors=no \
	    $(STAGED)/*.service $(STAGED)/*.socket
	systemd-analyze security --offline=true --threshold=$(THRESHOLD) \
	    $(STAGED)/*.service >build/stage/security || \
	    { cat build/stage/security; exit 1; }

clean:
	rm -rf build

# Packages, of what is committed.
DIST = sse-fcgi-$(VERSION)
DEB  = build/sse-fcgi_$(VERSION)_$(shell dpkg --print-architecture 2>/dev/null).deb
dist:
	@mkdir -p build
	git archive --prefix=$(DIST)/ -o build/$(DIST).tar.gz HEAD

# The tarball alone is enough, and what it installs it takes away again.
distcheck: need-check dist
	rm -rf build/dist
	mkdir -p build/dist
	tar -xzf build/$(DIST).tar.gz -C build/dist
	$(MAKE) -C build/dist/$(DIST) all check
	$(MAKE) -C build/dist/$(DIST) install DESTDIR="$(CURDIR)/build/dist/root"
	test -x build/dist/root$(PREFIX)/sbin/sse-fcgi
	$(MAKE) -C build/dist/$(DIST) uninstall \
	    DESTDIR="$(CURDIR)/build/dist/root"
	! find build/dist/root ! -type d | grep .
	! find build/dist/root -name '*sse-fcgi*' | grep .

deb: need-deb dist
	rm -rf build/deb
	mkdir -p build/deb
	tar -xzf build/$(DIST).tar.gz -C build/deb
	cp -R build/deb/$(DIST)/conf/debian build/deb/$(DIST)/debian
	cd build/deb/$(DIST) && env -u MAKEFLAGS -u MAKELEVEL -u PREFIX \
	    -u DESTDIR -u CFLAGS DEB_BUILD_OPTIONS=noautodbgsym \
	    dpkg-buildpackage -b -us -uc
	mv build/deb/$(notdir $(DEB)) $(DEB)
	lintian --fail-on error $(DEB)
	@echo "$(DEB), of what is committed"

# For root: in a copy of this system, which is gone afterwards.
check-deb: deb
	@$(MAKE) -s build/tests/front
	tests/harness/deb $(DEB)

# For root: the images of conf/container, made and run.
check-container: need-check-container
	tests/harness/container

# For root: all of check where addresses have 32 bits.
check-32: need-check-32
	tests/harness/32bit make $(filter-out libc6-dbg,$(NEED_check))

# For root: the units and some wire tests where bytes stand the other way, and
# with another C library.
check-s390x: need-check-s390x
	tests/harness/s390x $(NEED) libcmocka-dev

check-musl: need-check-musl
	tests/harness/musl

# For those who work on it.
bench: need-bench
	@$(MAKE) -s build/sse-fcgi
	$(MAKE) -C tests/bench BEFORE="$(abspath $(BEFORE))"

bench-fronts: need-bench-fronts
	@$(MAKE) -s build/sse-fcgi
	fronts=$$(tests/here $(FRONTS)) && $(MAKE) -C tests/bench \
	    ROWS="$$(printf 'behind-%s ' $$fronts)"

# What gcc and clang are asked beside what all builds are.
WARN	 = -Wconversion -Wsign-conversion -Wcast-align -Wwrite-strings \
	   -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition \
	   -Wredundant-decls -Wnested-externs -Wundef -Wvla -Wunused-macros \
	   -Wnull-dereference -Wimplicit-fallthrough -Wformat=2 \
	   -Wno-format-nonliteral # finder.c's are its callers' own words
WARN_gcc = -Wduplicated-cond -Wduplicated-branches -Wformat-signedness \
	   -Wjump-misses-init -Walloca -Wtrampolines -Wbidi-chars=any,ucn \
	   -Wuse-after-free=3 -Wstringop-overflow=4 -Warray-bounds=2
WARN_clang = -Wcomma -Wassign-enum -Wunreachable-code-aggressive \
	   -Wmissing-variable-declarations -Wloop-analysis -Wshadow-all \
	   -Warray-bounds-pointer-arithmetic -Wtautological-compare
# Where the analyzer is wrong, some of it only as of gcc 13: it loses sight of a
# struct that a function returns, of an assertion, and of what is kept by way of an
# offset, a struct or a tree; and what main leaves open is to be open.
analyzed_main = -Wno-analyzer-fd-leak
analyzed_grace = -Wno-analyzer-malloc-leak
analyzed_position = -Wno-analyzer-use-of-uninitialized-value
analyzed_sqlite_posts = -Wno-analyzer-use-of-uninitialized-value
analyzed_request = -Wno-analyzer-malloc-leak
analyzed_sentinel = -Wno-analyzer-malloc-leak
LINTED	 = $(foreach by,gcc clang analyzer,$(SRC:%=build/lint-$(by)/%.o))
build/lint-gcc/%.o: src/%.c
	@mkdir -p $(@D)
	gcc $(OURS) -Isrc -O2 -Werror $(WARN) $(WARN_gcc) -c -o $@ $<

build/lint-clang/%.o: src/%.c
	@mkdir -p $(@D)
	clang $(OURS) -Isrc -O2 -Werror $(WARN) $(WARN_clang) -c -o $@ $<

build/lint-analyzer/%.o: src/%.c
	@mkdir -p $(@D)
	gcc $(OURS) -Isrc -O1 -Werror -fanalyzer $(analyzed_$(*F)) -c -o $@ $<

lint: need-lint
	clang-format --dry-run -Werror $$(git ls-files '*.c' '*.h')
	tests/edges $(FOLDERS)
	tests/lognames src/sse-fcgi.8 $(SRC:%=src/%.c)
	@$(SEVERAL) $(LINTED)
	clang-tidy --quiet $(SRC:%=src/%.c) -- $(OURS) -Isrc
	cppcheck --quiet --error-exitcode=1 --inline-suppr \
	    --enable=warning,portability,performance,style \
	    --suppress=variableScope --suppress=redundantContinue \
	    -D'RB_PROTOTYPE(a,b,c,d)=' -D'RB_GENERATE(a,b,c,d)=' -D__linux__ \
	    --suppress=uninitvar -Isrc src # style(9); TAILQ_FOREACH read wrongly
	mandoc -Tlint -Wwarning src/sse-fcgi.8
	shellcheck -x $$(git grep -lE '^(#!/bin/sh$$|# shellcheck shell=)') \
	    conf/completions/sse-fcgi.bash

# What each target has of the program; its seeds are in tests/fuzz/X.seeds.
SECONDS ?= 60
need-fuzz-rt: need-fuzz # it asks clang which one
fuzz: need-fuzz-rt
	@for target in $(FUZZ); do $(MAKE) -s fuzz-$$target || exit 1; done

CLANG	 = clang -g -O1 -std=c11 -D_DEFAULT_SOURCE -Isrc
FUZZED	 = -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all
fuzz_src = tests/fuzz/$(1).c $(fuzz_more_$(1)) \
	   $(addprefix src/,$(addsuffix .c,$(sort $(call files,$(fuzz_$(1))))))
fuzz-%: | build/fuzz
	$(CLANG) $(FUZZED) -o build/fuzz/$* $(call fuzz_src,$*) $(fuzz_libs_$*)
	@mkdir -p build/fuzz/$*.corpus
	build/fuzz/$* -max_total_time=$(SECONDS) -max_len=4096 -timeout=10 \
	    -print_final_stats=1 build/fuzz/$*.corpus tests/fuzz/$*.seeds

always:
.PHONY: all always help run test check test-storm test-kill test-resp torture $(LONG) torture-fails $(FAILING) \
	torture-soak test-valgrind test-fronts test-browser check-posix check-manual check-completions completions \
	check-hardened check-systemd judge-units manual install uninstall clean dist distcheck deb check-deb check-container \
	check-32 check-s390x check-musl bench bench-fronts lint fuzz coverage mutants
-include $(wildcard build/*/*.d build/*/*/*.d)
