/* SPDX-License-Identifier: ISC */
/*
 * The gate, by a table of what a front may send and what it must amount to.
 * Each row is fed whole, in two pieces cut at every byte, and byte by byte: the
 * events must be the same every time.  What is stored must never be larger
 * than the bytes that were given.
 */
#include "unit.h"

#include <stdbool.h>

#include "fastcgi/gate.h"
#include "fastcgi/record.h"

#define OPEN   "begin 1; params 1 A=b; params 1;"
#define OPENED "request 1 A=b;"
#define KEEP   "begin 1 keep; params 1;"
#define KEPT   "request 1 keep;"

static const struct row {
	const char *name, *sent, *events;
} rows[] = {
    /* Good requests. */
    {"get", OPEN "stdin 1", OPENED "end;"},
    {"get_without_stdin", OPEN, OPENED},
    {"post_in_one_record", OPEN "stdin 1 'hello; stdin 1",
	OPENED "body hello;end;"},
    {"post_in_three_records", OPEN "stdin 1 'he; stdin 1 'l; stdin 1 'lo",
	OPENED "body hello;"},
    {"request_without_parameters", "begin 1; params 1", "request 1;"},
    {"highest_id", "begin 65535; params 65535 A=b; params 65535; stdin 65535",
	"request 65535 A=b;end;"},
    {"empty_value", "begin 1; params 1 A= B=; params 1", "request 1 A= B=;"},
    {"name_twice", "begin 1; params 1 A=1 A=2; params 1", "request 1 A=1 A=2;"},
    {"equals_sign_in_value", "begin 1; params 1 Q=a%3db=c; params 1",
	"request 1 Q=a=b=c;"},
    {"any_other_byte", "begin 1; params 1 A%0d%0a=%01%ff%7f; params 1",
	"request 1 A\r\n=\001\377\177;"},
    {"value_of_127_bytes", "begin 1; params 1 A=*127; params 1",
	"request 1 (130 bytes);"},
    {"value_of_128_bytes", "begin 1; params 1 A=*128; params 1",
	"request 1 (134 bytes);"},
    {"lengths_not_minimal", "begin 1; params 1 ~A=b ~C=; params 1",
	"request 1 A=b C=;"},
    {"params_in_two_records", "begin 1; params 1 A=b; params 1 C=d; params 1",
	"request 1 A=b C=d;"},
    {"params_a_byte_a_record",
	"begin 1; params 1 #01; params 1 #02; params 1 'A;"
	"params 1 'b; params 1 'c; params 1",
	"request 1 A=bc;"},
    {"four_byte_length_over_records",
	"begin 1; params 1 #8000; params 1 #000101; params 1 'Ab; params 1",
	"request 1 A=b;"},
    {"three_sse_names",
	"begin 1; params 1 SSE_ROLE=stream SSE_CHANNEL=a SSE_R=c; params 1",
	"request 1 SSE_ROLE=stream SSE_CHANNEL=a SSE_R=c;"},
    {"name_that_only_begins_with_sse",
	"begin 1; params 1 SSE=1 SSE=2; params 1", "request 1 SSE=1 SSE=2;"},
    {"every_field_byte_by_byte",
	"raw #0101123400080000 #0001010000000000;"
	"raw #0104123401020300 #01800000fc 'A .252 #a5a5a5;"
	"raw #0104123400000100 #a5;"
	"raw #0105123401010200 .257 #a5a5; raw #0105123400000000",
	"request 4660 keep (258 bytes);body (257);end;"},
    {"512_pairs", "begin 1; params 1 @512; params 1",
	"request 1 (3072 bytes);"},
    {"65535_bytes_of_params", "begin 1; params 1 A=*65529; params 1",
	"request 1 (65535 bytes);"},
    {"65535_bytes_of_params_in_two_records",
	"begin 1; params 1 A=*40000; params 1 B=*25523; params 1",
	"request 1 (65535 bytes);"},
    {"body_of_65535_bytes_padding_255",
	OPEN "stdin 1 .65535 +255; stdin 1 +255; values 0",
	OPENED "body (65535);end;values 0;"},
    {"body_of_two_large_records",
	OPEN "stdin 1 .40000; stdin 1 .40000; stdin 1",
	OPENED "body (80000);end;"},

    /* Padding. */
    {"padding_1_everywhere",
	"begin 1 +1; params 1 A=b +1; params 1 +1; stdin 1 'x +1; stdin 1 +1",
	OPENED "body x;end;"},
    {"padding_7_everywhere",
	"begin 1 +7; params 1 A=b +7; params 1 +7; stdin 1 'x +7; stdin 1 +7",
	OPENED "body x;end;"},
    {"padding_8_everywhere",
	"begin 1 +8; params 1 A=b +8; params 1 +8; stdin 1 'x +8; stdin 1 +8",
	OPENED "body x;end;"},
    {"padding_255_everywhere",
	"begin 1 +255; params 1 A=b +255; params 1 +255; stdin 1 'x +255;"
	"stdin 1 +255; values 0 +255; type99 0 +255; abort 1 +255",
	OPENED "body x;end;values 0;unknown 99;abort 1;"},
    {"padding_of_a_skipped_record", OPEN "stdin 2 'other +200; stdin 1 'x",
	OPENED "body x;"},
    {"padding_of_management",
	"type12 0 'content +3; values 0 +5; begin 1 +2; params 1",
	"unknown 12;values 0;request 1;"},
    {"padding_not_all_here", OPEN "stdin 1; raw #0105000100000900; raw .8",
	OPENED "end;"},

    /* Connections that are kept. */
    {"keep", "begin 1 keep; params 1 A=b; params 1; stdin 1",
	"request 1 keep A=b;end;"},
    {"keep_and_other_flags", "begin 1 #0001ff0000000000; params 1",
	"request 1 keep;"},
    {"flags_without_keep", "begin 1 #0001fe0000000000; params 1", "request 1;"},
    {"kept_for_odd_ids",
	KEEP "stdin 1; done; begin 3 keep; params 3 A=b; params 3; stdin 3;"
	     "done; begin 5; params 5; stdin 5",
	KEPT "end;request 3 keep A=b;end;request 5;end;"},
    {"kept_for_the_same_id",
	KEEP "stdin 1; done; begin 1 keep; params 1 A=b; params 1",
	KEPT "end;request 1 keep A=b;"},
    {"old_body_after_the_end",
	KEEP "stdin 1 'abc; done; stdin 1 'rest; stdin 1; begin 3; params 3",
	KEPT "body abc;request 3;"},
    {"body_cut_by_the_end",
	KEEP "raw #0105000100040000 'ab; done; raw 'cd; begin 3; params 3",
	KEPT "body ab;request 3;"},
    {"end_in_the_middle_of_padding",
	KEEP "raw #0105000100000500 'ab; done; raw 'cde; begin 3; params 3",
	KEPT "end;request 3;"},

    {"end_in_the_middle_of_params",
	"begin 1; raw #0104000100030000 #0101; done; raw 'A; begin 3;"
	"params 3 C=d; params 3",
	"request 3 C=d;"},
    {"end_in_the_middle_of_values",
	KEEP "raw #01090000000f0000 #0d00 'FCGI_MA; done; raw 'X_REQS; begin 3;"
	     "params 3",
	KEPT "values 2;request 3;"},
    {"end_in_the_middle_of_values_among_params",
	"begin 1; params 1 A=b; raw #01090000000f0000 #0d00 'FCGI_MA; done;"
	"raw 'X_REQS; begin 3; params 3 C=d; params 3",
	"values 2;request 3 C=d;"},
    {"end_in_the_middle_of_abort",
	KEEP "raw #0102000100040000 'ab; done; raw 'cd; begin 3; params 3",
	KEPT "request 3;"},

    /* Records out of place. */
    {"begin_again_same_id", "begin 1; begin 1", "bad BEGIN_REQUEST twice;"},
    {"begin_again_same_id_in_params", "begin 1; params 1 A=b; begin 1",
	"bad BEGIN_REQUEST twice;"},
    {"begin_again_same_id_in_body", OPEN "begin 1",
	OPENED "bad BEGIN_REQUEST twice;"},
    {"begin_again_same_id_after_body", OPEN "stdin 1; begin 1",
	OPENED "end;bad BEGIN_REQUEST twice;"},
    {"begin_other_id_at_once", "begin 1; begin 2; params 1 A=b; params 1",
	"refuse 2 CANT_MPX keep;" OPENED},
    {"begin_other_id_in_params",
	"begin 1; params 1 #0101; begin 2 +3; params 1 'Ab; params 1",
	"refuse 2 CANT_MPX keep;" OPENED},
    {"begin_other_id_in_body",
	OPEN "stdin 1 'he; begin 2 keep; stdin 1 'llo; stdin 1",
	OPENED "body he;refuse 2 CANT_MPX keep;body llo;end;"},
    {"begin_other_id_after_body", OPEN "stdin 1; begin 7; begin 9",
	OPENED "end;refuse 7 CANT_MPX keep;refuse 9 CANT_MPX keep;"},
    {"records_of_the_refused_id",
	OPEN "begin 2; params 2 X=y; params 2; stdin 2 'no; stdin 2; abort 2;"
	     "stdin 1 'yes; stdin 1",
	OPENED "refuse 2 CANT_MPX keep;body yes;end;"},
    {"params_of_an_inactive_id", "params 5 A=b; params 5; begin 1; params 1",
	"request 1;"},
    {"params_of_another_id",
	"begin 1; params 1 A=b; params 2 X=y; params 2; params 1", OPENED},
    {"stdin_of_an_inactive_id", "stdin 5 'abc; stdin 5; begin 1; params 1",
	"request 1;"},
    {"abort_of_an_inactive_id", "abort 5; begin 1; abort 5; params 1; abort 7",
	"request 1;"},
    {"data_of_an_inactive_id", "data 5 'abc; begin 1; params 1", "request 1;"},
    {"params_after_their_end", OPEN "params 1 C=d",
	OPENED "bad PARAMS after their end;"},
    {"empty_params_after_their_end", OPEN "params 1",
	OPENED "bad PARAMS after their end;"},
    {"params_after_the_body", OPEN "stdin 1; params 1",
	OPENED "end;bad PARAMS after their end;"},
    {"stdin_at_once", "begin 1; stdin 1 'x",
	"bad STDIN before the end of PARAMS;"},
    {"stdin_among_params", "begin 1; params 1 A=b; stdin 1",
	"bad STDIN before the end of PARAMS;"},
    {"stdin_after_its_end", OPEN "stdin 1; stdin 1 'more; stdin 1",
	OPENED "end;"},
    {"data_in_params", "begin 1; data 1 'x", "bad DATA for a responder;"},
    {"data_in_body", OPEN "data 1 'x", OPENED "bad DATA for a responder;"},

    /* ABORT. */
    {"abort_before_params", "begin 1; abort 1; done; begin 2; params 2",
	"abort 1;request 2;"},
    {"abort_among_params",
	"begin 1 keep; params 1 A=b; abort 1; done; params 1; begin 2;"
	"params 2 C=d; params 2",
	"abort 1 keep;request 2 C=d;"},
    {"abort_in_body", OPEN "stdin 1 'x; abort 1; done; stdin 1 'y",
	OPENED "body x;abort 1;"},
    {"abort_after_body", OPEN "stdin 1; abort 1", OPENED "end;abort 1;"},
    {"abort_twice", OPEN "abort 1; abort 1", OPENED "abort 1;abort 1;"},
    {"abort_with_content", OPEN "abort 1 'content +9; stdin 1",
	OPENED "abort 1;end;"},

    /* BEGIN_REQUEST. */
    {"begin_of_7_bytes", "begin 1 #00010000000000",
	"bad BEGIN_REQUEST of a wrong length;"},
    {"begin_of_9_bytes", "begin 1 #000100000000000000",
	"bad BEGIN_REQUEST of a wrong length;"},
    {"begin_of_no_bytes", "type1 1", "bad BEGIN_REQUEST of a wrong length;"},
    {"begin_of_65535_bytes", "begin 1 .65535",
	"bad BEGIN_REQUEST of a wrong length;"},
    {"begin_with_junk_in_its_reserve", "begin 1 #000100ffffffffff; params 1",
	"request 1;"},
    {"role_0", "begin 1 role=0", "refuse 1 ROLE;"},
    {"role_authorizer", "begin 1 role=2; begin 1; params 1",
	"refuse 1 ROLE;request 1;"},
    {"role_filter_kept",
	"begin 1 role=3 keep; params 1 A=b; params 1; stdin 1; begin 3;"
	"params 3",
	"refuse 1 ROLE keep;request 3;"},
    {"role_65535", "begin 1 role=65535", "refuse 1 ROLE;"},
    {"role_257", "begin 1 role=257", "refuse 1 ROLE;"},

    /* Parameters that must not be. */
    {"65536_bytes_of_params",
	"begin 1; params 1 A=*65529; params 1 #00; params 1",
	"bad more than 64 KiB of parameters;"},
    {"much_too_many_params", "begin 1; params 1 A=*40000; params 1 B=*40000",
	"bad more than 64 KiB of parameters;"},
    {"513_pairs", "begin 1; params 1 @513; params 1",
	"bad too many parameters;"},
    {"nul_in_name", "begin 1; params 1 A%00B=c; params 1",
	"bad a parameter with NUL;"},
    {"nul_in_value", "begin 1; params 1 A=b%00c; params 1",
	"bad a parameter with NUL;"},
    {"nul_at_the_end_of_value", "begin 1; params 1 A=b%00; params 1",
	"bad a parameter with NUL;"},
    {"nul_alone", "begin 1; params 1 A=%00; params 1",
	"bad a parameter with NUL;"},
    {"equals_sign_in_name", "begin 1; params 1 SSE_ROLE%3dpublish=x; params 1",
	"bad a parameter's name with '=';"},
    {"empty_name", "begin 1; params 1 =x; params 1",
	"bad a parameter without a name;"},
    {"empty_name_and_value", "begin 1; params 1 #0000; params 1",
	"bad a parameter without a name;"},
    {"sse_role_twice",
	"begin 1; params 1 SSE_ROLE=stream SSE_ROLE=publish; params 1",
	"bad an SSE_ parameter twice;"},
    {"sse_role_twice_the_same",
	"begin 1; params 1 SSE_ROLE=a; params 1 A=b SSE_ROLE=a; params 1",
	"bad an SSE_ parameter twice;"},
    {"sse_channel_twice",
	"begin 1; params 1 SSE_CHANNEL=a SSE_ROLE=b SSE_CHANNEL=; params 1",
	"bad an SSE_ parameter twice;"},
    {"pair_cut_in_value", "begin 1; params 1 #0105 'Abcd; params 1",
	"bad a parameter that is cut off;"},
    {"pair_cut_in_name", "begin 1; params 1 #0500 'Abcd; params 1",
	"bad a parameter that is cut off;"},
    {"pair_cut_behind_name_length", "begin 1; params 1 A=b #01; params 1",
	"bad a parameter that is cut off;"},
    {"pair_cut_in_a_long_length", "begin 1; params 1 #01800001; params 1",
	"bad a parameter that is cut off;"},
    {"pair_of_two_gigabytes",
	"begin 1; params 1 #7fffffff7fffffff; params 1 A=b; params 1",
	"bad a parameter that is cut off;"},
    {"pair_of_twice_2_to_the_31",
	"begin 1; params 1 #ffffffffffffffff 'A; params 1",
	"bad a parameter that is cut off;"},

    /* Versions and types. */
    {"version_0", "begin 1 !0", "bad not FastCGI version 1;"},
    {"version_2", "begin 1 !2", "bad not FastCGI version 1;"},
    {"version_255_in_body", OPEN "stdin 1 'x !255",
	OPENED "bad not FastCGI version 1;"},
    {"http_instead", "raw 'GET%20/%20HTTP/1.1%0d%0a%0d%0a",
	"bad not FastCGI version 1;"},
    {"nothing", "", ""},
    {"half_a_header", "raw #01010001", ""},
    {"half_a_begin", "raw #0101000100080000 #0001", ""},
    {"half_of_params", "begin 1; raw #0104000100ff0000 'abc", ""},

    /* GET_VALUES. */
    {"values_of_nothing", "values 0", "values 0;"},
    {"values_all", "values 0 FCGI_MAX_CONNS= FCGI_MAX_REQS= FCGI_MPXS_CONNS=",
	"values 7;"},
    {"values_one", "values 0 FCGI_MPXS_CONNS=", "values 4;"},
    {"values_four_times",
	"values 0 FCGI_MAX_CONNS= FCGI_MAX_CONNS= FCGI_MAX_CONNS= "
	"FCGI_MAX_CONNS=",
	"values 1;"},
    {"values_unknown",
	"values 0 FCGI_MAX_CONN= FCGI_MAX_CONNSS= X=", "values 0;"},
    {"values_with_values", "values 0 FCGI_MAX_REQS=17", "values 2;"},
    {"values_long_lengths", "values 0 ~FCGI_MAX_REQS=", "values 2;"},
    {"values_empty_name", "values 0 = FCGI_MAX_REQS=", "values 2;"},
    {"values_1000_names", "values 0 @500 FCGI_MAX_REQS= @499", "values 2;"},
    {"values_65535_bytes", "values 0 A=*65529", "values 0;"},
    {"values_cut_off", "values 0 FCGI_MAX_REQS= #0e00 'FCGI_MAX",
	"bad GET_VALUES that is cut off;"},
    {"values_cut_in_length", "values 0 #80", "bad GET_VALUES that is cut off;"},
    {"values_twice",
	"values 0; values 0 FCGI_MAX_CONNS=", "values 0;values 1;"},
    {"values_then_request", "values 0 FCGI_MAX_CONNS=;" OPEN,
	"values 1;" OPENED},
    {"values_among_params",
	"begin 1; params 1 #0101; values 0 FCGI_MAX_REQS=; params 1 'Ab;"
	"values 0; params 1",
	"values 2;values 0;" OPENED},
    {"values_before_params", "begin 1; values 0; params 1 A=b; params 1",
	"values 0;" OPENED},
    {"values_beside_65535_bytes_of_params",
	"begin 1; params 1 A=*65529; values 0 B=*506; params 1",
	"values 0;request 1 (65535 bytes);"},
    {"long_values_inside_a_request", "begin 1; params 1 A=b; values 0 B=*507",
	"bad a long GET_VALUES inside a request;"},
    {"values_in_body",
	OPEN "stdin 1 'he; values 0 FCGI_MAX_REQS=; stdin 1 'llo; stdin 1",
	OPENED "body he;values 2;body llo;end;"},
    {"values_between_requests",
	KEEP "stdin 1; done; values 0 FCGI_MPXS_CONNS=; begin 3; params 3",
	KEPT "end;values 4;request 3;"},
    {"values_cut_off_in_body", OPEN "values 0 #05",
	OPENED "bad GET_VALUES that is cut off;"},

    /* Other management records. */
    {"unknown_type_with_much_content", "type12 0 .65535 +255; values 0",
	"unknown 12;values 0;"},
    {"unknown_type_among_params",
	"begin 1; params 1 #0101; type77 0 'abc; params 1 'Ab; params 1",
	"unknown 77;" OPENED},
    {"unknown_type_in_body", OPEN "stdin 1 'he; type200 0; stdin 1 'llo",
	OPENED "body he;unknown 200;body llo;"},
};

