/* SPDX-License-Identifier: ISC */
/*
 * A line of the log as an object of JSON.  Its members are the conversions of
 * the line's own format, in order, under the names that were given with it: so
 * text and JSON cannot say different things.
 */
#include "base/log_json.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/utf8.h"

#define VALUE_MAX 512 /* bytes of a member; the message has what is left */
#define TAIL	  2   /* bytes that end the line */

/* What is written to, and what of it may still be used. */
struct out {
	char *at, *end;
};

/* Bytes as they are; whole, or not at all. */
static bool
put(struct out *o, const char *bytes, size_t len)
{
	if (len > (size_t)(o->end - o->at))
		return false;
	memcpy(o->at, bytes, len);
	o->at += len;
	return true;
}

/* A character of n bytes, or what is none (n is 0), between quotes. */
static bool
put_character(struct out *o, const char *p, size_t n)
{
	char escaped[8];

	if (n == 0)
		return put(o, "\\ufffd", 6);
	if (*p == '"' || *p == '\\') {
		escaped[0] = '\\';
		escaped[1] = *p;
		return put(o, escaped, 2);
	}
	if (!utf8_control((const uint8_t *)p, n))
		return put(o, p, n);
	(void)snprintf(escaped, sizeof(escaped), "\\u%04x",
	    (unsigned char)p[n - 1]); /* U+0080 to U+009F are C2 and it */
	return put(o, escaped, 6);
}

/* As much of a string as there is room for, in its quotes. */
static void
put_string(struct out *o, const char *p, size_t len, size_t max)
{
	struct out value = *o;
	size_t n;

	if (max < (size_t)(o->end - o->at))
		value.end = o->at + max;
	value.end--; /* for the quote that ends it */
	*value.at++ = '"';
	for (; len > 0; p += n == 0 ? 1 : n, len -= n == 0 ? 1 : n) {
		n = utf8_character((const uint8_t *)p, len);
		if (!put_character(&value, p, n))
			break;
	}
	*value.at++ = '"';
	o->at = value.at;
}

/* The comma, the name and the colon; false if there is no room for more. */
static bool
put_name(struct out *o, const char *name, size_t len)
{
	if (len + 40 > (size_t)(o->end - o->at))
		return false;
	(void)put(o, ",\"", 2);
	(void)put(o, name, len);
	(void)put(o, "\":", 2);
	return true;
}

/* A conversion of a format: %, flags and precision, length, and its letter. */
struct conversion {
	char spec[16]; /* as it was written */
	bool has_star;
	unsigned l; /* how many of them */
	bool z;
	char letter;
};

/* The next one at or behind p, and p then behind it; NULL: there is none. */
static const char *
find_conversion(const char *p, struct conversion *c)
{
	const char *begin;
	size_t len;

	while ((p = strchr(p, '%')) != NULL && p[1] == '%')
		p += 2;
	if (p == NULL)
		return NULL;
	*c = (struct conversion){.has_star = false};
	begin = p++;
	p += strspn(p, "-+ #0123456789.");
	if (*p == '*') {
		c->has_star = true;
		p++;
	}
	for (; *p == 'l' || *p == 'z'; p++) {
		c->l += *p == 'l';
		c->z |= *p == 'z';
	}
	c->letter = *p++;
	len = (size_t)(p - begin);
	if (len < sizeof(c->spec))
		memcpy(c->spec, begin, len);
	return p;
}

/* What the format has there, as a number's text; what is none is null. */
static size_t
print_number(char *to, size_t size, const struct conversion *c, va_list *ap)
{
	int n;

	if (c->letter == 'd')
		n = snprintf(to, size, "%lld",
		    c->l == 0 ? va_arg(*ap, int) :
		    c->l == 1 ? va_arg(*ap, long) :
				va_arg(*ap, long long));
	else if (c->letter == 'u')
		n = snprintf(to, size, "%llu",
		    c->z      ? (unsigned long long)va_arg(*ap, size_t) :
		    c->l == 0 ? va_arg(*ap, unsigned) :
		    c->l == 1 ? va_arg(*ap, unsigned long) :
				va_arg(*ap, unsigned long long));
	else
		n = snprintf(to, size, c->spec, va_arg(*ap, double));
	if (n <= 0 || (size_t)n >= size || strpbrk(to, "infa") != NULL)
		n = snprintf(to, size, "null");
	return (size_t)n;
}

static void
put_value(struct out *o, const struct conversion *c, va_list *ap, bool named,
    const char *name, size_t len)
{
	int max = c->has_star ? va_arg(*ap, int) : -1;
	const char *s;
	char number[32];
	size_t n;

	if (c->letter == 's') {
		s = va_arg(*ap, const char *);
		n = max >= 0 ? strnlen(s, (size_t)max) : strlen(s);
		if (named && put_name(o, name, len))
			put_string(o, s, n, VALUE_MAX);
		return;
	}
	n = print_number(number, sizeof(number), c, ap);
	if (named && put_name(o, name, len))
		(void)put(o, number, n);
}

/* One member for each of the names; what a "-" stands for is left out. */
static void
put_members(struct out *o, const char *names, const char *fmt, va_list *ap)
{
	struct conversion c;
	size_t len;

	while ((fmt = find_conversion(fmt, &c)) != NULL) {
		names += strspn(names, " ");
		len = strcspn(names, " ");
		put_value(o, &c, ap, len > 0 && *names != '-', names, len);
		names += len;
	}
}

const char *
log_time(char text[LOG_TIME_SIZE], const struct timespec *now)
{
	struct tm tm;

	(void)gmtime_r(&now->tv_sec, &tm);
	(void)snprintf(text, LOG_TIME_SIZE,
	    "%04d-%02d-%02dT%02d:%02d:%02d.%03ldZ", tm.tm_year + 1900,
	    tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
	    now->tv_nsec / 1000000);
	return text;
}

size_t
log_json(char line[LOG_JSON_MAX], const struct timespec *now, const char *level,
    const char *what, const char *fmt, va_list ap)
{
	struct out o = {line, line + LOG_JSON_MAX - TAIL};
	size_t event = strcspn(what, " ");
	char message[LOG_JSON_MAX], time[LOG_TIME_SIZE];
	va_list again;

	va_copy(again, ap);
	o.at += snprintf(o.at, (size_t)(o.end - o.at),
	    "{\"time\":\"%s\",\"level\":\"%s\",\"pid\":%ld,\"event\":\"%.*s\"",
	    log_time(time, now), level, (long)getpid(), (int)event, what);
	put_members(&o, what + event, fmt, &again);
	va_end(again);
	(void)vsnprintf(message, sizeof(message), fmt, ap);
	if (put_name(&o, "message", 7))
		put_string(&o, message, strlen(message), LOG_JSON_MAX);
	*o.at++ = '}';
	*o.at++ = '\n';
	return (size_t)(o.at - line);
}