/* What the gate's events amount to, as text. */
struct trace {
	char text[1024];
	size_t len;
	size_t body;	   /* bytes of the body that is coming */
	uint8_t begin[16]; /* and its first ones */
};

static size_t fed;	/* bytes given to the gate */
static size_t too_much; /* the size of an allocation larger than that allows */

void *__real_realloc(void *, size_t);
void *__wrap_realloc(void *, size_t);

void *
__wrap_realloc(void *p, size_t size)
{
	if (size > 2 * fed + 1024 + 64)
		too_much = size;
	return __real_realloc(p, size);
}

static void
trace_bytes(struct trace *t, const void *bytes, size_t len)
{
	if (len > sizeof(t->text) - 1 - t->len)
		len = sizeof(t->text) - 1 - t->len;
	memcpy(t->text + t->len, bytes, len);
	t->len += len;
	t->text[t->len] = '\0';
}

static void
trace_add(struct trace *t, const char *fmt, ...)
{
	char text[160];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	trace_bytes(t, text, strlen(text));
}

static void
trace_params(struct trace *t, const uint8_t *p, size_t len)
{
	const uint8_t *end;
	struct record_pair pair;

	if (len > 100) {
		trace_add(t, " (%zu bytes)", len);
		return;
	}
	if (len == 0)
		return;
	end = p + len;
	while (record_pair(&p, end, &pair) == 1) {
		trace_bytes(t, " ", 1);
		trace_bytes(t, pair.name, pair.name_len);
		trace_bytes(t, "=", 1);
		trace_bytes(t, pair.value, pair.value_len);
	}
}

/* A body may come in any pieces: it is one entry. */
static void
trace_body(struct trace *t, const uint8_t *data, size_t len)
{
	size_t n = sizeof(t->begin) - t->body;

	if (t->body < sizeof(t->begin))
		memcpy(t->begin + t->body, data, len < n ? len : n);
	t->body += len;
}

static void
trace_body_over(struct trace *t)
{
	if (t->body > sizeof(t->begin))
		trace_add(t, "body (%zu);", t->body);
	else if (t->body > 0)
		trace_add(t, "body %.*s;", (int)t->body, (char *)t->begin);
	t->body = 0;
}

static void
trace_event(struct trace *t, const struct gate_event *ev)
{
	static const char *const status[] = {"COMPLETE", "CANT_MPX",
	    "OVERLOADED", "ROLE"};
	const char *keep = ev->keep ? " keep" : "";

	if (ev->kind == GATE_MORE)
		return;
	if (ev->kind == GATE_BODY) {
		trace_body(t, ev->data, ev->len);
		return;
	}
	trace_body_over(t);
	if (ev->kind == GATE_REQUEST) {
		trace_add(t, "request %u%s", ev->id, keep);
		trace_params(t, ev->data, ev->len);
		trace_bytes(t, ";", 1);
	} else if (ev->kind == GATE_BODY_END)
		trace_add(t, "end;");
	else if (ev->kind == GATE_ABORT)
		trace_add(t, "abort %u%s;", ev->id, keep);
	else if (ev->kind == GATE_VALUES)
		trace_add(t, "values %u;", ev->asked);
	else if (ev->kind == GATE_UNKNOWN)
		trace_add(t, "unknown %u;", ev->type);
	else if (ev->kind == GATE_REFUSE)
		trace_add(t, "refuse %u %s%s;", ev->id, status[ev->status & 3],
		    keep);
	else
		trace_add(t, "bad %s;", ev->why);
}

/* How the bytes come. */
struct manner {
	size_t cut;   /* in two pieces, divided here */
	size_t piece; /* or in pieces of this size, if it is not 0 */
	bool store;   /* a request's parameters stay stored */
	bool serve;   /* the request is over with its body, or by ABORT */
};

/* Feeds a piece, from a block of exactly its size.  false: it was bad. */
static bool
feed_piece(struct gate *g, struct trace *t, const uint8_t *bytes, size_t len,
    const struct manner *m)
{
	uint8_t *piece = malloc(len), *p = piece;
	struct gate_event ev = {.kind = GATE_MORE};
	ssize_t used = 0;

	assert_non_null(piece);
	memcpy(piece, bytes, len);
	fed += len;
	while (len > 0 && used != -1) {
		used = gate_read(g, p, len, &ev);
		assert_true(used <= (ssize_t)len);
		assert_true((used == -1) == (ev.kind == GATE_BAD));
		assert_true(ev.kind != GATE_MORE || used == (ssize_t)len);
		trace_event(t, &ev);
		if (ev.kind == GATE_REQUEST && !m->store)
			gate_release(g);
		if (m->serve &&
		    (ev.kind == GATE_BODY_END || ev.kind == GATE_ABORT))
			gate_end(g);
		p += used;
		len -= (size_t)used;
	}
	free(piece);
	return used != -1;
}

static size_t
piece_end(const struct wire *w, size_t at, const struct manner *m)
{
	size_t end = w->len, i;

	for (i = 0; i < w->marks; i++)
		if (w->mark[i] > at && w->mark[i] < end)
			end = w->mark[i];
	if (m->cut > at && m->cut < end)
		end = m->cut;
	if (m->piece > 0 && m->piece < end - at)
		end = at + m->piece;
	return end;
}

static void
feed(struct trace *t, const struct wire *w, const struct manner *m)
{
	struct gate g = {0};
	size_t at = 0, end, i;
	bool good = true;

	t->len = t->body = fed = too_much = 0;
	t->text[0] = '\0';
	while (good && at < w->len) {
		end = piece_end(w, at, m);
		good = feed_piece(&g, t, w->bytes + at, end - at, m);
		for (i = 0; i < w->marks; i++)
			if (w->mark[i] == end)
				gate_end(&g);
		at = end;
	}
	gate_free(&g);
	trace_body_over(t);
	assert_int_equal(too_much, 0);
}

/* Long ones are not cut everywhere: at both ends, and in steps between. */
static size_t
next_cut(const struct wire *w, size_t cut)
{
	if (w->len < 3000 || cut < 700 || cut + 700 > w->len)
		return cut + 1;
	return cut + 151;
}

static void
check_in_all_pieces(const struct wire *w, const char *events)
{
	static struct trace t;
	struct manner m = {0};

	feed(&t, w, &m);
	assert_string_equal(t.text, events);
	m.store = true;
	feed(&t, w, &m);
	assert_string_equal(t.text, events);
	for (m.cut = 1; m.cut < w->len; m.cut = next_cut(w, m.cut)) {
		m.store = m.cut % 2 == 0;
		feed(&t, w, &m);
		assert_string_equal(t.text, events);
	}
	m.cut = 0;
	for (m.piece = 1; m.piece < 20; m.piece += 2) {
		feed(&t, w, &m);
		assert_string_equal(t.text, events);
	}
}

static struct wire wire;

static void
gives_these_events(void **state)
{
	const struct row *row = *state;

	wire.len = wire.marks = 0;
	wire_add(&wire, row->sent);
	check_in_all_pieces(&wire, row->events);
}

/* Every padding from 0 to 255, once. */
static void
any_padding_is_skipped(void **state)
{
	char sent[200];
	int i;

	(void)state;
	for (i = 0; i < 256; i++) {
		wire.len = wire.marks = 0;
		(void)snprintf(sent, sizeof(sent),
		    "begin 1 +%d; params 1 A=b +%d; params 1 +%d;"
		    "stdin 1 'x +%d; stdin 1 +%d; values 0",
		    i, i, i, i, i);
		wire_add(&wire, sent);
		check_in_all_pieces(&wire, OPENED "body x;end;values 0;");
	}
}

/*
 * What a record of each type does in each phase: with no request, among its
 * parameters, in its body, and after that.
 */
static const char zero[] = "bad a request's record, or an application's, "
			   "with id 0;";
static const char never[] = "bad a record type that no front sends;";
static const char twice[] = "bad BEGIN_REQUEST twice;";
static const char mpx[] = "refuse 2 CANT_MPX keep;";
static const char data[] = "bad DATA for a responder;";
static const char late[] = "bad PARAMS after their end;";
static const char early[] = "bad STDIN before the end of PARAMS;";

static const struct reaction {
	int type, id;
	const char *events[4];
} reactions[] = {
    {1, 1, {"", twice, twice, twice}},
    {1, 2, {"", mpx, mpx, mpx}},
    {2, 1, {"", "abort 1;", "abort 1;", "abort 1;"}},
    {2, 2, {"", "", "", ""}},
    {4, 1, {"", "", late, late}},
    {4, 2, {"", "", "", ""}},
    {5, 1, {"", early, "body xyz;", ""}},
    {5, 2, {"", "", "", ""}},
    {8, 1, {"", data, data, data}},
    {8, 2, {"", "", "", ""}},
};

struct kind_of_record {
	int type, id;
	char name[40];
};

static const char *
reaction(const struct kind_of_record *k, int phase, char unknown[16])
{
	size_t i;

	(void)snprintf(unknown, 16, "unknown %d;", k->type);
	if (k->id == 0 && (k->type == 0 || k->type > 11))
		return unknown;
	if (k->id == 0)
		return k->type == 9 ? "values 0;" : zero;
	for (i = 0; i < LENGTH(reactions); i++)
		if (reactions[i].type == k->type && reactions[i].id == k->id)
			return reactions[i].events[phase];
	return never;
}

/* The record in each phase, with each padding, and another one behind it. */
static void
record_in_every_phase(void **state)
{
	static const char *const before[] = {"", "begin 1; params 1 A=b;", OPEN,
	    OPEN "stdin 1;"};
	static const char *const events[] = {"", "", OPENED, OPENED "end;"};
	static const int paddings[] = {0, 1, 7, 8, 255};
	const struct kind_of_record *k = *state;
	const char *content = k->type == 1 ? "#0001000000000000" :
			      k->type == 9 ? "X=" :
					     "'xyz";
	char sent[200], expected[200], unknown[16];
	const char *then;
	size_t p, i;

	for (p = 0; p < LENGTH(before); p++)
		for (i = 0; i < LENGTH(paddings); i++) {
			(void)snprintf(sent, sizeof(sent),
			    "%stype%d %d %s +%d; values 0", before[p], k->type,
			    k->id, content, paddings[i]);
			then = reaction(k, (int)p, unknown);
			(void)snprintf(expected, sizeof(expected), "%s%s%s",
			    events[p], then,
			    strncmp(then, "bad", 3) == 0 ? "" : "values 0;");
			wire.len = wire.marks = 0;
			wire_add(&wire, sent);
			check_in_all_pieces(&wire, expected);
		}
}

/*
 * The request ends while a BEGIN_REQUEST for the next one is coming: it is
 * refused or taken, and nothing worse.
 */
static void
request_that_ends_while_the_next_begins(void **state)
{
	struct manner m = {0};
	size_t cut, outcomes;

	(void)state;
	wire.len = wire.marks = 0;
	wire_add(&wire, KEEP "stdin 1; begin 3 keep +5; values 0");
	for (cut = wire.len - 29; cut <= wire.len; cut++) {
		struct gate g = {0};
		struct trace t = {0};

		assert_true(feed_piece(&g, &t, wire.bytes, cut, &m));
		gate_end(&g);
		if (cut < wire.len)
			assert_true(feed_piece(&g, &t, wire.bytes + cut,
			    wire.len - cut, &m));
		outcomes = gate_busy(&g);
		outcomes += strstr(t.text, "refuse 3") != NULL;
		assert_int_equal(outcomes, 1);
		assert_non_null(strstr(t.text, "values 0"));
		gate_free(&g);
	}
}

/* Words that make a whole request now and then, and all else most times. */
static void
random_wire(uint32_t *seed)
{
	static const char *const words[] = {"begin 1 keep", "begin 1",
	    "params 1 A=b", "params 1", "params 1", "stdin 1 'abcdefgh",
	    "stdin 1", "begin 2 keep", "params 2 SSE_A=1 SSE_B=2", "params 2",
	    "stdin 2 'xyz", "stdin 2", "abort 1", "abort 2",
	    "values 0 FCGI_MAX_CONNS=", "type77 0 'abc", "data 3 'abc"};
	unsigned n = 1 + chance(seed) % 12, at = chance(seed) % LENGTH(words);
	char sent[80];

	wire.len = wire.marks = 0;
	for (; n > 0; n--) {
		if (chance(seed) % 3 == 0)
			at = chance(seed) % LENGTH(words);
		(void)snprintf(sent, sizeof(sent), "%s +%u",
		    words[at++ % LENGTH(words)],
		    chance(seed) % 2 * (chance(seed) % 256));
		wire_add(&wire, sent);
	}
	for (n = chance(seed) % 4 == 0 ? 1 + chance(seed) % 4 : 0; n > 0; n--)
		wire.bytes[chance(seed) % wire.len] = (uint8_t)chance(seed);
	if (chance(seed) % 8 == 0)
		for (n = 0; n < wire.len; n++)
			wire.bytes[n] = (uint8_t)chance(seed);
	if (chance(seed) % 4 == 0) {
		wire.marks = 1;
		wire.mark[0] = 1 + chance(seed) % wire.len;
	}
}

static void
random_bytes_give_the_same_events_in_any_pieces(void **state)
{
	static struct trace whole, cut;
	struct manner m;
	uint32_t seed = 2463534242;
	int round, i, requests = 0;

	(void)state;
	for (round = 0; round < 20000; round++) {
		random_wire(&seed);
		m = (struct manner){.serve = round % 2 == 0};
		feed(&whole, &wire, &m);
		requests += strstr(whole.text, "request") != NULL;
		for (i = 0; i < 4; i++) {
			m.cut = chance(&seed) % wire.len;
			m.piece = i == 0 ? 1 : chance(&seed) % 30;
			m.store = i % 2 == 0;
			feed(&cut, &wire, &m);
			assert_string_equal(cut.text, whole.text);
		}
	}
	assert_in_range(requests, 1000, 20000); /* it is not all noise */
}

/* What a header announces costs nothing until it is here. */
static void
announced_bytes_are_not_allocated(void **state)
{
	struct gate g = {0};
	struct trace t = {0};
	struct manner m = {0};

	(void)state;
	wire.len = wire.marks = 0;
	wire_add(&wire, "begin 1; raw #01040001ffffff00");
	fed = too_much = 0;
	assert_true(feed_piece(&g, &t, wire.bytes, wire.len, &m));
	assert_null(g.buffer);
	assert_true(feed_piece(&g, &t, wire.bytes, 1, &m));
	assert_non_null(g.buffer);
	assert_int_equal(too_much, 0);
	gate_free(&g);
}

static void
body_is_done_when_it_has_come_whole(void **state)
{
	struct gate g = {0};
	struct trace t = {0};
	struct manner m = {0};

	(void)state;
	assert_false(gate_busy(&g));
	wire.len = wire.marks = 0;
	wire_add(&wire, OPEN "stdin 1 'x");
	assert_true(feed_piece(&g, &t, wire.bytes, wire.len, &m));
	assert_true(gate_busy(&g));
	assert_false(gate_body_done(&g));
	wire.len = 0;
	wire_add(&wire, "stdin 1");
	assert_true(feed_piece(&g, &t, wire.bytes, wire.len, &m));
	assert_true(gate_body_done(&g));
	gate_end(&g);
	assert_false(gate_busy(&g));
	assert_false(gate_body_done(&g));
	gate_free(&g);
}

int
main(void)
{
	static const struct CMUnitTest others[] = {
	    cmocka_unit_test(any_padding_is_skipped),
	    cmocka_unit_test(announced_bytes_are_not_allocated),
	    cmocka_unit_test(body_is_done_when_it_has_come_whole),
	    cmocka_unit_test(request_that_ends_while_the_next_begins),
	    cmocka_unit_test(random_bytes_give_the_same_events_in_any_pieces),
	};
	static const int types[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12,
	    255};
	static struct kind_of_record kinds[LENGTH(types) * 3];
	static struct CMUnitTest
	    tests[LENGTH(rows) + LENGTH(kinds) + LENGTH(others)];
	struct kind_of_record *k;
	size_t n = 0, i;

	for (i = 0; i < LENGTH(rows); i++)
		tests[n++] =
		    row_test(rows[i].name, gives_these_events, &rows[i]);
	for (i = 0; i < LENGTH(kinds); i++) {
		k = &kinds[i];
		k->type = types[i / 3];
		k->id = (int)(i % 3);
		(void)snprintf(k->name, sizeof(k->name),
		    "type_%d_id_%d_in_every_phase", k->type, k->id);
		tests[n++] = row_test(k->name, record_in_every_phase, k);
	}
	for (i = 0; i < LENGTH(others); i++)
		tests[n++] = others[i];
	return _cmocka_run_group_tests("gate", tests, n, NULL, NULL);
}
